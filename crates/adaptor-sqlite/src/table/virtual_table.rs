//! The methods of a [virtual table](https://www.sqlite.org/vtab.html): SQLite's structures on the one
//! side, the core's table on the other.
//!
//! Per row: as for table functions. A write is one call of the guest.

use std::cell::RefCell;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::rc::Rc;
use std::sync::Arc;

use commensal_core::guest::{Arguments, Null, Unreadable};
use commensal_core::manifest::{Eponymous, Table, TableMethod};
use commensal_core::registry::{Registry, TableEntry};
use commensal_core::session::Session;
use commensal_core::table::{Access, FilterValue, VirtualCursor, VirtualTable};
use commensal_core::{Error, ErrorKind, Result, ValueRef};

use super::connected::{Connected, Overloads, renew, renewed, usable, with_table};
use super::overload::find_function;
use super::plan;
use super::slot::{TableSlot, column_definition};
use crate::api::code::*;
use crate::api::{
    Api, sqlite3, sqlite3_context, sqlite3_index_info, sqlite3_module, sqlite3_value, sqlite3_vtab,
    sqlite3_vtab_cursor,
};
use crate::codes::code_of;
use crate::form::is_innocuous;
use crate::guard::guard;
use crate::result::ResultContext;
use crate::sql::Moment;
use crate::state::ConnectionState;
use crate::values::Values;
use crate::vtab;

/// How a table can be written.
#[derive(Clone, Copy)]
enum Writes {
    No,
    Rows,
    /// Rows, and an update gives only the columns that change.
    Changes,
}

/// By whether the table is eponymous, how it can be written, and whether it overloads functions.
static MODULES: [[[sqlite3_module; 2]; 3]; 3] =
    [modules(Eponymous::No), modules(Eponymous::Yes), modules(Eponymous::Only)];

const fn modules(eponymous: Eponymous) -> [[sqlite3_module; 2]; 3] {
    [
        [module(eponymous, Writes::No, false), module(eponymous, Writes::No, true)],
        [module(eponymous, Writes::Rows, false), module(eponymous, Writes::Rows, true)],
        [module(eponymous, Writes::Changes, false), module(eponymous, Writes::Changes, true)],
    ]
}

/// The methods that SQLite sees.
pub(super) fn module_of(table: &Table) -> &'static sqlite3_module {
    let writes = match table.methods.contains_key(&TableMethod::Update) {
        true if table.nochange => Writes::Changes,
        true => Writes::Rows,
        false => Writes::No,
    };
    let overloads = table.methods.contains_key(&TableMethod::FindFunction);
    &MODULES[table.eponymous as usize][writes as usize][usize::from(overloads)]
}

const fn module(eponymous: Eponymous, writes: Writes, overloads: bool) -> sqlite3_module {
    let read = sqlite3_module {
        // A table can be used without CREATE VIRTUAL TABLE if SQLite sees one function for both, or none
        // that creates.
        xCreate: match eponymous {
            Eponymous::No => Some(connect::<true>),
            Eponymous::Yes => Some(connect::<false>),
            Eponymous::Only => None,
        },
        xConnect: Some(connect::<false>),
        xBestIndex: Some(best_index),
        xDisconnect: Some(disconnect),
        xDestroy: Some(destroy),
        xOpen: Some(open),
        xClose: Some(close),
        xFilter: Some(filter),
        xNext: Some(next),
        xEof: Some(eof),
        xColumn: Some(match writes {
            Writes::No | Writes::Rows => column,
            Writes::Changes => column_that_changes,
        }),
        xRowid: Some(rowid),
        xRename: Some(rename),
        xFindFunction: if overloads { Some(find_function) } else { None },
        ..vtab::NO_METHODS
    };
    if matches!(writes, Writes::No) {
        return read;
    }
    sqlite3_module {
        xUpdate: Some(update),
        xBegin: Some(begin),
        xSync: Some(sync),
        xCommit: Some(commit),
        xRollback: Some(rollback),
        xSavepoint: Some(savepoint),
        xRelease: Some(release),
        xRollbackTo: Some(rollback_to),
        ..read
    }
}

#[repr(C)]
struct VirtualTableCursor {
    base: sqlite3_vtab_cursor,
    scan: VirtualCursor,
}

/// xCreate, or xConnect.
unsafe extern "C" fn connect<const CREATE: bool>(
    db: *mut sqlite3,
    data: *mut c_void,
    argc: c_int,
    argv: *const *const c_char,
    out: *mut *mut sqlite3_vtab,
    message: *mut *mut c_char,
) -> c_int {
    // SAFETY: this is xCreate or xConnect.
    unsafe { make(db, data, (argc, argv), out, message, CREATE) }
}

/// # Safety
/// The arguments are those of xCreate or xConnect.
unsafe fn make(
    db: *mut sqlite3,
    data: *mut c_void,
    arguments: (c_int, *const *const c_char),
    out: *mut *mut sqlite3_vtab,
    message: *mut *mut c_char,
    create: bool,
) -> c_int {
    guard(
        || SQLITE_ERROR,
        || {
            // SAFETY: SQLite gives back the slot of this module, and texts that end with a NUL.
            let (slot, arguments) = unsafe { (&*data.cast::<TableSlot>(), texts(arguments)) };
            let state = &slot.state;
            let session = state.session();
            let mut table = match new(slot, &session, arguments, create) {
                Ok(table) => table,
                // SQLite prepares the statement again then.
                // SAFETY: `message` is SQLite's place for one.
                Err(error) if error.engine_code() == Some(SQLITE_SCHEMA) => unsafe {
                    vtab::set_message(state.handle.api, message, error.message());
                    return SQLITE_SCHEMA;
                },
                // SAFETY: as above.
                Err(error) => return unsafe { vtab::fail(state, message, error) },
            };
            // SAFETY: this is xCreate or xConnect for `db`, and `message` its place for a message.
            let code = unsafe { declare(state, db, &mut table, message) };
            if code != SQLITE_OK {
                table.disconnect(&session);
                return code;
            }
            use TableMethod::{Release, RollbackTo, Savepoint};
            let methods = &table.table().methods;
            let hears_savepoints =
                [Savepoint, Release, RollbackTo].iter().any(|method| methods.contains_key(method));
            let connected = Connected {
                base: vtab::NEW,
                state: Rc::clone(state),
                session: RefCell::new(session),
                name: slot.key.clone(),
                table: RefCell::new(table),
                overloads: Overloads::default(),
                hears_savepoints,
                missed: RefCell::default(),
                failed: RefCell::default(),
            };
            let state = Rc::clone(&connected.state);
            // SAFETY: `out` is SQLite's place for the table.
            unsafe {
                let code = vtab::give(out, connected);
                state.connected(*out);
                code
            }
        },
    )
}

/// # Safety
/// The arguments are a number of texts, and those texts.
unsafe fn texts((argc, argv): (c_int, *const *const c_char)) -> Vec<String> {
    (0..usize::try_from(argc).unwrap_or_default())
        // SAFETY: the caller's promise.
        .map(|i| unsafe { CStr::from_ptr(*argv.add(i)) }.to_string_lossy().into_owned())
        .collect()
}

/// Makes the table. A guest that fails matters only if its columns, or a new table, need it. So a table
/// whose guest no longer works can still be dropped.
fn new(
    slot: &TableSlot,
    session: &Session,
    arguments: Vec<String>,
    create: bool,
) -> Result<VirtualTable> {
    let state = &slot.state;
    let registry = state.registry();
    let entry = Arc::clone(find(&registry, &slot.key)?);
    let needed = create || entry.table.columns.is_empty();
    // SQLite names the table like its module if nobody made it.
    let is_eponymous = !create && arguments.first() == arguments.get(2);
    let mut table = VirtualTable::new(session, registry, entry, arguments);
    // Only here can SQLite be told how conflicts are handled.
    let writable = table.table().methods.contains_key(&TableMethod::Update);
    let connect = || {
        let access = Access { session, read: &|sha256| state.read_module(sha256) };
        match needed || writable {
            true => table.connect(access, create).map(drop),
            // Later, SQLite may be unable to read the module, because it holds on to its schema.
            false => table.load(access),
        }
    };
    let sql = &state.services.sql;
    let connected = match (create, is_eponymous) {
        (true, _) => sql.all_or_nothing(|| sql.at_moment(Moment::Create, connect)),
        // SQLite does not protect its schema from SQL here.
        (false, true) => sql.preparing(connect),
        (false, false) => sql.at_moment(Moment::Connect, connect),
    };
    if let Err(error) = connected
        && (needed || error.engine_code() == Some(SQLITE_SCHEMA))
    {
        table.disconnect(session);
        return Err(error);
    }
    Ok(table)
}

fn find<'r>(registry: &'r Registry, name: &str) -> Result<&'r Arc<TableEntry>> {
    usable(registry, name)
        .ok_or_else(|| Error::new(ErrorKind::NotFound, format!("no such module: {name}")))
}

/// Declares the columns, and what else SQLite has to know.
///
/// # Safety
/// This is xCreate or xConnect for `db`, and `message` its place for a message.
unsafe fn declare(
    state: &ConnectionState,
    db: *mut sqlite3,
    table: &mut VirtualTable,
    message: *mut *mut c_char,
) -> c_int {
    let api = state.handle.api;
    let sql = match table.declaration() {
        Some(sql) => format!("{sql}\0"),
        None => {
            let columns: Vec<_> = table.table().columns.iter().map(column_definition).collect();
            vtab::create_table(&columns)
        }
    };
    // SAFETY: the caller's promise.
    unsafe {
        let innocuous = is_innocuous(table.callable());
        let code = vtab::declare(api, db, &sql, innocuous, message);
        if code != SQLITE_OK {
            return code;
        }
        if table.constraint_support() {
            (api.sqlite3_vtab_config)(db, SQLITE_VTAB_CONSTRAINT_SUPPORT, 1 as c_int);
        }
    }
    SQLITE_OK
}

unsafe extern "C" fn disconnect(table: *mut sqlite3_vtab) -> c_int {
    // SAFETY: the table that `make` gave.
    if unsafe { &*table.cast::<Connected>() }.table.try_borrow_mut().is_err() {
        // SQLite holds on to tables whose methods run. If it did not, the method would have to end first,
        // and nobody frees the table after it.
        return SQLITE_OK;
    }
    let end = |own: Connected| {
        own.state.disconnected(table);
        // SQLite may be closing the connection, and walks through its schema.
        let services = Rc::clone(&own.state).services.clone();
        services.sql.preparing(|| own.table.into_inner().disconnect(&own.session.borrow()));
    };
    // SAFETY: as above; SQLite disconnects it once.
    unsafe { vtab::take_back(table, end) }
}

unsafe extern "C" fn destroy(table: *mut sqlite3_vtab) -> c_int {
    guard(
        || SQLITE_ERROR,
        || {
            // SAFETY: the table that `make` made.
            let connected = unsafe { &*table.cast::<Connected>() };
            let sql = &connected.state.services.sql;
            let destroyed = sql.all_or_nothing(|| with_table(connected, VirtualTable::destroy));
            if let Err(error) = destroyed {
                let code = code_of(&error);
                connected.state.set_destroy_error(error);
                return code;
            }
            // SAFETY: as above; SQLite forgets the table now, as after xDisconnect.
            unsafe { disconnect(table) }
        },
    )
}

/// Runs a method of a table. Its error goes to where SQLite looks for it.
///
/// # Safety
/// `table` is one that `make` made, in a method that SQLite calls.
#[inline(always)]
unsafe fn method(
    table: *mut sqlite3_vtab,
    body: impl FnOnce(&Connected, &mut VirtualTable, Access<'_>) -> Result<()>,
) -> c_int {
    guard(
        || SQLITE_ERROR,
        || {
            // SAFETY: the caller's promise.
            let connected = unsafe { &*table.cast::<Connected>() };
            match with_table(connected, |table, access| body(connected, table, access)) {
                Ok(()) => SQLITE_OK,
                // SAFETY: as above.
                Err(error) => unsafe {
                    vtab::fail(&connected.state, &raw mut (*table).zErrMsg, error)
                },
            }
        },
    )
}

/// As [`method`], for a method of a cursor.
///
/// # Safety
/// `cursor` is one that `open` made, in a method that SQLite calls.
#[inline(always)]
unsafe fn cursor_method(
    cursor: *mut sqlite3_vtab_cursor,
    body: impl FnOnce(&Connected, &mut VirtualTable, Access<'_>, &mut VirtualCursor) -> Result<()>,
) -> c_int {
    // SAFETY: the caller's promise; SQLite put the table into the cursor, and runs one method of a
    // cursor at a time.
    unsafe {
        let own = cursor.cast::<VirtualTableCursor>();
        method((*cursor).pVtab, |connected, table, access| {
            body(connected, table, access, &mut (*own).scan)
        })
    }
}

unsafe extern "C" fn best_index(table: *mut sqlite3_vtab, info: *mut sqlite3_index_info) -> c_int {
    // SAFETY: the table that `make` made.
    let connected = unsafe { &*table.cast::<Connected>() };
    if connected.is_running() {
        // Its guest prepares a statement on it, perhaps for the names of its columns.
        connected.state.plans.set(connected.state.plans.get() + 1);
        // SAFETY: this is xBestIndex, and SQLite gives the structure for the duration of this call.
        unsafe { plan::apply_none(info) };
        return SQLITE_OK;
    }
    let mut code = SQLITE_OK;
    let body = |connected: &Connected, table: &mut VirtualTable, access: Access<'_>| {
        let state = &connected.state;
        state.plans.set(state.plans.get() + 1);
        // A statement is being prepared, so only what is loaded is used.
        let session = renewed(connected, table, state.registry())?;
        let access = Access { session: &session, ..access };
        // SAFETY: this is xBestIndex, and SQLite gives the structure for the duration of this call.
        unsafe {
            let request = plan::request(state.handle.api, info);
            code = match table.best_index(access, &request)? {
                Some(plan) => plan::apply(state.handle.api, info, &plan),
                None => SQLITE_CONSTRAINT,
            };
        }
        Ok(())
    };
    let services = Arc::clone(&connected.state.services);
    // SAFETY: this is xBestIndex.
    let result = services.sql.preparing(|| unsafe { method(table, body) });
    // If the guest gave this code, SQLite would think that there is no such plan.
    if result == SQLITE_CONSTRAINT { SQLITE_ERROR } else { result | code }
}

unsafe extern "C" fn open(table: *mut sqlite3_vtab, out: *mut *mut sqlite3_vtab_cursor) -> c_int {
    let body = |connected: &Connected, table: &mut VirtualTable, access: Access<'_>| {
        let session = renew(connected, table)?;
        let scan = table.open(Access { session: &session, ..access })?;
        // SAFETY: `out` is SQLite's place for the cursor.
        unsafe { vtab::give(out, VirtualTableCursor { base: vtab::NEW_CURSOR, scan }) };
        Ok(())
    };
    // SAFETY: this is xOpen.
    unsafe { method(table, body) }
}

unsafe extern "C" fn close(cursor: *mut sqlite3_vtab_cursor) -> c_int {
    // SAFETY: SQLite put the table that `make` gave into the cursor.
    let connected = unsafe { (*cursor).pVtab.cast::<Connected>() };
    let end = |cursor: VirtualTableCursor| {
        // SAFETY: as above; cursors are closed before their table is.
        let connected = unsafe { &*connected };
        let close = || {
            with_table(connected, |table, access| {
                table.close(access.session, cursor.scan);
                Ok(())
            })
        };
        // Nobody would learn of an error, not even that a transaction has ended.
        let services = connected.state.services.clone();
        let _ = services.sql.at_moment(Moment::Boundary, close);
    };
    // SAFETY: the cursor that `open` gave; SQLite closes it once.
    unsafe { vtab::take_back(cursor, end) }
}

unsafe extern "C" fn filter(
    cursor: *mut sqlite3_vtab_cursor,
    number: c_int,
    text: *const c_char,
    argc: c_int,
    argv: *mut *mut sqlite3_value,
) -> c_int {
    let body = |connected: &Connected,
                table: &mut VirtualTable,
                access: Access<'_>,
                scan: &mut VirtualCursor| {
        // SAFETY: SQLite gives back the plan's text.
        if unsafe { plan::is_none(text) } {
            let message = format!(
                "{}: the statement was prepared while a method of the table ran: prepare it again",
                connected.name
            );
            return Err(Error::new(ErrorKind::Fault, message));
        }
        let api = connected.state.handle.api;
        let room = plan::Room {
            bytes_max: access.session.environment().settings.limits.memory_bytes_max,
            bytes: 0,
            interrupted: &|| connected.state.is_interrupted(),
        };
        // SAFETY: SQLite gives back the plan's text, and as many values as the plan asked for.
        let (text, values) = unsafe { plan::unpack(api, text, argc, argv, room) };
        let values: Vec<FilterValue> = values.map_err(|bad| bad.of(&connected.name))?;
        table.filter(access.session, scan, number, text.as_deref(), &values)
    };
    // SAFETY: this is xFilter.
    unsafe { cursor_method(cursor, body) }
}

unsafe extern "C" fn next(cursor: *mut sqlite3_vtab_cursor) -> c_int {
    // SAFETY: the cursor that `open` gave; SQLite runs one method of it at a time.
    if unsafe { (*cursor.cast::<VirtualTableCursor>()).scan.advance_within() } {
        return SQLITE_OK;
    }
    // SAFETY: this is xNext. Nothing before this can panic.
    unsafe { cursor_method(cursor, |_, table, access, scan| table.advance(access.session, scan)) }
}

unsafe extern "C" fn eof(cursor: *mut sqlite3_vtab_cursor) -> c_int {
    // SAFETY: the cursor that `open` made.
    unsafe { (*cursor.cast::<VirtualTableCursor>()).scan.is_end().into() }
}

unsafe extern "C" fn column(
    cursor: *mut sqlite3_vtab_cursor,
    context: *mut sqlite3_context,
    index: c_int,
) -> c_int {
    let body = |connected: &Connected,
                table: &mut VirtualTable,
                access: Access<'_>,
                scan: &mut VirtualCursor| {
        let api: &Api = connected.state.handle.api;
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        if let Some(integer) = table.integer(scan, index) {
            // SAFETY: SQLite gives the context for the duration of this call.
            unsafe { (api.sqlite3_result_int64)(context, integer) };
            return Ok(());
        }
        // SAFETY: SQLite gives the context for the duration of this call.
        table.column(access.session, scan, index, unsafe { ResultContext::new(api, context) })
    };
    // SAFETY: this is xColumn.
    unsafe { cursor_method(cursor, body) }
}

/// Gives no value for a column that an update leaves alone, if the guest accepts that. SQLite then tells
/// xUpdate so.
unsafe extern "C" fn column_that_changes(
    cursor: *mut sqlite3_vtab_cursor,
    context: *mut sqlite3_context,
    index: c_int,
) -> c_int {
    // SAFETY: SQLite put the table that `make` gave into the cursor, and gives the context for the
    // duration of this call.
    unsafe {
        let connected = &*(*cursor).pVtab.cast::<Connected>();
        let nochange = connected.state.handle.api.sqlite3_vtab_nochange;
        if nochange(context) != 0
            && let Ok(mut table) = connected.table.try_borrow_mut()
            && table.is_keepable(
                &(*cursor.cast::<VirtualTableCursor>()).scan,
                usize::try_from(index).unwrap_or(usize::MAX),
            )
        {
            return SQLITE_OK;
        }
        column(cursor, context, index)
    }
}

unsafe extern "C" fn rowid(cursor: *mut sqlite3_vtab_cursor, out: *mut i64) -> c_int {
    let body =
        |_: &Connected, table: &mut VirtualTable, access: Access<'_>, scan: &mut VirtualCursor| {
            let rowid = table.rowid(access.session, scan)?;
            // SAFETY: `out` is SQLite's place for the number.
            unsafe { *out = rowid };
            Ok(())
        };
    // SAFETY: this is xRowid.
    unsafe { cursor_method(cursor, body) }
}

unsafe extern "C" fn update(
    table: *mut sqlite3_vtab,
    argc: c_int,
    argv: *mut *mut sqlite3_value,
    out: *mut i64,
) -> c_int {
    let body = |connected: &Connected, table: &mut VirtualTable, access: Access<'_>| {
        connected.check_savepoints()?;
        let handle = connected.state.handle;
        // SAFETY: SQLite gives these values for the duration of this call, which is xUpdate.
        let (values, on_conflict) = unsafe {
            let values = Values::new(handle.api, argc, argv);
            (values, (handle.api.sqlite3_vtab_on_conflict)(handle.db()))
        };
        let inserts = values.len() > 1 && values.get(0) == Ok(ValueRef::Null);
        match table.update(access, &Changes(values), on_conflict)? {
            // SAFETY: `out` is SQLite's place for the rowid of an inserted row.
            Some(rowid) if inserts => unsafe { *out = rowid },
            _ => {}
        }
        Ok(())
    };
    // SAFETY: this is xUpdate.
    unsafe { method(table, body) }
}

/// The arguments of xUpdate.
struct Changes<'a>(Values<'a>);

impl Arguments for Changes<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, position: usize) -> Result<ValueRef<'_>, Unreadable> {
        self.0.get(position)
    }

    fn null(&self, position: usize) -> Null {
        match self.0.is_nochange(position) {
            true => Null::NoChange,
            false => self.0.null(position),
        }
    }

    fn subtype(&self, position: usize) -> u8 {
        self.0.subtype(position)
    }
}

/// # Safety
/// As [`method`].
unsafe fn transaction(
    table: *mut sqlite3_vtab,
    which: TableMethod,
    number: Option<c_int>,
) -> c_int {
    let body = |connected: &Connected, table: &mut VirtualTable, access: Access<'_>| {
        connected.state.services.sql.all_or_nothing(|| {
            match which {
                TableMethod::Begin => drop(renew(connected, table)?),
                TableMethod::Sync => connected.check_savepoints()?,
                _ => {}
            }
            let session = Rc::clone(&connected.session.borrow());
            let access = Access { session: &session, ..access };
            let result = table.transaction(access, which, number.map(i64::from));
            connected.ended(which, result)
        })
    };
    // SAFETY: the table that `make` made.
    let connected = unsafe { &*table.cast::<Connected>() };
    // A statement that one of its methods runs has a savepoint of its own.
    if number.is_some_and(|number| connected.misses(which, number)) {
        return SQLITE_OK;
    }
    let moment = Moment::of(which);
    let services = connected.state.services.clone();
    // SAFETY: the caller's promise.
    let run = || unsafe { method(table, body) };
    match moment {
        Some(moment) => services.sql.at_moment(moment, run),
        None => run(),
    }
}

macro_rules! transaction_methods {
    (
        whole { $($name:ident: $method:ident;)* }
        numbered { $($numbered:ident: $numbered_method:ident;)* }
    ) => {
        $(unsafe extern "C" fn $name(table: *mut sqlite3_vtab) -> c_int {
            // SAFETY: this is a method of the transaction.
            unsafe { transaction(table, TableMethod::$method, None) }
        })*
        $(unsafe extern "C" fn $numbered(table: *mut sqlite3_vtab, number: c_int) -> c_int {
            // SAFETY: this is a method of the transaction.
            unsafe { transaction(table, TableMethod::$numbered_method, Some(number)) }
        })*
    };
}

transaction_methods! {
    whole {
        begin: Begin;
        sync: Sync;
        commit: Commit;
        rollback: Rollback;
    }
    numbered {
        savepoint: Savepoint;
        release: Release;
        rollback_to: RollbackTo;
    }
}

unsafe extern "C" fn rename(table: *mut sqlite3_vtab, name: *const c_char) -> c_int {
    // SAFETY: SQLite gives a text that ends with a NUL.
    let name = unsafe { CStr::from_ptr(name) }.to_string_lossy();
    let body = |connected: &Connected, table: &mut VirtualTable, access: Access<'_>| {
        connected.state.services.sql.all_or_nothing(|| table.rename(access, &name))
    };
    // SAFETY: this is xRename.
    unsafe { method(table, body) }
}
