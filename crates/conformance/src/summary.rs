//! The result of running files.

/// How many records passed and failed. Counted are the statements, queries and `let` records that
/// ran; what `onlyif` and `skipif` leave out is not. A file that cannot be read or parsed counts as
/// one failed record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Records that passed.
    pub passed: u64,
    /// Records that failed.
    pub failed: u64,
}
