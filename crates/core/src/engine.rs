//! The seam to database engines: what an adaptor's connection offers to the facade.
//!
//! Names are those of the [SQLite C API](https://www.sqlite.org/c3ref/funclist.html) if it has one for the
//! purpose.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::value::ValueRef;

/// SQL text that ends with a NUL, as C engines want it. So its statements are prepared one after the other
/// without copying, and a long script takes linear time.
pub struct SqlText(String);

impl SqlText {
    /// Copies the text.
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

/// A statement, if there was one, and the offset after it.
pub type Prepared<'c> = (Option<Box<dyn EngineStatement + 'c>>, usize);

/// An open connection that has Commensal's functions and statements. Used by one thread at a time.
pub trait EngineConnection: Send {
    /// Compiles the first statement at byte `offset` of `sql`. Returns the statement and the offset after it. The
    /// statement is `None` if only white space and comments are left.
    ///
    /// # Errors
    /// A syntax error, with its offset in `sql`, or another error of the engine.
    fn prepare<'c>(&'c self, sql: &SqlText, offset: usize) -> Result<Prepared<'c>>;

    /// Whether no transaction is open.
    fn is_autocommit(&self) -> bool;

    /// Rows changed by the last INSERT, UPDATE or DELETE.
    fn changes(&self) -> u64;

    /// Rowid of the last INSERT.
    fn last_insert_rowid(&self) -> i64;

    /// A handle that interrupts the connection from any thread.
    fn interrupt_handle(&self) -> Arc<dyn Interrupt>;
}

/// Interrupts a connection.
pub trait Interrupt: Send + Sync {
    /// Asks the running statements to end with an error. Does nothing if the connection is closed or idle.
    fn interrupt(&self);
}

/// A compiled statement.
pub trait EngineStatement {
    /// Number of the largest parameter.
    fn parameter_count(&self) -> usize;

    /// Index (from 1) of a named parameter, given with its prefix (`:a`, `@a`, `$a`, `?5`).
    fn parameter_index(&self, name: &str) -> Option<usize>;

    /// Binds a value to the parameter with this index, from 1.
    ///
    /// # Errors
    /// There is no such parameter, or the value is too large.
    fn bind(&mut self, index: usize, value: ValueRef<'_>) -> Result<()>;

    /// Runs to the next row. Returns false at the end.
    ///
    /// # Errors
    /// An error of the engine or of a function.
    fn step(&mut self) -> Result<bool>;

    /// Ends the execution. Bindings stay.
    fn reset(&mut self);

    /// Number of columns of a row; 0 for statements without rows.
    fn column_count(&self) -> usize;

    /// Name of a column, from 0.
    fn column_name(&self, column: usize) -> &str;

    /// A value of the current row.
    ///
    /// # Errors
    /// The value is text that is not valid UTF-8.
    fn column(&self, column: usize) -> Result<ValueRef<'_>>;

    /// Whether the statement writes nothing to the database.
    fn is_readonly(&self) -> bool;
}
