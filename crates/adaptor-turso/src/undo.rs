//! Undoes what the engine does not undo when a statement fails within a transaction.
//!
//! A CREATE TABLE … AS SELECT changes the schema before its SELECT runs. If that fails, the engine takes
//! back the file's pages but keeps the schema in memory. Then every later statement fails: `Database schema
//! changed`. So it does if an ALTER TABLE fails because of a view. Going back to a savepoint takes back both.

use std::cell::Cell;

use commensal_core::Result;
use commensal_core::ddl::lexer::{Lexer, TokenKind};

use crate::connection::TursoConnection;
use crate::error;

/// A savepoint around an execution, for statements that need one.
pub(crate) struct Undo {
    changes: Option<Changes>,
    open: Cell<bool>,
}

/// Where a statement makes a table from what it selects, or alters one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Changes {
    /// In the file. Outside a transaction the statement is its own transaction, and all of it is undone. So is
    /// an ALTER TABLE in `temp`.
    InFile,
    /// In `temp`, which is damaged outside a transaction, too.
    InTemp,
}

impl Undo {
    /// For the statement with this text.
    pub(crate) fn new(sql: &str) -> Self {
        Self { changes: changes(sql), open: Cell::new(false) }
    }

    /// Sets the savepoint, if needed, before the first step.
    ///
    /// # Errors
    /// The engine's.
    pub(crate) fn begin(&self, connection: &TursoConnection) -> Result<()> {
        let needed = match self.changes {
            None => false,
            Some(Changes::InFile) => !connection.state.connection.get_auto_commit(),
            Some(Changes::InTemp) => true,
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

/// Where a CREATE TABLE … AS SELECT makes its table, one whose columns are not in parentheses, or where an
/// ALTER TABLE changes one.
fn changes(sql: &str) -> Option<Changes> {
    let mut lexer = Lexer::new(sql);
    let first = lexer.significant();
    if first.is("ALTER") {
        return Some(Changes::InFile);
    }
    if !first.is("CREATE") {
        return None;
    }
    let mut token = lexer.significant();
    let mut place = Changes::InFile;
    if token.is("TEMP") || token.is("TEMPORARY") {
        place = Changes::InTemp;
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
            TokenKind::Dot => place = Changes::InTemp,
            _ if token.is("AS") => return Some(place),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Changes, changes};

    #[test]
    fn statements_are_told_apart() {
        for (sql, expected) in [
            ("CREATE TABLE t AS SELECT 1", Some(Changes::InFile)),
            ("/* x */ create temp table if not exists \"as\" as values (1)", Some(Changes::InTemp)),
            ("CREATE TABLE temp.t AS SELECT 1", Some(Changes::InTemp)),
            ("CREATE TABLE t(a AS (1))", None),
            ("CREATE TABLE \"as\"(a)", None),
            ("CREATE VIEW v AS SELECT 1", None),
            ("CREATE TABLE", None),
            ("-- x\nalter table t DROP COLUMN a", Some(Changes::InFile)),
            ("SELECT 1 AS a", None),
        ] {
            assert_eq!(changes(sql), expected, "{sql}");
        }
    }
}
