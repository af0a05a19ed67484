//! Commensal as a [loadable extension](https://www.sqlite.org/loadext.html): the adaptor over the SQLite
//! of the program that loads it, with a runtime.
//!
//! Links no SQLite: what it calls comes from the host's table of functions ([`routines`]).
#![expect(unsafe_code, reason = "the entry points are called by SQLite")]

use std::ffi::{c_char, c_int};
use std::sync::Arc;

use commensal_adaptor_sqlite::api::code::*;
use commensal_adaptor_sqlite::api::sqlite3;
use commensal_adaptor_sqlite::{Installed, guard};
use commensal_core::ErrorKind;
use commensal_core::environment::{Environment, Settings};

mod host;
mod routines;
mod runtime;

use host::Host;
use routines::Routines;

/// The code in this library runs as long as the process: guests' code and the threads that stop it
/// would not survive its unloading.
const SQLITE_OK_LOAD_PERMANENTLY: c_int = SQLITE_OK | 1 << 8;

/// The entry point that SQLite finds by the file's name: puts Commensal into a connection. Does nothing
/// in a connection that has it already.
///
/// # Safety
/// SQLite calls it, with an open connection, a place for a message and its table of functions.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sqlite3_commensal_init(
    db: *mut sqlite3,
    message: *mut *mut c_char,
    routines: Routines,
) -> c_int {
    // SAFETY: the caller's promise.
    match unsafe { init(db, message, routines) } {
        SQLITE_OK => SQLITE_OK_LOAD_PERMANENTLY,
        code => code,
    }
}

/// The entry point for programs that link this library statically and give it to
/// [`sqlite3_auto_extension`](https://www.sqlite.org/c3ref/auto_extension.html), which takes every
/// result but SQLITE_OK for an error.
///
/// # Safety
/// As of [`sqlite3_commensal_init`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sqlite3_commensal_auto_init(
    db: *mut sqlite3,
    message: *mut *mut c_char,
    routines: Routines,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { init(db, message, routines) }
}

/// # Safety
/// As of [`sqlite3_commensal_init`].
unsafe fn init(db: *mut sqlite3, message: *mut *mut c_char, routines: Routines) -> c_int {
    guard(
        || SQLITE_ERROR,
        || {
            // SAFETY: the caller's promise.
            let Some(host) = (unsafe { Host::new(routines) }) else { return SQLITE_ERROR };
            let installed = host.api().and_then(|api| {
                // SAFETY: the connection is open, and the table is that of its library. SQLite lets
                // one thread at a time into a connection.
                unsafe { Installed::new(api, db, environment()) }.map_err(|e| match e.kind() {
                    ErrorKind::Conflict => None,
                    _ => Some(e.to_string()),
                })
            });
            match installed {
                Ok(_) | Err(None) => SQLITE_OK,
                Err(Some(text)) => {
                    // SAFETY: the caller's promise.
                    unsafe { host.set_message(message, &text) };
                    SQLITE_ERROR
                }
            }
        },
    )
}

/// What a connection's guests run in. One for each connection, so that its settings and counters are
/// its own; compiled code is shared by all of the process.
fn environment() -> Arc<Environment> {
    let mut settings = Settings::default();
    settings.runtime = runtime::runtime();
    Arc::new(Environment::new(settings))
}
