//! SQL from within a guest: statements that it runs on the connection that called it.
//!
//! `authorize.rs` decides what a guest may run, before the engine sees it. This file has the statements of an
//! instance, and `imports/sql.rs` the host module's functions on them. It knows no engine: an adaptor offers its
//! connection as [`HostSql`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use web_time::Instant;

use super::calls::Work;
use crate::engine::{EngineStatement, SqlText};
use crate::error::{Error, Result};
use crate::limits::{Capabilities, Limits};
use crate::live::InstanceMemory;

/// A statement of a guest.
pub trait GuestStatement: EngineStatement + Send {
    /// Name of the parameter with this index (from 1), with its prefix, if it has one.
    fn parameter_name(&self, index: usize) -> Option<String>;

    /// The declared type of the table's column that a column of the result is, if it is one.
    fn column_decltype(&self, column: usize) -> Option<String>;

    /// Binds a blob of `len` zero bytes to the parameter with this index, from 1.
    ///
    /// # Errors
    /// There is no such parameter, or the value is too large.
    fn bind_zeroblob(&mut self, index: usize, len: u32) -> Result<()>;

    /// Binds NULL to every parameter.
    fn clear_bindings(&mut self);

    /// The bytes of a value of the current row that is text but not valid UTF-8; `None` for every other value.
    fn invalid_text(&self, column: usize) -> Option<&[u8]>;

    /// The capabilities that a guest needs to run it, besides [`Capability::SqlRead`](crate::Capability::SqlRead)
    /// and those that every writing statement needs.
    fn needs(&self) -> Capabilities;

    /// What the time and the memory of a row grow with. Includes calls through views and triggers.
    fn work(&self) -> Work;

    /// Memory that the engine holds for the compiled statement, in bytes, or an estimate.
    fn memory_bytes(&self) -> u64;

    /// Has the engine let go of it, because its guest returns. Text and bindings stay, and the next step begins anew.
    /// Returns whether it waited at a row. Called only where [`HostSql::alive`] counts.
    fn rest(&mut self) -> bool {
        false
    }

    /// Bytes of text and blobs in the current row, once each was read, and of what the engine keeps for the next ones.
    /// Called before any is read.
    fn row_bytes(&self) -> u64;
}

/// The limits while a guest's statement is prepared or makes a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// The time at which a step ends with an error.
    pub deadline: Option<Instant>,
    /// What the guest may reach. Anything that its statement calls may reach no more.
    pub rights: Capabilities,
    /// Largest value or row, in bytes.
    pub value_bytes_max: usize,
}

impl Level {
    /// The limits while no guest's statement runs.
    pub const NONE: Self =
        Self { deadline: None, rights: Capabilities::ALL, value_bytes_max: usize::MAX };
}

/// A [`GuestStatement`] on the heap.
pub type BoxedStatement = Box<dyn GuestStatement>;

/// The connection that called the guest, as the guest's statements see it. Used while the guest runs, on the
/// thread of the calling statement.
pub trait HostSql {
    /// Compiles the first statement of `sql`. Returns the number of bytes used and the statement, or `None` if
    /// there are only comments.
    ///
    /// Everything that the statement names is harmless, also through views and triggers. It calls only functions
    /// that an attacker's SQL may call, changes nothing unless it is a writing statement, and reaches no other
    /// file, no setting and no table of definitions.
    ///
    /// # Errors
    /// The engine's error, a statement that cannot run within another, or one that guests may not run.
    fn prepare(&self, sql: &SqlText) -> Result<(Option<BoxedStatement>, usize)>;

    /// Rows changed by the last INSERT, UPDATE or DELETE.
    fn changes(&self) -> i64;

    /// Rowid of the last INSERT.
    fn last_insert_rowid(&self) -> i64;

    /// Whether no transaction is open except that of the calling statement.
    fn is_autocommit(&self) -> bool;

    /// How many guests of the connection are running statements, one within the other.
    fn depth(&self) -> &AtomicUsize;

    /// Machine stack that the engine may need to compile and run a guest's statement, in bytes. A guest that
    /// the statement calls is not included, because that call has its own check.
    fn stack_bytes(&self) -> usize;

    /// Call this before a guest's statement that is not within another guest's. Until [`HostSql::end`], anything
    /// in it that could need more than [`stack_bytes`](Self::stack_bytes) is an error.
    fn begin(&self) {}

    /// Call this after the statement has run, and everything within it.
    fn end(&self) {}

    /// The number of guests' statements that the engine has, if it must have none when a guest returns. `None` if it may.
    fn alive(&self) -> Option<Arc<AtomicUsize>> {
        None
    }

    /// The current limits.
    fn level(&self) -> Level;

    /// Sets the limits from now on.
    fn set_level(&self, level: Level);
}

/// Result codes of SQLite that do not come from an engine.
pub(super) mod code {
    pub(in crate::host) const OK: i64 = 0;
    pub(in crate::host) const ERROR: i64 = 1;
    pub(in crate::host) const NOMEM: i64 = 7;
    pub(in crate::host) const SCHEMA: i64 = 17;
    pub(in crate::host) const TOOBIG: i64 = 18;
    pub(in crate::host) const MISUSE: i64 = 21;
    pub(in crate::host) const AUTH: i64 = 23;
    pub(in crate::host) const ROW: i64 = 100;
    pub(in crate::host) const DONE: i64 = 101;
    pub(in crate::host) const ABORT_ROLLBACK: i64 = 516;
}

/// The statements of an instance.
pub struct SqlState {
    /// Indexed by number, from 1.
    pub(super) statements: Vec<Option<BoxedStatement>>,
    /// The error message of the last call that failed.
    pub(super) message: String,
    /// Whether preparing and running statements is refused now.
    pub(super) is_closed: bool,
    pub(super) call_timeout: Duration,
    pub(super) bytes_max: usize,
    pub(super) depth_max: usize,
    pub(super) value_bytes_max: usize,
    pub(super) search_bytes_max: usize,
    /// Whether a statement that may write has run since somebody lowered this.
    pub(crate) has_written: bool,
    /// Memory of each statement, by the statement's index.
    pub(super) held: Vec<Held>,
    /// Bytes bound to parameters, by the statement's number and the parameter's.
    bound: BTreeMap<(i64, i64), u64>,
}

/// Memory that the engine holds for a statement, in bytes, taken from the shared ceiling.
#[derive(Clone, Copy, Default)]
pub(super) struct Held {
    pub(super) compiled: u64,
    /// Of the row that the last step gave.
    pub(super) row: u64,
}

impl SqlState {
    /// Largest number of statements of an instance.
    pub const STATEMENTS_MAX: usize = 64;
    /// Largest text of a statement in bytes. An engine takes many times its memory to compile it.
    pub const TEXT_BYTES_MAX: usize = 1_000_000;
    /// Largest error message in bytes. What follows is cut.
    const MESSAGE_BYTES_MAX: usize = 4096;

    pub(super) fn new(limits: &Limits, call_timeout: Duration) -> Self {
        Self {
            statements: Vec::new(),
            message: String::new(),
            is_closed: false,
            call_timeout,
            bytes_max: limits.result_bytes_max,
            depth_max: limits.sql_depth_max,
            value_bytes_max: limits.sql_value_bytes_max,
            search_bytes_max: limits.sql_search_bytes_max,
            has_written: false,
            held: Vec::new(),
            bound: BTreeMap::new(),
        }
    }

    /// A copy without statements.
    pub(super) fn renewed(&self) -> Self {
        Self {
            statements: Vec::new(),
            message: String::new(),
            held: Vec::new(),
            bound: BTreeMap::new(),
            ..*self
        }
    }

    /// Refuses statements from now on, or allows them again.
    pub(crate) fn set_closed(&mut self, is_closed: bool) {
        self.is_closed = is_closed;
    }

    /// Whether it has statements that are not finalized.
    pub(crate) fn has_statements(&self) -> bool {
        self.statements.iter().any(Option::is_some)
    }

    /// Swaps all statements with `others`.
    pub(crate) fn exchange(&mut self, others: &mut Vec<Option<BoxedStatement>>) {
        std::mem::swap(&mut self.statements, others);
    }

    /// Resets all statements. They keep their bindings.
    pub(crate) fn reset_all(&mut self, memory: &mut InstanceMemory) {
        self.statements.iter_mut().flatten().for_each(|statement| statement.reset());
        self.held.iter_mut().for_each(|held| memory.let_go(&mut held.row));
    }

    /// Has the engine let go of all statements. Returns whether one waited at a row.
    pub(crate) fn rest_all(&mut self, memory: &mut InstanceMemory) -> bool {
        let mut waited = false;
        for statement in self.statements.iter_mut().flatten() {
            waited |= statement.rest();
        }
        self.held.iter_mut().for_each(|held| memory.let_go(&mut held.row));
        waited
    }

    /// A free number for a new statement; `None` if there are too many.
    pub(super) fn vacancy(&mut self) -> Option<usize> {
        let vacant = self.statements.iter().position(Option::is_none);
        vacant.or_else(|| {
            (self.statements.len() < Self::STATEMENTS_MAX).then(|| {
                self.statements.push(None);
                self.held.push(Held::default());
                self.statements.len() - 1
            })
        })
    }

    pub(super) fn find(&mut self, number: i64) -> Option<&mut BoxedStatement> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        self.statements.get_mut(index)?.as_mut()
    }

    /// Counts bytes that are about to be bound to a parameter and that the engine copies. Fails with a result
    /// code.
    pub(super) fn charge(
        &mut self,
        memory: &mut InstanceMemory,
        statement: i64,
        parameter: i64,
        len: usize,
    ) -> Result<(), i64> {
        let mut held = self.bound.get(&(statement, parameter)).copied().unwrap_or(0);
        let others = self.bound.values().sum::<u64>() - held;
        let len = len as u64;
        if others.saturating_add(len) > self.value_bytes_max as u64 {
            let max = self.value_bytes_max;
            let message =
                format!("values bound to statements exceed sql_value_bytes_max ({max}) together");
            return Err(self.fail(code::TOOBIG, message));
        }
        if let Err(exceeded) = memory.hold(&mut held, len) {
            return Err(self.fail(code::NOMEM, format!("the bound value's memory: {exceeded}")));
        }
        match len {
            0 => drop(self.bound.remove(&(statement, parameter))),
            len => drop(self.bound.insert((statement, parameter), len)),
        }
        Ok(())
    }

    /// Gives back the bytes that are bound to a statement.
    pub(super) fn release(&mut self, memory: &mut InstanceMemory, statement: i64) {
        self.bound.retain(|(of, _), held| {
            if *of == statement {
                memory.let_go(held);
            }
            *of != statement
        });
    }

    /// Keeps the message for the guest. Cuts it if it is long, because an engine repeats values in messages.
    pub(super) fn fail(&mut self, code: i64, message: impl Into<String>) -> i64 {
        let mut message = message.into();
        if message.len() > Self::MESSAGE_BYTES_MAX {
            message.truncate(message.floor_char_boundary(Self::MESSAGE_BYTES_MAX));
            message.push('…');
            message.shrink_to_fit();
        }
        self.message = message;
        code
    }

    pub(super) fn misuse(&mut self) -> i64 {
        self.fail(code::MISUSE, "there is no such statement, parameter or column")
    }

    pub(super) fn engine(&mut self, error: &Error) -> i64 {
        // Other errors than the engine's come from a function or from us.
        let code = error.engine_code().map_or(code::ERROR, i64::from);
        // 0, 100 and 101 would mean success.
        let code =
            if matches!(code, code::OK | code::ROW | code::DONE) { code::ERROR } else { code };
        self.fail(code, error.message())
    }
}
