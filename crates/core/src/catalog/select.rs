//! How an engine's connection reads tables of a file: by queries, and by selections that ask for lengths before
//! values.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::ddl::quote_identifier;
use crate::error::Result;
use crate::value::ValueRef;

/// A row as a reader passes it on.
pub type Values<'a, 'v> = &'a [ValueRef<'v>];

/// A column of one of the catalog's tables.
pub struct TableColumn {
    /// Its name.
    pub name: String,
    /// Whether it is an ordinary column: stored, and neither generated nor hidden.
    pub ordinary: bool,
}

/// How an engine's connection reads. Used by one thread at a time.
pub trait CatalogReader {
    /// Runs one of our SELECTs and passes its rows to `row`. Text that is not UTF-8 comes as NULL. While `row`
    /// handles a row, other statements can run and see the same state.
    ///
    /// # Errors
    /// An error of the engine, or of `row`, which then gets no further row.
    fn query(
        &self,
        sql: &str,
        parameters: &[ValueRef<'_>],
        row: &mut dyn FnMut(Values<'_, '_>) -> Result<()>,
    ) -> Result<()>;

    /// The columns of a table of a schema, in order.
    ///
    /// # Errors
    /// An error of the engine.
    fn columns(&self, schema: &str, table: &str) -> Result<Vec<TableColumn>>;

    /// Runs the statement of a [`Select`]. An engine without `octet_length()` has to implement it in another way.
    ///
    /// # Errors
    /// Like [`CatalogReader::query`].
    fn select_stored(
        &self,
        select: &Select<'_>,
        row: &mut dyn FnMut(Values<'_, '_>) -> Result<()>,
    ) -> Result<()> {
        self.query(&select.sql(), &[], row)
    }

    /// Runs a [`Select`].
    ///
    /// # Errors
    /// Like [`CatalogReader::query`].
    fn select(
        &self,
        select: &Select<'_>,
        row: &mut dyn FnMut(Values<'_, '_>) -> Result<()>,
    ) -> Result<()> {
        self.select_stored(select, &mut |values| {
            let mut all = [ValueRef::Null; Select::COLUMNS_MAX];
            for ((to, value), column) in all.iter_mut().zip(values).zip(&select.columns) {
                *to = column.checked(*value);
            }
            row(&all[..values.len()])
        })
    }
}

/// A column to read, and how long its value may be.
pub enum Column {
    /// An integer. Anything else becomes NULL.
    Integer(&'static str),
    /// A blob of at most this many bytes. Anything else becomes NULL.
    Blob(&'static str, usize),
    /// A text. If it is longer than this many bytes, its length is read instead, as an integer. Anything else
    /// becomes NULL.
    Text(&'static str, usize),
    /// A text of at most this many bytes, or a blob of at most that many. If it is longer, its length is read
    /// instead, as an integer. Anything else becomes NULL.
    TextOrBlob(&'static str, usize, usize),
    /// The type of a value, as `typeof()` calls it.
    Type(&'static str),
}

/// Reads columns of a table that [`shapes`](super::shapes) has found to be ordinary.
pub struct Select<'a> {
    /// The schema that the table is in.
    pub schema: &'a str,
    /// The table.
    pub table: &'static str,
    /// Whether its rows have rowids. If so, they are read in that order.
    pub has_rowid: bool,
    /// The columns to read.
    pub columns: Vec<Column>,
    /// Largest number of rows to read.
    pub rows_max: usize,
}

impl Select<'_> {
    /// Largest number of columns.
    pub const COLUMNS_MAX: usize = 16;

    /// The SELECT statement.
    pub fn sql(&self) -> String {
        let mut sql = String::from("SELECT ");
        for (i, column) in self.columns.iter().enumerate() {
            sql.push_str(if i == 0 { "" } else { ", " });
            sql.push_str(&column.sql());
        }
        let Self { schema, table, rows_max, .. } = self;
        let order = if self.has_rowid { " ORDER BY rowid" } else { "" };
        let schema = quoted_schema(schema);
        // Writing to a String cannot fail.
        let _ = write!(sql, " FROM {schema}.{table}{order} LIMIT {rows_max}");
        sql
    }
}

/// Bytes that a text of at most `max` bytes of UTF-8 takes in a file, which may hold UTF-16.
pub const fn stored(max: usize) -> usize {
    max.saturating_mul(2)
}

impl Column {
    /// The value, or the length of a text that is too long and was read because a file may hold UTF-16.
    fn checked<'v>(&self, value: ValueRef<'v>) -> ValueRef<'v> {
        match (self, value) {
            (Self::Text(_, max) | Self::TextOrBlob(_, max, _), ValueRef::Text(text))
                if text.len() > *max =>
            {
                ValueRef::Integer(text.len() as i64)
            }
            _ => value,
        }
    }

    /// An SQL expression for the value. `typeof()`, `octet_length()` and a blob's `length()` need only the header
    /// of a row.
    pub fn sql(&self) -> String {
        match self {
            Self::Integer(name) => {
                format!("CASE WHEN typeof({name}) = 'integer' THEN {name} END")
            }
            Self::Blob(name, max) => format!(
                "CASE WHEN typeof({name}) = 'blob' AND length({name}) <= {max} THEN {name} END"
            ),
            Self::Text(name, max) => format!(
                "CASE WHEN typeof({name}) <> 'text' THEN NULL WHEN octet_length({name}) <= {} \
                 THEN {name} ELSE octet_length({name}) END",
                stored(*max)
            ),
            Self::TextOrBlob(name, text, blob) => format!(
                "CASE WHEN typeof({name}) NOT IN ('text', 'blob') THEN NULL WHEN octet_length({name}) <= \
                 CASE typeof({name}) WHEN 'text' THEN {} ELSE {blob} END THEN {name} \
                 ELSE octet_length({name}) END",
                stored(*text)
            ),
            Self::Type(name) => format!("typeof({name})"),
        }
    }
}

/// The schema's name as it is written in SQL.
pub(super) fn quoted_schema(schema: &str) -> Cow<'_, str> {
    match schema {
        "main" => Cow::Borrowed(schema),
        _ => Cow::Owned(quote_identifier(schema)),
    }
}
