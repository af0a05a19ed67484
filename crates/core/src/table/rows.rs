//! The rows that a cursor is on: one batch, a position in it, and when to ask for the next one.

use commensal_abi::Record;

use super::instance::TableInstance;
use crate::error::Result;
use crate::guest::{CallError, CallResult, Fetched, Guest, Sink};
use crate::manifest::{Column, TableMethod};
use crate::session::Session;
use crate::value::{StorageClass, ValueRef};

/// Rows asked for first: a query that ends early has made the guest work for no more.
const ROWS_FIRST: u32 = 4;

/// Rows asked for at most. Crossing into the guest costs nothing to speak of beside so many, and they
/// stay in the processor's cache.
const ROWS_MAX: u32 = 256;

/// See the module's description.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Address of the current row.
    row: u32,
    row_bytes: u32,
    /// Rows of the batch, from the current one on; 0 before the first row and at the end.
    left: u32,
    /// Rows to ask for.
    wanted: u32,
    /// Rows before the current one.
    before: i64,
    /// Rows that the last scan had.
    last: u32,
}

impl Rows {
    /// Starts a scan. At first it asks for as many rows as the last one had: in a join, many scans have as
    /// many.
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

    /// No rows: the scan ends.
    pub(super) fn clear(&mut self) {
        self.last = u32::try_from(self.before.saturating_add(1)).unwrap_or(ROWS_MAX);
        self.left = 0;
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.left == 0
    }

    /// Goes to the next row of the batch; false when it has none.
    #[inline]
    pub(super) fn advance(&mut self) -> bool {
        if self.left <= 1 {
            return false;
        }
        self.left -= 1;
        self.before += 1;
        // A batch lies within memory; what reads it checks the address all the same.
        self.row = self.row.wrapping_add(self.row_bytes);
        true
    }

    /// Asks the guest for rows. Not called again after its NULL.
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

    /// The value of the current row, if it is an integer as most are; `column` is its position in the
    /// batch. Cannot panic.
    #[inline(always)]
    pub(super) fn integer(&self, guest: &mut Guest, column: usize) -> Option<i64> {
        let offset = (column as u32).wrapping_add(1).wrapping_mul(Record::SIZE as u32);
        if self.left == 0 || offset >= self.row_bytes {
            return None;
        }
        guest.integer_at(self.row.wrapping_add(offset))
    }

    /// Hands a value of the current row to `sink`; `column` is its position in the batch.
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

    /// Whether a value of the current row is one that an update may leave as it is.
    pub(super) fn is_keepable(&self, guest: &mut Guest, column: usize) -> bool {
        let offset = (column as u32).wrapping_add(1).wrapping_mul(Record::SIZE as u32);
        self.left > 0
            && offset < self.row_bytes
            && guest.is_keepable_at(self.row.wrapping_add(offset))
    }

    /// The rowid of the current row: the guest's, or its number, from 1.
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

/// Names the column in an error about its value.
#[cold]
pub(super) fn in_column(error: CallError, column: &Column) -> CallError {
    match error {
        CallError::Protocol(what) => {
            CallError::Protocol(format!("column \"{}\": {what}", column.name))
        }
        other => other,
    }
}

/// Names the rowid in an error about it.
#[cold]
pub(super) fn in_rowid(error: CallError) -> CallError {
    match error {
        CallError::Protocol(what) => CallError::Protocol(format!("rowid: {what}")),
        other => other,
    }
}

/// The error of reading where there is no row, or no longer.
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
