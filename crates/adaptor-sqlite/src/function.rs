//! The scalar function behind every slot: from SQLite's call to the guest and back.
//!
//! Per row: the pin of the running statement is found ([`sqlite3_get_auxdata`]), an index gives the
//! bound function, the arguments go from SQLite's values into guest memory and the result from there
//! to SQLite. Nothing is allocated, hashed, locked or looked up by name.
//!
//! [`sqlite3_get_auxdata`]: https://www.sqlite.org/c3ref/get_auxdata.html

use std::ffi::{CString, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use commensal_core::guest::{Arguments, Null, Plain, Unreadable};
use commensal_core::manifest::FunctionKey;
use commensal_core::registry::FunctionEntry;
use commensal_core::{Error, ErrorKind, Result, ValueRef};

use crate::api::code::*;
use crate::api::{Api, ScalarFunction, sqlite3_context, sqlite3_value};
use crate::library::{self, LIBRARIES_MAX, by_library};
use crate::pin::Pin;
use crate::pointer;
use crate::result::{Place, fail, set_result};
use crate::state::{Form, State};
use crate::statement::{Handle, bytes};

/// What SQLite keeps for a registered function.
pub(crate) struct Slot {
    pub(crate) state: Rc<State>,
    pub(crate) number: usize,
    pub(crate) key: FunctionKey,
    /// What SQLite was told of it.
    pub(crate) form: Form,
}

/// Runs what C calls, so that no panic reaches C.
pub fn guard<T>(fallback: impl FnOnce() -> T, body: impl FnOnce() -> T) -> T {
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

/// What a function of ours does with a call, in any library.
pub(crate) trait Function {
    /// # Safety
    /// The arguments are those of `xFunc`, called by the library of `api`, of a function that was
    /// registered with the data that this one expects.
    unsafe fn call(
        api: &'static Api,
        context: *mut sqlite3_context,
        argc: c_int,
        argv: *mut *mut sqlite3_value,
    );
}

/// The `xFunc` for functions of this library.
///
/// # Errors
/// There are too many libraries.
pub(crate) fn scalar_of<F: Function>(api: &'static Api) -> Result<ScalarFunction> {
    let trampolines: [ScalarFunction; LIBRARIES_MAX] = by_library!(scalar, F);
    Ok(trampolines[library::number(api)?])
}

/// Registers a scalar function of ours, whose data SQLite keeps until it destroys the function.
///
/// # Errors
/// There are too many libraries; SQLite refuses it, and has dropped the data.
pub(crate) fn register<F: Function>(
    handle: Handle,
    name: &str,
    arguments: c_int,
    flags: c_int,
    data: F,
) -> Result<()> {
    let run = scalar_of::<F>(handle.api)?;
    let name = CString::new(name).unwrap_or_default();
    // SAFETY: the connection is open and the name ends with a NUL. SQLite owns the data from here on,
    // and destroys it also when this fails.
    let code = unsafe {
        (handle.api.sqlite3_create_function_v2)(
            handle.db(),
            name.as_ptr(),
            arguments,
            SQLITE_UTF8 | flags,
            Box::into_raw(Box::new(data)).cast::<c_void>(),
            Some(run),
            None,
            None,
            Some(destroy::<F>),
        )
    };
    handle.check(code)
}

/// The destructor of what [`register`] gives away.
unsafe extern "C" fn destroy<F>(data: *mut c_void) {
    guard(
        || {},
        || {
            // SAFETY: the box that `register` gave away; SQLite destroys it once.
            drop(unsafe { Box::from_raw(data.cast::<F>()) });
        },
    );
}

/// `xFunc` of every function of ours in one library.
unsafe extern "C" fn scalar<const LIBRARY: usize, F: Function>(
    context: *mut sqlite3_context,
    argc: c_int,
    argv: *mut *mut sqlite3_value,
) {
    // Set before the function could be registered; without it there is no way even to fail.
    let Some(api) = library::library(LIBRARY) else { return };
    // SAFETY: SQLite gives the context and the values for the duration of this call.
    let body = || unsafe { F::call(api, context, argc, argv) };
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

impl Function for Slot {
    #[inline]
    unsafe fn call(
        api: &'static Api,
        context: *mut sqlite3_context,
        argc: c_int,
        argv: *mut *mut sqlite3_value,
    ) {
        // SAFETY: the function was registered with a slot, which outlives the call.
        let slot = unsafe { &*(api.sqlite3_user_data)(context).cast::<Slot>() };
        // SAFETY: SQLite gives `argc` values.
        let arguments = unsafe { Values::new(api, argc, argv) };
        // SAFETY: the context is that of this call.
        let pin = unsafe { Pin::of(api, context) };
        let result = match pin {
            // SAFETY: as above.
            None => unsafe { first_call(slot, context, &arguments) },
            Some(pin) => slot.run(pin, context, &arguments),
        };
        if let Err(error) = result {
            // SAFETY: the context is that of this call.
            unsafe { slot.state.report(context, error) };
        }
    }
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
    pin.begin().map_err(|e| e.of_function(&slot.key.0))?;
    slot.run(&pin, context, arguments)
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
    pin.begin_with(state.registry());
    let is_compiled = pin.with(&slot.key.0, |_, scope| {
        let object = scope.find(&slot.key)?.object();
        let compiled = object.module.compiled(object.policy.metering());
        Ok(object.problem.is_none() && compiled.is_some())
    });
    let is_compiled = is_compiled.unwrap_or(false);
    let run = || slot.run(pin, context, arguments);
    if !is_compiled || state.services.sql.preparing(run).is_err() {
        // SAFETY: the caller's promise.
        unsafe { set_result(state.handle.api, context, ValueRef::Null, 0) };
    }
}

impl Slot {
    /// Calls the guest within a pinned statement.
    #[inline]
    fn run(&self, pin: &Pin, context: *mut sqlite3_context, arguments: &Values<'_>) -> Result<()> {
        // SAFETY: the context is that of the running call of `xFunc`; only the guest keeps anything there.
        let place = unsafe { Place::of_guest(self.state.handle.api, context) };
        pin.call(self.number, &self.key.0, place, arguments, |session, scope| {
            self.check_promises(scope.find(&self.key)?)?;
            let read_module = |sha256: &[u8; 32]| self.state.read_module(sha256);
            session.bind_key(scope, self.number, &self.key, read_module)
        })
    }
}

impl Slot {
    /// SQLite was told what no longer holds, and cannot be told otherwise while statements run.
    #[cold]
    pub(crate) fn check_promises(&self, entry: &FunctionEntry) -> Result<()> {
        let broken = self.form.flags & !Form::of(entry).flags;
        let what = if broken & SQLITE_DETERMINISTIC != 0 {
            "is no longer deterministic"
        } else if broken & SQLITE_INNOCUOUS != 0 {
            "now asks for capabilities"
        } else {
            return Ok(());
        };
        let name = entry.name();
        Err(Error::new(
            ErrorKind::InUse,
            format!(
                "{name}() {what}, and SQLite can only be told so when no statement of the connection \
                 runs: end them all, then query wasm_functions"
            ),
        ))
    }
}

/// SQLite's values as arguments.
#[derive(Clone, Copy)]
pub(crate) struct Values<'a> {
    api: &'static Api,
    values: &'a [*mut sqlite3_value],
}

impl Values<'_> {
    /// # Safety
    /// `argv` points to `argc` values of the library of `api` that live as long as this.
    #[inline]
    pub(crate) unsafe fn new(
        api: &'static Api,
        argc: c_int,
        argv: *mut *mut sqlite3_value,
    ) -> Self {
        let values: &[_] = match usize::try_from(argc) {
            // SAFETY: the caller's promise.
            Ok(argc) if argc > 0 => unsafe { std::slice::from_raw_parts(argv, argc) },
            _ => &[],
        };
        Self { api, values }
    }

    /// Whether it is the value of a column that an update leaves as it is.
    pub(crate) fn is_nochange(&self, position: usize) -> bool {
        // SAFETY: SQLite gave the value for the duration of the call, which `self` does not outlive.
        unsafe { (self.api.sqlite3_value_nochange)(self.values[position]) != 0 }
    }

    /// All but the first `count`.
    #[inline]
    pub(crate) fn after(&self, count: usize) -> Self {
        Self { api: self.api, values: self.values.get(count..).unwrap_or_default() }
    }
}

impl Arguments for Values<'_> {
    #[inline]
    fn len(&self) -> usize {
        self.values.len()
    }

    #[inline(always)]
    fn get(&self, position: usize) -> Result<ValueRef<'_>, Unreadable> {
        // SAFETY: SQLite gave the value for the duration of the call, which `self` does not outlive.
        unsafe { value_ref(self.api, self.values[position]) }
    }

    #[inline(always)]
    fn integer(&self, position: usize) -> Option<i64> {
        let (api, value) = (self.api, *self.values.get(position)?);
        // SAFETY: as above.
        unsafe {
            match (api.sqlite3_value_type)(value) {
                SQLITE_INTEGER => Some((api.sqlite3_value_int64)(value)),
                _ => None,
            }
        }
    }

    #[inline(always)]
    fn plain(&self, position: usize) -> Option<Plain<'_>> {
        let (api, value) = (self.api, *self.values.get(position)?);
        // SAFETY: as above.
        unsafe {
            match (api.sqlite3_value_type)(value) {
                SQLITE_INTEGER => Some(Plain::Integer((api.sqlite3_value_int64)(value))),
                SQLITE_TEXT => {
                    let text = (api.sqlite3_value_text)(value);
                    if text.is_null() {
                        // `get` says why.
                        return None;
                    }
                    utf8(bytes(text, (api.sqlite3_value_bytes)(value))).map(Plain::Text)
                }
                _ => None,
            }
        }
    }

    #[inline(always)]
    fn text(&self, position: usize) -> Option<&str> {
        let (api, value) = (self.api, *self.values.get(position)?);
        // SAFETY: as above.
        let text = unsafe {
            if (api.sqlite3_value_type)(value) != SQLITE_TEXT {
                return None;
            }
            let text = (api.sqlite3_value_text)(value);
            if text.is_null() {
                // `get` says why.
                return None;
            }
            bytes(text, (api.sqlite3_value_bytes)(value))
        };
        utf8(text)
    }

    fn null(&self, position: usize) -> Null {
        // SAFETY: as above.
        unsafe { pointer::of(self.api, self.values[position]) }
    }

    #[inline]
    fn subtype(&self, position: usize) -> u8 {
        // SAFETY: as above. Subtypes are one byte.
        unsafe { (self.api.sqlite3_value_subtype)(self.values[position]) as u8 }
    }
}

/// Text, if it is UTF-8. Most is ASCII, which is found out in a third of the time.
#[inline]
pub(crate) fn utf8(text: &[u8]) -> Option<&str> {
    match text.is_ascii() {
        // SAFETY: ASCII is UTF-8.
        true => Some(unsafe { std::str::from_utf8_unchecked(text) }),
        false => std::str::from_utf8(text).ok(),
    }
}

/// A value of SQLite's.
///
/// # Safety
/// SQLite gave the value, which lives as long as `'a`.
#[inline(always)]
pub(crate) unsafe fn value_ref<'a>(
    api: &'static Api,
    value: *mut sqlite3_value,
) -> Result<ValueRef<'a>, Unreadable> {
    // SAFETY: the caller's promise. The bytes stay until the value is asked for another form, which
    // nobody does; the length is asked after the pointer, as the C API demands.
    unsafe {
        // Without a pointer there is no memory: to convert the text, or to write zeros of a blob out.
        Ok(match (api.sqlite3_value_type)(value) {
            SQLITE_INTEGER => ValueRef::Integer((api.sqlite3_value_int64)(value)),
            SQLITE_FLOAT => ValueRef::Real((api.sqlite3_value_double)(value)),
            SQLITE_TEXT => {
                let text = (api.sqlite3_value_text)(value);
                if text.is_null() {
                    return Err(Unreadable::NoMemory);
                }
                let text = bytes(text, (api.sqlite3_value_bytes)(value));
                ValueRef::Text(std::str::from_utf8(text).map_err(|_| Unreadable::InvalidUtf8)?)
            }
            SQLITE_BLOB => {
                let blob = (api.sqlite3_value_blob)(value).cast::<u8>();
                let len = (api.sqlite3_value_bytes)(value);
                if blob.is_null() && len > 0 {
                    return Err(Unreadable::NoMemory);
                }
                ValueRef::Blob(bytes(blob, len))
            }
            _ => ValueRef::Null,
        })
    }
}
