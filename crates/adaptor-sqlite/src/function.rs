//! The scalar function behind every slot: from SQLite's call to the guest and back.
//!
//! Per row: the pin of the running statement is found ([`sqlite3_get_auxdata`]), an index gives the
//! bound function, the arguments go from SQLite's values into guest memory and the result from there
//! to SQLite. Nothing is allocated, hashed, locked or looked up by name.
//!
//! [`sqlite3_get_auxdata`]: https://www.sqlite.org/c3ref/get_auxdata.html

use std::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

use commensal_core::guest::{Arguments, InvalidUtf8};
use commensal_core::registry::{FunctionBody, FunctionKey};
use commensal_core::session::{Binding, Scope};
use commensal_core::{Error, ErrorKind, Result, ValueRef};

use crate::api::code::*;
use crate::api::{Api, ScalarFunction, sqlite3_context, sqlite3_value};
use crate::library::{self, LIBRARIES_MAX, by_library};
use crate::pin::{Pin, find, named};
use crate::state::{Kind, State};
use crate::statement::{bytes, transient};

/// What SQLite keeps for a registered function.
pub(crate) struct Slot {
    pub(crate) state: Rc<State>,
    pub(crate) number: usize,
    pub(crate) key: FunctionKey,
    pub(crate) kind: Kind,
}

/// Runs what C calls, so that no panic reaches C.
pub(crate) fn guard<T>(fallback: impl FnOnce() -> T, body: impl FnOnce() -> T) -> T {
    // What a panic leaves half done is behind `RefCell`s that are no longer borrowed, or was on its
    // way out of a session, which then makes a new instance.
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| fallback())
}

/// The destructor of a slot.
pub(crate) unsafe extern "C" fn destroy_slot(data: *mut c_void) {
    guard(
        || {},
        || {
            // SAFETY: `data` is the box that `create_function` gave away, and SQLite destroys it once.
            let slot = unsafe { Box::from_raw(data.cast::<Slot>()) };
            slot.state.slot_destroyed(slot.number, &slot.key);
        },
    );
}

/// The `xFunc` for functions of this library.
///
/// # Errors
/// There are too many libraries.
pub(crate) fn scalar_of(api: &'static Api) -> Result<ScalarFunction> {
    const TRAMPOLINES: [ScalarFunction; LIBRARIES_MAX] = by_library!(scalar);
    Ok(TRAMPOLINES[library::number(api)?])
}

/// `xFunc` of every slot of one library.
unsafe extern "C" fn scalar<const LIBRARY: usize>(
    context: *mut sqlite3_context,
    argc: c_int,
    argv: *mut *mut sqlite3_value,
) {
    // Set before the function could be registered; without it there is no way even to fail.
    let Some(api) = library::library(LIBRARY) else { return };
    // SAFETY: SQLite gives the context and the values for the duration of this call.
    let body = || unsafe { call(api, context, argc, argv) };
    // SAFETY: as above.
    unsafe { guarded(api, context, body) };
}

/// Runs what C calls for a result; a panic becomes an error.
///
/// # Safety
/// `context` is that of a running call.
#[inline]
pub(crate) unsafe fn guarded(api: &Api, context: *mut sqlite3_context, body: impl FnOnce()) {
    guard(
        || {
            let error = Error::new(ErrorKind::Fault, "a defect of Commensal: it panicked");
            // SAFETY: the caller's promise.
            unsafe { fail(api, context, &error) };
        },
        body,
    );
}

/// # Safety
/// The arguments are those of `xFunc`, called by the library of `api`.
#[inline]
unsafe fn call(
    api: &'static Api,
    context: *mut sqlite3_context,
    argc: c_int,
    argv: *mut *mut sqlite3_value,
) {
    // SAFETY: the function was registered with a slot, which outlives the call.
    let slot = unsafe { &*(api.sqlite3_user_data)(context).cast::<Slot>() };
    // SAFETY: SQLite gives `argc` values for the duration of this call.
    let arguments = unsafe { Values::new(api, argc, argv) };
    // SAFETY: the context is that of this call.
    let result = match unsafe { Pin::of(api, context) } {
        // SAFETY: as above.
        None => unsafe { first_call(slot, context, &arguments) },
        Some(pin) => run(slot, pin, context, &arguments),
    };
    if let Err(error) = result {
        // SAFETY: the context is that of this call.
        unsafe { report(slot, context, error) };
    }
}

/// Gives SQLite an error, and keeps what it loses of it.
///
/// # Safety
/// `context` is that of a running call.
#[cold]
pub(crate) unsafe fn report(slot: &Slot, context: *mut sqlite3_context, error: Error) {
    // SAFETY: the caller's promise.
    unsafe { fail(slot.state.handle.api, context, &error) };
    slot.state.set_last_error(Some(error));
}

/// The first call of a statement: pins what it sees.
///
/// # Safety
/// `context` is that of a call.
#[cold]
unsafe fn first_call(
    slot: &Slot,
    context: *mut sqlite3_context,
    arguments: &Values<'_>,
) -> Result<()> {
    let pin = Pin::new(&slot.state);
    // SAFETY: the context is that of a call.
    if !unsafe { pin.attach(context) } {
        // SAFETY: as above.
        unsafe { estimate(slot, &pin, context, arguments) };
        return Ok(());
    }
    pin.begin(slot.state.current().map_err(|e| named(slot, e))?);
    run(slot, &pin, context, arguments)
}

/// Calls a deterministic function with constants while SQLite prepares a statement, to estimate how
/// many rows have its value (builds with STAT4).
///
/// No SQL may run here: it could find that the schema has changed, and SQLite would drop the schema
/// from under the statement that it is compiling. So what is there already has to do. Nor may this
/// fail, because preparing would; without a value SQLite estimates in another way.
///
/// # Safety
/// `context` is that of a call.
unsafe fn estimate(slot: &Slot, pin: &Pin, context: *mut sqlite3_context, arguments: &Values<'_>) {
    let state = &slot.state;
    pin.begin(state.registry());
    let is_compiled = pin.with(slot, |scope| {
        let entry = find(slot, scope)?;
        let object = entry.object();
        let compiled = object.module.compiled(object.policy.metering());
        Ok(object.problem.is_none() && compiled.is_some())
    });
    let is_compiled = is_compiled.unwrap_or(false);
    if !is_compiled || run(slot, pin, context, arguments).is_err() {
        // SAFETY: the caller's promise.
        unsafe { set_result(state.handle.api, context, ValueRef::Null, 0) };
    }
}

/// Calls the guest within a pinned statement.
#[inline]
fn run(
    slot: &Slot,
    pin: &Pin,
    context: *mut sqlite3_context,
    arguments: &Values<'_>,
) -> Result<()> {
    let state = &slot.state;
    let api = state.handle.api;
    pin.with(slot, |scope| {
        // Not called before, or a fault took its instance.
        if !scope.is_bound(slot.number) {
            bind(slot, scope)?;
        }
        scope
            .call(&state.environment, slot.number, arguments, |value, subtype| {
                // SAFETY: the context is that of the call of `scalar` that this runs in.
                unsafe { set_result(api, context, value, subtype) }
            })
            .map_err(|error| state.session.fail(scope, slot.number, *error))
    })
}

/// Binds the slot to what the statement's snapshot says, compiling if that is due.
#[cold]
fn bind(slot: &Slot, scope: &mut Scope) -> Result<()> {
    let state = &slot.state;
    let entry = find(slot, scope)?;
    let FunctionBody::Scalar(export) = &entry.body else { return Err(another_kind(slot)) };
    let binding = Binding {
        callable: Arc::clone(&entry.callable),
        exports: vec![export.clone()],
        signature: Arc::clone(&entry.signature),
        subtype: entry.subtype,
    };
    let module = state.compiled(&binding.callable)?;
    state.session.bind(scope, slot.number, binding, module.as_ref())
}

#[cold]
fn another_kind(slot: &Slot) -> Error {
    let message = format!("{}() is no scalar function any longer", slot.key.0);
    Error::new(ErrorKind::NotFound, message)
}

/// SQLite's values as arguments.
pub(crate) struct Values<'a> {
    api: &'static Api,
    values: &'a [*mut sqlite3_value],
}

impl<'a> Values<'a> {
    /// # Safety
    /// `argv` points to `argc` values of the library of `api`, which live as long as `'a`.
    #[inline]
    pub(crate) unsafe fn new(
        api: &'static Api,
        argc: c_int,
        argv: *mut *mut sqlite3_value,
    ) -> Self {
        let values = match usize::try_from(argc) {
            // SAFETY: the caller's promise.
            Ok(argc) if argc > 0 => unsafe { std::slice::from_raw_parts(argv, argc) },
            _ => &[],
        };
        Self { api, values }
    }
}

impl Arguments for Values<'_> {
    #[inline]
    fn len(&self) -> usize {
        self.values.len()
    }

    #[inline(always)]
    fn get(&self, position: usize) -> Result<ValueRef<'_>, InvalidUtf8> {
        let (api, value) = (self.api, self.values[position]);
        // SAFETY: SQLite gave the value for the duration of the call, which `self` does not outlive.
        // The bytes stay until the value is asked for another form, which nobody does; the length is
        // asked after the pointer, as the C API demands.
        unsafe {
            Ok(match (api.sqlite3_value_type)(value) {
                SQLITE_INTEGER => ValueRef::Integer((api.sqlite3_value_int64)(value)),
                SQLITE_FLOAT => ValueRef::Real((api.sqlite3_value_double)(value)),
                SQLITE_TEXT => {
                    let text = (api.sqlite3_value_text)(value);
                    let text = bytes(text, (api.sqlite3_value_bytes)(value));
                    ValueRef::Text(std::str::from_utf8(text).map_err(|_| InvalidUtf8)?)
                }
                SQLITE_BLOB => {
                    let blob = (api.sqlite3_value_blob)(value).cast::<u8>();
                    ValueRef::Blob(bytes(blob, (api.sqlite3_value_bytes)(value)))
                }
                _ => ValueRef::Null,
            })
        }
    }

    #[inline(always)]
    fn integer(&self, position: usize) -> Option<i64> {
        let (api, value) = (self.api, self.values[position]);
        // SAFETY: as above.
        unsafe {
            match (api.sqlite3_value_type)(value) {
                SQLITE_INTEGER => Some((api.sqlite3_value_int64)(value)),
                _ => None,
            }
        }
    }

    #[inline]
    fn subtype(&self, position: usize) -> u8 {
        // SAFETY: as above. Subtypes are one byte.
        unsafe { (self.api.sqlite3_value_subtype)(self.values[position]) as u8 }
    }
}

/// Gives SQLite a result; it copies the bytes.
///
/// # Safety
/// `context` is that of a running call.
#[inline]
pub(crate) unsafe fn set_result(
    api: &Api,
    context: *mut sqlite3_context,
    value: ValueRef<'_>,
    subtype: u8,
) {
    // SAFETY: the caller's promise; pointers and lengths are those of slices.
    unsafe {
        match value {
            ValueRef::Null => (api.sqlite3_result_null)(context),
            ValueRef::Integer(i) => (api.sqlite3_result_int64)(context, i),
            ValueRef::Real(r) => (api.sqlite3_result_double)(context, r),
            ValueRef::Text(t) => (api.sqlite3_result_text64)(
                context,
                t.as_ptr().cast(),
                t.len() as u64,
                transient(),
                SQLITE_UTF8 as u8,
            ),
            ValueRef::Blob(b) => {
                (api.sqlite3_result_blob64)(context, b.as_ptr().cast(), b.len() as u64, transient())
            }
        }
        if subtype != 0 {
            (api.sqlite3_result_subtype)(context, subtype.into());
        }
    }
}

/// Gives SQLite an error. The code is SQLITE_ERROR, which undoes the statement and keeps the
/// transaction; only a real interrupt has its own.
///
/// # Safety
/// `context` is that of a running call.
#[cold]
pub(crate) unsafe fn fail(api: &Api, context: *mut sqlite3_context, error: &Error) {
    let message = error.message();
    let len = c_int::try_from(message.len()).unwrap_or(c_int::MAX);
    // SAFETY: the caller's promise; SQLite copies `len` bytes of the message.
    unsafe {
        (api.sqlite3_result_error)(context, message.as_ptr().cast(), len);
        match (error.kind(), error.engine_code()) {
            (ErrorKind::Interrupted, _) => {
                (api.sqlite3_result_error_code)(context, SQLITE_INTERRUPT);
            }
            // The core lets pass only codes that undo no more than the statement.
            (ErrorKind::Guest, Some(code)) => (api.sqlite3_result_error_code)(context, code),
            _ => {}
        }
    }
}
