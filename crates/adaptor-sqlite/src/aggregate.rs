//! The aggregate or window function behind a slot: from SQLite's calls to a state in a guest.
//!
//! Per row: SQLite keeps a pointer for each group ([`sqlite3_aggregate_context`]), behind which the
//! arguments go into a batch. The guest is entered once a batch, and for a result.
//!
//! `xValue` and `xFinal` have no statement behind their context, so that auxiliary data cannot be asked
//! for: what they need is kept with the group. `xFinal` runs once for each group, also when a statement
//! ends early. Then nobody wants the result, and SQLite does not say so.
//!
//! [`sqlite3_aggregate_context`]: https://www.sqlite.org/c3ref/aggregate_context.html

use std::ffi::c_int;
use std::rc::Rc;

use commensal_core::guest::{Appended, CallResult};
use commensal_core::manifest::{AggregateMethod, FunctionBody};
use commensal_core::registry::FunctionEntry;
use commensal_core::session::{AggregateState, Rows, Scope, Session};
use commensal_core::{Error, ErrorKind, Result};

use crate::api::{Api, FinalFunction, ScalarFunction, sqlite3_context, sqlite3_value};
use crate::form::Kind;
use crate::function::Slot;
use crate::library::{self, LIBRARIES_MAX, by_library};
use crate::pin::Pin;
use crate::result::{Place, fail};
use crate::scalar::guarded;
use crate::values::Values;

/// A group of rows that is being aggregated.
struct Group {
    /// Of the statement: `xValue` and `xFinal` cannot find it.
    pin: Rc<Pin>,
    state: AggregateState,
}

/// What SQLite keeps for a group: NULL until the first row has made it, and after it has ended.
type Context = *mut Group;

/// What SQLite calls for an aggregate.
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
    // Set before the function could be registered; without it there is no way even to fail.
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
    // SAFETY: as above. What came so far cannot panic.
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
    let pin = unsafe { Pin::keep(api, &slot.key.0, context, || slot.state.pin()) };
    let group = pin.and_then(|pin| {
        let state = pin.with(&slot.key.0, |session, scope| open(slot, &pin, session, scope))?;
        slot.state.set_last_pin(&pin);
        Ok(Box::new(Group { pin, state }))
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
unsafe fn slot<'a>(api: &Api, context: *mut sqlite3_context) -> &'a Slot {
    // SAFETY: the function was registered with a slot, which outlives the call.
    unsafe { &*(api.sqlite3_user_data)(context).cast::<Slot>() }
}

/// Does with a row what is due once a batch, or wrong.
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
    let Group { pin, state } = group;
    let passed = pin.with(&slot.key.0, |session, scope| match appended {
        Ok(appended) => session.pass_rows(scope, state, rows, arguments, appended),
        Err(error) => Err(session.fail_state(scope, state, *error)),
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
    // SAFETY: as above. Without a size, SQLite gives what is there, or NULL.
    let place = unsafe { (api.sqlite3_aggregate_context)(context, 0) }.cast::<Context>();
    if place.is_null() {
        return without_rows(slot, |session, scope, state| {
            // SAFETY: as above.
            session.finalize(scope, state, unsafe { Place::new(api, context) })
        });
    }
    // SAFETY: as in `rows`.
    let group = unsafe { std::mem::replace(&mut *place, std::ptr::null_mut()) };
    if group.is_null() {
        // Its first row has failed.
        return Ok(());
    }
    // SAFETY: `first_row` leaked the box, and it was just taken out of the only place that has it.
    let Group { pin, state } = *unsafe { Box::from_raw(group) };
    let is_interrupted = slot.state.is_interrupted();
    if is_interrupted {
        let error = Error::new(ErrorKind::Interrupted, "interrupted");
        // SQLite might give a row to the application before it notices.
        // SAFETY: the caller's promise.
        unsafe { fail(api, context, &error) };
    }
    let is_ending = is_interrupted || pin.has_failed() || slot.state.is_resetting();
    pin.with(&slot.key.0, |session, scope| {
        if is_ending {
            session.discard_state(scope, state);
            return Ok(());
        }
        // SAFETY: the caller's promise.
        session.finalize(scope, state, unsafe { Place::new(api, context) })
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
    let sink = unsafe { Place::new(api, context) };
    if place.is_null() {
        return without_rows(slot, |session, scope, mut state| {
            let value = session.value(scope, &mut state, sink);
            session.discard_state(scope, state);
            value
        });
    }
    // SAFETY: as in `rows`.
    match unsafe { (*place).as_mut() } {
        Some(Group { pin, state }) => {
            pin.with(&slot.key.0, |session, scope| session.value(scope, state, sink))
        }
        // Its first row has failed.
        None => Ok(()),
    }
}

/// Lets `body` use a state that has seen no row.
fn without_rows(
    slot: &Slot,
    body: impl FnOnce(&Session, &mut Scope, AggregateState) -> Result<()>,
) -> Result<()> {
    let state = &slot.state;
    let pin = match state.last_pin() {
        Some(pin) => pin,
        None => {
            let pin = state.pin();
            pin.begin().map_err(|e| e.of_function(&slot.key.0))?;
            pin
        }
    };
    pin.with(&slot.key.0, |session, scope| {
        let opened = open(slot, &pin, session, scope)?;
        body(session, scope, opened)
    })
}

/// Makes a state, binding the slot to what the statement's snapshot says if that is due.
fn open(slot: &Slot, pin: &Pin, session: &Session, scope: &mut Scope) -> Result<AggregateState> {
    if !scope.is_bound(slot.number) {
        pin.bind(scope, |session, scope| bind(slot, session, scope))?;
    }
    session.open_state(scope, slot.number)
}

#[cold]
fn bind(slot: &Slot, session: &Session, scope: &mut Scope) -> Result<()> {
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
    session.bind_aggregate(scope, slot.number, &slot.key, check, read)
}
