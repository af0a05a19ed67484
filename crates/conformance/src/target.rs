//! The traits of what the files run on. It makes databases and connections.

use std::path::Path;

use commensal::{Feature, Result, Value};

/// A list of features.
pub type Labels = Vec<Feature>;

/// Makes databases. [`Options`](crate::Options) do so through the facade, another program's driver in its
/// own way.
pub trait Target {
    /// The engine's name, for `onlyif` and `skipif`.
    fn engine_name(&self) -> &str;

    /// The runtime's name, for the same.
    fn runtime_name(&self) -> Option<&str>;

    /// The features that it lacks, for labels `without_…`.
    fn lacks(&self) -> Labels {
        Labels::new()
    }

    /// Opens a new file as a database, for cases whose `file://` paths are relative to `folder`.
    ///
    /// # Errors
    /// It cannot be opened.
    fn open<'t>(&'t self, database: &Path, folder: &Path) -> Result<Box<dyn Database + 't>>;
}

/// A database of a [`Target`].
pub trait Database {
    /// Makes a connection.
    ///
    /// # Errors
    /// It cannot be opened.
    fn connect(&self) -> Result<Box<dyn Connection>>;

    /// Called before each record. `_without` is the feature whose absence the record shows, if any.
    fn next(&self, _without: Option<Feature>) {}
}

/// A connection of a [`Database`].
pub trait Connection: Send {
    /// Runs the statements of a text one after the other, up to the first error.
    ///
    /// # Errors
    /// An error of a statement.
    fn run(&mut self, sql: &str) -> Result<Answer>;
}

/// The result of a text of statements.
pub enum Answer {
    /// The rows of the last statement that has columns.
    Rows {
        /// The number of columns.
        columns: usize,
        /// The rows.
        rows: Vec<Vec<Value>>,
    },
    /// No statement has columns: the number of rows changed.
    Changes(u64),
}
