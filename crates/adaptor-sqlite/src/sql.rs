//! Statements of guests, on the connection that called them.
//!
//! What a guest may run is decided by the core; SQLite compiles it as if it came from a schema that
//! nobody trusts, so that functions and tables for top-level statements only are out of its reach.

use std::cell::Cell;
use std::sync::atomic::AtomicUsize;
use std::time::Instant;

use commensal_core::engine::{EngineStatement, SqlText};
use commensal_core::host::sql::{BoxedStatement, GuestStatement, HostSql};
use commensal_core::{Result, ValueRef};

use crate::api::code::*;
use crate::deadline::Deadline;
use crate::statement::{Handle, Statement};

/// See the module's description.
pub(crate) struct GuestSql {
    handle: Handle,
    depth: AtomicUsize,
    deadline: Deadline,
    /// SQLite is preparing a statement, and does not expect that another one changes the schema.
    is_preparing: Cell<bool>,
}

impl GuestSql {
    /// For a connection that is `our_own`, and otherwise one of the application's.
    pub(crate) fn new(handle: Handle, our_own: bool) -> Self {
        let deadline = Deadline::new(handle, our_own);
        Self { handle, depth: AtomicUsize::new(0), deadline, is_preparing: Cell::new(false) }
    }

    /// Whether statements can run now.
    pub(crate) fn is_possible(&self) -> bool {
        !self.is_preparing.get()
    }

    /// Runs a guest while SQLite prepares a statement.
    pub(crate) fn preparing<R>(&self, body: impl FnOnce() -> R) -> R {
        let before = self.is_preparing.replace(true);
        let result = body();
        self.is_preparing.set(before);
        result
    }
}

impl HostSql for GuestSql {
    fn prepare(&self, sql: &SqlText) -> Result<(Option<BoxedStatement>, usize)> {
        let flags = SQLITE_PREPARE_FROM_DDL;
        let (statement, used) = self.handle.prepare_first(sql.as_bytes_with_nul(), flags)?;
        Ok((statement.map(|statement| Box::new(OfGuest(statement)) as BoxedStatement), used))
    }

    fn changes(&self) -> i64 {
        self.handle.changes()
    }

    fn last_insert_rowid(&self) -> i64 {
        self.handle.last_insert_rowid()
    }

    fn is_autocommit(&self) -> bool {
        self.handle.is_autocommit()
    }

    fn depth(&self) -> &AtomicUsize {
        &self.depth
    }

    fn set_deadline(&self, deadline: Option<Instant>) -> Option<Instant> {
        self.deadline.set(deadline)
    }
}

/// A statement of a guest's.
struct OfGuest(Statement);

// SAFETY: an instance has it, which moves between threads only with its connection.
unsafe impl Send for OfGuest {}

impl EngineStatement for OfGuest {
    fn parameter_count(&self) -> usize {
        self.0.parameter_count()
    }

    fn parameter_index(&self, name: &str) -> Option<usize> {
        self.0.parameter_index(name)
    }

    fn bind(&mut self, index: usize, value: ValueRef<'_>) -> Result<()> {
        self.0.bind(index, value)
    }

    fn step(&mut self) -> Result<bool> {
        self.0.step()
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn column_count(&self) -> usize {
        self.0.column_count()
    }

    fn column_name(&self, column: usize) -> &str {
        self.0.column_name(column)
    }

    fn column(&self, column: usize) -> Result<ValueRef<'_>> {
        self.0.column(column)
    }

    fn is_readonly(&self) -> bool {
        self.0.is_readonly()
    }
}

impl GuestStatement for OfGuest {
    fn parameter_name(&self, index: usize) -> Option<String> {
        self.0.parameter_name(index)
    }

    fn bind_zeroblob(&mut self, index: usize, len: u32) -> Result<()> {
        self.0.bind_zeroblob(index, len)
    }

    fn clear_bindings(&mut self) {
        self.0.clear_bindings();
    }

    fn invalid_text(&self, column: usize) -> &[u8] {
        self.0.text(column)
    }
}
