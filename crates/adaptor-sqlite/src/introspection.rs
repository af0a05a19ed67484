//! The introspection tables as [eponymous-only virtual tables].
//!
//! A scan works on rows copied when it starts. SQLite disconnects these tables first when it closes a
//! connection, before it looks for statements that were not finalized. Our own statements are finalized
//! there, so they never keep a connection from closing.
//!
//! [eponymous-only virtual tables]: https://www.sqlite.org/vtab.html#epoonlyvtab

use std::ffi::{c_char, c_int, c_void};
use std::rc::Rc;

use commensal_core::ddl::quote_identifier;
use commensal_core::introspect::{TABLES, Table};
use commensal_core::{Error, ErrorKind, Result, Value};

use crate::api::code::*;
use crate::api::{
    sqlite3, sqlite3_context, sqlite3_index_info, sqlite3_module, sqlite3_value, sqlite3_vtab,
    sqlite3_vtab_cursor,
};
use crate::codes::{is_code, is_transient};
use crate::guard::guard;
use crate::result::set_result;
use crate::state::ConnectionState;
use crate::statement::Handle;
use crate::{names, vtab};

static MODULE: sqlite3_module = sqlite3_module {
    xConnect: Some(connect),
    xBestIndex: Some(best_index),
    xDisconnect: Some(disconnect),
    xOpen: Some(open),
    xClose: Some(close),
    xFilter: Some(filter),
    xNext: Some(next),
    xEof: Some(eof),
    xColumn: Some(column),
    xRowid: Some(rowid),
    ..vtab::NO_METHODS
};

/// What SQLite keeps for a registered table.
struct Registration {
    state: Rc<ConnectionState>,
    table: &'static Table,
}

#[repr(C)]
struct Connected {
    base: sqlite3_vtab,
    state: Rc<ConnectionState>,
    table: &'static Table,
}

#[repr(C)]
struct IntrospectionCursor {
    base: sqlite3_vtab_cursor,
    rows: Vec<Vec<Value>>,
    row: usize,
}

/// Connected as long as the connection is open. Nobody queries it, so nothing refers to its schema after
/// `sqlite3_deserialize`, which frees the schema of eponymous tables, but not these.
static WATCH: Table = Table {
    name: "commensal_connection",
    columns: &[("open", "INTEGER")],
    rows: |_, _| Vec::new(),
};

/// Registers the tables and connects the one that stays.
pub(crate) fn register(state: &Rc<ConnectionState>) -> Result<()> {
    for table in TABLES.iter().chain([&WATCH]) {
        let registration = Registration { state: Rc::clone(state), table };
        vtab::register(state.handle, table.name, &MODULE, registration)?;
    }
    connect_one(state)
}

/// Connects [`WATCH`], because its disconnection tells that the connection closes. Does nothing while the file cannot be
/// read. Nothing keeps the connection from closing then, and [`ConnectionState::current`] tries again before anything
/// does.
///
/// # Errors
/// Another connection has locked the file. Or a temporary table or view of the application has its name. Those of a
/// file hide nothing in the schema of temporary tables.
pub(crate) fn connect_one(state: &Rc<ConnectionState>) -> Result<()> {
    let prepared = state.handle.prepare(&format!("SELECT * FROM temp.{} LIMIT 0", WATCH.name));
    if state.introspected.get() {
        return Ok(());
    }
    match prepared {
        // Another connection has locked the whole file. Loading again is enough.
        Err(error) if is_transient(&error) => Err(error),
        Err(error) if !is_code(&error, SQLITE_ERROR) => Ok(()),
        _ => Err(Error::new(
            ErrorKind::Engine,
            format!(
                "this connection has a temporary table or view {}, a name that Commensal needs: drop it before \
                 Commensal is loaded",
                WATCH.name
            ),
        )),
    }
}

/// Whether Commensal is in this connection already, from this library or another copy of it. No file
/// can influence the answer: SQLite is asked for the modules that a program has registered, then for a
/// function of ours, which nothing in a file can define.
///
/// # Errors
/// Somebody else has registered a module of this name.
pub(crate) fn is_registered(handle: Handle) -> Result<bool> {
    const NAME: &str = "wasm_functions";
    if !names::all_modules(handle)?.contains(NAME) {
        return Ok(false);
    }
    if handle.prepare("SELECT wasm_config('locked')").is_ok() {
        return Ok(true);
    }
    Err(Error::new(
        ErrorKind::Engine,
        format!(
            "the program has a virtual table module {NAME} in this connection that is not \
             Commensal's, so Commensal cannot be loaded"
        ),
    ))
}

unsafe extern "C" fn connect(
    db: *mut sqlite3,
    data: *mut c_void,
    _argc: c_int,
    _argv: *const *const c_char,
    out: *mut *mut sqlite3_vtab,
    message: *mut *mut c_char,
) -> c_int {
    guard(
        || SQLITE_ERROR,
        || {
            // SAFETY: SQLite gives back the registration of this module.
            let registration = unsafe { &*data.cast::<Registration>() };
            let api = registration.state.handle.api;
            let columns: Vec<String> = registration
                .table
                .columns
                .iter()
                .map(|(name, ty)| format!("{} {ty}", quote_identifier(name)))
                .collect();
            let declaration = vtab::create_table(&columns);
            let connected = || {
                let state = Rc::clone(&registration.state);
                state.introspected.set(true);
                Connected { base: vtab::NEW, state, table: registration.table }
            };
            // SAFETY: this is xConnect, `out` is SQLite's place for the table, and `message` for a message.
            unsafe { vtab::connect(api, db, &declaration, true, (out, message), connected) }
        },
    )
}

unsafe extern "C" fn disconnect(table: *mut sqlite3_vtab) -> c_int {
    // SAFETY: the table that `connect` gave; SQLite disconnects it once.
    unsafe { vtab::take_back(table, |own: Connected| own.state.finalize_cached()) }
}

/// Brings what is registered with SQLite up to date if no statement runs. SQLite calls this while it
/// prepares a statement, even in a program that keeps its own driver. No SQL runs here: it could find
/// that the schema has changed, and SQLite would drop it from under the statement being prepared.
unsafe extern "C" fn best_index(vtab: *mut sqlite3_vtab, info: *mut sqlite3_index_info) -> c_int {
    guard(
        || SQLITE_ERROR,
        || {
            // SAFETY: the table that `connect` made; SQLite gives both for the duration of this call.
            unsafe {
                // Whoever calls the function hears what is in the way.
                let _ = (*vtab.cast::<Connected>()).state.tidy();
                (*info).estimatedCost = 1000.0;
                (*info).estimatedRows = 100;
            }
            SQLITE_OK
        },
    )
}

unsafe extern "C" fn open(_: *mut sqlite3_vtab, out: *mut *mut sqlite3_vtab_cursor) -> c_int {
    guard(
        || SQLITE_ERROR,
        || {
            let cursor = IntrospectionCursor { base: vtab::NEW_CURSOR, rows: Vec::new(), row: 0 };
            // SAFETY: `out` is SQLite's place for the cursor.
            unsafe { vtab::give(out, cursor) }
        },
    )
}

unsafe extern "C" fn close(cursor: *mut sqlite3_vtab_cursor) -> c_int {
    // SAFETY: the cursor that `open` gave; SQLite closes it once.
    unsafe { vtab::take_back(cursor, drop::<IntrospectionCursor>) }
}

unsafe extern "C" fn filter(
    cursor: *mut sqlite3_vtab_cursor,
    _number: c_int,
    _text: *const c_char,
    _argc: c_int,
    _argv: *mut *mut sqlite3_value,
) -> c_int {
    guard(
        || SQLITE_ERROR,
        || {
            // SAFETY: the cursor that `open` made, and the table that SQLite put into it.
            let (connected, state, table) = unsafe {
                let connected = (*cursor).pVtab.cast::<Connected>();
                (connected, Rc::clone(&(*connected).state), (*connected).table)
            };
            // No borrow of either is held here, because a hostile schema can make this reenter the
            // table.
            match state.current() {
                Ok(registry) => {
                    let rows = (table.rows)(&registry, &state.environment());
                    // SAFETY: as above.
                    let cursor = unsafe { &mut *cursor.cast::<IntrospectionCursor>() };
                    (cursor.rows, cursor.row) = (rows, 0);
                    SQLITE_OK
                }
                // SAFETY: as above.
                Err(error) => unsafe {
                    vtab::fail(&state, &raw mut (*connected).base.zErrMsg, error)
                },
            }
        },
    )
}

unsafe extern "C" fn next(cursor: *mut sqlite3_vtab_cursor) -> c_int {
    // SAFETY: the cursor that `open` made.
    unsafe { (*cursor.cast::<IntrospectionCursor>()).row += 1 };
    SQLITE_OK
}

unsafe extern "C" fn eof(cursor: *mut sqlite3_vtab_cursor) -> c_int {
    // SAFETY: the cursor that `open` made.
    let cursor = unsafe { &*cursor.cast::<IntrospectionCursor>() };
    c_int::from(cursor.row >= cursor.rows.len())
}

unsafe extern "C" fn column(
    cursor: *mut sqlite3_vtab_cursor,
    context: *mut sqlite3_context,
    index: c_int,
) -> c_int {
    guard(
        || SQLITE_ERROR,
        || {
            // SAFETY: the cursor that `open` made, and the table that SQLite put into it.
            let (cursor, api) = unsafe {
                let cursor = &*cursor.cast::<IntrospectionCursor>();
                let connected = &*cursor.base.pVtab.cast::<Connected>();
                (cursor, connected.state.handle.api)
            };
            let value = usize::try_from(index)
                .ok()
                .and_then(|index| cursor.rows.get(cursor.row)?.get(index))
                .unwrap_or(&Value::Null);
            // SAFETY: SQLite gives the context for the duration of this call.
            unsafe { set_result(api, context, value.as_ref(), 0) };
            SQLITE_OK
        },
    )
}

unsafe extern "C" fn rowid(cursor: *mut sqlite3_vtab_cursor, out: *mut i64) -> c_int {
    // SAFETY: the cursor that `open` made; `out` is SQLite's place for the number.
    unsafe { *out = (*cursor.cast::<IntrospectionCursor>()).row as i64 };
    SQLITE_OK
}
