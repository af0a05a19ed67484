//! What a fuzz target is.

/// A fuzz target.
pub struct Target {
    /// Its name, also of its folder of seeds and of its file in `fuzz/fuzz_targets`.
    pub name: &'static str,
    /// What an input is, for people.
    pub what: &'static str,
    /// Runs one input. True if it got past the checks that refuse; it panics if the host is wrong.
    pub run: fn(&[u8]) -> bool,
    /// Seeds besides the files in its folder.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Whose seeds it takes over.
    pub seeds_of: &'static str,
    /// What mutations insert besides bytes.
    pub dictionary: &'static [&'static str],
    /// Inputs of a long run.
    pub executions: u64,
    /// Inputs of a test.
    pub executions_short: u64,
    /// Whether seeds are mutated; otherwise they are all that runs.
    pub mutates: bool,
}
