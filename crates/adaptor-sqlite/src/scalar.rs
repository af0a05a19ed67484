//! Scalar functions of ours, in any library.

use std::ffi::{CString, c_int, c_void};

use commensal_core::{Error, ErrorKind, Result};

use crate::api::code::*;
use crate::api::{Api, ScalarFunction, sqlite3_context, sqlite3_value};
use crate::guard::guard;
use crate::library::{self, LIBRARIES_MAX, by_library};
use crate::result::fail;
use crate::statement::Handle;

/// What a function of ours does when any library calls it.
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
/// There are too many libraries; SQLite refuses the function, and has dropped the data.
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
    // This is set before the function is registered. Without it, not even an error can be reported.
    let Some(api) = library::library(LIBRARY) else { return };
    // SAFETY: SQLite gives the context and the values for the duration of this call.
    let body = || unsafe { F::call(api, context, argc, argv) };
    // SAFETY: as above.
    unsafe { guarded(api, context, body) };
}

/// Runs what C calls for a result. A panic becomes an error.
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
