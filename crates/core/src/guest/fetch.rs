//! Batches of rows: a blob of records that stays in guest memory while the host reads it, value by value.
//!
//! Nothing is copied, so a column that nobody reads costs nothing, and the guest's own memory bounds the batch.
//! The guest may change the batch meanwhile, so each value is checked when it is read.

use commensal_abi::{Record, Tag};

use super::{CallError, CallResult, Callee, Guest, Returns, Sink};
use crate::manifest::Signature;
use crate::runtime::{FunctionId, StatementBudget, is_within, range};
use crate::value::{StorageClass, ValueRef};

/// Bytes before the first row: the numbers of rows and of columns.
const HEADER_BYTES: usize = 8;

/// Largest number of columns that any engine has in a table.
const COLUMNS_MAX: u32 = 32_767;

/// Rows in guest memory. Valid until the cursor fetches the next ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Address of the first row. A row is the record of its rowid, then those of its columns.
    pub first: u32,
    /// Number of rows.
    pub rows: u32,
    /// Bytes of a row.
    pub row_bytes: u32,
}

impl Guest {
    /// Calls a function that returns a batch of rows with this many columns, or with any number if `columns` is
    /// `None`. Returns `None` if the function returns NULL.
    ///
    /// # Errors
    /// See [`CallError`]. A batch with a wrong header, length or alignment violates the ABI.
    pub fn fetch(
        &mut self,
        function: FunctionId,
        arguments: &[ValueRef<'_>],
        columns: Option<u32>,
        rows_max: u32,
        budget: &mut StatementBudget,
    ) -> CallResult<Option<Fetched>> {
        const ANY: Signature = Signature::ANY;
        let callee =
            Callee { function, signature: &ANY, subtype: false, result_bytes_max: usize::MAX };
        let pointer = self.invoke(callee, arguments, budget)?;
        self.fetched_at(pointer, columns, rows_max)
    }

    /// The batch of rows of a result record; `None` for NULL.
    pub(super) fn fetched_at(
        &mut self,
        pointer: u32,
        columns: Option<u32>,
        rows_max: u32,
    ) -> CallResult<Option<Fetched>> {
        let Some((first, len)) = self.aligned_blob_at(pointer)? else {
            return Ok(None);
        };
        let mut header = [0; HEADER_BYTES];
        if len as usize >= HEADER_BYTES {
            self.read(first, &mut header)?;
        }
        let [a, b, c, d, e, f, g, h] = header;
        let (rows, has) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
        let fits = match columns {
            Some(columns) => has == columns,
            None => (1..=COLUMNS_MAX).contains(&has),
        };
        if rows == 0 || rows > rows_max || !fits {
            return Err(wrong_header(rows, rows_max, has, columns).into());
        }
        let row_bytes = (u64::from(has) + 1) * Record::SIZE as u64;
        let expected = HEADER_BYTES as u64 + u64::from(rows) * row_bytes;
        if u64::from(len) != expected {
            return Err(wrong_len(len, rows, has, expected).into());
        }
        Ok(Some(Fetched {
            first: first + HEADER_BYTES as u32,
            rows,
            // The engine bounds columns and memory bounds the batch, so this fits.
            row_bytes: row_bytes as u32,
        }))
    }

    /// The 8-aligned blob of a result record; `None` for NULL.
    pub(crate) fn aligned_blob_at(&mut self, pointer: u32) -> CallResult<Option<(u32, u32)>> {
        if pointer == 0 {
            return Ok(None);
        }
        let record = self.read_record(pointer)?;
        match record.tag {
            Tag::Null => return Ok(None),
            Tag::Error => return Err(self.error(record).into()),
            Tag::Blob => {}
            tag => return Err(no_blob(tag).into()),
        }
        let (first, len) = (record.pointer(), record.len);
        let memory_bytes = self.memory_bytes();
        if !is_within(first, len, memory_bytes) {
            let what =
                format!("its {len} bytes at {first} are outside of its memory of {memory_bytes}");
            return Err(CallError::Protocol(what).into());
        }
        if !(first as usize).is_multiple_of(Record::ALIGN) {
            let what = format!("its blob at {first} is not {}-aligned", Record::ALIGN);
            return Err(CallError::Protocol(what).into());
        }
        Ok(Some((first, len)))
    }

    /// Checks that a result record is no error. Nothing else in it matters.
    pub(crate) fn error_at(&mut self, pointer: u32) -> CallResult<()> {
        if pointer == 0 {
            return Ok(());
        }
        let record = self.read_record(pointer)?;
        if record.tag == Tag::Error { Err(self.error(record).into()) } else { Ok(()) }
    }

    /// Copies bytes out of guest memory.
    pub(crate) fn read(&mut self, address: u32, into: &mut [u8]) -> CallResult<()> {
        self.check_here()?;
        Ok(self.instance.read(address, into).map_err(|_| super::memory_shrank())?)
    }

    /// The integer of a record in a batch, if it is a plain one and memory can be addressed. Never panics.
    #[inline(always)]
    pub(crate) fn integer_at(&mut self, address: u32) -> Option<i64> {
        let memory = &*self.instance.memory()?;
        if !address.is_multiple_of(Record::ALIGN as u32) {
            return None;
        }
        range(memory, address, Record::SIZE)?.first_chunk().and_then(Record::plain_integer)
    }

    /// Passes the value of a record in a batch to `sink`. Copies nothing if memory can be addressed. `keepable`
    /// says whether the value may be one that an update may leave unchanged.
    ///
    /// # Errors
    /// It is no record, or of another class than the column. An error record is the guest's error.
    #[inline(always)]
    pub fn value_at<R>(
        &mut self,
        address: u32,
        class: Option<StorageClass>,
        bytes_max: usize,
        keepable: bool,
        sink: impl Sink<R>,
    ) -> CallResult<R> {
        self.result(address, Returns { class, subtype: true, bytes_max, keepable }, sink)
    }

    /// Whether a value in a batch is one that an update may leave unchanged.
    pub(crate) fn is_keepable_at(&mut self, address: u32) -> bool {
        let mut bytes = [0; Record::SIZE];
        self.instance.read(address, &mut bytes).is_ok() && Record::is_keepable(&bytes)
    }
}

#[cold]
fn no_blob(tag: Tag) -> CallError {
    CallError::Protocol(format!(
        "its result has to be a blob or NULL, but its tag is {}",
        tag as u8
    ))
}

#[cold]
fn wrong_header(rows: u32, rows_max: u32, has: u32, columns: Option<u32>) -> CallError {
    let columns = columns.map_or_else(|| format!("1 to {COLUMNS_MAX}"), |n| n.to_string());
    CallError::Protocol(format!(
        "its batch says {rows} rows of {has} columns; 1 to {rows_max} rows of {columns} columns are \
         possible"
    ))
}

#[cold]
fn wrong_len(len: u32, rows: u32, columns: u32, expected: u64) -> CallError {
    CallError::Protocol(format!(
        "its batch of {rows} rows of {columns} columns has {len} bytes instead of {expected}"
    ))
}
