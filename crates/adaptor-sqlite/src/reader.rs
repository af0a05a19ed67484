//! The connection as the core reads the catalog from it.
//!
//! `octet_length()` tells the length of a text without reading it. It came with SQLite 3.43. With older
//! libraries incremental I/O tells it, because opening a value reads only the header of its row.

use std::ffi::{CString, c_int, c_void};

use commensal_core::catalog::{CatalogReader, Column, Select, TableColumn, Values, stored};
use commensal_core::ddl::quote_identifier;
use commensal_core::{Error, ErrorKind, Result, ValueRef};

use crate::statement::{Handle, Statement};

/// See the module's description.
pub(crate) struct Reader(pub(crate) Handle);

/// The oldest version with `octet_length()`.
const OCTET_LENGTH_SINCE: c_int = 3_043_000;

/// The most columns that a statement of the catalog has.
const COLUMNS_MAX: usize = Select::COLUMNS_MAX;

/// Passes a row on. Text that is not UTF-8 was written by somebody else and becomes NULL.
fn hand_over(
    statement: &Statement,
    row: &mut dyn FnMut(Values<'_, '_>) -> Result<()>,
) -> Result<()> {
    let mut values = [ValueRef::Null; COLUMNS_MAX];
    let count = statement.column_count();
    let values = values.get_mut(..count).ok_or_else(|| {
        Error::new(ErrorKind::Engine, format!("a statement of the catalog has {count} columns"))
    })?;
    for (column, value) in values.iter_mut().enumerate() {
        *value = statement.column(column).unwrap_or(ValueRef::Null);
    }
    row(values)
}

impl CatalogReader for Reader {
    fn query(
        &self,
        sql: &str,
        parameters: &[ValueRef<'_>],
        row: &mut dyn FnMut(Values<'_, '_>) -> Result<()>,
    ) -> Result<()> {
        self.0.query(sql, parameters, &mut |statement| hand_over(statement, row))
    }

    fn columns(&self, schema: &str, table: &str) -> Result<Vec<TableColumn>> {
        /// Columns of the pragma's rows.
        const NAME: usize = 1;
        const HIDDEN: usize = 6;
        let mut columns = Vec::new();
        let (schema, table) = (quote_identifier(schema), quote_identifier(table));
        let sql = format!("PRAGMA {schema}.table_xinfo({table})");
        self.0.query(&sql, &[], &mut |row| {
            let ordinary = row.column(HIDDEN)? == ValueRef::Integer(0);
            if let ValueRef::Text(name) = row.column(NAME)? {
                columns.push(TableColumn { name: name.to_owned(), ordinary });
            }
            Ok(())
        })?;
        Ok(columns)
    }

    fn select_stored(
        &self,
        select: &Select<'_>,
        row: &mut dyn FnMut(Values<'_, '_>) -> Result<()>,
    ) -> Result<()> {
        // SAFETY: the function takes nothing and only gives a number.
        if unsafe { (self.0.api.sqlite3_libversion_number)() } >= OCTET_LENGTH_SINCE {
            return self.query(&select.sql(), &[], row);
        }
        if !select.has_rowid {
            // Values can be opened only by rowid. Here SQLite holds one text at a time to measure it.
            let sql =
                select.columns.iter().map(without_octet_length).collect::<Vec<_>>().join(", ");
            let Select { schema, table, rows_max, .. } = select;
            let schema = quote_identifier(schema);
            let sql = format!("SELECT {sql} FROM {schema}.{table} LIMIT {rows_max}");
            return self.query(&sql, &[], row);
        }
        let (scan, fetch) = old_statements(select);
        let mut fetch = self.0.prepare(&fetch)?;
        let mut texts: Vec<_> = select.columns.iter().map(|_| None).collect();
        self.0.query(&scan, &[], &mut |scanned| {
            fetch.reset();
            let ValueRef::Integer(rowid) = scanned.column(0)? else { return Ok(()) };
            fetch.bind(1, ValueRef::Integer(rowid))?;
            let mut lengths = [None; COLUMNS_MAX];
            for (i, column) in select.columns.iter().enumerate() {
                let mut fits = true;
                if let Column::Text(name, max) = column
                    && scanned.column(i + 1)? == ValueRef::Text("text")
                {
                    let length = Text::length(&mut texts[i], self.0, select, name, rowid)?;
                    fits = length <= stored(*max);
                    lengths[i] = (!fits).then_some(length);
                }
                fetch.bind(i + 2, ValueRef::Integer(fits.into()))?;
            }
            if !fetch.step()? {
                return Ok(());
            }
            hand_over(&fetch, &mut |values| {
                let mut all = [ValueRef::Null; COLUMNS_MAX];
                for (i, (value, length)) in values.iter().zip(lengths).enumerate() {
                    let length = length.and_then(|length| i64::try_from(length).ok());
                    all[i] = length.map_or(*value, ValueRef::Integer);
                }
                row(&all[..values.len()])
            })
        })
    }
}

/// Two statements that replace a [`Select`] without `octet_length()`. The first goes through the rows and
/// tells which values are text. The second reads a row without the texts that are too long.
fn old_statements(select: &Select<'_>) -> (String, String) {
    let (mut types, mut values) = (String::new(), String::new());
    for (i, column) in (2..).zip(&select.columns) {
        types.push_str(", ");
        values.push_str(if i == 2 { "" } else { ", " });
        match column {
            Column::Text(name, _) => {
                types.push_str(&format!("typeof({name})"));
                values.push_str(&format!(
                    "CASE WHEN ?{i} AND typeof({name}) = 'text' THEN {name} END"
                ));
            }
            Column::Integer(_) | Column::Blob(..) | Column::TextOrBlob(..) | Column::Type(_) => {
                types.push_str("NULL");
                let value = without_octet_length(column);
                values.push_str(&format!("CASE WHEN ?{i} THEN {value} END"));
            }
        }
    }
    let Select { schema, table, rows_max, .. } = select;
    let schema = quote_identifier(schema);
    (
        format!("SELECT rowid{types} FROM {schema}.{table} ORDER BY rowid LIMIT {rows_max}"),
        format!("SELECT {values} FROM {schema}.{table} WHERE rowid = ?1"),
    )
}

/// The expression for a value, without `octet_length()`.
fn without_octet_length(column: &Column) -> String {
    match column {
        Column::Text(name, max) => format!(
            "CASE WHEN typeof({name}) <> 'text' THEN NULL WHEN length(CAST({name} AS BLOB)) <= {} \
             THEN {name} ELSE length(CAST({name} AS BLOB)) END",
            stored(*max)
        ),
        Column::TextOrBlob(name, text, blob) => format!(
            "CASE typeof({name}) WHEN 'text' THEN CASE WHEN length(CAST({name} AS BLOB)) <= {} THEN \
             {name} ELSE length(CAST({name} AS BLOB)) END WHEN 'blob' THEN CASE WHEN length({name}) <= \
             {blob} THEN {name} ELSE length({name}) END END",
            stored(*text)
        ),
        Column::Integer(_) | Column::Blob(..) | Column::Type(_) => column.sql(),
    }
}

/// A text column, opened for incremental I/O; closed when dropped.
struct Text {
    handle: Handle,
    blob: *mut c_void,
}

impl Text {
    /// Bytes of the text in this row, in the encoding of the database. `kept` is the same column, opened
    /// for the row before.
    fn length(
        kept: &mut Option<Self>,
        handle: Handle,
        select: &Select<'_>,
        column: &str,
        rowid: i64,
    ) -> Result<usize> {
        let text = match kept {
            Some(text) => {
                // SAFETY: the value is open.
                handle.check(unsafe { (handle.api.sqlite3_blob_reopen)(text.blob, rowid) })?;
                text
            }
            None => kept.insert(Self::open(handle, select, column, rowid)?),
        };
        // SAFETY: the value is open.
        let length = unsafe { (handle.api.sqlite3_blob_bytes)(text.blob) };
        Ok(usize::try_from(length).unwrap_or(usize::MAX))
    }

    fn open(handle: Handle, select: &Select<'_>, column: &str, rowid: i64) -> Result<Self> {
        let name = |name| {
            CString::new(name).map_err(|_| Error::new(ErrorKind::Engine, "a name contains NUL"))
        };
        let (schema, table) = (name(select.schema)?, name(select.table)?);
        let column = name(column)?;
        let mut blob = std::ptr::null_mut();
        // SAFETY: the connection is open, the names end with a NUL, the result is ours.
        let code = unsafe {
            (handle.api.sqlite3_blob_open)(
                handle.db(),
                schema.as_ptr(),
                table.as_ptr(),
                column.as_ptr(),
                rowid,
                0,
                &raw mut blob,
            )
        };
        handle.check(code)?;
        Ok(Self { handle, blob })
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        // SAFETY: the value is open, and nothing uses it any longer.
        unsafe { (self.handle.api.sqlite3_blob_close)(self.blob) };
    }
}
