//! Rows on their way to the host: the batch of `docs/abi.md`, section 7.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use commensal_abi::{Record, Tag};

use crate::output::{IntoOutput, Output};

/// Bytes of text and blobs after which a batch is full.
const BYTES_MAX: usize = 64 << 10;

/// Words of a record.
const RECORD: usize = Record::SIZE / size_of::<u64>();

/// Words before the first row: the numbers of rows and columns.
const HEADER: usize = 1;

/// Rows, as they lie in memory for the host. A row is a rowid and then its values.
#[derive(Default)]
pub(crate) struct Rows {
    /// As many as all rows asked for need; those up to `end` are written.
    words: Vec<u64>,
    end: usize,
    tail: Tail,
    rows: u32,
}

/// What does not fit into records.
#[derive(Default)]
struct Tail {
    /// The bytes of text and blobs, which records point to.
    bytes: Vec<u8>,
    /// Places, among the words, of offsets into `bytes` that have to become addresses.
    offsets: Vec<u32>,
}

/// Where the values of a row are written, column after column.
pub struct RowWriter<'a> {
    /// The row's own words.
    words: &'a mut [u64],
    at: usize,
    /// Where the row begins in its batch.
    start: usize,
    tail: &'a mut Tail,
    rowid: Record,
}

impl RowWriter<'_> {
    /// Writes the value of the next column.
    ///
    /// # Errors
    /// The value is an error, or there are more values than columns: the message.
    #[inline]
    pub fn push<'v>(&mut self, value: impl IntoOutput<'v>) -> Result<(), String> {
        match value.into_output() {
            Output::Null => self.record(Record::NULL),
            Output::Integer(i) => self.record(Record::integer(i)),
            Output::Real(r) => self.record(Record::real(r)),
            Output::Text(t) => self.bytes(Tag::Text, t.as_bytes()),
            Output::Blob(b) => self.bytes(Tag::Blob, &b),
            Output::Error(message) => Err(message),
        }
    }

    /// Gives the row a rowid. Without, rows are numbered from 1.
    #[inline]
    pub fn rowid(&mut self, rowid: i64) {
        self.rowid = Record::integer(rowid);
    }

    #[inline]
    fn record(&mut self, record: Record) -> Result<(), String> {
        let Some(to) = self.words.get_mut(self.at..self.at + RECORD) else {
            return Err(too_many(self.words.len() / RECORD - 1));
        };
        to.copy_from_slice(&record.to_words());
        self.at += RECORD;
        Ok(())
    }

    fn bytes(&mut self, tag: Tag, bytes: &[u8]) -> Result<(), String> {
        self.tail.offsets.push((self.start + self.at) as u32 + 1);
        self.record(Record::bytes(tag, self.tail.bytes.len() as u32, bytes.len() as u32))?;
        self.tail.bytes.extend_from_slice(bytes);
        Ok(())
    }
}

#[cold]
fn too_many(columns: usize) -> String {
    format!("a row has more values than the {columns} columns of the table")
}

impl Rows {
    /// Starts anew, for so many rows of so many columns.
    pub(crate) fn clear(&mut self, rows: usize, columns: usize) {
        self.words.resize(HEADER + rows * row_words(columns), 0);
        self.end = HEADER;
        self.tail.bytes.clear();
        self.tail.offsets.clear();
        self.rows = 0;
    }

    /// Writes a row. It counts when `write` says so and has written all columns.
    ///
    /// # Errors
    /// That of `write`; a column is missing.
    #[inline(always)]
    pub(crate) fn row(
        &mut self,
        columns: usize,
        write: impl FnOnce(&mut RowWriter<'_>) -> Result<bool, String>,
    ) -> Result<bool, String> {
        let (start, len) = (self.end, row_words(columns));
        let Some(words) = self.words.get_mut(start..start + len) else { return Ok(false) };
        let mut row =
            RowWriter { words, at: RECORD, start, tail: &mut self.tail, rowid: Record::NULL };
        let written = write(&mut row);
        let complete = row.at == len;
        row.words[..RECORD].copy_from_slice(&row.rowid.to_words());
        match written {
            Ok(true) if complete => {
                self.rows += 1;
                self.end += len;
                Ok(true)
            }
            other => self.undo(start, other, columns),
        }
    }

    #[cold]
    fn undo(
        &mut self,
        start: usize,
        written: Result<bool, String>,
        columns: usize,
    ) -> Result<bool, String> {
        self.tail.offsets.retain(|&place| (place as usize) < start);
        if written? {
            return Err(format!("a row has fewer values than the {columns} columns of the table"));
        }
        Ok(false)
    }

    /// Rows so far.
    #[inline]
    pub(crate) fn len(&self) -> u32 {
        self.rows
    }

    /// Whether the bytes are enough for one batch, whatever the number of rows.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.tail.bytes.len() >= BYTES_MAX
    }

    /// The finished batch, of rows of so many columns: little-endian words, as WebAssembly's are.
    pub(crate) fn finish(&mut self, columns: usize) -> &[u64] {
        let base = self.tail.bytes.as_ptr().addr() as u64;
        for &place in &self.tail.offsets {
            self.words[place as usize] += base;
        }
        self.tail.offsets.clear();
        self.words[0] = u64::from(self.rows) | (columns as u64) << 32;
        &self.words[..self.end]
    }
}

/// Words of a row.
#[inline]
const fn row_words(columns: usize) -> usize {
    (columns + 1) * RECORD
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_lie_as_the_abi_says() {
        let mut rows = Rows::default();
        rows.clear(3, 2);
        let mut row = |text: &'static str, last: Result<i64, &str>| {
            rows.row(2, |row| {
                row.rowid(7);
                row.push(text)?;
                row.push(last)?;
                Ok(true)
            })
        };
        assert_eq!(row("né", Ok(-1)), Ok(true));
        assert_eq!(row("lost", Err("no")), Err("no".into()));
        assert_eq!(row("x", Ok(-1)), Ok(true));
        assert_eq!(rows.row(2, |_| Ok(false)), Ok(false));
        assert_eq!(rows.len(), 2);
        let base = rows.tail.bytes.as_ptr().addr() as u64;
        let row = |offset: u64, len: u64| [1, 7, 3 | len << 32, base + offset, 1, u64::MAX];
        let expected: Vec<u64> =
            [2 | 2 << 32].into_iter().chain(row(0, 3)).chain(row(7, 1)).collect();
        assert_eq!(rows.finish(2), expected);
        rows.clear(1, 1);
        assert_eq!((rows.len(), rows.is_full()), (0, false));
    }

    #[test]
    fn the_number_of_values_is_checked() {
        let mut rows = Rows::default();
        rows.clear(4, 1);
        let mut row = |values: &[i64]| {
            rows.row(1, |row| {
                for value in values {
                    row.push(*value)?;
                }
                Ok(true)
            })
        };
        assert_eq!(row(&[1]), Ok(true));
        assert_eq!(row(&[]), Err("a row has fewer values than the 1 columns of the table".into()));
        assert_eq!(
            row(&[1, 2]),
            Err("a row has more values than the 1 columns of the table".into())
        );
    }
}
