//! `INSERT INTO wasm_statement(sql, p1, …)` runs a statement of Commensal's, as an [eponymous virtual table].
//! So SQLite, drivers and pools take it for what it is: a statement that writes.
//!
//! While a statement writes, SQLite sets no savepoint and begins no transaction. What undoes it all is the
//! statement's own journal, which SQLite keeps only for an `INSERT … SELECT` that may fail. So each row
//! goes through one more statement of that form, on this same table, and that does the writing.
//!
//! [eponymous virtual table]: https://www.sqlite.org/vtab.html#epoovtab

use std::ffi::{c_char, c_int, c_void};
use std::rc::Rc;

use commensal_core::ddl::lexer::{Lexer, TokenKind};
use commensal_core::ddl::{self, Parsed, Statement};
use commensal_core::execute::execute;
use commensal_core::guest::Arguments;
use commensal_core::{Error, ErrorKind, Result, Value, ValueRef};

use crate::api::code::*;
use crate::api::{
    sqlite3, sqlite3_context, sqlite3_index_info, sqlite3_module, sqlite3_value, sqlite3_vtab,
    sqlite3_vtab_cursor,
};
use crate::catalog::Access;
use crate::errand::Errand;
use crate::guard::guard;
use crate::one_statement::{parse, syntax, wrong_values};
use crate::state::ConnectionState;
use crate::values::Values;
use crate::vtab;

const NAME: &str = "wasm_statement";

/// How many values of parameters a row can have.
const VALUES_MAX: usize = 9;

/// SQLite finds the table under this schema, whatever a file calls wasm_statement.
const INSERT: &str = "INSERT INTO temp.wasm_statement(sql) SELECT ?1";

/// The arguments of xUpdate before those of the columns: the old rowid and the new one.
const BEFORE_COLUMNS: usize = 2;

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
    xUpdate: Some(update),
    ..vtab::NO_METHODS
};

#[repr(C)]
struct Connected {
    base: sqlite3_vtab,
    state: Rc<ConnectionState>,
}

/// Registers the table.
pub(crate) fn register(state: &Rc<ConnectionState>) -> Result<()> {
    vtab::register(state.handle, NAME, &MODULE, Rc::clone(state))
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
            // SAFETY: SQLite gives back what `register` gave it, which outlives the call.
            let state = Rc::clone(unsafe { &*data.cast::<Rc<ConnectionState>>() });
            let api = state.handle.api;
            let mut columns = vec!["sql TEXT NOT NULL".to_owned()];
            columns.extend((1..=VALUES_MAX).map(|number| format!("p{number}")));
            let declaration = vtab::create_table(&columns);
            // SAFETY: this is xConnect for `db`, `out` is SQLite's place for the table, and `message` for a
            // message; the option takes no argument.
            unsafe {
                let code = vtab::declare(api, db, &declaration, false, message);
                if code != SQLITE_OK {
                    return code;
                }
                // Views and triggers come with a file, and whoever opens it did not write them.
                let code = (api.sqlite3_vtab_config)(db, SQLITE_VTAB_DIRECTONLY);
                if code != SQLITE_OK {
                    return code;
                }
                vtab::give(out, Connected { base: vtab::NEW, state })
            }
        },
    )
}

unsafe extern "C" fn disconnect(table: *mut sqlite3_vtab) -> c_int {
    // SAFETY: the table that `connect` gave; SQLite disconnects it once.
    unsafe { vtab::take_back(table, drop::<Connected>) }
}

unsafe extern "C" fn update(
    table: *mut sqlite3_vtab,
    argc: c_int,
    argv: *mut *mut sqlite3_value,
    out: *mut i64,
) -> c_int {
    guard(
        || SQLITE_ERROR,
        || {
            // SAFETY: the table that `connect` made, and values that SQLite gives for this call.
            let (state, values) = unsafe {
                let state = Rc::clone(&(*table.cast::<Connected>()).state);
                let values = Values::new(state.handle.api, argc, argv);
                (state, values)
            };
            let rowid = state.handle.last_insert_rowid();
            // SAFETY: `out` is SQLite's place for the rowid of the new row. There is none, so the last one stays.
            unsafe { *out = rowid };
            let waiting = state.errand.take();
            let result = match waiting {
                Some(Errand::Waiting(statement, values)) => run(&state, &statement, &values),
                _ => insert(&state, &values),
            };
            match result {
                Ok(()) => SQLITE_OK,
                // SAFETY: as above.
                Err(error) => unsafe {
                    vtab::fail(&state, &raw mut (*table).zErrMsg, error.without_offset())
                },
            }
        },
    )
}

/// Takes a row: checks it, and has its statement run by another one.
fn insert(state: &Rc<ConnectionState>, values: &Values<'_>) -> Result<()> {
    if state.services.sql.is_running() {
        let message = format!("{NAME} is not for guests, nor for what their statements call");
        return Err(Error::new(ErrorKind::Denied, message));
    }
    if state.handle.count_writing() > 1 {
        return Err(Error::new(
            ErrorKind::InUse,
            format!(
                "{NAME}: another statement of this connection that writes is still running: \
                     step it to its end, or reset it, before definitions are changed"
            ),
        ));
    }
    check_target(state)?;
    check_temporary(state)?;
    let (statement, values) = read(values)?;
    state.errand.replace(Some(Errand::Waiting(Box::new(statement), values)));
    let inserted = state.handle.execute(INSERT, &[ValueRef::Null]);
    match (inserted, state.errand.take()) {
        // SQLite knows only the text of this error.
        (_, Some(Errand::Ended(Err(error)))) => Err(error),
        (Err(error), _) => Err(error),
        (Ok(()), Some(Errand::Ended(Ok(())))) => Ok(()),
        (Ok(()), _) => Err(is_hidden()),
    }
}

/// Checks that nothing temporary has the table's name, which would get the row.
fn check_temporary(state: &ConnectionState) -> Result<()> {
    let sql = "SELECT 1 FROM temp.sqlite_master WHERE name = ?1 COLLATE NOCASE";
    state.handle.query(sql, &[ValueRef::Text(NAME)], &mut |_| Err(is_hidden()))
}

#[cold]
fn is_hidden() -> Error {
    let message = format!("a temporary table or view of this connection is named {NAME}: drop it");
    Error::new(ErrorKind::Engine, message)
}

/// Checks that the statement that writes inserts into this table, and no trigger of another one does. No trigger can be
/// on a virtual table. Old versions of SQLite (3.31) let triggers insert into a table that is for top-level statements only.
fn check_target(state: &Rc<ConnectionState>) -> Result<()> {
    state.handle.for_each_writing(|sql| {
        let text = String::from_utf8_lossy(sql);
        match target(&text).is_some_and(|name| name.eq_ignore_ascii_case(NAME)) {
            true => Ok(()),
            false => {
                let message =
                    format!("{NAME}: only a statement of its own can use it, and no trigger");
                Err(Error::new(ErrorKind::Denied, message))
            }
        }
    })
}

/// The name of the table that the text of an INSERT names.
fn target(sql: &str) -> Option<String> {
    let mut lexer = Lexer::new(sql);
    loop {
        let token = lexer.significant();
        if token.kind == TokenKind::End {
            return None;
        }
        // No name is spelled like this keyword without quotes.
        if token.is("INTO") {
            break;
        }
    }
    let first = lexer.significant();
    let table = match lexer.significant().kind {
        TokenKind::Dot => lexer.significant(),
        _ => first,
    };
    ddl::name(&table)
}

/// The statement and its values in the arguments of xUpdate.
fn read(row: &Values<'_>) -> Result<(Parsed, Vec<Value>)> {
    let wrong = |what: &str| Err(Error::new(ErrorKind::Argument, format!("{NAME}: {what}")));
    let value = |position: usize| {
        row.get(position).map_err(|_| {
            let message = format!("{NAME}: a value is text that is not valid UTF-8");
            Error::new(ErrorKind::Argument, message)
        })
    };
    if row.len() < BEFORE_COLUMNS + 1 || value(0)? != ValueRef::Null {
        return wrong("it keeps no rows that could be changed");
    }
    if value(1)? != ValueRef::Null {
        return wrong("it keeps no rows, so leave out the rowid");
    }
    let sql = match value(BEFORE_COLUMNS)? {
        ValueRef::Text(sql) => sql,
        other => {
            return wrong(&format!("sql has to be text, a statement, but is {}", other.class()));
        }
    };
    let parsed = parse(NAME, sql)?;
    if let Statement::CacheSize(_) = parsed.statement {
        return Err(syntax(
            0,
            format!(
                "{NAME} runs what ROLLBACK can take back: the size of the cache is \
                     wasm_config('cache_bytes_max', …)"
            ),
        ));
    }
    let needed = parsed.parameters.count();
    if needed > VALUES_MAX {
        return wrong(&format!("a statement can have the parameters ?1 to ?{VALUES_MAX}"));
    }
    let mut values = Vec::with_capacity(needed);
    for position in BEFORE_COLUMNS + 1..row.len() {
        let value = value(position)?;
        match position - BEFORE_COLUMNS <= needed {
            true => values.push(value.to_owned()),
            false if value == ValueRef::Null => {}
            false => return wrong(&wrong_values(needed, position - BEFORE_COLUMNS)),
        }
    }
    Ok((parsed, values))
}

/// Runs a statement within the one that undoes it all if this fails.
fn run(state: &Rc<ConnectionState>, statement: &Parsed, values: &[Value]) -> Result<()> {
    let parameter = |number: usize| values.get(number - 1).map(Value::as_ref);
    let result = execute(&Access::within(state), &statement.statement, parameter).map(drop);
    state.errand.replace(Some(Errand::Ended(result.clone())));
    result
}

unsafe extern "C" fn best_index(_: *mut sqlite3_vtab, _: *mut sqlite3_index_info) -> c_int {
    SQLITE_OK
}

unsafe extern "C" fn open(_: *mut sqlite3_vtab, out: *mut *mut sqlite3_vtab_cursor) -> c_int {
    // SAFETY: `out` is SQLite's place for the cursor.
    guard(|| SQLITE_ERROR, || unsafe { vtab::give(out, vtab::NEW_CURSOR) })
}

unsafe extern "C" fn close(cursor: *mut sqlite3_vtab_cursor) -> c_int {
    // SAFETY: the cursor that `open` gave; SQLite closes it once.
    unsafe { vtab::take_back(cursor, drop::<sqlite3_vtab_cursor>) }
}

unsafe extern "C" fn filter(
    _: *mut sqlite3_vtab_cursor,
    _: c_int,
    _: *const c_char,
    _: c_int,
    _: *mut *mut sqlite3_value,
) -> c_int {
    SQLITE_OK
}

unsafe extern "C" fn next(_: *mut sqlite3_vtab_cursor) -> c_int {
    SQLITE_OK
}

/// There are no rows, ever.
unsafe extern "C" fn eof(_: *mut sqlite3_vtab_cursor) -> c_int {
    1
}

unsafe extern "C" fn column(
    _: *mut sqlite3_vtab_cursor,
    _: *mut sqlite3_context,
    _: c_int,
) -> c_int {
    SQLITE_OK
}

unsafe extern "C" fn rowid(_: *mut sqlite3_vtab_cursor, _: *mut i64) -> c_int {
    SQLITE_OK
}
