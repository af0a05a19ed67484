//! Table functions of definitions.
//!
//! The engine knows a table by its columns. So for each table function that a statement uses, the schema of
//! its connection gets a table in memory, whose name includes the columns. The definition is looked up when
//! a cursor starts to scan. The table stays: it costs a few words, and has no row in the file.
//!
//! Per row: as with SQLite, a position in a batch in guest memory moves on. The engine shares a cursor, so
//! each value is read under a lock that nobody else takes.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use commensal_core::ddl::quote_identifier;
use commensal_core::guest::{Arguments, Unreadable};
use commensal_core::manifest::{Column, Table};
use commensal_core::registry::TableEntry;
use commensal_core::table::{Access, FunctionCursor};
use commensal_core::{Error, ErrorKind, Result, ValueRef};
use parking_lot::RwLock;
use turso_core::native_ext::{ConstraintInfo, ConstraintUsage, IndexInfo, OrderByInfo, VTabKind};
use turso_core::{
    Connection, InternalVirtualTable, InternalVirtualTableCursor, LimboError, NamespaceId, Value,
    VirtualTable,
};
use turso_ext::{ConstraintOp, ResultCode};

use crate::error::no_statement;
use crate::state::ConnectionState;
use crate::value::{borrowed, owned};
use crate::{error, running};

/// What a plan says of an argument that SQL gives, and of one that it does not.
const GIVEN: u8 = b'1';
const NOT_GIVEN: u8 = b'0';

/// The engine's name for a table function.
fn name(entry: &TableEntry) -> String {
    format!("commensal table {}({})", entry.callable.name, columns(&entry.table)).to_lowercase()
}

fn columns(table: &Table) -> String {
    let mut columns = String::new();
    for Column { name, class, hidden, .. } in &table.columns {
        let separator = if columns.is_empty() { "" } else { ", " };
        let class = class.map(|class| format!(" {class}")).unwrap_or_default();
        let hidden = if *hidden { " HIDDEN" } else { "" };
        let _ = write!(columns, "{separator}{}{class}{hidden}", quote_identifier(name));
    }
    columns
}

/// Whether the connection has been told of the table function.
pub(crate) fn is_registered(connection: &Connection, entry: &TableEntry) -> bool {
    connection.current_schema().get_table(NamespaceId::ROOT, &name(entry)).is_some()
}

/// Tells the connection of the table function. Returns its name there, and whether it is new. Takes the
/// schema's lock.
///
/// # Errors
/// The engine does not accept its columns.
pub(crate) fn register(
    connection: &Connection,
    entry: &Arc<TableEntry>,
) -> turso_core::Result<(String, bool)> {
    let name = name(entry);
    if is_registered(connection, entry) {
        return Ok((name, false));
    }
    let sql = format!("CREATE TABLE x({})", columns(&entry.table));
    let known = Known { name: entry.callable.name.clone(), columns: entry.table.columns.clone() };
    let function = Function { engine_name: name.clone(), sql: sql.clone(), known: Arc::new(known) };
    let function = Arc::new(RwLock::new(function));
    let table =
        VirtualTable::new_internal(name.clone(), sql, VTabKind::TableValuedFunction, function)?;
    connection
        .with_schema_mut(|schema| schema.add_virtual_table(NamespaceId::ROOT, Arc::new(table)))??;
    Ok((name, true))
}

/// A table function as statements see it. It has no definition, because the engine keeps it as long as it
/// has the file open, and would keep the definition's code with it.
struct Function {
    engine_name: String,
    sql: String,
    known: Arc<Known>,
}

struct Known {
    name: String,
    columns: Vec<Column>,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.engine_name)
    }
}

impl InternalVirtualTable for Function {
    fn name(&self) -> String {
        self.engine_name.clone()
    }

    fn sql(&self) -> String {
        self.sql.clone()
    }

    fn open(
        &self,
        _: Arc<Connection>,
    ) -> turso_core::Result<Arc<RwLock<dyn InternalVirtualTableCursor>>> {
        let cursor = TableCursor { known: Arc::clone(&self.known), scan: Mutex::new(None) };
        Ok(Arc::new(RwLock::new(cursor)))
    }

    /// The arguments are what hidden columns are compared with.
    fn best_index(
        &self,
        constraints: &[ConstraintInfo],
        _: &[OrderByInfo],
    ) -> Result<IndexInfo, ResultCode> {
        let mut numbers = 0..;
        let columns = self.known.columns.iter();
        let arguments: Vec<Option<usize>> =
            columns.map(|c| if c.hidden { numbers.next() } else { None }).collect();
        let mut given = vec![None; numbers.start];
        let mut wanted = vec![false; numbers.start];
        for (number, constraint) in constraints.iter().enumerate() {
            let argument = arguments.get(constraint.column_index as usize).copied().flatten();
            let Some(argument) = argument.filter(|_| constraint.op == ConstraintOp::Eq) else {
                continue;
            };
            wanted[argument] = true;
            if constraint.usable && given[argument].is_none() {
                given[argument] = Some(number);
            }
        }
        if wanted.iter().zip(&given).any(|(wanted, given)| *wanted && given.is_none()) {
            return Err(ResultCode::ConstraintViolation);
        }
        let unused = |_: &ConstraintInfo| ConstraintUsage { argv_index: None, omit: false };
        let mut constraint_usages: Vec<_> = constraints.iter().map(unused).collect();
        for (position, constraint) in (1..).zip(given.iter().flatten()) {
            // The cursor shows the argument in its column, so the engine would compare it to itself.
            constraint_usages[*constraint] =
                ConstraintUsage { argv_index: Some(position), omit: true };
        }
        let mark = |given: &Option<usize>| if given.is_some() { GIVEN } else { NOT_GIVEN };
        let text = given.iter().map(|given| char::from(mark(given))).collect();
        // Arguments that are not given are NULL. If they could be given, that is the better plan.
        let missing = given.iter().any(Option::is_none);
        Ok(IndexInfo {
            idx_num: 0,
            idx_str: Some(text),
            order_by_consumed: false,
            estimated_cost: if missing { 1e6 } else { 1e3 },
            estimated_rows: 1000,
            constraint_usages,
        })
    }
}

/// Whether statements that know one can go on with the other. Like the engine, this ignores letter case.
fn are_same(a: &[Column], b: &[Column]) -> bool {
    let is_same = |(a, b): (&Column, &Column)| {
        a.name.eq_ignore_ascii_case(&b.name) && a.class == b.class && a.hidden == b.hidden
    };
    a.len() == b.len() && a.iter().zip(b).all(is_same)
}

struct TableCursor {
    known: Arc<Known>,
    /// Made by the first scan.
    scan: Mutex<Option<Scan>>,
}

struct Scan {
    state: Arc<ConnectionState>,
    cursor: Option<FunctionCursor>,
    /// The error of a method in which the engine takes none.
    error: Option<Error>,
}

impl Drop for Scan {
    fn drop(&mut self) {
        if let Some(cursor) = self.cursor.take() {
            cursor.end(&self.state.session);
        }
    }
}

impl Scan {
    /// Makes a scan with the definition in the statement's snapshot.
    #[cold]
    fn new(known: &Known) -> Result<Self> {
        let mut running = running::take().ok_or_else(no_statement)?;
        let (registry, state) = (running.registry(), Arc::clone(&running.state));
        running::put(running);
        let name = &known.name;
        let registry = registry.map_err(|error| error.of_function(name))?;
        let entry = registry.table(name);
        let entry = entry.filter(|entry| !entry.shadowed && !entry.table.is_virtual());
        let Some(entry) = entry.cloned() else {
            let message = format!("no such table function: {name}");
            return Err(Error::new(ErrorKind::NotFound, message));
        };
        if !are_same(&entry.table.columns, &known.columns) {
            let message = format!(
                "{name}() has other columns since the statement was prepared: prepare it again"
            );
            return Err(Error::new(ErrorKind::NotFound, message));
        }
        let cursor = Some(FunctionCursor::new(&state.session, registry, entry));
        Ok(Self { state, cursor, error: None })
    }

    fn cursor(&mut self) -> Result<(&ConnectionState, &mut FunctionCursor)> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        Ok((&self.state, self.cursor.as_mut().ok_or_else(no_statement)?))
    }
}

/// The engine's form of an error.
#[cold]
fn fail(error: Error) -> LimboError {
    match running::take() {
        Some(mut running) => {
            let error = running.fail(error);
            running::put(running);
            *error
        }
        None => error::of_function(&error),
    }
}

impl TableCursor {
    fn scan(&mut self) -> &mut Option<Scan> {
        self.scan.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&mut self, arguments: &Given<'_>) -> Result<bool> {
        if self.scan().is_none() {
            let scan = Scan::new(&self.known)?;
            *self.scan() = Some(scan);
        }
        let (state, cursor) = self.scan().as_mut().ok_or_else(no_statement)?.cursor()?;
        let read = |sha256: &[u8; 32]| state.read_module(sha256);
        cursor.filter(Access { session: &state.session, read: &read }, arguments)?;
        Ok(!cursor.is_end())
    }

    fn advance(&mut self) -> Result<bool> {
        let (state, cursor) = self.scan().as_mut().ok_or_else(no_statement)?.cursor()?;
        cursor.advance(&state.session)?;
        Ok(!cursor.is_end())
    }

    /// Reads from the current row.
    fn read<T>(
        &self,
        body: impl FnOnce(&ConnectionState, &mut FunctionCursor) -> Result<T>,
    ) -> Result<T> {
        let mut scan = self.scan.lock().unwrap_or_else(PoisonError::into_inner);
        let (state, cursor) = scan.as_mut().ok_or_else(no_statement)?.cursor()?;
        body(state, cursor)
    }
}

impl InternalVirtualTableCursor for TableCursor {
    fn filter(&mut self, args: &[Value], text: Option<String>, _: i32) -> Result<bool, LimboError> {
        let given = text.unwrap_or_default();
        self.start(&Given { given: given.as_bytes(), values: args }).map_err(fail)
    }

    fn next(&mut self) -> Result<bool, LimboError> {
        self.advance().map_err(fail)
    }

    fn column(&self, column: usize) -> Result<Value, LimboError> {
        self.read(|state, cursor| cursor.column(&state.session, column, owned)).map_err(fail)
    }

    /// Returns 0 if there is no valid rowid. The engine takes no error here, so the following step fails.
    fn rowid(&self) -> i64 {
        let rowid = self.read(|state, cursor| cursor.rowid(&state.session));
        rowid.unwrap_or_else(|error| {
            let mut scan = self.scan.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(scan) = &mut *scan {
                scan.error = Some(error);
            }
            0
        })
    }
}

/// One argument for each hidden column: those from SQL in their places, and NULL for the rest.
struct Given<'a> {
    /// See [`GIVEN`].
    given: &'a [u8],
    values: &'a [Value],
}

impl Arguments for Given<'_> {
    fn len(&self) -> usize {
        self.given.len()
    }

    fn get(&self, position: usize) -> Result<ValueRef<'_>, Unreadable> {
        if self.given.get(position) != Some(&GIVEN) {
            return Ok(ValueRef::Null);
        }
        let before = self.given[..position].iter().filter(|given| **given == GIVEN).count();
        Ok(self.values.get(before).map_or(ValueRef::Null, borrowed))
    }
}
