//! How much is measured, and the result type.

/// How much is measured.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    /// Rows of the tables for functions.
    pub(crate) rows: u32,
    /// How often each variant of a query runs.
    pub(crate) rounds: usize,
    /// Modules in a file of many definitions; each has ten functions.
    pub(crate) modules: u32,
    /// How often a file is opened, or a first call is made.
    pub(crate) starts: usize,
}

/// The result of everything in this crate.
pub(crate) type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;
