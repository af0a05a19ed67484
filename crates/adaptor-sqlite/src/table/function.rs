//! The methods of a table function: an
//! [eponymous-only virtual table](https://www.sqlite.org/vtab.html#epoonlyvtab) whose hidden columns
//! are the arguments.
//!
//! Per row: a position in a batch in guest memory moves on, and a value is read from there into SQLite.
//! Nothing is allocated, hashed, locked or looked up by name, and the guest is called once for many rows.

use std::cell::RefCell;
use std::ffi::{c_char, c_int, c_void};
use std::rc::{Rc, Weak};
use std::sync::Arc;

use commensal_core::guest::{Arguments, Null, Unreadable};
use commensal_core::registry::TableEntry;
use commensal_core::session::Session;
use commensal_core::table::{Access, FunctionCursor, Scans};
use commensal_core::{Error, ErrorKind, Result, ValueRef};

use super::slot::{TableSlot, column_definition};
use crate::api::code::*;
use crate::api::{
    Api, sqlite3, sqlite3_context, sqlite3_index_info, sqlite3_module, sqlite3_value, sqlite3_vtab,
    sqlite3_vtab_cursor,
};
use crate::form::is_innocuous;
use crate::guard::guard;
use crate::result::ResultContext;
use crate::state::ConnectionState;
use crate::values::Values;
use crate::vtab;

pub(super) static MODULE: sqlite3_module = sqlite3_module {
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

/// A table function as statements see it. They are prepared with its columns, whatever the catalog says
/// later.
#[repr(C)]
struct Connected {
    base: sqlite3_vtab,
    state: Rc<ConnectionState>,
    /// As it was when the table was connected.
    entry: Arc<TableEntry>,
    /// For each column, which argument it is.
    arguments: Vec<Option<usize>>,
    /// The scans of the cursor that was opened last, for [`scans`].
    scans: RefCell<Weak<RefCell<Scans>>>,
}

/// The oldest SQLite known to scan the sides of an OR with one cursor. Older ones open another before
/// closing the first.
const ONE_CURSOR_SINCE: c_int = 3_054_000;

/// The scans that a new cursor counts with: its own, or those of the cursor before, if that is still open
/// and the new one may be for the next side of an OR.
fn scans(connected: &Connected) -> Rc<RefCell<Scans>> {
    // SAFETY: the function takes nothing.
    let version = unsafe { (connected.state.handle.api.sqlite3_libversion_number)() };
    let mut last = connected.scans.borrow_mut();
    let shared = last.upgrade().filter(|_| version < ONE_CURSOR_SINCE);
    let scans = shared.unwrap_or_default();
    *last = Rc::downgrade(&scans);
    scans
}

#[repr(C)]
struct FunctionTableCursor {
    base: sqlite3_vtab_cursor,
    state: Rc<ConnectionState>,
    /// Made by the first xFilter, with the session that its instance comes from.
    scan: Option<(FunctionCursor, Rc<Session>)>,
    scans: Rc<RefCell<Scans>>,
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
            // SAFETY: SQLite gives back the slot of this module.
            let slot = unsafe { &*data.cast::<TableSlot>() };
            // A statement is being prepared, so no SQL may run here, and only what is loaded is used.
            let entry = match find(slot.state.registry().table(&slot.key), &slot.key) {
                Ok(entry) => Arc::clone(entry),
                // SAFETY: `message` is SQLite's place for one.
                Err(error) => return unsafe { vtab::fail(&slot.state, message, error) },
            };
            let api = slot.state.handle.api;
            let columns: Vec<_> = entry.table.columns.iter().map(column_definition).collect();
            let (declaration, innocuous) =
                (vtab::create_table(&columns), is_innocuous(&entry.callable));
            let state = &slot.state;
            let connected = || {
                let mut numbers = 0..;
                let arguments = entry.table.columns.iter();
                let arguments =
                    arguments.map(|c| if c.hidden { numbers.next() } else { None }).collect();
                let (state, scans) = (Rc::clone(state), RefCell::default());
                Connected { base: vtab::NEW, state, entry, arguments, scans }
            };
            // SAFETY: this is xConnect, `out` is SQLite's place for the table, and `message` for a message.
            unsafe {
                let code =
                    vtab::connect(api, db, &declaration, innocuous, (out, message), connected);
                if code == SQLITE_OK {
                    state.connected(*out);
                }
                code
            }
        },
    )
}

/// The table function of this name in a snapshot.
fn find<'r>(entry: Option<&'r Arc<TableEntry>>, name: &str) -> Result<&'r Arc<TableEntry>> {
    entry
        .filter(|entry| !entry.shadowed && !entry.table.is_virtual())
        .ok_or_else(|| Error::new(ErrorKind::NotFound, format!("no such table function: {name}")))
}

unsafe extern "C" fn disconnect(table: *mut sqlite3_vtab) -> c_int {
    // SAFETY: the table that `connect` gave; SQLite disconnects it once.
    unsafe { vtab::take_back(table, |own: Connected| own.state.disconnected(table)) }
}

/// Cost of a plan that gives all arguments, in SQLite's units.
const COST: f64 = 1e3;

/// How many times more a plan costs for each argument that it does not give, as a power of ten: more than a join of
/// three tables of unknown size, in an OR of many sides.
const COST_OF_MISSING: f64 = 20.0;

/// The largest cost as a power of ten, which leaves room below that of a `double` and of SQLite's logarithms.
const COST_MAX: f64 = 240.0;

/// Whether the plan gives an argument. The plan's text has one of these for each.
const GIVEN: u8 = b'1';
const NOT_GIVEN: u8 = b'0';

/// A plan says which arguments are given. An argument in SQL has to reach the guest, because a plan without
/// it would mean another query.
unsafe extern "C" fn best_index(table: *mut sqlite3_vtab, info: *mut sqlite3_index_info) -> c_int {
    guard(
        || SQLITE_ERROR,
        || {
            // SAFETY: the table that `connect` made, and the structure that SQLite gives for the
            // duration of this call.
            let (connected, info) = unsafe { (&*table.cast::<Connected>(), &mut *info) };
            // SAFETY: as above.
            unsafe { plan(connected, info) }
        },
    )
}

/// # Safety
/// `info` is what SQLite gives to xBestIndex.
unsafe fn plan(connected: &Connected, info: &mut sqlite3_index_info) -> c_int {
    let state = &connected.state;
    state.plans.set(state.plans.get() + 1);
    let api = state.handle.api;
    let count = usize::try_from(info.nConstraint).unwrap_or_default();
    let constraints = match count {
        0 => &[],
        // SAFETY: SQLite says that the array has this many constraints.
        _ => unsafe { std::slice::from_raw_parts(info.aConstraint, count) },
    };
    let arguments = connected.arguments.iter().flatten().count();
    // For each argument, the constraint that gives it.
    let mut given: Vec<Option<usize>> = vec![None; arguments];
    let mut wanted = vec![false; arguments];
    for (number, constraint) in constraints.iter().enumerate() {
        let column = usize::try_from(constraint.iColumn).ok();
        let argument = column.and_then(|column| *connected.arguments.get(column)?);
        let Some(argument) = argument else { continue };
        if constraint.op != SQLITE_INDEX_CONSTRAINT_EQ {
            continue;
        }
        wanted[argument] = true;
        if constraint.usable != 0 && given[argument].is_none() {
            given[argument] = Some(number);
        }
    }
    if wanted.iter().zip(&given).any(|(wanted, given)| *wanted && given.is_none()) {
        return SQLITE_CONSTRAINT;
    }
    let mut position = 0;
    for constraint in given.iter().flatten() {
        position += 1;
        // SAFETY: SQLite gives as many uses as constraints, and this is the number of one.
        unsafe {
            let usage = &mut *info.aConstraintUsage.add(*constraint);
            usage.argvIndex = position;
            // The cursor shows the argument in its column, so SQLite would compare it to itself.
            usage.omit = 1;
        }
    }
    let text: Vec<u8> = given.iter().map(|g| if g.is_some() { GIVEN } else { NOT_GIVEN }).collect();
    let (copied, code) = vtab::copy(api, &text);
    if code != SQLITE_OK {
        return code;
    }
    info.idxStr = copied;
    info.needToFreeIdxStr = 1;
    // Arguments that are not given are NULL. If they could be given, only that plan is right, even if it is
    // one of many for the sides of an OR.
    let missing = given.iter().filter(|given| given.is_none()).count();
    let of_each = COST_OF_MISSING.min(COST_MAX / arguments.max(1) as f64);
    info.estimatedCost = COST * 10_f64.powf(of_each * missing as f64);
    info.estimatedRows = 1000;
    SQLITE_OK
}

unsafe extern "C" fn open(table: *mut sqlite3_vtab, out: *mut *mut sqlite3_vtab_cursor) -> c_int {
    guard(
        || SQLITE_ERROR,
        || {
            // SAFETY: the table that `connect` made.
            let connected = unsafe { &*table.cast::<Connected>() };
            let (state, scans) = (Rc::clone(&connected.state), scans(connected));
            let cursor = FunctionTableCursor { base: vtab::NEW_CURSOR, state, scan: None, scans };
            // SAFETY: `out` is SQLite's place for the cursor.
            unsafe { vtab::give(out, cursor) }
        },
    )
}

unsafe extern "C" fn close(cursor: *mut sqlite3_vtab_cursor) -> c_int {
    let end = |cursor: FunctionTableCursor| {
        if let Some((scan, session)) = cursor.scan {
            scan.end(&session);
        }
    };
    // SAFETY: the cursor that `open` gave; SQLite closes it once.
    unsafe { vtab::take_back(cursor, end) }
}

/// Runs a method of a cursor. Its error goes to the table, where SQLite looks for it.
///
/// # Safety
/// `cursor` is one that `open` made, in a method that SQLite calls.
#[inline(always)]
unsafe fn method(
    cursor: *mut sqlite3_vtab_cursor,
    body: impl FnOnce(&mut FunctionTableCursor) -> Result<()>,
) -> c_int {
    guard(
        || SQLITE_ERROR,
        || {
            // SAFETY: the caller's promise; SQLite runs one method of a cursor at a time.
            let own = unsafe { &mut *cursor.cast::<FunctionTableCursor>() };
            match body(own) {
                Ok(()) => SQLITE_OK,
                // SAFETY: SQLite put the table into the cursor.
                Err(error) => unsafe {
                    vtab::fail(&own.state, &raw mut (*own.base.pVtab).zErrMsg, error)
                },
            }
        },
    )
}

unsafe extern "C" fn filter(
    cursor: *mut sqlite3_vtab_cursor,
    _number: c_int,
    text: *const c_char,
    argc: c_int,
    argv: *mut *mut sqlite3_value,
) -> c_int {
    let body = |cursor: &mut FunctionTableCursor| {
        // SAFETY: SQLite put the table into the cursor, gives back the plan's text, and as many
        // values as the plan asked for.
        let (connected, given) = unsafe {
            let connected = &*cursor.base.pVtab.cast::<Connected>();
            (connected, std::ffi::CStr::from_ptr(text).to_bytes())
        };
        let state = &connected.state;
        // SAFETY: as above.
        let values = unsafe { Values::new(state.handle.api, argc, argv) };
        if cursor.scan.is_none() {
            cursor.scan = Some(scan(connected)?);
        }
        let Some((scan, session)) = &mut cursor.scan else { return Ok(()) };
        let access = Access { session, read: &|sha256| state.read_module(sha256) };
        scan.filter(access, &Given { given, values })
    };
    // SAFETY: this is xFilter.
    unsafe { method(cursor, body) }
}

/// Makes a cursor by what the catalog says now.
#[cold]
fn scan(connected: &Connected) -> Result<(FunctionCursor, Rc<Session>)> {
    let state = &connected.state;
    let name = &connected.entry.callable.name;
    let registry = state.current().map_err(|error| error.of_function(name))?;
    let entry = Arc::clone(find(registry.table(name), name)?);
    if entry.table.columns != connected.entry.table.columns {
        let message = format!(
            "{name}() has other columns since the statement was prepared: prepare it again"
        );
        return Err(Error::new(ErrorKind::NotFound, message));
    }
    let session = state.session();
    Ok((FunctionCursor::new(&session, registry, entry), session))
}

/// One argument for each hidden column: those from SQL in their places, and NULL for the rest.
struct Given<'a> {
    /// See [`GIVEN`].
    given: &'a [u8],
    values: Values<'a>,
}

impl Arguments for Given<'_> {
    fn len(&self) -> usize {
        self.given.len()
    }

    fn get(&self, position: usize) -> Result<ValueRef<'_>, Unreadable> {
        match self.given.get(position) {
            Some(&GIVEN) => {
                let before = self.given[..position].iter().filter(|g| **g == GIVEN).count();
                self.values.get(before)
            }
            _ => Ok(ValueRef::Null),
        }
    }

    fn null(&self, position: usize) -> Null {
        match self.given.get(position) {
            Some(&GIVEN) => {
                let before = self.given[..position].iter().filter(|g| **g == GIVEN).count();
                self.values.null(before)
            }
            _ => Null::Plain,
        }
    }
}

unsafe extern "C" fn next(cursor: *mut sqlite3_vtab_cursor) -> c_int {
    let body = |cursor: &mut FunctionTableCursor| match &mut cursor.scan {
        Some((scan, session)) => scan.advance(session),
        None => Ok(()),
    };
    // SAFETY: this is xNext.
    unsafe { method(cursor, body) }
}

unsafe extern "C" fn eof(cursor: *mut sqlite3_vtab_cursor) -> c_int {
    // SAFETY: the cursor that `open` made.
    let cursor = unsafe { &*cursor.cast::<FunctionTableCursor>() };
    cursor.scan.as_ref().is_none_or(|(scan, _)| scan.is_end()).into()
}

unsafe extern "C" fn column(
    cursor: *mut sqlite3_vtab_cursor,
    context: *mut sqlite3_context,
    index: c_int,
) -> c_int {
    // SAFETY: the cursor that `open` gave; SQLite runs one method of it at a time.
    let own = unsafe { &mut *cursor.cast::<FunctionTableCursor>() };
    if let Some((scan, _)) = &mut own.scan
        && let Some(integer) = scan.integer(index as usize)
    {
        // SAFETY: SQLite gives the context for the duration of this call.
        unsafe { (own.state.handle.api.sqlite3_result_int64)(context, integer) };
        return SQLITE_OK;
    }
    // SAFETY: this is xColumn. Nothing before this can panic.
    unsafe { any_column(cursor, context, index) }
}

/// Gives a value of any kind.
///
/// # Safety
/// The arguments are those of xColumn.
#[inline(never)]
unsafe fn any_column(
    cursor: *mut sqlite3_vtab_cursor,
    context: *mut sqlite3_context,
    index: c_int,
) -> c_int {
    let body = |cursor: &mut FunctionTableCursor| {
        let (api, index): (&Api, _) = (cursor.state.handle.api, usize::try_from(index));
        match (&mut cursor.scan, index) {
            (Some((scan, session)), Ok(index)) => {
                // SAFETY: SQLite gives the context for the duration of this call.
                scan.column(session, index, unsafe { ResultContext::new(api, context) })
            }
            _ => Ok(()),
        }
    };
    // SAFETY: the caller's promise.
    unsafe { method(cursor, body) }
}

unsafe extern "C" fn rowid(cursor: *mut sqlite3_vtab_cursor, out: *mut i64) -> c_int {
    let body = |cursor: &mut FunctionTableCursor| {
        if let Some((scan, session)) = &mut cursor.scan {
            let rowid = scan.rowid_among(session, &cursor.scans)?;
            // SAFETY: `out` is SQLite's place for the number.
            unsafe { *out = rowid };
        }
        Ok(())
    };
    // SAFETY: this is xRowid.
    unsafe { method(cursor, body) }
}
