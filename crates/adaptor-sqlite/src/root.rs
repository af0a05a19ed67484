//! A place in a file where a table or an index begins, as programs name it.

/// A table or an index that a program opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Root {
    pub(crate) database: i64,
    pub(crate) page: i64,
    pub(crate) writes: bool,
}
