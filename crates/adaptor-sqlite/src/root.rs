//! A place in a file where a table or an index begins, as programs name it.

/// The page of a database where its schema begins.
pub(crate) const SCHEMA_ROOT: i64 = 1;

/// A table or an index that a program opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Root {
    pub(crate) database: i64,
    pub(crate) page: i64,
    pub(crate) writes: bool,
}

impl Root {
    /// Whether it is that of the schema.
    pub(crate) fn is_schema(&self) -> bool {
        self.page == SCHEMA_ROOT
    }
}
