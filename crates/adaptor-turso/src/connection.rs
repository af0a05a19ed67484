//! A connection of our own: the engine's statements and Commensal's in one text, and functions that
//! appear as soon as they can be seen.
//!
//! Statements of ours are told apart here and not in the dialect: the engine would want a statement of
//! its own for each, which can then only be written within a function, and it must not.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};

use commensal_core::ddl;
use commensal_core::engine::{EngineConnection, Interrupt, Prepared, SqlText};
use commensal_core::environment::Environment;
use commensal_core::execute::OwnStatement;
use commensal_core::{Error, ErrorKind, Result};
use turso_core::{Connection, Statement};

use crate::error;
use crate::running::{self, Running};
use crate::state::State;
use crate::statement::TursoStatement;

/// An open connection with Commensal in it.
pub struct TursoConnection {
    pub(crate) state: Arc<State>,
    /// Statements that write in the middle of their execution.
    pub(crate) writing: Cell<usize>,
    /// Rows changed by the last statement that could write. The engine's own number counts the rows
    /// that CREATE FUNCTION writes, too.
    changes: Cell<u64>,
    /// The engine's last rowid after CREATE FUNCTION, and the one to show instead.
    rowid: Cell<Option<(i64, i64)>>,
    /// The engine panicked: what it holds in memory is not to be trusted.
    broken: Cell<bool>,
}

impl TursoConnection {
    pub(crate) fn new(connection: Arc<Connection>, environment: Arc<Environment>) -> Self {
        Self {
            state: State::new(connection, environment),
            writing: Cell::new(0),
            changes: Cell::new(0),
            rowid: Cell::new(None),
            broken: Cell::new(false),
        }
    }

    /// Whether the engine can be asked for anything.
    pub(crate) fn check_usable(&self) -> Result<()> {
        if !self.broken.get() {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Engine,
            "Turso panicked in this connection: it cannot be used any longer",
        ))
    }

    /// Runs the engine, which panics where it finds what it takes for impossible.
    #[inline]
    pub(crate) fn guard<T>(&self, body: impl FnOnce() -> Result<T>) -> Result<T> {
        catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
            self.broken.set(true);
            Err(error::of_panic(&*panic))
        })
    }

    pub(crate) fn state_of_statement(&self) -> Arc<State> {
        Arc::clone(&self.state)
    }

    pub(crate) fn count_changes(&self) {
        self.changes.set(u64::try_from(self.state.connection.changes()).unwrap_or_default());
    }

    pub(crate) fn rowid(&self) -> i64 {
        let now = self.state.connection.last_insert_rowid();
        match self.rowid.get() {
            Some((after, shown)) if after == now => shown,
            _ => now,
        }
    }

    pub(crate) fn set_rowid(&self, rowid: i64) {
        self.rowid.set(Some((self.state.connection.last_insert_rowid(), rowid)));
    }

    /// Compiles the first statement. Gives the statement, `None` for nothing but comments, the bytes
    /// consumed, and what was asked for meanwhile.
    fn compile(&self, sql: &str) -> (Result<Option<(Statement, usize)>>, Option<Box<Running>>) {
        let running = Running::new(Arc::clone(&self.state));
        running::within(running, || {
            self.guard(|| self.state.connection.consume_stmt(sql).map_err(error::of_engine))
        })
    }

    fn prepare_engine(&self, sql: &str) -> Result<Option<(Statement, usize)>> {
        let (result, asked) = self.compile(sql);
        let (resolved, missed) =
            asked.map_or((false, false), |asked| (asked.resolved, asked.missed));
        match result {
            Err(error) if missed => {
                // It may name a function that is in the catalog and was not read yet.
                match self.guard(|| self.state.refresh()) {
                    Ok(registry) if registry.functions().next().is_some() => self.compile(sql).0,
                    Err(reason) => {
                        let both = Error::new(reason.kind(), format!("{error}: {reason}"));
                        Err(reason.engine_code().into_iter().fold(both, Error::with_engine_code))
                    }
                    Ok(_) => Err(error),
                }
            }
            Ok(statement) if resolved && self.state.connection.get_auto_commit() => {
                // Within a transaction nothing is read here: that would take a snapshot before the
                // statement runs, and a first statement that writes would come too late.
                let before = self.state.registry().generation;
                match self.guard(|| self.state.current()) {
                    Ok(now) if now.generation != before => self.compile(sql).0,
                    // A catalog that cannot be read is told when a function is called.
                    _ => Ok(statement),
                }
            }
            result => result,
        }
    }
}

impl Drop for TursoConnection {
    fn drop(&mut self) {
        self.state.finalize_cached();
        // Statements borrow the connection, so none is left. The last connection of a file writes
        // what is in the log into the file; if that fails, it stays in the log.
        let _ = self.guard(|| self.state.connection.close().map_err(error::of_engine));
    }
}

/// Stops a connection from other threads.
struct InterruptHandle(Weak<Connection>);

impl Interrupt for InterruptHandle {
    fn interrupt(&self) {
        if let Some(connection) = self.0.upgrade() {
            connection.interrupt();
        }
    }
}

impl EngineConnection for TursoConnection {
    fn prepare<'c>(&'c self, sql: &SqlText, offset: usize) -> Result<Prepared<'c>> {
        self.check_usable()?;
        let text = &sql.as_str()[offset..];
        let shift = |error: Error| error.shifted(offset);
        if let Some(parsed) = ddl::parse(text).map_err(shift)? {
            let next = offset + parsed.consumed;
            let statement = OwnStatement::new(Box::new(self), parsed, offset);
            return Ok((Some(Box::new(statement)), next));
        }
        match self.prepare_engine(text).map_err(shift)? {
            Some((statement, consumed)) => {
                let statement = TursoStatement::new(self, statement);
                Ok((Some(Box::new(statement)), offset + consumed))
            }
            None => Ok((None, offset + text.len())),
        }
    }

    fn is_autocommit(&self) -> bool {
        self.state.connection.get_auto_commit()
    }

    fn changes(&self) -> u64 {
        self.changes.get()
    }

    fn last_insert_rowid(&self) -> i64 {
        self.rowid()
    }

    fn interrupt_handle(&self) -> Arc<dyn Interrupt> {
        Arc::new(InterruptHandle(Arc::downgrade(&self.state.connection)))
    }
}
