//! Undoes what the engine does not undo when a statement fails within a transaction.
//!
//! A CREATE TABLE … AS SELECT changes the schema before its SELECT runs. If that fails, the engine takes
//! back the file's pages but keeps the schema in memory. Then every later statement fails: `Database schema
//! changed`. Going back to a savepoint takes back both.

use std::cell::Cell;

use commensal_core::Result;
use commensal_core::ddl::lexer::{Lexer, TokenKind};

use crate::connection::TursoConnection;
use crate::error;

/// A savepoint around an execution, for statements that need one.
pub(crate) struct Undo {
    creates: Option<Creates>,
    open: Cell<bool>,
}

/// Where a statement makes a table from what it selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Creates {
    /// In the file. Outside a transaction the statement is its own transaction, and all of it is undone.
    InFile,
    /// In `temp`, which is damaged outside a transaction, too.
    InTemp,
}

impl Undo {
    /// For the statement with this text.
    pub(crate) fn new(sql: &str) -> Self {
        Self { creates: creates_from_select(sql), open: Cell::new(false) }
    }

    /// Sets the savepoint, if needed, before the first step.
    ///
    /// # Errors
    /// The engine's.
    pub(crate) fn begin(&self, connection: &TursoConnection) -> Result<()> {
        let needed = match self.creates {
            None => false,
            Some(Creates::InFile) => !connection.state.connection.get_auto_commit(),
            Some(Creates::InTemp) => true,
        };
        if needed {
            execute(connection, "SAVEPOINT commensal_statement")?;
            self.open.set(true);
        }
        Ok(())
    }

    /// Ends the savepoint after the last step. `failed` says whether that failed.
    ///
    /// # Errors
    /// The engine's.
    pub(crate) fn end(&self, connection: &TursoConnection, failed: bool) -> Result<()> {
        if !self.open.replace(false) || connection.state.connection.get_auto_commit() {
            return Ok(());
        }
        if failed {
            execute(connection, "ROLLBACK TO commensal_statement")?;
        }
        execute(connection, "RELEASE commensal_statement")
    }
}

fn execute(connection: &TursoConnection, sql: &str) -> Result<()> {
    connection.guard(|| connection.state.connection.execute(sql).map_err(error::of_engine))
}

/// Where a CREATE TABLE … AS SELECT makes its table: one whose columns are not in parentheses.
fn creates_from_select(sql: &str) -> Option<Creates> {
    let mut lexer = Lexer::new(sql);
    if !lexer.significant().is("CREATE") {
        return None;
    }
    let mut token = lexer.significant();
    let mut creates = Creates::InFile;
    if token.is("TEMP") || token.is("TEMPORARY") {
        creates = Creates::InTemp;
        token = lexer.significant();
    }
    if !token.is("TABLE") {
        return None;
    }
    loop {
        let token = lexer.significant();
        match token.kind {
            TokenKind::End | TokenKind::LeftParenthesis => return None,
            // A schema is named, perhaps `temp`. A savepoint does no harm if it is another.
            TokenKind::Dot => creates = Creates::InTemp,
            _ if token.is("AS") => return Some(creates),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Creates, creates_from_select};

    #[test]
    fn statements_are_told_apart() {
        for (sql, expected) in [
            ("CREATE TABLE t AS SELECT 1", Some(Creates::InFile)),
            ("/* x */ create temp table if not exists \"as\" as values (1)", Some(Creates::InTemp)),
            ("CREATE TABLE temp.t AS SELECT 1", Some(Creates::InTemp)),
            ("CREATE TABLE t(a AS (1))", None),
            ("CREATE TABLE \"as\"(a)", None),
            ("CREATE VIEW v AS SELECT 1", None),
            ("CREATE TABLE", None),
            ("SELECT 1 AS a", None),
        ] {
            assert_eq!(creates_from_select(sql), expected, "{sql}");
        }
    }
}
