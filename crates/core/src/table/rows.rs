//! The rows of a cursor: one batch, the position in it, and when to fetch the next one.

use commensal_abi::Record;

use super::instance::TableInstance;
use crate::error::Result;
use crate::guest::{CallError, CallResult, Fetched, Guest, Sink};
use crate::manifest::{Column, TableMethod};
use crate::session::Session;
use crate::value::{StorageClass, ValueRef};

/// Number of rows that are fetched first. It is small so that the guest does little work for a query that ends
/// early.
const ROWS_FIRST: u32 = 4;

/// Largest number of rows that are fetched. With this many, entering the guest costs almost nothing, and they
/// stay in the processor's cache.
const ROWS_MAX: u32 = 256;

/// The rows of a cursor.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Address of the current row.
    row: u32,
    row_bytes: u32,
    /// Rows left in the batch, including the current one; 0 before the first row and at the end.
    left: u32,
    /// Number of rows to fetch next.
    wanted: u32,
    /// Number of rows before the current one.
    before: i64,
    /// Number of rows that the last scan had.
    last: u32,
}

impl Rows {
    /// Starts a scan. It first fetches as many rows as the last scan had, because in a join many scans have the
    /// same number.
    pub(super) fn start(
        &mut self,
        instance: &mut TableInstance,
        session: &Session,
        cursor: i64,
        columns: Option<u32>,
    ) -> Result<()> {
        let wanted = self.last.clamp(ROWS_FIRST, ROWS_MAX);
        *self = Self { wanted, before: -1, last: self.last, ..Self::default() };
        self.fetch(instance, session, cursor, columns)
    }

    /// Ends the scan: there are no more rows.
    pub(super) fn clear(&mut self) {
        self.last = u32::try_from(self.before.saturating_add(1)).unwrap_or(ROWS_MAX);
        self.left = 0;
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.left == 0
    }

    /// Moves to the next row of the batch. Returns false if it has none.
    #[inline]
    pub(super) fn advance(&mut self) -> bool {
        if self.left <= 1 {
            return false;
        }
        self.left -= 1;
        self.before += 1;
        // A batch lies within memory, but the address is checked when it is read.
        self.row = self.row.wrapping_add(self.row_bytes);
        true
    }

    /// Fetches rows from the guest. Not called again after the guest returned NULL.
    #[cold]
    pub(super) fn fetch(
        &mut self,
        instance: &mut TableInstance,
        session: &Session,
        cursor: i64,
        columns: Option<u32>,
    ) -> Result<()> {
        let wanted = self.wanted;
        self.wanted = (wanted * 4).min(ROWS_MAX);
        self.left = 0;
        let arguments = [ValueRef::Integer(cursor), ValueRef::Integer(wanted.into())];
        let batch = instance.batch(session, TableMethod::Next, &arguments, columns, wanted)?;
        let Some(Fetched { first, rows, row_bytes }) = batch else { return Ok(()) };
        (self.row, self.left, self.row_bytes) = (first, rows, row_bytes);
        self.before += 1;
        Ok(())
    }

    /// The value of the current row, if it is an integer, as most are. `column` is its position in the batch.
    /// Never panics.
    #[inline(always)]
    pub(super) fn integer(&self, guest: &mut Guest, column: usize) -> Option<i64> {
        let offset = (column as u32).wrapping_add(1).wrapping_mul(Record::SIZE as u32);
        if self.left == 0 || offset >= self.row_bytes {
            return None;
        }
        guest.integer_at(self.row.wrapping_add(offset))
    }

    /// Passes a value of the current row to `sink`. `column` is its position in the batch.
    #[inline(always)]
    pub(super) fn column<R>(
        &self,
        guest: &mut Guest,
        column: usize,
        (class, keepable): (Option<StorageClass>, bool),
        bytes_max: usize,
        sink: impl Sink<R>,
    ) -> CallResult<R> {
        let offset = (column as u32 + 1).wrapping_mul(Record::SIZE as u32);
        if offset >= self.row_bytes {
            return Err(no_column(self.row_bytes));
        }
        guest.value_at(self.row.wrapping_add(offset), class, bytes_max, keepable, sink)
    }

    /// Whether a value of the current row is one that an update may leave unchanged.
    pub(super) fn is_keepable(&self, guest: &mut Guest, column: usize) -> bool {
        let offset = (column as u32).wrapping_add(1).wrapping_mul(Record::SIZE as u32);
        self.left > 0
            && offset < self.row_bytes
            && guest.is_keepable_at(self.row.wrapping_add(offset))
    }

    /// The rowid of the current row: the guest's own, or the row's number from 1.
    pub(super) fn rowid(&self, guest: &mut Guest) -> CallResult<i64> {
        let number = self.before.wrapping_add(1);
        let value = guest.value_at(
            self.row,
            Some(StorageClass::Integer),
            0,
            false,
            |value: ValueRef<'_>, _: u8| match value {
                ValueRef::Integer(rowid) => rowid,
                _ => number,
            },
        )?;
        Ok(value)
    }
}

/// Adds the column's name to an error about its value.
#[cold]
pub(super) fn in_column(error: CallError, column: &Column) -> CallError {
    match error {
        CallError::Protocol(what) => {
            CallError::Protocol(format!("column \"{}\": {what}", column.name))
        }
        other => other,
    }
}

/// Says that an error is about the rowid.
#[cold]
pub(super) fn in_rowid(error: CallError) -> CallError {
    match error {
        CallError::Protocol(what) => CallError::Protocol(format!("rowid: {what}")),
        other => other,
    }
}

/// The error of reading without a current row.
#[cold]
pub(super) fn no_row() -> Box<CallError> {
    CallError::Argument("its cursor is on no row: its instance is lost".to_owned()).into()
}

/// The error of a batch with fewer columns than the guest declared.
#[cold]
fn no_column(row_bytes: u32) -> Box<CallError> {
    let columns = row_bytes as usize / Record::SIZE - 1;
    CallError::Protocol(format!("its batch has {columns} columns only")).into()
}
