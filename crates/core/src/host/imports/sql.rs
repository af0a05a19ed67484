//! The host module's functions on a guest's statements (docs/abi.md, section 11).

use std::borrow::Cow;
use std::sync::atomic::Ordering::Relaxed;

use commensal_abi::record::{FLAG_POINTER, FLAG_ZEROBLOB};
use commensal_abi::{HOST_MODULE, Record, Tag};
use web_time::Instant;

use crate::engine::SqlText;
use crate::error::{Error, ErrorKind, Result};
use crate::fault::Fault;
use crate::host::area::{Area, bytes};
use crate::host::authorize::{authorize, check_compiled};
use crate::host::calls::{Work, check_rights};
use crate::host::function::{Body, HostFunction, HostType};
use crate::host::sql::{BoxedStatement, HostSql, Level, SqlState, code};
use crate::host::state::HostState;
use crate::limits::{Capabilities, Capability};
use crate::runtime::Memory;
use crate::stack;
use crate::value::ValueRef;

/// How often a step is repeated because the engine has compiled the statement anew.
const RENEWALS_MAX: usize = 10;

/// Subtype of a blob that holds text which is not UTF-8.
const INVALID_TEXT: u8 = 255;

/// Runs the engine for a guest, with limits on depth, time and rights. `work` says what the time of a row grows
/// with; `body` gets the guest's rights.
fn within<R>(
    state: &HostState,
    work: Work,
    body: impl FnOnce(&dyn HostSql, Capabilities) -> Result<R>,
) -> Result<Result<R>, Fault> {
    /// Restores the previous level, even if `body` panics.
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
        let message = "SQL cannot run here: not in a collation, in what only frees, nor while a statement is prepared or ends";
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
    let own = value_bytes_max(state, work);
    let mine = Instant::now().checked_add(state.sql.call_timeout);
    let level = Level {
        deadline: [mine, before.deadline].into_iter().flatten().min(),
        rights: before.rights.intersection(state.granted),
        value_bytes_max: before.value_bytes_max.min(own.0),
    };
    let entered = Entered(sql, before);
    sql.set_level(level);
    let result = body(sql, level.rights);
    drop(entered);
    match result {
        Err(error) if error.engine_code().map(i64::from) == Some(code::TOOBIG) => {
            Ok(Err(too_big(&error, own)))
        }
        Err(error)
            if error.kind() == ErrorKind::Fault
                && error.engine_code().map(i64::from) == Some(code::ABORT_ROLLBACK) =>
        {
            Err(Fault::TransactionEnded(error.message().to_owned()))
        }
        // An interrupt is not reported to the guest, because its consent is not needed.
        Err(error) if error.kind() == ErrorKind::Interrupted => Err(match level.deadline {
            Some(deadline) if Instant::now() >= deadline => Fault::CallTimeout,
            _ => Fault::Interrupted,
        }),
        result => Ok(result),
    }
}

/// Largest value in a statement that works so, in bytes, and the name of that limit.
fn value_bytes_max(state: &HostState, work: Work) -> (usize, &'static str) {
    let all = state.sql.value_bytes_max;
    let (own, is_search) = work.bytes_max(all, state.sql.search_bytes_max);
    (own, if is_search { "sql_search_bytes_max" } else { "sql_value_bytes_max" })
}

/// Adds the exceeded limit to the error.
#[cold]
fn too_big(error: &Error, (bytes_max, limit): (usize, &str)) -> Error {
    let message = error.message();
    let message =
        format!("{message}: a value in this statement can have {bytes_max} bytes ({limit})");
    Error::new(error.kind(), message).with_engine_code(code::TOOBIG as i32)
}

/// Checks that a guest with these rights may run the statement now. A statement outlives the call that prepared
/// it, which may have had more rights.
fn check_statement(statement: &BoxedStatement, rights: Capabilities) -> Result<(), String> {
    check_rights(needs(statement), rights)
}

/// The capabilities that a guest needs to run a statement.
fn needs(statement: &BoxedStatement) -> Capabilities {
    match statement.is_readonly() {
        true => statement.needs(),
        false => statement.needs().with(Capability::SqlWrite),
    }
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
pub(in crate::host) const FUNCTIONS: &[HostFunction] = &[
    function("sql_prepare", &[I32, I32], I64, |state, memory, arguments| {
        let sql = bytes(memory, arguments[0], arguments[1])?;
        prepare(state, &sql)
    }),
    function("sql_bind", &[I32, I32, I32], I32, |state, memory, arguments| {
        let record = bytes(memory, arguments[2], Record::SIZE as i64)?;
        let record = record.first_chunk().and_then(|b| Record::flagged_from_bytes(b).ok());
        let Some(record) = record.filter(|record| record.flags != FLAG_POINTER) else {
            return Ok(state.sql.misuse());
        };
        if record.flags == FLAG_ZEROBLOB {
            return Ok(bind_zeroblob(state, arguments[0], arguments[1], record.len));
        }
        let content = match record.tag.is_bytes() {
            true => bytes(memory, record.pointer().into(), record.len.into())?,
            false => Cow::Borrowed(&[][..]),
        };
        let value = match record.tag {
            Tag::Error => return Ok(state.sql.misuse()),
            Tag::Null => ValueRef::Null,
            Tag::Integer => ValueRef::Integer(record.payload as i64),
            Tag::Real => ValueRef::Real(f64::from_bits(record.payload)),
            Tag::Blob => ValueRef::Blob(&content),
            Tag::Text => match std::str::from_utf8(&content) {
                Ok(text) => ValueRef::Text(text),
                Err(_) => return Ok(state.sql.fail(code::ERROR, "the text is not valid UTF-8")),
            },
        };
        if state.sql.find(arguments[0]).is_none() {
            return Ok(state.sql.misuse());
        }
        let HostState { sql, memory: held, .. } = state;
        if let Err(code) = sql.charge(held, arguments[0], arguments[1], content.len()) {
            return Ok(code);
        }
        let Some(statement) = state.sql.find(arguments[0]) else { return Ok(state.sql.misuse()) };
        let bound = statement.bind(index(arguments[1]), value);
        Ok(bound.map_or_else(|error| state.sql.engine(&error), |()| code::OK))
    }),
    function("sql_clear_bindings", &[I32], I32, |state, _, arguments| {
        let Some(statement) = state.sql.find(arguments[0]) else { return Ok(state.sql.misuse()) };
        statement.clear_bindings();
        state.sql.release(&mut state.memory, arguments[0]);
        Ok(code::OK)
    }),
    function("sql_parameter_count", &[I32], I32, |state, _, arguments| {
        Ok(state.sql.find(arguments[0]).map_or(0, |s| count(s.parameter_count())))
    }),
    function("sql_parameter_index", &[I32, I32, I32], I32, |state, memory, arguments| {
        let name = bytes(memory, arguments[1], arguments[2])?;
        let statement = state.sql.find(arguments[0]);
        let index = statement.zip(std::str::from_utf8(&name).ok());
        Ok(index.and_then(|(s, name)| s.parameter_index(name)).map_or(0, count))
    }),
    function("sql_parameter_name", &[I32, I32, I32, I32], I32, |state, memory, arguments| {
        let buffer = Area::new(memory, arguments[2], arguments[3])?;
        let statement = state.sql.find(arguments[0]);
        let name = statement.and_then(|s| s.parameter_name(index(arguments[1])));
        name.map_or(Ok(-1), |name| fill(memory, buffer, name.as_bytes()))
    }),
    function("sql_step", &[I32], I32, |state, _, arguments| step(state, arguments[0])),
    function("sql_column_count", &[I32], I32, |state, _, arguments| {
        Ok(state.sql.find(arguments[0]).map_or(0, |s| count(s.column_count())))
    }),
    function("sql_column", &[I32, I32, I32, I32, I32], I32, column),
    function("sql_column_name", &[I32, I32, I32, I32], I32, |state, memory, arguments| {
        let buffer = Area::new(memory, arguments[2], arguments[3])?;
        let statement = state.sql.find(arguments[0]);
        let index = index(arguments[1]);
        let statement = statement.filter(|s| index < s.column_count());
        statement.map_or(Ok(-1), |s| fill(memory, buffer, s.column_name(index).as_bytes()))
    }),
    function("sql_column_decltype", &[I32, I32, I32, I32], I32, |state, memory, arguments| {
        let buffer = Area::new(memory, arguments[2], arguments[3])?;
        let statement = state.sql.find(arguments[0]);
        let index = index(arguments[1]);
        let statement = statement.filter(|s| index < s.column_count());
        let declared = statement.and_then(|s| s.column_decltype(index));
        declared.map_or(Ok(-1), |declared| fill(memory, buffer, declared.as_bytes()))
    }),
    function("sql_readonly", &[I32], I32, |state, _, arguments| {
        Ok(state.sql.find(arguments[0]).is_none_or(|s| s.is_readonly()).into())
    }),
    function("sql_reset", &[I32], I32, |state, _, arguments| {
        let Some(statement) = state.sql.find(arguments[0]) else { return Ok(state.sql.misuse()) };
        statement.reset();
        state.memory.let_go(&mut state.sql.held[index(arguments[0]) - 1].row);
        Ok(code::OK)
    }),
    function("sql_finalize", &[I32], I32, |state, _, arguments| {
        if state.sql.find(arguments[0]).is_none() {
            return Ok(state.sql.misuse());
        }
        let index = index(arguments[0]) - 1;
        drop(state.sql.statements[index].take());
        let mut held = std::mem::take(&mut state.sql.held[index]);
        state.memory.let_go(&mut held.compiled);
        state.memory.let_go(&mut held.row);
        state.sql.release(&mut state.memory, arguments[0]);
        Ok(code::OK)
    }),
    function("sql_errmsg", &[I32, I32], I32, |state, memory, arguments| {
        let buffer = Area::new(memory, arguments[0], arguments[1])?;
        fill(memory, buffer, state.sql.message.as_bytes())
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

/// A number from the guest, which may be anything, as an index.
fn index(number: i64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// A count as a number for the guest.
fn count(number: usize) -> i64 {
    i32::try_from(number).unwrap_or(i32::MAX).into()
}

/// Writes as much as fits. Returns the full length.
fn fill(memory: &mut dyn Memory, buffer: Area, content: &[u8]) -> Result<i64, Fault> {
    buffer.put(memory, content)?;
    Ok(count(content.len()))
}

fn bind_zeroblob(state: &mut HostState, statement: i64, parameter: i64, len: u32) -> i64 {
    let bytes_max = state.sql.bytes_max;
    if len as usize > bytes_max {
        let message = format!("a blob of {len} zeros exceeds result_bytes_max ({bytes_max})");
        return state.sql.fail(code::TOOBIG, message);
    }
    if state.sql.find(statement).is_none() {
        return state.sql.misuse();
    }
    // Some engines make the zeros.
    let HostState { sql, memory, .. } = &mut *state;
    if let Err(code) = sql.charge(memory, statement, parameter, len as usize) {
        return code;
    }
    let Some(statement) = sql.find(statement) else { return sql.misuse() };
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
    let kind = match authorize(text) {
        Ok(kind) => kind,
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
    let prepared = within(state, Work::NONE, |sql, rights| {
        let (statement, used) = sql.prepare(&text)?;
        let checked = match &statement {
            Some(statement) => check_statement(statement, rights).and_then(|()| {
                check_compiled(&text.as_str()[..used], kind, !statement.is_readonly())
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
        Ok(Some(statement)) => {
            let HostState { sql, memory, .. } = state;
            let held = &mut sql.held[vacant].compiled;
            if let Err(exceeded) = memory.hold(held, statement.memory_bytes()) {
                return Ok(-sql.fail(code::NOMEM, format!("the statement's memory: {exceeded}")));
            }
            sql.statements[vacant] = Some(statement);
            count(vacant + 1)
        }
    };
    Ok(number | count(used) << 32)
}

/// A row, the end, or a refusal; or the engine's error.
type Stepped = Result<Result<bool, String>>;

/// Steps a statement. Also gives whether the engine has not run it yet because it works otherwise than it did.
fn step_once(state: &HostState, statement: &mut BoxedStatement) -> Result<(Stepped, bool), Fault> {
    let work = statement.work();
    let stepped = within(state, work, |_, rights| match check_statement(statement, rights) {
        Ok(()) => statement.step().map(Ok),
        Err(refusal) => Ok(Err(refusal)),
    })?;
    let is_old =
        matches!(&stepped, Err(error) if error.engine_code().map(i64::from) == Some(code::SCHEMA));
    Ok((stepped, is_old && statement.work() != work))
}

fn step(state: &mut HostState, number: i64) -> Result<i64, Fault> {
    let Some(index) = usize::try_from(number).ok().and_then(|n| n.checked_sub(1)) else {
        return Ok(state.sql.misuse());
    };
    // Taken out while it runs, so that no half-done state is left after a panic.
    let Some(mut statement) = state.sql.statements.get_mut(index).and_then(Option::take) else {
        return Ok(state.sql.misuse());
    };
    state.sql.has_written |= needs(&statement).contains(Capability::SqlWrite);
    // The engine may compile the statement anew, and then it can work otherwise.
    let mut stepped = step_once(state, &mut statement);
    for _ in 0..RENEWALS_MAX {
        match stepped {
            Ok((_, true)) => stepped = step_once(state, &mut statement),
            _ => break,
        }
    }
    let stepped = stepped.map(|(stepped, _)| stepped);
    // Counted before the guest reads it, because reading makes the engine allocate.
    let row_bytes = if let Ok(Ok(Ok(true))) = stepped { statement.row_bytes() } else { 0 };
    let HostState { sql, memory, .. } = &mut *state;
    let held = memory.hold(&mut sql.held[index].row, row_bytes);
    if held.is_err() {
        statement.reset();
        memory.let_go(&mut sql.held[index].row);
    }
    sql.statements[index] = Some(statement);
    if let Err(exceeded) = held {
        return Ok(sql.fail(code::NOMEM, format!("the row's memory: {exceeded}")));
    }
    Ok(match stepped? {
        Ok(Ok(true)) => code::ROW,
        Ok(Ok(false)) => code::DONE,
        Ok(Err(refusal)) => state.sql.fail(code::AUTH, refusal),
        Err(error) => state.sql.engine(&error),
    })
}

fn column(state: &mut HostState, memory: &mut dyn Memory, arguments: &[i64]) -> Result<i64, Fault> {
    let place = Area::new(memory, arguments[2], Record::SIZE as i64)?;
    let buffer = Area::new(memory, arguments[3], arguments[4])?;
    if !place.start.is_multiple_of(Record::ALIGN as u32) {
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
            place.put(memory, &Record::integer(integer).to_bytes())?;
            return Ok(code::OK);
        }
        Ok(ValueRef::Real(real)) => {
            place.put(memory, &Record::real(real).to_bytes())?;
            return Ok(code::OK);
        }
        Ok(ValueRef::Text(text)) => (Tag::Text, text.as_bytes(), 0),
        Ok(ValueRef::Blob(blob)) => (Tag::Blob, blob, 0),
        Err(Ok(bytes)) => (Tag::Blob, bytes, INVALID_TEXT),
        Err(Err(error)) => return Ok(state.sql.engine(&error)),
    };
    let fits = content.len() <= buffer.len as usize;
    let pointer = if fits { buffer.start } else { 0 };
    let record = match tag {
        Tag::Null => Record::NULL,
        // No engine's value has 4 GiB.
        tag => Record { subtype, ..Record::bytes(tag, pointer, content.len() as u32) },
    };
    if fits {
        buffer.put(memory, content)?;
    }
    place.put(memory, &record.to_bytes())?;
    Ok(code::OK)
}
