//! A connection: runs SQL, Commensal's statements among it.

use std::fmt;
use std::sync::Arc;

use commensal_core::engine::{EngineConnection, Interrupt, SqlText};
use commensal_core::{Error, ErrorKind, Result};

use crate::open_file::OpenFile;
use crate::params::Params;
use crate::row::Row;
use crate::statement::Statement;

/// A connection to a [`Database`](crate::Database). `Send`, but used by one thread at a time.
///
/// Statements see the functions that were committed when they start, by any connection or, on SQLite, any
/// process. A running statement sees one version of each function from beginning to end.
pub struct Connection {
    engine: Box<dyn EngineConnection>,
    /// Declared after the connection, so that the file is released when the connection is closed.
    _file: Option<Arc<OpenFile>>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

impl Connection {
    pub(crate) fn new(engine: Box<dyn EngineConnection>, file: Option<Arc<OpenFile>>) -> Self {
        Self { engine, _file: file }
    }

    /// Compiles one statement.
    ///
    /// # Errors
    /// Wrong syntax or names, with the offset in `sql`; text after the statement, or none at all.
    pub fn prepare(&self, sql: &str) -> Result<Statement<'_>> {
        let text = SqlText::new(sql)?;
        let (statement, end) = self.engine.prepare(&text, 0)?;
        let Some(statement) = statement else {
            return Err(Error::new(ErrorKind::Syntax, "the SQL text has no statement").at(0));
        };
        // Checked only if something is left: comments and white space are fine.
        if !sql[end..].trim().is_empty() && self.engine.prepare(&text, end)?.0.is_some() {
            let message = "the SQL text has more than one statement; execute_batch runs several";
            return Err(Error::new(ErrorKind::Syntax, message).at(end));
        }
        Ok(Statement::new(statement))
    }

    /// Compiles the first statement at byte `offset` of a text with several. Returns the statement, or `None`
    /// if only comments are left, and the offset after it.
    ///
    /// # Errors
    /// Wrong syntax or names, with the offset in the text.
    pub fn prepare_at<'c>(
        &'c self,
        sql: &SqlText,
        offset: usize,
    ) -> Result<(Option<Statement<'c>>, usize)> {
        let (statement, end) = self.engine.prepare(sql, offset)?;
        Ok((statement.map(Statement::new), end))
    }

    /// Runs one statement and returns the number of rows it changed. Ignores rows that it returns.
    ///
    /// # Errors
    /// As [`Connection::prepare`], or an error of the statement.
    pub fn execute(&self, sql: &str, params: impl Params) -> Result<u64> {
        let mut statement = self.prepare(sql)?;
        statement.bind_all(params)?;
        while statement.step()? {}
        Ok(self.changes())
    }

    /// Runs several statements, separated by semicolons, up to the first error.
    ///
    /// # Errors
    /// An error of a statement. The statements before it took effect.
    pub fn execute_batch(&self, sql: &str) -> Result<()> {
        let text = SqlText::new(sql)?;
        let mut offset = 0;
        while offset < sql.len() {
            let (statement, end) = self.prepare_at(&text, offset)?;
            offset = end;
            if let Some(mut statement) = statement {
                while statement.step()? {}
            }
        }
        Ok(())
    }

    /// Runs a query and passes its first row to `f`.
    ///
    /// # Errors
    /// As [`Connection::execute`]; there is no row ([`ErrorKind::NotFound`]).
    pub fn query_row<T>(
        &self,
        sql: &str,
        params: impl Params,
        f: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<T> {
        let mut statement = self.prepare(sql)?;
        let mut rows = statement.query(params)?;
        match rows.next()? {
            Some(row) => f(&row),
            None => Err(Error::new(ErrorKind::NotFound, "the query returned no rows")),
        }
    }

    /// Whether no transaction is open.
    pub fn is_autocommit(&self) -> bool {
        self.engine.is_autocommit()
    }

    /// Rows changed by the last INSERT, UPDATE or DELETE.
    pub fn changes(&self) -> u64 {
        self.engine.changes()
    }

    /// Rowid of the last INSERT.
    pub fn last_insert_rowid(&self) -> i64 {
        self.engine.last_insert_rowid()
    }

    /// A handle that stops what this connection runs, from any thread.
    pub fn interrupt_handle(&self) -> InterruptHandle {
        InterruptHandle(self.engine.interrupt_handle())
    }
}

/// Stops what a connection runs, even in the middle of a call. Does nothing once the connection is closed.
#[derive(Clone)]
pub struct InterruptHandle(Arc<dyn Interrupt>);

impl InterruptHandle {
    /// Asks the running statements to end; they fail with [`ErrorKind::Interrupted`].
    pub fn interrupt(&self) {
        self.0.interrupt();
    }
}

impl fmt::Debug for InterruptHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InterruptHandle").finish_non_exhaustive()
    }
}
