//! How much is measured, and how it ends.

/// How much is measured.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    /// Rows of the tables that functions are called over.
    pub(crate) rows: u32,
    /// Times each variant of a query runs.
    pub(crate) rounds: usize,
    /// Modules in a file of many definitions; each has ten functions.
    pub(crate) modules: u32,
    /// Times a file is opened, or a first call is made.
    pub(crate) starts: usize,
}

/// How anything here ends.
pub(crate) type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;
