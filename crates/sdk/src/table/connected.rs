//! A connected virtual table and its cursors, between the host's calls.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::{Batch, Change, Connect, VirtualCursor, VirtualTable};
use crate::ValueRef;
use crate::export::Arguments;
use crate::output::{IntoOutput, Output};

/// Where a cursor writes the columns of a row.
pub struct RowWriter<'a> {
    batch: &'a mut Batch,
    rowid: &'a mut Option<i64>,
    columns: usize,
}

impl RowWriter<'_> {
    /// Writes the next column.
    ///
    /// # Errors
    /// The value is an error.
    #[inline]
    pub fn push<'v>(&mut self, value: impl IntoOutput<'v>) -> Result<(), String> {
        self.columns += 1;
        self.batch.push(value.into_output())
    }

    /// Gives the row a rowid. Without, rows are numbered from 1.
    pub fn rowid(&mut self, rowid: i64) {
        *self.rowid = Some(rowid);
    }
}

/// A cursor with the rows that the host reads.
pub struct OpenCursor<T: VirtualTable> {
    /// The table's handle.
    pub table: i64,
    cursor: T::Cursor,
    batch: Batch,
    columns: usize,
    ended: bool,
    /// What went wrong after the rows of the batch.
    error: Option<String>,
}

impl<T: VirtualTable> OpenCursor<T> {
    /// A cursor of the table with this handle.
    ///
    /// # Errors
    /// The table's own: its message.
    pub fn open(table: &mut T, handle: i64) -> Result<Self, String> {
        Ok(Self {
            table: handle,
            cursor: table.open().map_err(|error| error.to_string())?,
            batch: Batch::default(),
            columns: 0,
            ended: true,
            error: None,
        })
    }

    /// `filter`: its arguments, after the cursor.
    ///
    /// # Errors
    /// An argument that does not fit.
    pub fn filter(
        &mut self,
        table: &mut T,
        arguments: &Arguments<'_>,
    ) -> Result<Output<'static>, String> {
        let (plan, text) = (arguments.get::<i32>(1)?, arguments.get::<Option<&str>>(2)?);
        let values: Vec<ValueRef<'_>> = arguments.rest(3)?;
        (self.ended, self.error) = (false, None);
        Ok(outcome(self.cursor.filter(table, plan, text, &values)))
    }

    /// The next rows, at most so many, and the number of their columns; empty at the end.
    ///
    /// # Errors
    /// The table's own: its message. Rows that came before it were given before.
    pub fn next(&mut self, table: &mut T, rows_max: usize) -> Result<&[u64], String> {
        if let Some(message) = self.error.take() {
            return Err(message);
        }
        self.batch.clear(rows_max, self.columns);
        while !self.ended && (self.batch.rows() as usize) < rows_max && !self.batch.is_full() {
            match self.row(table) {
                Ok(more) => self.ended = !more,
                Err(message) => {
                    self.ended = true;
                    self.error = Some(message);
                }
            }
        }
        match (self.batch.rows(), self.error.take()) {
            (0, Some(message)) => Err(message),
            (0, None) => Ok(&[]),
            (_, error) => {
                self.error = error;
                Ok(self.batch.finish(self.columns))
            }
        }
    }

    fn row(&mut self, table: &mut T) -> Result<bool, String> {
        let Self { cursor, batch, columns, .. } = self;
        let mut rowid = None;
        let start = batch.start_row();
        let mut row = RowWriter { batch, rowid: &mut rowid, columns: 0 };
        let more = cursor.next(table, &mut row).map_err(|error| error.to_string());
        let written = row.columns;
        if !matches!(more, Ok(true)) {
            batch.undo_row(start);
            return more;
        }
        if batch.rows() == 0 {
            *columns = written;
        }
        if written != *columns {
            batch.undo_row(start);
            return Err(alloc::format!("a row of {written} columns after one of {columns}"));
        }
        batch.end_row(start, rowid);
        Ok(true)
    }
}

/// The result of a method that gives nothing.
pub fn outcome<E: core::fmt::Display>(result: Result<(), E>) -> Output<'static> {
    match result {
        Ok(()) => Output::Null,
        Err(error) => Output::Error(error.to_string()),
    }
}

/// `connect` and `create`.
///
/// # Errors
/// An argument that does not fit.
pub fn connect<T: VirtualTable>(
    arguments: &Arguments<'_>,
    method: impl Fn(&Connect<'_>) -> Result<T, T::Error>,
) -> Result<Result<T, String>, String> {
    let texts: Vec<&str> = arguments.rest(0)?;
    let [module, database, table, ref arguments @ ..] = texts[..] else {
        return Err("takes at least three arguments".to_string());
    };
    let connect = Connect { module, database, table, arguments };
    Ok(method(&connect).map_err(|error| error.to_string()))
}

/// `update`: its arguments, after the table.
///
/// # Errors
/// An argument that does not fit.
pub fn update<T: VirtualTable>(
    table: &mut T,
    arguments: &Arguments<'_>,
) -> Result<Output<'static>, String> {
    let values: Vec<ValueRef<'_>> = arguments.rest(1)?;
    Ok(match table.update(&Change::of(&values)?) {
        Ok(rowid) => rowid.map_or(Output::Null, Output::Integer),
        Err(error) => Output::Error(error.to_string()),
    })
}
