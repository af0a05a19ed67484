//! Statements of guests, on the connection that called them.
//!
//! What a guest may run is decided by the core; SQLite compiles it as if it came from a schema that
//! nobody trusts, so that functions and tables for top-level statements only are out of its reach.

use std::cell::Cell;
use std::ffi::c_int;
use std::sync::atomic::AtomicUsize;
use std::time::Instant;

use commensal_core::engine::{EngineStatement, SqlText};
use commensal_core::host::sql::{BoxedStatement, GuestStatement, HostSql};
use commensal_core::{Result, ValueRef};

use crate::api::code::*;
use crate::deadline::Deadline;
use crate::raised::Raised;
use crate::statement::{Handle, Statement};

/// Machine stack for a statement without deep expressions, in bytes, and for each level of an expression.
/// SQLite 3.40 needs 480 KiB for 1000 levels.
const STACK_BYTES: usize = 64 << 10;
const LEVEL_STACK_BYTES: usize = 640;

/// Bytes of a pattern of `LIKE` and `GLOB` within statements of guests: a wildcard takes some 200 bytes of
/// stack.
const PATTERN_BYTES_MAX: c_int = 2000;

/// See the module's description.
pub(crate) struct GuestSql {
    handle: Handle,
    depth: AtomicUsize,
    deadline: Deadline,
    /// What `LIKE` was allowed before a guest's statement began.
    pattern_bytes: Cell<c_int>,
    /// SQLite is preparing a statement, and does not expect that another one changes the schema.
    is_preparing: Cell<bool>,
}

impl GuestSql {
    /// For a connection that is `our_own`, and otherwise one of the application's.
    pub(crate) fn new(handle: Handle, our_own: bool) -> Self {
        let deadline = Deadline::new(handle, our_own);
        Self {
            handle,
            depth: AtomicUsize::new(0),
            deadline,
            pattern_bytes: Cell::new(PATTERN_BYTES_MAX),
            is_preparing: Cell::new(false),
        }
    }

    /// Sets a limit of SQLite's, unless it is to be negative; gives what it was before.
    fn limit(&self, which: c_int, value: c_int) -> c_int {
        // SAFETY: the connection is open, and this is its thread.
        unsafe { (self.handle.api.sqlite3_limit)(self.handle.db(), which, value) }
    }

    /// Whether statements can run now.
    pub(crate) fn is_possible(&self) -> bool {
        !self.is_preparing.get()
    }

    /// Runs a guest while SQLite prepares a statement.
    pub(crate) fn preparing<R>(&self, body: impl FnOnce() -> R) -> R {
        let _preparing = Raised::new(&self.is_preparing);
        body()
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

    /// SQLite recurses over expressions, as deep as its own limit lets them be.
    fn stack_bytes(&self) -> usize {
        let depth = self.limit(SQLITE_LIMIT_EXPR_DEPTH, -1);
        // 0 is no limit, for a library that was built so.
        let depth = usize::try_from(depth).ok().filter(|&depth| depth > 0).unwrap_or(1000);
        depth.saturating_mul(LEVEL_STACK_BYTES).saturating_add(STACK_BYTES)
    }

    /// `LIKE` and `GLOB` recurse for each wildcard of a pattern, up to 4 MiB deep by default.
    fn begin(&self) {
        let before = self.limit(SQLITE_LIMIT_LIKE_PATTERN_LENGTH, -1);
        self.pattern_bytes.set(before);
        self.limit(SQLITE_LIMIT_LIKE_PATTERN_LENGTH, before.min(PATTERN_BYTES_MAX));
    }

    fn end(&self) {
        self.limit(SQLITE_LIMIT_LIKE_PATTERN_LENGTH, self.pattern_bytes.get());
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

    fn invalid_text(&self, column: usize) -> Option<&[u8]> {
        self.0.text(column)
    }
}
