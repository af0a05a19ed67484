//! SQL from within a guest: statements of its own on the connection that called it.
//!
//! What a guest may run is decided in `admit.rs`, before the engine sees it; here are the statements
//! that an instance has, and the functions of the host module over them (docs/abi.md, section 11).
//! Knows no engine: an adaptor offers its connection as [`HostSql`].

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use commensal_abi::record::{FLAG_POINTER, FLAG_ZEROBLOB};
use commensal_abi::{HOST_MODULE, Record, Tag};
use web_time::Instant;

use super::admit::{admit, check_compiled};
use super::calls::check_rights;
use super::{Body, HostFunction, HostState, HostType, bytes, bytes_range};
use crate::engine::{EngineStatement, SqlText};
use crate::error::{Error, ErrorKind, Result};
use crate::fault::Fault;
use crate::limits::{Capabilities, Capability, Limits};
use crate::stack;
use crate::value::ValueRef;

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

    /// What a guest needs to run it, besides [`Capability::SqlRead`] and what a statement that writes
    /// needs.
    fn needs(&self) -> Capabilities;
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
mod code {
    pub(super) const OK: i64 = 0;
    pub(super) const ERROR: i64 = 1;
    pub(super) const TOOBIG: i64 = 18;
    pub(super) const MISUSE: i64 = 21;
    pub(super) const AUTH: i64 = 23;
    pub(super) const ROW: i64 = 100;
    pub(super) const DONE: i64 = 101;
}

/// Subtype of a blob that is text which is not UTF-8.
const INVALID_TEXT: u8 = 255;

/// The statements of an instance.
pub struct SqlState {
    /// By their numbers, from 1.
    statements: Vec<Option<BoxedStatement>>,
    /// What the last call that failed reported.
    message: String,
    /// No statement can be prepared and run now.
    is_closed: bool,
    call_timeout: Duration,
    bytes_max: usize,
    depth_max: usize,
    value_bytes_max: usize,
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
        }
    }

    /// The same without statements.
    pub(super) fn renewed(&self) -> Self {
        Self { statements: Vec::new(), message: String::new(), ..*self }
    }

    /// Closes it, or opens it again.
    pub(crate) fn set_closed(&mut self, is_closed: bool) {
        self.is_closed = is_closed;
    }

    /// Whether a statement was prepared and not finalized.
    pub(crate) fn has_statements(&self) -> bool {
        self.statements.iter().any(Option::is_some)
    }

    /// Ends the executions of all statements, which keep their bindings.
    pub(crate) fn reset_all(&mut self) {
        self.statements.iter_mut().flatten().for_each(|statement| statement.reset());
    }

    /// A number for one more statement.
    fn vacancy(&mut self) -> Option<usize> {
        let vacant = self.statements.iter().position(Option::is_none);
        vacant.or_else(|| {
            (self.statements.len() < Self::STATEMENTS_MAX).then(|| {
                self.statements.push(None);
                self.statements.len() - 1
            })
        })
    }

    fn find(&mut self, number: i64) -> Option<&mut BoxedStatement> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        self.statements.get_mut(index)?.as_mut()
    }

    fn fail(&mut self, code: i64, message: impl Into<String>) -> i64 {
        self.message = message.into();
        code
    }

    fn misuse(&mut self) -> i64 {
        self.fail(code::MISUSE, "there is no such statement, parameter or column")
    }

    fn engine(&mut self, error: &Error) -> i64 {
        // What is not the engine's own is an error of a function or of ours.
        let code = error.engine_code().map_or(code::ERROR, i64::from);
        // 0, 100 and 101 would say that all is well.
        let code =
            if matches!(code, code::OK | code::ROW | code::DONE) { code::ERROR } else { code };
        self.fail(code, error.message())
    }
}

/// Runs the engine for a guest: bounded in depth, in time and in what it may reach. `body` gets the
/// guest's rights.
fn within<R>(
    state: &HostState,
    body: impl FnOnce(&dyn HostSql, Capabilities) -> Result<R>,
) -> Result<Result<R>, Fault> {
    /// Takes back what was set, also when `body` panics.
    struct Entered<'a>(&'a dyn HostSql, Level);

    impl Drop for Entered<'_> {
        fn drop(&mut self) {
            self.0.set_level(self.1);
            if self.0.depth().fetch_sub(1, Relaxed) == 1 {
                self.0.end();
            }
        }
    }

    let refused = |kind, message: String| Ok(Err(Error::new(kind, message)));
    let Some(sql) = state.services.sql().filter(|_| !state.sql.is_closed) else {
        let message =
            "SQL cannot run here: not in a collation, nor while a statement is prepared or ends";
        return refused(ErrorKind::Denied, message.to_owned());
    };
    let depth_max = state.sql.depth_max;
    if sql.depth().load(Relaxed) >= depth_max {
        let message = format!(
            "guests that run statements within one another reached sql_depth_max ({depth_max}), which \
             the host can raise"
        );
        return refused(ErrorKind::Limit, message);
    }
    if let Err(small) = stack::check(sql.stack_bytes()) {
        return refused(ErrorKind::Limit, format!("a statement of a guest's {small}"));
    }
    if sql.depth().fetch_add(1, Relaxed) == 0 {
        sql.begin();
    }
    let before = sql.level();
    let mine = Instant::now().checked_add(state.sql.call_timeout);
    let level = Level {
        deadline: [mine, before.deadline].into_iter().flatten().min(),
        rights: before.rights.intersection(state.granted),
        value_bytes_max: before.value_bytes_max.min(state.sql.value_bytes_max),
    };
    let entered = Entered(sql, before);
    sql.set_level(level);
    let result = body(sql, level.rights);
    drop(entered);
    match &result {
        // A guest is not asked whether it wants to end.
        Err(error) if error.kind() == ErrorKind::Interrupted => Err(match level.deadline {
            Some(deadline) if Instant::now() >= deadline => Fault::CallTimeout,
            _ => Fault::Interrupted,
        }),
        _ => Ok(result),
    }
}

/// Checks whether a guest with these rights may run the statement now. A statement outlives the call
/// that prepared it, which may have had more rights.
fn check_statement(statement: &BoxedStatement, rights: Capabilities) -> Result<(), String> {
    let mut needs = statement.needs();
    if !statement.is_readonly() {
        needs = needs.with(Capability::SqlWrite);
    }
    check_rights(needs, rights)
}

const fn function(
    name: &'static str,
    params: &'static [HostType],
    result: HostType,
    body: Body,
) -> HostFunction {
    let (module, capability) = (HOST_MODULE, Some(Capability::SqlRead));
    HostFunction { module, name, params, result: Some(result), capability, body }
}

const I32: HostType = HostType::I32;
const I64: HostType = HostType::I64;

/// The functions.
pub(super) const FUNCTIONS: &[HostFunction] = &[
    function("sql_prepare", &[I32, I32], I64, |state, memory, arguments| {
        let sql = bytes(memory, arguments[0], arguments[1])?;
        prepare(state, sql)
    }),
    function("sql_bind", &[I32, I32, I32], I32, |state, memory, arguments| {
        let range = bytes_range(memory.len(), arguments[2], Record::SIZE as i64)?;
        let record = memory[range].first_chunk().and_then(|b| Record::flagged_from_bytes(b).ok());
        let Some(record) = record.filter(|record| record.flags != FLAG_POINTER) else {
            return Ok(state.sql.misuse());
        };
        if record.flags == FLAG_ZEROBLOB {
            return Ok(bind_zeroblob(state, arguments[0], arguments[1], record.len));
        }
        let content = match record.tag.is_bytes() {
            true => bytes(memory, record.pointer().into(), record.len.into())?,
            false => &[],
        };
        let value = match record.tag {
            Tag::Error => return Ok(state.sql.misuse()),
            Tag::Null => ValueRef::Null,
            Tag::Integer => ValueRef::Integer(record.payload as i64),
            Tag::Real => ValueRef::Real(f64::from_bits(record.payload)),
            Tag::Blob => ValueRef::Blob(content),
            Tag::Text => match std::str::from_utf8(content) {
                Ok(text) => ValueRef::Text(text),
                Err(_) => return Ok(state.sql.fail(code::ERROR, "the text is not valid UTF-8")),
            },
        };
        let Some(statement) = state.sql.find(arguments[0]) else { return Ok(state.sql.misuse()) };
        let bound = statement.bind(index(arguments[1]), value);
        Ok(bound.map_or_else(|error| state.sql.engine(&error), |()| code::OK))
    }),
    function("sql_clear_bindings", &[I32], I32, |state, _, arguments| {
        let Some(statement) = state.sql.find(arguments[0]) else { return Ok(state.sql.misuse()) };
        statement.clear_bindings();
        Ok(code::OK)
    }),
    function("sql_parameter_count", &[I32], I32, |state, _, arguments| {
        Ok(state.sql.find(arguments[0]).map_or(0, |s| count(s.parameter_count())))
    }),
    function("sql_parameter_index", &[I32, I32, I32], I32, |state, memory, arguments| {
        let name = bytes(memory, arguments[1], arguments[2])?;
        let statement = state.sql.find(arguments[0]);
        let index = statement.zip(std::str::from_utf8(name).ok());
        Ok(index.and_then(|(s, name)| s.parameter_index(name)).map_or(0, count))
    }),
    function("sql_parameter_name", &[I32, I32, I32, I32], I32, |state, memory, arguments| {
        let buffer = bytes_range(memory.len(), arguments[2], arguments[3])?;
        let statement = state.sql.find(arguments[0]);
        let name = statement.and_then(|s| s.parameter_name(index(arguments[1])));
        Ok(name.map_or(-1, |name| fill(&mut memory[buffer], name.as_bytes())))
    }),
    function("sql_step", &[I32], I32, |state, _, arguments| step(state, arguments[0])),
    function("sql_column_count", &[I32], I32, |state, _, arguments| {
        Ok(state.sql.find(arguments[0]).map_or(0, |s| count(s.column_count())))
    }),
    function("sql_column", &[I32, I32, I32, I32, I32], I32, column),
    function("sql_column_name", &[I32, I32, I32, I32], I32, |state, memory, arguments| {
        let buffer = bytes_range(memory.len(), arguments[2], arguments[3])?;
        let statement = state.sql.find(arguments[0]);
        let index = index(arguments[1]);
        let statement = statement.filter(|s| index < s.column_count());
        Ok(statement.map_or(-1, |s| fill(&mut memory[buffer], s.column_name(index).as_bytes())))
    }),
    function("sql_readonly", &[I32], I32, |state, _, arguments| {
        Ok(state.sql.find(arguments[0]).is_none_or(|s| s.is_readonly()).into())
    }),
    function("sql_reset", &[I32], I32, |state, _, arguments| {
        let Some(statement) = state.sql.find(arguments[0]) else { return Ok(state.sql.misuse()) };
        statement.reset();
        Ok(code::OK)
    }),
    function("sql_finalize", &[I32], I32, |state, _, arguments| {
        if state.sql.find(arguments[0]).is_none() {
            return Ok(state.sql.misuse());
        }
        let index = index(arguments[0]) - 1;
        drop(state.sql.statements[index].take());
        Ok(code::OK)
    }),
    function("sql_errmsg", &[I32, I32], I32, |state, memory, arguments| {
        let buffer = bytes_range(memory.len(), arguments[0], arguments[1])?;
        Ok(fill(&mut memory[buffer], state.sql.message.as_bytes()))
    }),
    function("sql_changes", &[], I64, |state, _, _| {
        Ok(state.services.sql().map_or(0, HostSql::changes))
    }),
    function("sql_last_insert_rowid", &[], I64, |state, _, _| {
        Ok(state.services.sql().map_or(0, HostSql::last_insert_rowid))
    }),
    function("sql_autocommit", &[], I32, |state, _, _| {
        Ok(state.services.sql().is_none_or(HostSql::is_autocommit).into())
    }),
];

/// A number of the guest's, which may be anything, as an index.
fn index(number: i64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// A number for the guest.
fn count(number: usize) -> i64 {
    i32::try_from(number).unwrap_or(i32::MAX).into()
}

/// Writes as much as fits; how much there is.
fn fill(buffer: &mut [u8], content: &[u8]) -> i64 {
    let len = content.len().min(buffer.len());
    buffer[..len].copy_from_slice(&content[..len]);
    count(content.len())
}

fn bind_zeroblob(state: &mut HostState, statement: i64, parameter: i64, len: u32) -> i64 {
    let bytes_max = state.sql.bytes_max;
    if len as usize > bytes_max {
        let message = format!("a blob of {len} zeros exceeds result_bytes_max ({bytes_max})");
        return state.sql.fail(code::TOOBIG, message);
    }
    let Some(statement) = state.sql.find(statement) else { return state.sql.misuse() };
    let bound = statement.bind_zeroblob(index(parameter), len);
    bound.map_or_else(|error| state.sql.engine(&error), |()| code::OK)
}

fn prepare(state: &mut HostState, sql: &[u8]) -> Result<i64, Fault> {
    if sql.len() > SqlState::TEXT_BYTES_MAX {
        let message = format!("the text is longer than {} bytes", SqlState::TEXT_BYTES_MAX);
        return Ok(-state.sql.fail(code::TOOBIG, message));
    }
    let Ok(text) = std::str::from_utf8(sql) else {
        return Ok(-state.sql.fail(code::ERROR, "the statement is not valid UTF-8"));
    };
    let admitted = match admit(text) {
        Ok(admitted) => admitted,
        Err(refusal) => return Ok(-state.sql.fail(code::AUTH, refusal)),
    };
    let text = match SqlText::new(text) {
        Ok(text) => text,
        Err(error) => return Ok(-state.sql.engine(&error)),
    };
    let Some(vacant) = state.sql.vacancy() else {
        let most = SqlState::STATEMENTS_MAX;
        let message = format!("a guest can have {most} statements: finalize one");
        return Ok(-state.sql.fail(code::MISUSE, message));
    };
    let prepared = within(state, |sql, rights| {
        let (statement, used) = sql.prepare(&text)?;
        let checked = match &statement {
            Some(statement) => check_statement(statement, rights).and_then(|()| {
                check_compiled(&text.as_str()[..used], admitted, !statement.is_readonly())
            }),
            None => Ok(()),
        };
        Ok((checked.map(|()| statement), used))
    })?;
    let (statement, used) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return Ok(-state.sql.engine(&error)),
    };
    let number = match statement {
        Err(refusal) => return Ok(-state.sql.fail(code::AUTH, refusal)),
        Ok(None) => 0,
        Ok(statement) => {
            state.sql.statements[vacant] = statement;
            count(vacant + 1)
        }
    };
    Ok(number | count(used) << 32)
}

fn step(state: &mut HostState, number: i64) -> Result<i64, Fault> {
    let Some(index) = usize::try_from(number).ok().and_then(|n| n.checked_sub(1)) else {
        return Ok(state.sql.misuse());
    };
    // Taken out while it runs, so that nothing is found half done after a panic.
    let Some(mut statement) = state.sql.statements.get_mut(index).and_then(Option::take) else {
        return Ok(state.sql.misuse());
    };
    let stepped = within(state, |_, rights| match check_statement(&statement, rights) {
        Ok(()) => statement.step().map(Ok),
        Err(refusal) => Ok(Err(refusal)),
    });
    state.sql.statements[index] = Some(statement);
    Ok(match stepped? {
        Ok(Ok(true)) => code::ROW,
        Ok(Ok(false)) => code::DONE,
        Ok(Err(refusal)) => state.sql.fail(code::AUTH, refusal),
        Err(error) => state.sql.engine(&error),
    })
}

fn column(state: &mut HostState, memory: &mut [u8], arguments: &[i64]) -> Result<i64, Fault> {
    let place = bytes_range(memory.len(), arguments[2], Record::SIZE as i64)?;
    let buffer = bytes_range(memory.len(), arguments[3], arguments[4])?;
    if !place.start.is_multiple_of(Record::ALIGN) {
        return Ok(state.sql.fail(code::MISUSE, "the place of the record is not 8-aligned"));
    }
    let column = index(arguments[1]);
    let found = state.sql.find(arguments[0]).filter(|s| column < s.column_count());
    let Some(statement) = found else { return Ok(state.sql.misuse()) };
    let value = match statement.column(column) {
        Ok(value) => Ok(value),
        Err(error) => Err(statement.invalid_text(column).ok_or(error)),
    };
    let (tag, content, subtype) = match value {
        Ok(ValueRef::Null) => (Tag::Null, &[][..], 0),
        Ok(ValueRef::Integer(integer)) => {
            memory[place].copy_from_slice(&Record::integer(integer).to_bytes());
            return Ok(code::OK);
        }
        Ok(ValueRef::Real(real)) => {
            memory[place].copy_from_slice(&Record::real(real).to_bytes());
            return Ok(code::OK);
        }
        Ok(ValueRef::Text(text)) => (Tag::Text, text.as_bytes(), 0),
        Ok(ValueRef::Blob(blob)) => (Tag::Blob, blob, 0),
        Err(Ok(bytes)) => (Tag::Blob, bytes, INVALID_TEXT),
        Err(Err(error)) => return Ok(state.sql.engine(&error)),
    };
    let pointer = match content.len() <= buffer.len() {
        true => buffer.start,
        false => 0,
    };
    let record = match tag {
        Tag::Null => Record::NULL,
        // No value of an engine's has 4 GiB.
        tag => Record { subtype, ..Record::bytes(tag, pointer as u32, content.len() as u32) },
    };
    if content.len() <= buffer.len() {
        memory[buffer][..content.len()].copy_from_slice(content);
    }
    memory[place].copy_from_slice(&record.to_bytes());
    Ok(code::OK)
}
