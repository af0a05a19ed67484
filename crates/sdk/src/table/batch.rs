//! Rows for the host: the batch of `docs/abi.md`, section 7.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use commensal_abi::{Record, Tag};

use crate::output::{IntoOutput, Output};

/// A batch is full when its text and blobs have this many bytes.
const BYTES_MAX: usize = 64 << 10;

/// The length of a record, in words.
const RECORD: usize = Record::SIZE / size_of::<u64>();

/// The words before the first row: the numbers of rows and columns.
const HEADER: usize = 1;

/// Rows as the host reads them in memory. A row is a rowid, followed by its values.
#[derive(Default)]
pub(super) struct Rows {
    words: Vec<u64>,
    tail: Tail,
    rows: u32,
}

/// What does not fit into the records of rows.
#[derive(Default)]
struct Tail {
    /// The bytes of text and blobs, to which records point.
    bytes: Vec<u8>,
    /// Indexes of words that hold an offset into `bytes` and have to hold an address.
    offsets: Vec<u32>,
}

/// Writes the values of a row, column after column.
pub struct RowWriter<'a> {
    /// The words of this row.
    words: &'a mut [u64],
    at: usize,
    /// The word at which the row begins in its batch.
    start: usize,
    tail: &'a mut Tail,
    rowid: Record,
}

impl RowWriter<'_> {
    /// Writes the value of the next column.
    ///
    /// # Errors
    /// The value is an error, or there are more values than columns. The text says which.
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

    /// Sets the row's rowid. By default, rows are numbered from 1.
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
    /// Writes rows until `next` has no more, there are `rows_max`, or their text and blobs fill the batch.
    /// Returns whether the last row was reached.
    ///
    /// # Errors
    /// `next` fails, or a row has another number of values. The rows before it are kept.
    #[inline(always)]
    pub(crate) fn fill(
        &mut self,
        rows_max: usize,
        columns: usize,
        mut next: impl FnMut(&mut RowWriter<'_>) -> Result<bool, String>,
    ) -> Result<bool, String> {
        let len = row_words(columns);
        let Self { words, tail, .. } = self;
        let end = HEADER + rows_max * len;
        if words.len() < end {
            words.resize(end, 0);
        }
        tail.bytes.clear();
        tail.offsets.clear();
        // The counters are local variables, so they stay in registers while rows are written.
        let mut rows = 0;
        let mut result = Ok(false);
        for words in words[HEADER..end].chunks_exact_mut(len) {
            let start = HEADER + rows as usize * len;
            let mut row = RowWriter { words, at: RECORD, start, tail, rowid: Record::NULL };
            match next(&mut row) {
                Ok(true) if row.at == len => {}
                Ok(true) => {
                    result = Err(too_few(columns));
                    break;
                }
                Ok(false) => {
                    result = Ok(true);
                    break;
                }
                Err(message) => {
                    result = Err(message);
                    break;
                }
            }
            row.words[..RECORD].copy_from_slice(&row.rowid.to_words());
            rows += 1;
            if tail.bytes.len() >= BYTES_MAX {
                break;
            }
        }
        self.rows = rows;
        let end = (HEADER + rows as usize * len) as u32;
        self.tail.offsets.retain(|place| *place < end);
        result
    }

    /// The number of rows so far.
    #[inline]
    pub(crate) fn len(&self) -> u32 {
        self.rows
    }

    /// The finished batch: rows of this many columns, as little-endian words.
    pub(crate) fn finish(&mut self, columns: usize) -> &[u64] {
        let base = self.tail.bytes.as_ptr().addr() as u64;
        for &place in &self.tail.offsets {
            self.words[place as usize] += base;
        }
        self.tail.offsets.clear();
        self.words[0] = u64::from(self.rows) | (columns as u64) << 32;
        &self.words[..HEADER + self.rows as usize * row_words(columns)]
    }
}

#[cold]
fn too_few(columns: usize) -> String {
    format!("a row has fewer values than the {columns} columns of the table")
}

/// The length of a row, in words.
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
        let mut texts = ["né", "x"].into_iter();
        let ended = rows.fill(3, 2, |row| {
            let Some(text) = texts.next() else { return Ok(false) };
            row.rowid(7);
            row.push(text)?;
            row.push(-1i64)?;
            Ok(true)
        });
        assert_eq!((ended, rows.len()), (Ok(true), 2));
        let base = rows.tail.bytes.as_ptr().addr() as u64;
        let row = |offset: u64, len: u64| [1, 7, 3 | len << 32, base + offset, 1, u64::MAX];
        let expected: Vec<u64> =
            [2 | 2 << 32].into_iter().chain(row(0, 3)).chain(row(3, 1)).collect();
        assert_eq!(rows.finish(2), expected);
        assert_eq!(rows.fill(1, 1, |row| row.push(5i64).map(|()| true)), Ok(false));
        assert_eq!(rows.finish(1), [1 | 1 << 32, 5, 0, 1, 5]);
    }

    #[test]
    fn what_is_wrong_with_a_row_keeps_those_before_it() {
        let fill = |values: &[&[Result<i64, &str>]]| {
            let (mut rows, mut values) = (Rows::default(), values.iter());
            let result = rows.fill(4, 1, |row| {
                let Some(values) = values.next() else { return Ok(false) };
                row.push("text")?;
                row.at = RECORD;
                for value in *values {
                    row.push(*value)?;
                }
                Ok(true)
            });
            (result, rows.len(), rows.finish(1).len())
        };
        assert_eq!(fill(&[&[Ok(1)]]), (Ok(true), 1, 5));
        let few = "a row has fewer values than the 1 columns of the table";
        assert_eq!(fill(&[&[Ok(1)], &[]]), (Err(few.into()), 1, 5));
        let many = "a row has more values than the 1 columns of the table";
        assert_eq!(fill(&[&[Ok(1), Ok(2)]]), (Err(many.into()), 0, 1));
        assert_eq!(fill(&[&[Ok(1)], &[Ok(1)], &[Err("no")]]), (Err("no".into()), 2, 9));
    }
}
