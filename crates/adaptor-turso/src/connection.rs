//! A connection of our own, in which functions appear as soon as they can be seen.

use std::cell::Cell;
use std::sync::Arc;

use commensal_core::environment::Environment;
use commensal_core::{Error, Result};
use turso_core::{Connection, Statement};

use crate::running::{self, Running};
use crate::state::ConnectionState;
use crate::{collation, error, stack};

/// An open connection with Commensal in it.
pub struct TursoConnection {
    pub(crate) state: Arc<ConnectionState>,
    /// How many statements that write are in the middle of their execution.
    pub(crate) writing: Cell<usize>,
    /// Rows changed by the last statement that could write. The engine's own number also counts the rows
    /// that CREATE FUNCTION writes.
    pub(crate) changes: Cell<u64>,
    /// The engine's last rowid after CREATE FUNCTION, and the one to show instead.
    rowid: Cell<Option<(i64, i64)>>,
}

impl TursoConnection {
    pub(crate) fn new(
        connection: Arc<Connection>,
        environment: Arc<Environment>,
        unreadable: Option<Error>,
    ) -> Self {
        let state = ConnectionState::new(connection, environment, unreadable, collation::register);
        // A catalog that cannot be read does not keep the database from opening. The statement that needs a
        // function reports it.
        let _ = state.current();
        Self { state, writing: Cell::new(0), changes: Cell::new(0), rowid: Cell::new(None) }
    }

    /// Fails if the engine panicked before.
    pub(crate) fn check_usable(&self) -> Result<()> {
        self.state.health.check()
    }

    /// See [`Health::guard`](crate::health::Health::guard).
    #[inline]
    pub(crate) fn guard<T>(&self, body: impl FnOnce() -> Result<T>) -> Result<T> {
        self.state.health.guard(body)
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

    /// Compiles the first statement. Returns the statement, or `None` if there are only comments, and the
    /// bytes consumed; and what was asked for meanwhile.
    fn compile(&self, sql: &str) -> (Result<Option<(Statement, usize)>>, Box<Running>) {
        let new = || Running::new(Arc::clone(&self.state));
        let mut running = new();
        loop {
            let prepare =
                || self.guard(|| self.state.connection.consume_stmt(sql).map_err(error::of_engine));
            let levels = running.levels;
            let (result, after) = running::within(running, || stack::with_room(levels, prepare));
            running = after.unwrap_or_else(new);
            if let Some(refused) = running.refused.take() {
                return (Err(refused), running);
            }
            if !std::mem::take(&mut running.cramped) {
                return (result, running);
            }
        }
    }

    pub(crate) fn prepare_engine(
        &self,
        sql: &str,
    ) -> Result<Option<(Statement, usize, Box<Running>)>> {
        let before = self.state.registry().generation;
        let (mut result, mut asked) = self.compile(sql);
        match &result {
            Err(error) if asked.missed => {
                // It may name a function that is in the catalog but was not read yet.
                match self.guard(|| self.state.refresh()) {
                    Ok(registry)
                        if registry.functions().next().is_some()
                            || registry.tables().next().is_some()
                            || registry.collations().next().is_some() =>
                    {
                        (result, asked) = self.compile(sql);
                    }
                    Err(reason) => {
                        let both = Error::new(reason.kind(), format!("{error}: {reason}"));
                        let code = reason.engine_code();
                        return Err(code.into_iter().fold(both, Error::with_engine_code));
                    }
                    Ok(_) => {}
                }
            }
            // Within a transaction nothing is read here, because that would take a snapshot before the
            // statement runs, and a first statement that writes would come too late. A call of a function
            // reports a catalog that cannot be read.
            Ok(_)
                if (asked.resolved || asked.yielded)
                    && self.state.connection.get_auto_commit()
                    && self
                        .guard(|| self.state.current())
                        .is_ok_and(|now| now.generation != before) =>
            {
                (result, asked) = self.compile(sql);
            }
            _ => {}
        }
        let result = result.map_err(|error| self.state.registry().explain(error));
        Ok(result?.map(|(statement, consumed)| (statement, consumed, asked)))
    }
}

impl Drop for TursoConnection {
    fn drop(&mut self) {
        self.state.finalize_cached();
        // Statements borrow the connection, so none is left. The last connection of a file writes the log
        // into the file. If that fails, the changes stay in the log.
        let _ = self.guard(|| self.state.connection.close().map_err(error::of_engine));
    }
}
