//! Rows on their way to the host: the batch of `docs/abi.md`, section 7.

use alloc::string::String;
use alloc::vec::Vec;

use commensal_abi::{Record, Tag};

use crate::output::Output;

/// Bytes of text and blobs after which a batch is full.
const BYTES_MAX: usize = 64 << 10;

/// Words of a record.
const RECORD: usize = Record::SIZE / size_of::<u64>();

/// Words before the first row: the numbers of rows and columns.
const HEADER: usize = 1;

/// Rows, as they lie in memory for the host. A row is a rowid and then its values.
#[derive(Default)]
pub struct Batch {
    words: Vec<u64>,
    /// The bytes of text and blobs, which records point to.
    bytes: Vec<u8>,
    /// Places, among the words, of offsets into `bytes` that have to become addresses.
    offsets: Vec<u32>,
    rows: u32,
}

impl Batch {
    /// Starts anew, for so many rows of so many columns.
    pub(crate) fn clear(&mut self, rows: usize, columns: usize) {
        self.words.clear();
        self.bytes.clear();
        self.offsets.clear();
        self.rows = 0;
        self.words.reserve(HEADER + rows * (columns + 1) * RECORD);
        self.words.push(0);
    }

    /// Starts a row, whose values are appended then; where it starts.
    #[inline]
    pub(crate) fn start_row(&mut self) -> usize {
        let start = self.words.len();
        self.record(Record::NULL);
        start
    }

    /// Ends the row that was started there.
    #[inline]
    pub(crate) fn end_row(&mut self, start: usize, rowid: Option<i64>) {
        if let Some(rowid) = rowid {
            self.words[start..start + RECORD].copy_from_slice(&Record::integer(rowid).to_words());
        }
        self.rows += 1;
    }

    /// Takes the row back that was started there.
    #[cold]
    pub(crate) fn undo_row(&mut self, start: usize) {
        self.words.truncate(start);
        self.offsets.retain(|&place| (place as usize) < start);
    }

    /// Appends a row with what `write` appends to it. What it appended before an error is taken back.
    #[inline]
    pub(crate) fn row(
        &mut self,
        write: impl FnOnce(&mut Self) -> Result<(), String>,
    ) -> Result<(), String> {
        let start = self.start_row();
        match write(self) {
            Ok(()) => self.end_row(start, None),
            Err(message) => {
                self.undo_row(start);
                return Err(message);
            }
        }
        Ok(())
    }

    /// Appends a value.
    ///
    /// # Errors
    /// It is an error: its message.
    #[inline]
    pub fn push(&mut self, output: Output<'_>) -> Result<(), String> {
        match output {
            Output::Null => self.record(Record::NULL),
            Output::Integer(i) => self.record(Record::integer(i)),
            Output::Real(r) => self.record(Record::real(r)),
            Output::Text(t) => self.put(Tag::Text, t.as_bytes()),
            Output::Blob(b) => self.put(Tag::Blob, &b),
            Output::Error(message) => return Err(message),
        }
        Ok(())
    }

    #[inline]
    fn record(&mut self, record: Record) {
        self.words.extend_from_slice(&record.to_words());
    }

    fn put(&mut self, tag: Tag, bytes: &[u8]) {
        self.offsets.push(self.words.len() as u32 + 1);
        self.record(Record::bytes(tag, self.bytes.len() as u32, bytes.len() as u32));
        self.bytes.extend_from_slice(bytes);
    }

    /// Rows so far.
    pub(crate) fn rows(&self) -> u32 {
        self.rows
    }

    /// Whether the bytes are enough for one batch, whatever the number of rows.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.bytes.len() >= BYTES_MAX
    }

    /// The finished batch, of rows of so many columns: little-endian words, as WebAssembly's are.
    pub(crate) fn finish(&mut self, columns: usize) -> &[u64] {
        let base = self.bytes.as_ptr().addr() as u64;
        for &place in &self.offsets {
            self.words[place as usize] += base;
        }
        self.offsets.clear();
        self.words[0] = u64::from(self.rows) | (columns as u64) << 32;
        &self.words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_lie_as_the_abi_says() {
        let mut batch = Batch::default();
        batch.clear(2, 2);
        let row = |batch: &mut Batch, text: &'static str| {
            let start = batch.start_row();
            batch.push(Output::Integer(-1)).unwrap();
            batch.push(Output::Text(text.into())).unwrap();
            batch.end_row(start, Some(7));
        };
        row(&mut batch, "né");
        let failed = batch.row(|batch| {
            batch.push(Output::Text("lost".into()))?;
            batch.push(Output::Error("no".into()))
        });
        assert_eq!(failed, Err("no".into()));
        row(&mut batch, "x");
        assert_eq!(batch.rows(), 2);
        let base = batch.bytes.as_ptr().addr() as u64;
        let row = |offset: u64, len: u64| [1, 7, 1, u64::MAX, 3 | len << 32, base + offset];
        let expected: Vec<u64> =
            [2 | 2 << 32].into_iter().chain(row(0, 3)).chain(row(7, 1)).collect();
        assert_eq!(batch.finish(2), expected);
        batch.clear(1, 1);
        assert_eq!((batch.rows(), batch.is_full()), (0, false));
    }
}
