//! The seam to database engines: what an adaptor's connection offers to the facade.
//!
//! Names are those of the [SQLite C API](https://www.sqlite.org/c3ref/funclist.html) where it has
//! one for the thing.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::value::ValueRef;

/// SQL text, ended with a NUL as C engines want it, so that preparing its statements one after the
/// other copies nothing: a long script stays linear.
pub struct SqlText(String);

impl SqlText {
    /// Takes a copy.
    ///
    /// # Errors
    /// The text contains a NUL, where C engines would silently stop.
    pub fn new(sql: &str) -> Result<Self> {
        if let Some(offset) = sql.find('\0') {
            let message = "the SQL text contains a NUL character";
            return Err(Error::new(ErrorKind::Syntax, message).at(offset));
        }
        let mut text = String::with_capacity(sql.len() + 1);
        text.push_str(sql);
        text.push('\0');
        Ok(Self(text))
    }

    /// The text without its NUL.
    pub fn as_str(&self) -> &str {
        &self.0[..self.0.len() - 1]
    }

    /// The text with its NUL.
    pub fn as_bytes_with_nul(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// A statement, unless there was none, and the offset after it.
pub type Prepared<'c> = (Option<Box<dyn EngineStatement + 'c>>, usize);

/// An open connection, with Commensal's functions and statements in it. Used by one thread at a time.
pub trait EngineConnection: Send {
    /// Compiles the first statement at byte `offset` of `sql`. Gives the statement, or `None` when
    /// only white space and comments are left, and the offset after it.
    ///
    /// # Errors
    /// The statement's syntax, with its offset in `sql`; what the engine reports.
    fn prepare<'c>(&'c self, sql: &SqlText, offset: usize) -> Result<Prepared<'c>>;

    /// Whether no transaction is open.
    fn is_autocommit(&self) -> bool;

    /// Rows changed by the last INSERT, UPDATE or DELETE.
    fn changes(&self) -> u64;

    /// Rowid of the last INSERT.
    fn last_insert_rowid(&self) -> i64;

    /// A handle that stops what the connection runs, from any thread.
    fn interrupt_handle(&self) -> Arc<dyn Interrupt>;
}

/// Stops what a connection runs.
pub trait Interrupt: Send + Sync {
    /// Asks the running statements to end with an error. Does nothing when the connection is closed
    /// or idle.
    fn interrupt(&self);
}

/// A compiled statement.
pub trait EngineStatement {
    /// Number of the largest parameter.
    fn parameter_count(&self) -> usize;

    /// Index (from 1) of a named parameter, given with its prefix (`:a`, `@a`, `$a`, `?5`).
    fn parameter_index(&self, name: &str) -> Option<usize>;

    /// Binds the parameter of this index, from 1.
    ///
    /// # Errors
    /// There is no such parameter; the value is too large.
    fn bind(&mut self, index: usize, value: ValueRef<'_>) -> Result<()>;

    /// Runs to the next row; false at the end.
    ///
    /// # Errors
    /// What the engine or a function reports.
    fn step(&mut self) -> Result<bool>;

    /// Ends the execution; bindings stay.
    fn reset(&mut self);

    /// Number of columns of a row; 0 for statements without rows.
    fn column_count(&self) -> usize;

    /// Name of a column, from 0.
    fn column_name(&self, column: usize) -> &str;

    /// A value of the current row.
    ///
    /// # Errors
    /// Text that is not valid UTF-8.
    fn column(&self, column: usize) -> Result<ValueRef<'_>>;

    /// Whether the statement writes nothing to the database.
    fn is_readonly(&self) -> bool;
}
