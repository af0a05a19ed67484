//! What a fuzz target is.

/// A fuzz target.
pub struct Target {
    /// Its name, which is also that of its folder of seeds and of its file in `fuzz/fuzz_targets`.
    pub name: &'static str,
    /// A description of its inputs, for people.
    pub what: &'static str,
    /// Runs one input. Returns true if no check refused it. Panics if the host is wrong.
    pub run: fn(&[u8]) -> bool,
    /// Seeds besides the files in its folder.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// The target whose seeds it also uses.
    pub seeds_of: &'static str,
    /// Words that mutations insert besides bytes.
    pub dictionary: &'static [&'static str],
    /// The number of inputs in a long run.
    pub executions: u64,
    /// The number of inputs in a test.
    pub executions_short: u64,
    /// Whether seeds are mutated. If not, only the seeds run.
    pub mutates: bool,
}
