//! The aggregate or window function behind a slot: from SQLite's calls to a state in a guest.
//!
//! For each group SQLite keeps a pointer ([`sqlite3_aggregate_context`]) to a batch, which collects the
//! arguments of its rows. The guest is entered once per batch, and for a result.
//!
//! `xValue` and `xFinal` have no statement behind their context, so they cannot ask for auxiliary data.
//! What they need is kept with the group. `xFinal` runs once for each group, even if a statement ends
//! early. Nobody wants the result then, but SQLite does not say so.
//!
//! [`sqlite3_aggregate_context`]: https://www.sqlite.org/c3ref/aggregate_context.html

use std::ffi::c_int;
use std::rc::Rc;

use commensal_core::guest::{Appended, CallResult};
use commensal_core::manifest::{AggregateMethod, FunctionBody};
use commensal_core::registry::FunctionEntry;
use commensal_core::session::{AggregateState, Execution, Rows, Session};
use commensal_core::{Error, ErrorKind, Result};

use crate::api::{Api, FinalFunction, ScalarFunction, sqlite3_context, sqlite3_value};
use crate::form::Kind;
use crate::function::FunctionSlot;
use crate::library::{self, LIBRARIES_MAX, by_library};
use crate::result::{ResultContext, fail};
use crate::scalar::guarded;
use crate::sql::Moment;
use crate::statement_context::StatementContext;
use crate::values::Values;

/// A group of rows that is being aggregated.
struct Group {
    /// Kept here because `xValue` and `xFinal` cannot find it.
    statement: Rc<StatementContext>,
    state: AggregateState,
}

/// What SQLite keeps for a group: NULL before its first row and after its end.
type Context = *mut Group;

/// The functions that SQLite calls for an aggregate.
#[derive(Clone, Copy)]
pub(crate) struct Methods {
    pub(crate) step: ScalarFunction,
    pub(crate) finalize: FinalFunction,
    pub(crate) value: FinalFunction,
    pub(crate) inverse: ScalarFunction,
}

/// The methods for aggregates of this library.
///
/// # Errors
/// There are too many libraries.
pub(crate) fn methods_of(api: &'static Api) -> Result<Methods> {
    const STEP: [ScalarFunction; LIBRARIES_MAX] = by_library!(step);
    const FINALIZE: [FinalFunction; LIBRARIES_MAX] = by_library!(finalize);
    const VALUE: [FinalFunction; LIBRARIES_MAX] = by_library!(value);
    const INVERSE: [ScalarFunction; LIBRARIES_MAX] = by_library!(inverse);
    let library = library::number(api)?;
    Ok(Methods {
        step: STEP[library],
        finalize: FINALIZE[library],
        value: VALUE[library],
        inverse: INVERSE[library],
    })
}

/// `xStep` of every slot of one library.
unsafe extern "C" fn step<const LIBRARY: usize>(
    context: *mut sqlite3_context,
    argc: c_int,
    argv: *mut *mut sqlite3_value,
) {
    // SAFETY: SQLite gives the context and the values for the duration of this call.
    unsafe { rows::<LIBRARY>(Rows::In, context, argc, argv) };
}

/// `xInverse` of every slot of one library.
unsafe extern "C" fn inverse<const LIBRARY: usize>(
    context: *mut sqlite3_context,
    argc: c_int,
    argv: *mut *mut sqlite3_value,
) {
    // SAFETY: as above.
    unsafe { rows::<LIBRARY>(Rows::Out, context, argc, argv) };
}

/// # Safety
/// The arguments are those of `xStep` or `xInverse`, called by the library of this number.
#[inline(always)]
unsafe fn rows<const LIBRARY: usize>(
    rows: Rows,
    context: *mut sqlite3_context,
    argc: c_int,
    argv: *mut *mut sqlite3_value,
) {
    // This is set before the function is registered. Without it, not even an error can be reported.
    let Some(api) = library::library(LIBRARY) else { return };
    // SAFETY: the caller's promise.
    let arguments = unsafe { Values::new(api, argc, argv) };
    // SAFETY: as above.
    let place = unsafe { (api.sqlite3_aggregate_context)(context, size_of::<Context>() as c_int) };
    let place = place.cast::<Context>();
    // SAFETY: SQLite allocated the context, zeroed, for this group; it is aligned as by malloc. What is
    // in it was put there by `first_row`, and is taken out by `end` alone.
    let group = unsafe { place.as_mut().and_then(|group| group.as_mut()) };
    if let Some(group) = group
        && group.state.append_plain(rows, &arguments)
    {
        return;
    }
    // SAFETY: as above. Nothing before this can panic.
    unsafe { any_row(api, context, place, rows, &arguments) };
}

/// Takes a row of any kind.
///
/// # Safety
/// The context is that of `xStep` or `xInverse`; `place` is what SQLite keeps for the group.
#[inline(never)]
unsafe fn any_row(
    api: &Api,
    context: *mut sqlite3_context,
    place: *mut Context,
    rows: Rows,
    arguments: &Values<'_>,
) {
    let body = || {
        if place.is_null() {
            // SAFETY: the caller's promise.
            unsafe { (api.sqlite3_result_error_nomem)(context) };
            return;
        }
        // SAFETY: as in `rows`.
        let Some(group) = (unsafe { (*place).as_mut() }) else {
            // SAFETY: the caller's promise.
            unsafe { first_row(api, context, place, rows, arguments) };
            return;
        };
        let appended = group.state.append(rows, arguments);
        if !matches!(appended, Ok(Appended::Done)) {
            // SAFETY: the caller's promise.
            unsafe { pass(api, context, group, rows, arguments, appended) };
        }
    };
    // SAFETY: the caller's promise.
    unsafe { guarded(api, context, body) };
}

/// Makes the state of a group with its first row.
///
/// # Safety
/// The context is that of `xStep` or `xInverse`; `place` is what SQLite keeps for the group.
#[cold]
unsafe fn first_row(
    api: &Api,
    context: *mut sqlite3_context,
    place: *mut Context,
    rows: Rows,
    arguments: &Values<'_>,
) {
    // SAFETY: the function was registered with a slot, which outlives the call.
    let slot = unsafe { slot(api, context) };
    // SAFETY: the caller's promise.
    let statement =
        unsafe { StatementContext::keep(api, &slot.key.0, context, || slot.state.statement()) };
    let group = statement.and_then(|statement| {
        let state = statement
            .with(&slot.key.0, |session, execution| open(slot, &statement, session, execution))?;
        slot.state.set_last_statement(&statement);
        Ok(Box::new(Group { statement, state }))
    });
    match group {
        Err(error) => {
            // SAFETY: the caller's promise.
            unsafe { slot.state.report(context, error) };
        }
        Ok(group) => {
            let group = Box::leak(group);
            // SAFETY: the caller's promise; `finalize`, which SQLite calls once, makes it a box again.
            unsafe { *place = group };
            let appended = group.state.append(rows, arguments);
            if !matches!(appended, Ok(Appended::Done)) {
                // SAFETY: the caller's promise.
                unsafe { pass(api, context, group, rows, arguments, appended) };
            }
        }
    }
}

/// # Safety
/// `context` is that of a running call of a registered function.
unsafe fn slot<'a>(api: &Api, context: *mut sqlite3_context) -> &'a FunctionSlot {
    // SAFETY: the function was registered with a slot, which outlives the call.
    unsafe { &*(api.sqlite3_user_data)(context).cast::<FunctionSlot>() }
}

/// Handles a row that completes a batch or could not be appended.
///
/// # Safety
/// `context` is that of a running call.
#[cold]
unsafe fn pass(
    api: &Api,
    context: *mut sqlite3_context,
    group: &mut Group,
    rows: Rows,
    arguments: &Values<'_>,
    appended: CallResult<Appended>,
) {
    // SAFETY: the caller's promise.
    let slot = unsafe { slot(api, context) };
    let Group { statement, state } = group;
    let passed = statement.with(&slot.key.0, |session, execution| match appended {
        Ok(appended) => session.pass_rows(execution, state, rows, arguments, appended),
        Err(error) => Err(session.fail_state(execution, state, *error)),
    });
    if let Err(error) = passed {
        // SAFETY: the caller's promise.
        unsafe { slot.state.report(context, error) };
    }
}

/// `xFinal` of every slot of one library.
unsafe extern "C" fn finalize<const LIBRARY: usize>(context: *mut sqlite3_context) {
    // SAFETY: SQLite gives the context for the duration of this call.
    unsafe { result::<LIBRARY>(context, end) };
}

/// `xValue` of every slot of one library.
unsafe extern "C" fn value<const LIBRARY: usize>(context: *mut sqlite3_context) {
    // SAFETY: as above.
    unsafe { result::<LIBRARY>(context, current) };
}

/// # Safety
/// The context is that of `xFinal` or `xValue`, called by the library of this number; `give` is for the
/// same.
unsafe fn result<const LIBRARY: usize>(
    context: *mut sqlite3_context,
    give: unsafe fn(&'static Api, *mut sqlite3_context) -> Result<()>,
) {
    let Some(api) = library::library(LIBRARY) else { return };
    let body = || {
        // SAFETY: the caller's promise.
        if let Err(error) = unsafe { give(api, context) } {
            // SAFETY: as above.
            unsafe { slot(api, context).state.report(context, error) };
        }
    };
    // SAFETY: as above.
    unsafe { guarded(api, context, body) };
}

/// Ends a group.
///
/// # Safety
/// `context` is that of `xFinal`.
unsafe fn end(api: &'static Api, context: *mut sqlite3_context) -> Result<()> {
    // SAFETY: the caller's promise.
    let slot = unsafe { slot(api, context) };
    // Nobody sees an error if SQLite only frees the group, because another function has failed.
    let sql = &slot.state.services.sql;
    // SAFETY: as above. Without a size, SQLite gives what is there, or NULL.
    let place = unsafe { (api.sqlite3_aggregate_context)(context, 0) }.cast::<Context>();
    if place.is_null() {
        return without_rows(slot, |session, execution, state| {
            // SAFETY: as above.
            let sink = unsafe { ResultContext::new(api, context) };
            sql.at_moment(Moment::Boundary, || session.finalize(execution, state, sink))
        });
    }
    // SAFETY: as in `rows`.
    let group = unsafe { std::mem::replace(&mut *place, std::ptr::null_mut()) };
    if group.is_null() {
        // Its first row failed.
        return Ok(());
    }
    // SAFETY: `first_row` leaked the box, and it was just taken out of the only place that has it.
    let Group { statement, state } = *unsafe { Box::from_raw(group) };
    let is_interrupted = slot.state.is_interrupted();
    if is_interrupted {
        let error = Error::new(ErrorKind::Interrupted, "interrupted");
        // SQLite might give a row to the application before it notices.
        // SAFETY: the caller's promise.
        unsafe { fail(api, context, &error) };
    }
    let is_ending = is_interrupted || statement.has_failed() || slot.state.is_resetting();
    statement.with(&slot.key.0, |session, execution| {
        if is_ending {
            session.discard_state(execution, state);
            return Ok(());
        }
        // SAFETY: the caller's promise.
        let sink = unsafe { ResultContext::new(api, context) };
        sql.at_moment(Moment::Boundary, || session.finalize(execution, state, sink))
    })
}

/// Gives the current result of a window.
///
/// # Safety
/// `context` is that of `xValue`.
unsafe fn current(api: &'static Api, context: *mut sqlite3_context) -> Result<()> {
    // SAFETY: the caller's promise.
    let slot = unsafe { slot(api, context) };
    // SAFETY: as above.
    let place = unsafe { (api.sqlite3_aggregate_context)(context, 0) }.cast::<Context>();
    // SAFETY: as above.
    let sink = unsafe { ResultContext::new(api, context) };
    if place.is_null() {
        return without_rows(slot, |session, execution, mut state| {
            let value = session.value(execution, &mut state, sink);
            session.discard_state(execution, state);
            value
        });
    }
    // SAFETY: as in `rows`.
    match unsafe { (*place).as_mut() } {
        Some(Group { statement, state }) => {
            statement.with(&slot.key.0, |session, execution| session.value(execution, state, sink))
        }
        // Its first row failed.
        None => Ok(()),
    }
}

/// Lets `body` use a state that has seen no row.
fn without_rows(
    slot: &FunctionSlot,
    body: impl FnOnce(&Session, &mut Execution, AggregateState) -> Result<()>,
) -> Result<()> {
    let state = &slot.state;
    let statement = match state.last_statement() {
        Some(statement) => statement,
        None => {
            let statement = state.statement();
            statement.begin().map_err(|e| e.of_function(&slot.key.0))?;
            statement
        }
    };
    statement.with(&slot.key.0, |session, execution| {
        let opened = open(slot, &statement, session, execution)?;
        body(session, execution, opened)
    })
}

/// Makes a state. Binds the slot to the statement's snapshot first, unless it is bound already.
fn open(
    slot: &FunctionSlot,
    statement: &StatementContext,
    session: &Session,
    execution: &mut Execution,
) -> Result<AggregateState> {
    if !execution.is_bound(slot.number) {
        statement.bind(execution, |session, execution| bind(slot, session, execution))?;
    }
    session.open_state(execution, slot.number)
}

#[cold]
fn bind(slot: &FunctionSlot, session: &Session, execution: &mut Execution) -> Result<()> {
    let check = |entry: &FunctionEntry| {
        slot.check_promises(entry)?;
        let is_window = matches!(&entry.body, FunctionBody::Aggregate(methods)
            if methods.contains_key(&AggregateMethod::Value));
        if slot.form.kind == Kind::Window && !is_window {
            let message = format!("{}() is no longer a window function", slot.key.0);
            return Err(Error::new(ErrorKind::NotFound, message));
        }
        Ok(())
    };
    let read = |sha256: &[u8; 32]| slot.state.read_module(sha256);
    session.bind_aggregate(execution, slot.number, &slot.key, check, read)
}
