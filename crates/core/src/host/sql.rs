//! SQL from within a guest: statements of its own on the connection that called it.
//!
//! What a guest may run is decided in `authorize.rs`, before the engine sees it; here are the statements
//! that an instance has, and in `imports/sql.rs` the functions of the host module over them. Knows no
//! engine: an adaptor offers its connection as [`HostSql`].

use std::collections::BTreeMap;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use web_time::Instant;

use super::calls::Search;
use crate::engine::{EngineStatement, SqlText};
use crate::error::{Error, Result};
use crate::limits::{Capabilities, Limits};

/// A statement of a guest's.
pub trait GuestStatement: EngineStatement + Send {
    /// Name of the parameter of this index (from 1), with its prefix, if it has one.
    fn parameter_name(&self, index: usize) -> Option<String>;

    /// Binds a blob of so many zeros to the parameter of this index, from 1.
    ///
    /// # Errors
    /// There is no such parameter; the value is too large.
    fn bind_zeroblob(&mut self, index: usize, len: u32) -> Result<()>;

    /// Binds NULL to every parameter.
    fn clear_bindings(&mut self);

    /// The bytes of a value of the current row that is text, and not valid UTF-8; `None` for every
    /// other value.
    fn invalid_text(&self, column: usize) -> Option<&[u8]>;

    /// What a guest needs to run it, besides [`Capability::SqlRead`](crate::Capability::SqlRead) and what a statement that writes
    /// needs.
    fn needs(&self) -> Capabilities;

    /// What the time of the functions grows with that it calls, by itself or through views and triggers.
    fn search(&self) -> Search;

    /// Memory that the engine holds for the compiled statement, in bytes, or an estimate.
    fn memory_bytes(&self) -> u64;
}

/// What holds while a guest's statement is prepared or makes a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// A step ends with an error at this time.
    pub deadline: Option<Instant>,
    /// What the guest may reach. Whatever its statement calls may reach no more.
    pub rights: Capabilities,
    /// Bytes of a value or a row, at most.
    pub value_bytes_max: usize,
}

impl Level {
    /// What holds while no guest's statement runs.
    pub const NONE: Self =
        Self { deadline: None, rights: Capabilities::ALL, value_bytes_max: usize::MAX };
}

/// See [`GuestStatement`].
pub type BoxedStatement = Box<dyn GuestStatement>;

/// The connection that called the guest, as statements of the guest's see it. Used on the thread that
/// runs the calling statement, while the guest runs.
pub trait HostSql {
    /// Compiles the first statement of `sql`. Gives the statement, or `None` for nothing but comments,
    /// and the bytes used.
    ///
    /// Whatever the statement names, by itself or through views and triggers, is harmless: it calls only
    /// functions that SQL of an attacker may call, changes nothing unless it is a statement that writes,
    /// and reaches no other file, no setting, and no table of definitions.
    ///
    /// # Errors
    /// What the engine reports; what it cannot run within another statement; what is not for guests.
    fn prepare(&self, sql: &SqlText) -> Result<(Option<BoxedStatement>, usize)>;

    /// Rows changed by the last INSERT, UPDATE or DELETE.
    fn changes(&self) -> i64;

    /// Rowid of the last INSERT.
    fn last_insert_rowid(&self) -> i64;

    /// Whether no transaction is open but that of the calling statement.
    fn is_autocommit(&self) -> bool;

    /// How many guests of the connection run statements, one within the other.
    fn depth(&self) -> &AtomicUsize;

    /// Machine stack that the engine may need to compile and to run a statement of a guest's, in bytes,
    /// up to where the statement calls a guest again, which is checked by itself.
    fn stack_bytes(&self) -> usize;

    /// A guest's statement is about to run, within none of another guest's. Whatever in it could need
    /// more than [`stack_bytes`](Self::stack_bytes) is an error until [`HostSql::end`].
    fn begin(&self) {}

    /// The statement, and what was within it, has run.
    fn end(&self) {}

    /// What holds now.
    fn level(&self) -> Level;

    /// Sets what holds from now on.
    fn set_level(&self, level: Level);
}

/// Result codes of SQLite's that are not an engine's answer.
pub(super) mod code {
    pub(in crate::host) const OK: i64 = 0;
    pub(in crate::host) const ERROR: i64 = 1;
    pub(in crate::host) const NOMEM: i64 = 7;
    pub(in crate::host) const TOOBIG: i64 = 18;
    pub(in crate::host) const MISUSE: i64 = 21;
    pub(in crate::host) const AUTH: i64 = 23;
    pub(in crate::host) const ROW: i64 = 100;
    pub(in crate::host) const DONE: i64 = 101;
}

/// The statements of an instance.
pub struct SqlState {
    /// By their numbers, from 1.
    pub(super) statements: Vec<Option<BoxedStatement>>,
    /// What the last call that failed reported.
    pub(super) message: String,
    /// No statement can be prepared and run now.
    pub(super) is_closed: bool,
    pub(super) call_timeout: Duration,
    pub(super) bytes_max: usize,
    pub(super) depth_max: usize,
    pub(super) value_bytes_max: usize,
    pub(super) search_bytes_max: usize,
    /// Memory of each statement, by its index.
    pub(super) compiled: Vec<u64>,
    /// Bytes bound to parameters, by the statement's number and the parameter's.
    bound: BTreeMap<(i64, i64), usize>,
}

impl SqlState {
    /// Statements that an instance can have.
    pub const STATEMENTS_MAX: usize = 64;
    /// Bytes of a statement's text. What an engine makes of it takes many times its memory.
    pub const TEXT_BYTES_MAX: usize = 1_000_000;

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
            compiled: Vec::new(),
            bound: BTreeMap::new(),
        }
    }

    /// The same without statements.
    pub(super) fn renewed(&self) -> Self {
        Self {
            statements: Vec::new(),
            message: String::new(),
            compiled: Vec::new(),
            bound: BTreeMap::new(),
            ..*self
        }
    }

    /// Closes it, or opens it again.
    pub(crate) fn set_closed(&mut self, is_closed: bool) {
        self.is_closed = is_closed;
    }

    /// Whether a statement was prepared and not finalized.
    pub(crate) fn has_statements(&self) -> bool {
        self.statements.iter().any(Option::is_some)
    }

    /// Gives all statements for others.
    pub(crate) fn exchange(&mut self, others: &mut Vec<Option<BoxedStatement>>) {
        std::mem::swap(&mut self.statements, others);
    }

    /// Ends the executions of all statements, which keep their bindings.
    pub(crate) fn reset_all(&mut self) {
        self.statements.iter_mut().flatten().for_each(|statement| statement.reset());
    }

    /// A number for one more statement.
    pub(super) fn vacancy(&mut self) -> Option<usize> {
        let vacant = self.statements.iter().position(Option::is_none);
        vacant.or_else(|| {
            (self.statements.len() < Self::STATEMENTS_MAX).then(|| {
                self.statements.push(None);
                self.compiled.push(0);
                self.statements.len() - 1
            })
        })
    }

    pub(super) fn find(&mut self, number: i64) -> Option<&mut BoxedStatement> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        self.statements.get_mut(index)?.as_mut()
    }

    /// Counts what is going to be bound to a parameter, which the engine copies; otherwise gives the code of
    /// the failure.
    pub(super) fn charge(&mut self, statement: i64, parameter: i64, len: usize) -> Result<(), i64> {
        let replaced = self.bound.get(&(statement, parameter)).copied().unwrap_or(0);
        let others = self.bound.values().sum::<usize>() - replaced;
        if others.saturating_add(len) > self.value_bytes_max {
            let max = self.value_bytes_max;
            let message =
                format!("values bound to statements exceed sql_value_bytes_max ({max}) together");
            return Err(self.fail(code::TOOBIG, message));
        }
        match len {
            0 => drop(self.bound.remove(&(statement, parameter))),
            len => drop(self.bound.insert((statement, parameter), len)),
        }
        Ok(())
    }

    /// Nothing is bound to a statement any longer.
    pub(super) fn release(&mut self, statement: i64) {
        self.bound.retain(|(of, _), _| *of != statement);
    }

    pub(super) fn fail(&mut self, code: i64, message: impl Into<String>) -> i64 {
        self.message = message.into();
        code
    }

    pub(super) fn misuse(&mut self) -> i64 {
        self.fail(code::MISUSE, "there is no such statement, parameter or column")
    }

    pub(super) fn engine(&mut self, error: &Error) -> i64 {
        // What is not the engine's own is an error of a function or of ours.
        let code = error.engine_code().map_or(code::ERROR, i64::from);
        // 0, 100 and 101 would say that all is well.
        let code =
            if matches!(code, code::OK | code::ROW | code::DONE) { code::ERROR } else { code };
        self.fail(code, error.message())
    }
}
