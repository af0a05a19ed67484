//! What all [virtual tables](https://www.sqlite.org/vtab.html) of ours share: declaring columns,
//! handing tables and cursors to SQLite, and messages.

use std::ffi::{CString, c_char, c_int, c_void};

use commensal_core::{Error, Result};

use crate::api::code::*;
use crate::api::{Api, sqlite3, sqlite3_module, sqlite3_vtab, sqlite3_vtab_cursor};
use crate::codes::code_of;
use crate::guard::guard;
use crate::state::ConnectionState;
use crate::statement::Handle;

/// A module without methods, to be filled in.
pub(crate) const NO_METHODS: sqlite3_module = sqlite3_module {
    iVersion: 2,
    xCreate: None,
    xConnect: None,
    xBestIndex: None,
    xDisconnect: None,
    xDestroy: None,
    xOpen: None,
    xClose: None,
    xFilter: None,
    xNext: None,
    xEof: None,
    xColumn: None,
    xRowid: None,
    xUpdate: None,
    xBegin: None,
    xSync: None,
    xCommit: None,
    xRollback: None,
    xFindFunction: None,
    xRename: None,
    xSavepoint: None,
    xRelease: None,
    xRollbackTo: None,
    xShadowName: None,
    xIntegrity: None,
};

/// The leading part of a table that xConnect gives; SQLite fills it.
pub(crate) const NEW: sqlite3_vtab =
    sqlite3_vtab { pModule: std::ptr::null(), nRef: 0, zErrMsg: std::ptr::null_mut() };

/// The leading part of a cursor that xOpen gives; SQLite fills it.
pub(crate) const NEW_CURSOR: sqlite3_vtab_cursor =
    sqlite3_vtab_cursor { pVtab: std::ptr::null_mut() };

/// Passes a table or a cursor to SQLite at the end of xCreate, xConnect or xOpen. Returns the result code of
/// the method.
///
/// # Safety
/// `out` is SQLite's place for it. `own` is `repr(C)` and begins with a `Base`.
pub(crate) unsafe fn give<Base, Own>(out: *mut *mut Base, own: Own) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { *out = Box::into_raw(Box::new(own)).cast() };
    SQLITE_OK
}

/// Takes back what [`give`] gave, in xDisconnect, xDestroy or xClose, and ends it. Returns the result
/// code of the method.
///
/// # Safety
/// `given` is an `Own` that [`give`] gave, and this is the one call in which SQLite gives it back.
pub(crate) unsafe fn take_back<Base, Own>(given: *mut Base, end: impl FnOnce(Own)) -> c_int {
    guard(
        || SQLITE_OK,
        || {
            // SAFETY: the caller's promise.
            end(*unsafe { Box::from_raw(given.cast::<Own>()) });
            SQLITE_OK
        },
    )
}

/// Registers a module of ours. SQLite gives `data` to xConnect, and keeps it until the connection is closed.
pub(crate) fn register<T>(
    handle: Handle,
    name: &str,
    module: &'static sqlite3_module,
    data: T,
) -> Result<()> {
    unsafe extern "C" fn destroy<T>(data: *mut c_void) {
        guard(
            || {},
            || {
                // SAFETY: the box that `register` gave away; SQLite destroys it once.
                drop(unsafe { Box::from_raw(data.cast::<T>()) });
            },
        );
    }
    let name = CString::new(name).unwrap_or_default();
    // SAFETY: the connection is open and the name ends with a NUL. SQLite owns the data from here on, and
    // destroys it also when this fails.
    let code = unsafe {
        (handle.api.sqlite3_create_module_v2)(
            handle.db(),
            name.as_ptr(),
            std::ptr::from_ref(module),
            Box::into_raw(Box::new(data)).cast::<c_void>(),
            Some(destroy::<T>),
        )
    };
    handle.check(code)
}

/// The declaration of a table with these columns, given as their definitions. It ends with a NUL.
pub(crate) fn create_table(columns: &[String]) -> String {
    format!("CREATE TABLE x({})\0", columns.join(", "))
}

/// Declares the columns. `declaration` ends with a NUL. An `innocuous` table can be used in a schema that
/// is not trusted.
///
/// # Safety
/// This is xCreate or xConnect for `db`, and `message` its place for a message.
pub(crate) unsafe fn declare(
    api: &Api,
    db: *mut sqlite3,
    declaration: &str,
    innocuous: bool,
    message: *mut *mut c_char,
) -> c_int {
    assert!(declaration.ends_with('\0'), "SQL text for SQLite ends with a NUL");
    // SAFETY: the declaration ends with a NUL, and the option takes no argument; the rest is the
    // caller's promise.
    unsafe {
        let code = (api.sqlite3_declare_vtab)(db, declaration.as_ptr().cast());
        if code != SQLITE_OK {
            let reason = std::ffi::CStr::from_ptr((api.sqlite3_errmsg)(db)).to_string_lossy();
            let text = format!("the table's columns cannot be declared: {reason}");
            set_message(api, message, &text);
        } else if innocuous {
            (api.sqlite3_vtab_config)(db, SQLITE_VTAB_INNOCUOUS);
        }
        code
    }
}

/// Ends xConnect: declares the columns and passes on the table that `own` makes. Returns the method's result
/// code.
///
/// # Safety
/// As for [`declare`] and [`give`].
pub(crate) unsafe fn connect<Own>(
    api: &Api,
    db: *mut sqlite3,
    declaration: &str,
    innocuous: bool,
    (out, message): (*mut *mut sqlite3_vtab, *mut *mut c_char),
    own: impl FnOnce() -> Own,
) -> c_int {
    // SAFETY: the caller's promise.
    let code = unsafe { declare(api, db, declaration, innocuous, message) };
    if code != SQLITE_OK {
        return code;
    }
    // SAFETY: as above.
    unsafe { give(out, own()) }
}

/// Copies bytes, with a NUL behind them, into SQLite's memory. Returns NULL and a result code if there is no
/// memory.
pub(crate) fn copy(api: &Api, bytes: &[u8]) -> (*mut c_char, c_int) {
    // SAFETY: SQLite's allocator gives NULL or the bytes asked for.
    unsafe {
        let copy = (api.sqlite3_malloc64)(bytes.len() as u64 + 1).cast::<u8>();
        if copy.is_null() {
            return (std::ptr::null_mut(), SQLITE_NOMEM);
        }
        copy.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        *copy.add(bytes.len()) = 0;
        (copy.cast(), SQLITE_OK)
    }
}

/// Copies a message into memory that SQLite frees.
///
/// # Safety
/// `to` is where SQLite looks for a message.
pub(crate) unsafe fn set_message(api: &Api, to: *mut *mut c_char, message: &str) {
    let (copied, code) = copy(api, message.as_bytes());
    if code == SQLITE_OK {
        // SAFETY: the caller's promise.
        unsafe {
            (api.sqlite3_free)((*to).cast());
            *to = copied;
        }
    }
}

/// Reports an error of a method. Returns the method's result code.
///
/// # Safety
/// `to` is where SQLite looks for a message: `zErrMsg` of the table, or the place that xConnect has.
#[cold]
pub(crate) unsafe fn fail(state: &ConnectionState, to: *mut *mut c_char, error: Error) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { set_message(state.handle.api, to, error.message()) };
    let code = code_of(&error);
    // The statement says how to handle a conflict that a table reports.
    if code & 0xff != SQLITE_CONSTRAINT {
        state.table_failures.set(state.table_failures.get() + 1);
    }
    state.set_last_error(Some(error));
    code
}
