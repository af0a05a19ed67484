//! A prepared statement of the engine, stepped to its end on this thread.

use std::any::Any;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use commensal_core::ddl::lexer::Lexer;
use commensal_core::engine::EngineStatement;
use commensal_core::{Error, ErrorKind, Result, ValueRef};
use turso_core::{Statement, Value};

use crate::connection::TursoConnection;
use crate::running::{self, Running};
use crate::step::{bind, names, step};
use crate::undo::Undo;
use crate::value::{borrowed, owned};
use crate::{error, refusal, stack};

/// A statement of the application that the engine runs.
pub(crate) struct TursoStatement<'c> {
    connection: &'c TursoConnection,
    statement: Statement,
    /// What it has bound. Absent while it is stepped.
    running: Option<Box<Running>>,
    /// It has not been stepped since it was prepared or reset.
    fresh: bool,
    names: Vec<String>,
    /// The bound values of a statement that the engine is told to undo. That works only for a statement
    /// that was prepared here, so another one may have to take its place.
    bound: Option<Vec<(usize, Value)>>,
    undo: Undo,
}

/// Makes the engine keep what a statement changes, in a transaction, so that an error undoes it. By itself the engine
/// does not if one row is written and, by its reckoning, nothing can fail after that. But a function of its own may
/// fail, which would undo the whole transaction, and so may what RETURNING computes, or the rows of a SELECT after
/// some were inserted.
fn undoes(statement: &Statement) -> bool {
    const WRITES: [&str; 5] = ["INSERT", "REPLACE", "UPDATE", "DELETE", "WITH"];
    let program = statement.get_program();
    let first = Lexer::new(statement.get_sql()).first();
    // The engine counts what CREATE INDEX writes, too, but it does not undo that so.
    let undoes = program.change_cnt_on && WRITES.iter().any(|word| first.is(word));
    if undoes {
        program.prepared().needs_stmt_subtransactions.store(true, Relaxed);
    }
    undoes
}

impl<'c> TursoStatement<'c> {
    /// Wraps a statement. `running` has what was asked for while it was prepared.
    pub(crate) fn new(
        connection: &'c TursoConnection,
        statement: Statement,
        running: Box<Running>,
    ) -> Self {
        let names = names(&statement);
        let undoes = undoes(&statement);
        let undo = Undo::new(statement.get_sql());
        Self {
            connection,
            statement,
            running: Some(running),
            fresh: true,
            names,
            bound: undoes.then(Vec::new),
            undo,
        }
    }

    /// Takes the first step of an execution.
    #[cold]
    fn begin(&mut self) -> Result<bool> {
        let connection = self.connection;
        connection.check_usable()?;
        if let Some(running) = &mut self.running {
            (running.missed, running.cramped) = (false, false);
            running.keeps_program = self.bound.is_some();
        }
        if self.running.as_ref().is_some_and(|running| running.yielded)
            && connection.state.connection.get_auto_commit()
        {
            // It calls a function of the engine over which a definition takes precedence. A call of a
            // definition reports a catalog that cannot be read.
            let _ = connection.guard(|| connection.state.current());
        }
        self.undo.begin(connection)?;
        self.fresh = false;
        if self.changes_rows() {
            connection.writing.set(connection.writing.get() + 1);
        }
        let first = self.step_engine();
        let names_are_old = self.names.len() != self.statement.num_columns();
        match first {
            Err(_) if self.running.as_ref().is_some_and(|running| running.cramped) => {
                // It uses more of the schema than when it was prepared, and there is room now; or it has to
                // be prepared here.
                self.reset_engine()?;
                self.prepare_anew()?;
                let again = self.step_engine();
                self.names = names(&self.statement);
                again
            }
            Err(error) if self.is_about_function(&error) => {
                // It was prepared for functions that others have changed since. Reading the catalog makes
                // the engine prepare it again.
                self.connection.guard(|| self.connection.state.refresh())?;
                self.reset_engine()?;
                let again = self.step_engine();
                self.names = names(&self.statement);
                again
            }
            first => {
                if names_are_old {
                    self.names = names(&self.statement);
                }
                first
            }
        }
    }

    /// Puts a newly prepared statement in place of one that the engine has to undo.
    fn prepare_anew(&mut self) -> Result<()> {
        let Some(bound) = &self.bound else { return Ok(()) };
        let connection = self.connection;
        let sql = self.statement.get_sql().to_owned();
        let Some((mut statement, _, running)) = connection.prepare_engine(&sql)? else {
            return Ok(());
        };
        for (index, value) in bound {
            bind(&mut statement, *index, value.clone())?;
        }
        undoes(&statement);
        self.statement = statement;
        self.running = Some(running);
        Ok(())
    }

    /// Whether it is an INSERT, UPDATE or DELETE. The engine's `readonly` is also false for a query that
    /// needs a table of its own.
    fn changes_rows(&self) -> bool {
        self.statement.get_program().change_cnt_on
    }

    /// Whether a function was not found, by its slot or while the statement was prepared again.
    fn is_about_function(&self, error: &Error) -> bool {
        error.kind() == ErrorKind::NotFound
            || self.running.as_ref().is_some_and(|running| running.missed)
    }

    /// Ends the execution, after the last step or instead of it. `failed` says whether that failed.
    fn end(&mut self, failed: bool) -> Result<()> {
        if std::mem::replace(&mut self.fresh, true) {
            return Ok(());
        }
        let reset = self.reset_engine();
        let reset = reset.and(self.undo.end(self.connection, failed));
        if self.changes_rows() {
            self.connection.writing.set(self.connection.writing.get() - 1);
            self.connection.count_changes();
        }
        reset
    }

    /// Ends the execution. This frees states of aggregates whose result the engine has not asked for.
    fn reset_engine(&mut self) -> Result<()> {
        let (connection, statement) = (self.connection, &mut self.statement);
        let mut reset = || connection.guard(|| statement.reset().map_err(error::of_engine));
        let Some(running) = self.running.take() else { return reset() };
        // Programs that called one another are also dropped by recursion.
        let (levels, recursive) = (running.levels, running.recursive);
        let (result, running) =
            running::within(running, || stack::with_room_for(levels, recursive, reset));
        self.running = running;
        if let Some(running) = &mut self.running {
            running.end();
        }
        result
    }

    #[inline]
    fn step_engine(&mut self) -> Result<bool> {
        let running = match self.running.take() {
            Some(mut running) => {
                running.compared = None;
                running
            }
            // It was lost to a panic.
            None => Running::new(Arc::clone(&self.connection.state)),
        };
        let statement = &mut self.statement;
        let (levels, recursive) = (running.levels, running.recursive);
        let caught = || catch_unwind(AssertUnwindSafe(|| step(statement)));
        let (result, running) =
            running::within(running, || stack::with_room_for(levels, recursive, caught));
        self.running = running;
        let result = result.unwrap_or_else(|panic| Err(self.panicked(&*panic)));
        match self.running.as_mut().and_then(|running| running.fault.take()) {
            // The fault interrupted it; what the engine gave then does not matter.
            Some(fault) => Err(fault),
            None => result.map_err(|error| self.error(error)),
        }
    }

    /// Drops the engine's statement where there is room for that. It keeps programs that called one
    /// another, each within the one before.
    #[cold]
    fn take_apart(&mut self) {
        let connection = self.connection;
        let drop_statement = || {
            let other =
                connection.state.connection.prepare("SELECT 1").map_err(error::of_engine)?;
            drop(std::mem::replace(&mut self.statement, other));
            Ok(())
        };
        let _ = stack::with_room_for(0, true, || connection.guard(drop_statement));
    }

    /// Handles a panic of the engine. The engine sorts with Rust's library, which panics if it notices that
    /// there is no order. This happens between two instructions of the statement, so only the statement is
    /// lost, and its transaction if it writes.
    #[cold]
    fn panicked(&mut self, panic: &(dyn Any + Send)) -> Error {
        let connection = self.connection;
        let compared = self.running.as_mut().and_then(|running| running.compared());
        if let Some(entry) = compared {
            let engine = &connection.state.connection;
            let ended = connection.guard(|| {
                self.statement.reset().map_err(error::of_engine)?;
                if self.changes_rows() && !engine.get_auto_commit() {
                    engine.execute("ROLLBACK").map_err(error::of_engine)?;
                }
                Ok(())
            });
            if ended.is_ok() {
                let what = format!("{} gives no order: sorting by it failed", entry.callable);
                return Error::new(ErrorKind::Fault, what).with_engine_code(1);
            }
        }
        connection.state.health.set_broken(panic)
    }

    /// A function's error comes back from the engine as text. The error itself is kept beside.
    #[cold]
    fn error(&mut self, error: Error) -> Error {
        if let Some(refused) = self.running.as_mut().and_then(|running| running.refused.take()) {
            return refused;
        }
        match self.running.as_mut().and_then(|running| running.error.take()) {
            // Compared, because an error may be left over that the engine never reported.
            Some(function) if function.message() == error.message() => function,
            _ => {
                let registry = self.connection.state.registry();
                refusal::explain(self.statement.get_sql(), &registry, error)
            }
        }
    }
}

impl Drop for TursoStatement<'_> {
    fn drop(&mut self) {
        // Nobody could hear what a rollback reports.
        let _ = self.end(false);
        if self.running.as_ref().is_some_and(|running| running.recursive) {
            self.take_apart();
        }
    }
}

impl EngineStatement for TursoStatement<'_> {
    fn parameter_count(&self) -> usize {
        self.statement.parameters_count()
    }

    fn parameter_index(&self, name: &str) -> Option<usize> {
        self.statement.parameter_index(name).map(NonZero::get)
    }

    fn bind(&mut self, index: usize, value: ValueRef<'_>) -> Result<()> {
        let value = owned(value, 0);
        if let Some(bound) = &mut self.bound {
            bound.retain(|(known, _)| *known != index);
            bound.push((index, value.clone()));
        }
        bind(&mut self.statement, index, value)
    }

    #[inline]
    fn step(&mut self) -> Result<bool> {
        let result = if self.fresh { self.begin() } else { self.step_engine() };
        match result {
            Ok(true) => Ok(true),
            Ok(false) => self.end(false).map(|()| false),
            Err(error) => {
                let _ = self.end(true);
                Err(error)
            }
        }
    }

    fn reset(&mut self) {
        let _ = self.end(false);
    }

    fn column_count(&self) -> usize {
        self.statement.num_columns()
    }

    fn column_name(&self, column: usize) -> &str {
        self.names.get(column).map(String::as_str).unwrap_or_default()
    }

    #[inline]
    fn column(&self, column: usize) -> Result<ValueRef<'_>> {
        let row = self.statement.row().filter(|_| column < self.statement.num_columns());
        Ok(row.map_or(ValueRef::Null, |row| borrowed(row.get_value(column))))
    }

    fn is_readonly(&self) -> bool {
        self.statement.get_program().readonly
    }
}
