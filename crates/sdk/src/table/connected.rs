//! Connected virtual tables and their cursors between the host's calls.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::batch::Rows;
use super::{Change, Connect, FilterValues, VirtualCursor, VirtualTable};
use crate::ValueRef;
use crate::export::Arguments;
use crate::output::Output;

/// A cursor, with the rows that the host reads.
pub struct OpenCursor<T: VirtualTable> {
    /// The handle of the cursor's table.
    pub table: i64,
    cursor: T::Cursor,
    rows: Rows,
    columns: usize,
    ended: bool,
    /// An error that came after the rows of the batch, and fails the next call.
    error: Option<String>,
}

impl<T: VirtualTable> OpenCursor<T> {
    /// Opens a cursor of the table with this handle. `columns` is 0 if the manifest does not have them.
    ///
    /// # Errors
    /// The table's own error, as text.
    pub fn open(table: &mut T, handle: i64, columns: usize) -> Result<Self, String> {
        Ok(Self {
            table: handle,
            cursor: table.open().map_err(|error| error.to_string())?,
            rows: Rows::default(),
            columns: if columns > 0 { columns } else { table.columns() },
            ended: true,
            error: None,
        })
    }

    /// `filter`: starts a scan. `read_list` reads all values of an IN.
    ///
    /// # Errors
    /// An argument does not fit its parameter.
    pub fn filter<'a>(
        &mut self,
        table: &mut T,
        arguments: &Arguments<'a>,
        read_list: impl Fn(&'a [u8]) -> Vec<ValueRef<'a>>,
    ) -> Result<Output<'static>, String> {
        let (plan, text) = (arguments.get::<i32>(1)?, arguments.get::<Option<&str>>(2)?);
        let (marks, text) = super::plan::marks(text);
        let mut values = FilterValues { values: arguments.rest(3)?, lists: Vec::new() };
        for (position, value) in values.values.iter_mut().enumerate() {
            if let (true, ValueRef::Blob(list)) = (super::plan::is_list(marks, position), *value) {
                values.lists.push((position, read_list(list)));
                *value = ValueRef::Null;
            }
        }
        (self.ended, self.error) = (false, None);
        Ok(outcome(self.cursor.filter(table, plan, text, &values)))
    }

    /// At most `rows_max` next rows as a batch, which is empty at the end.
    ///
    /// # Errors
    /// The table's own error, as text. The call before has returned the rows that came before it.
    pub fn next(&mut self, table: &mut T, rows_max: usize) -> Result<&[u64], String> {
        if let Some(message) = self.error.take() {
            return Err(message);
        }
        if self.ended {
            return Ok(&[]);
        }
        let Self { cursor, rows, columns, .. } = self;
        let filled = rows.fill(rows_max, *columns, |row| {
            cursor.next(table, row).map_err(|error| error.to_string())
        });
        self.ended = !matches!(filled, Ok(false));
        match filled {
            Ok(_) => {}
            Err(message) if rows.len() == 0 => return Err(message),
            Err(message) => self.error = Some(message),
        }
        if rows.len() == 0 { Ok(&[]) } else { Ok(rows.finish(*columns)) }
    }
}

/// The output of a method that returns nothing.
pub fn outcome<E: core::fmt::Display>(result: Result<(), E>) -> Output<'static> {
    match result {
        Ok(()) => Output::Null,
        Err(error) => Output::Error(error.to_string()),
    }
}

/// `connect` and `create`. The inner error is the table's own.
///
/// # Errors
/// An argument does not fit its parameter.
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

/// `update`: writes a row. The first argument is the table.
///
/// # Errors
/// An argument does not fit its parameter.
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
