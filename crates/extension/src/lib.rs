//! Commensal as a [loadable extension](https://www.sqlite.org/loadext.html): the adaptor over the SQLite of
//! the program that loads it, with a runtime.
//!
//! Links no SQLite: what it calls comes from the host's table of functions ([`routines`]).
#![expect(unsafe_code, reason = "the entry points are called by SQLite")]

use std::ffi::{c_char, c_int};
use std::sync::{Arc, LazyLock};

use commensal_adaptor_sqlite::api::code::*;
use commensal_adaptor_sqlite::api::{Api, sqlite3};
use commensal_adaptor_sqlite::{Installed, guard};
use commensal_core::environment::Environment;
use commensal_core::settings::Settings;
use commensal_core::{ErrorKind, Result};

mod host;
mod routines;
mod runtime;

use host::Host;
use routines::Routines;

/// Keeps the code in this library for as long as the process runs, because guests' code and the threads
/// that stop it would not survive its unloading.
const SQLITE_OK_LOAD_PERMANENTLY: c_int = SQLITE_OK | 1 << 8;

/// What an entry point does in addition.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Entrance {
    /// Nothing.
    Plain,
    /// Lets SQL loosen the settings of the connection.
    Unlocked,
}

/// The entry point that SQLite finds by the file's name. It puts Commensal into a connection. If the
/// connection has it already, it only says so in SQLite's log.
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
    permanently(unsafe { init(db, message, routines, Entrance::Plain) })
}

/// The entry point for hosts that set up the connection. It does the same as [`sqlite3_commensal_init`], and
/// SQL may then loosen settings with `wasm_config` until it locks them. Other people's SQL cannot reach this
/// entry point, because whoever may load extensions may do anything.
///
/// # Safety
/// As for [`sqlite3_commensal_init`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sqlite3_commensal_config_init(
    db: *mut sqlite3,
    message: *mut *mut c_char,
    routines: Routines,
) -> c_int {
    // SAFETY: the caller's promise.
    permanently(unsafe { init(db, message, routines, Entrance::Unlocked) })
}

/// The entry point for programs that link this library statically and give it to
/// [`sqlite3_auto_extension`](https://www.sqlite.org/c3ref/auto_extension.html), which takes every result
/// except SQLITE_OK for an error.
///
/// # Safety
/// As for [`sqlite3_commensal_init`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sqlite3_commensal_auto_init(
    db: *mut sqlite3,
    message: *mut *mut c_char,
    routines: Routines,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { init(db, message, routines, Entrance::Plain) }
}

fn permanently(code: c_int) -> c_int {
    if code == SQLITE_OK { SQLITE_OK_LOAD_PERMANENTLY } else { code }
}

/// # Safety
/// As for [`sqlite3_commensal_init`].
unsafe fn init(
    db: *mut sqlite3,
    message: *mut *mut c_char,
    routines: Routines,
    entrance: Entrance,
) -> c_int {
    guard(
        || SQLITE_ERROR,
        || {
            // SAFETY: the caller's promise.
            let Some(host) = (unsafe { Host::new(routines) }) else { return SQLITE_ERROR };
            // SAFETY: the caller's promise; the table is that of the connection's library.
            let installed = host.api().and_then(|api| unsafe { install(api, db, entrance) });
            match installed {
                Ok(()) => SQLITE_OK,
                Err(error) => {
                    // SAFETY: the caller's promise.
                    unsafe { host.set_message(message, error.message()) };
                    SQLITE_ERROR
                }
            }
        },
    )
}

/// # Safety
/// `db` is an open connection of the library of `api`; SQLite lets one thread at a time into it.
unsafe fn install(api: &'static Api, db: *mut sqlite3, entrance: Entrance) -> Result<()> {
    // SAFETY: the caller's promise.
    match unsafe { Installed::new(api, db, environment(api)) } {
        Err(error) if error.kind() != ErrorKind::Conflict => return Err(error),
        // Drivers load extensions repeatedly, so this is not an error. It is reported in SQLite's log.
        // SAFETY: the format takes one text, which ends with a NUL.
        Err(_) => unsafe {
            let message = c"Commensal is in this connection already: it was not loaded again";
            (api.sqlite3_log)(SQLITE_NOTICE, c"%s".as_ptr(), message.as_ptr());
        },
        Ok(_) => {}
    }
    match entrance {
        Entrance::Plain => Ok(()),
        // SAFETY: the caller's promise.
        Entrance::Unlocked => unsafe { Installed::unlock_settings(api, db) },
    }
}

/// The environment of a connection's guests. Each connection has one, so its settings, instances and
/// counters are separate. The whole process shares modules and their compiled code.
fn environment(api: &Api) -> Arc<Environment> {
    static SHARED: LazyLock<Environment> = LazyLock::new(|| Environment::new(settings()));
    let mut settings = settings();
    // Older libraries than 3.41 answer only on the thread that has the connection.
    settings.shared_interrupts = api.sqlite3_is_interrupted.is_some();
    Arc::new(SHARED.beside(settings))
}

fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.runtime = runtime::runtime();
    settings
}
