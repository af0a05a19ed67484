//! Batches collect rows on the host and hand them to a guest in one call. The rows of an aggregate's state are
//! one use. An engine that has its rows in batches can also map each row to another ([`Guest::map_rows`]).
//!
//! A batch has the layout that the guest sees, so handing it over is one copy. First come the arguments before
//! the rows (the state's handle) and the number of rows, then the rows' records from the front and their bytes
//! from the back. The rows of a single state could be written into guest memory directly. That would save the
//! copy, a nanosecond a row, but each row would have to reach the instance, which costs more.

use commensal_abi::{Record, Tag};

use super::arguments::{Arguments, Placed, Plain, Room, Unreadable, needs, records, write};
use super::{CallError, CallResult, Callee, Fetched, Guest, memory_shrank};
use crate::live::LiveAccount;
use crate::manifest::{Param, Signature};
use crate::runtime::{FunctionId, StatementBudget};
use crate::value::{StorageClass, ValueRef};

/// Bytes of a batch. It is small so that it stays in the fastest cache beside the engine's own data.
const BYTES_MAX: usize = 8 << 10;
/// Bytes of a state's first batch. It is small because most groups are.
const BYTES_FIRST: usize = 1 << 10;
/// Rows of a batch. Limits rows that have no arguments and so no bytes.
const ROWS_MAX: u32 = 1024;
/// Integers that `step` and `inverse` take before the number of rows: the state's handle.
const BEFORE_STATE: usize = 1;
/// Bytes of all batches of a statement.
const BYTES_OF_ALL_MAX: usize = 8 << 20;
/// Batches that are kept for later groups.
const SPARE_MAX: usize = 8;

/// The batches of a statement. Those of ended states are reused for new ones. Together they have a limit, besides
/// the one that they share with all instances. When either limit is reached, each row is handed over at once.
pub(crate) struct Batches {
    spare: Vec<Batch>,
    bytes_left: usize,
    account: LiveAccount,
}

impl Batches {
    pub(crate) fn new(account: LiveAccount) -> Self {
        Self { spare: Vec::new(), bytes_left: BYTES_OF_ALL_MAX, account }
    }

    /// A batch for a new state. `ordered` means that each row must be handed over by itself.
    pub(crate) fn take(&mut self, ordered: bool) -> Batch {
        let batch = self.spare.pop();
        let mut batch =
            batch.unwrap_or_else(|| Batch::new(BEFORE_STATE, self.claim(0, BYTES_FIRST)));
        batch.rows_max = if ordered { 1 } else { ROWS_MAX };
        batch.plain = PlainRows::default();
        batch
    }

    /// Takes back the batch of a state that has ended.
    pub(crate) fn put(&mut self, mut batch: Batch) {
        if self.spare.len() < SPARE_MAX {
            batch.clear();
            self.spare.push(batch);
        } else {
            self.bytes_left += batch.buffer.len();
            self.account.give(batch.buffer.len() as u64);
        }
    }

    /// Gives an empty batch that was too small its full size, unless it has that already or must not have it.
    #[cold]
    pub(crate) fn grow(&mut self, batch: &mut Batch) {
        let old = batch.buffer.len();
        if batch.is_empty() && old < BYTES_MAX {
            let buffer = self.claim(old, BYTES_MAX);
            *batch = Batch { rows_max: batch.rows_max, ..Batch::new(BEFORE_STATE, buffer) };
        }
    }

    /// The size that a batch may have: `wanted` if the limits allow it, otherwise `had`.
    fn claim(&mut self, had: usize, wanted: usize) -> usize {
        let more = wanted.saturating_sub(had);
        match self.bytes_left.checked_sub(more) {
            Some(left) if self.account.take(more as u64).is_ok() => {
                self.bytes_left = left;
                wanted
            }
            _ => had,
        }
    }
}

/// Rows that the guest has not seen yet.
pub struct Batch {
    buffer: Box<[u8]>,
    /// Bytes of the records before the rows.
    head: usize,
    /// Offset of the next row's records.
    records_end: usize,
    /// Offset of the bytes. The next bytes are placed before it.
    bytes_start: usize,
    rows: u32,
    rows_max: u32,
    /// Address of the scratch area that the records' pointers refer to.
    base: u32,
    /// Which rows may take the fast path.
    plain: PlainRows,
}

/// Rows with only integers and text as arguments, which go into the batch without conversion.
#[derive(Clone, Copy, Default)]
struct PlainRows {
    /// Bytes of the records of a row; 0 if no row may take the fast path.
    bytes: usize,
    /// Exclusive limit for the end of such a row's records. A row that reaches it takes the slow path, which may
    /// also hand the batch over.
    end: usize,
    /// For each argument, whether it may be an integer.
    integers: u32,
    /// For each argument, whether it may be text.
    texts: u32,
}

impl PlainRows {
    /// The fast path for this signature and number of arguments.
    fn new(signature: &Signature, arguments: usize) -> Self {
        let mut plain = Self::default();
        if arguments == 0 || arguments > u32::BITS as usize {
            return plain;
        }
        for position in 0..arguments {
            let Some(Param { class, .. }) = signature.param(position) else {
                return Self::default();
            };
            let is = |wanted| u32::from(class.is_none_or(|class| class == wanted)) << position;
            plain.integers |= is(StorageClass::Integer);
            plain.texts |= is(StorageClass::Text);
        }
        plain.bytes = arguments * Record::SIZE;
        plain
    }
}

/// The outcome of adding a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// The row is in the batch, or was skipped because of a NULL.
    Done,
    /// The row is in the batch, which must be handed over now.
    Due,
    /// There is no room for the row, now or ever.
    Full,
}

impl Batch {
    /// An empty batch of `bytes` bytes for a function that takes `before` integers before the number of rows.
    pub fn new(before: usize, bytes: usize) -> Self {
        let head = (before + 1) * Record::SIZE;
        let buffer = vec![0; bytes].into();
        Self {
            buffer,
            head,
            records_end: head,
            bytes_start: bytes,
            rows: 0,
            rows_max: ROWS_MAX,
            base: 0,
            plain: PlainRows::default(),
        }
    }

    fn clear(&mut self) {
        self.rows = 0;
        self.records_end = self.head;
        self.bytes_start = self.buffer.len();
        self.plain.end = 0;
    }

    /// Whether it has no rows.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Number of rows in it.
    pub fn rows(&self) -> u32 {
        self.rows
    }

    /// Adds a row of integers and text. Returns false if the row must take the slow path. Never panics.
    #[inline(always)]
    pub(crate) fn append_plain<A: Arguments + ?Sized>(&mut self, arguments: &A) -> bool {
        let plain = self.plain;
        let end = self.records_end + plain.bytes;
        if end >= plain.end {
            return false;
        }
        let room = self.buffer.get_mut(self.records_end..self.bytes_start);
        let Some((places, free)) = room.and_then(|room| room.split_at_mut_checked(plain.bytes))
        else {
            return false;
        };
        let mut room = Downwards { free, base: self.base.wrapping_add(end as u32) };
        for (position, place) in places.as_chunks_mut().0.iter_mut().enumerate() {
            let record = match arguments.plain(position) {
                Some(Plain::Integer(integer)) if plain.integers >> position & 1 != 0 => {
                    Record::integer(integer)
                }
                Some(Plain::Text(text)) if plain.texts >> position & 1 != 0 => {
                    let Some(pointer) = room.put(text.as_bytes()) else { return false };
                    Record::bytes(Tag::Text, pointer, text.len() as u32)
                }
                _ => return false,
            };
            write(place, record);
        }
        self.bytes_start = end + room.free.len();
        self.records_end = end;
        self.rows += 1;
        true
    }

    /// Adds a row, or skips it because of a NULL.
    ///
    /// # Errors
    /// [`Argument`](super::CallError::Argument): an argument does not fit its parameter. The batch is unchanged.
    #[inline]
    pub fn append<A: Arguments + ?Sized>(
        &mut self,
        signature: &Signature,
        subtype: bool,
        arguments: &A,
    ) -> CallResult<Appended> {
        let free = self.buffer.get_mut(self.records_end..self.bytes_start).unwrap_or_default();
        let taken = arguments.len() * Record::SIZE;
        let Some((places, free)) = free.split_at_mut_checked(taken) else {
            return Ok(Appended::Full);
        };
        let start = self.records_end + taken;
        let mut room = Downwards { free, base: self.base.wrapping_add(start as u32) };
        // Rows wait here and may outlive pointers, so no pointers are passed.
        match records(places, &mut room, signature, subtype, 0, arguments)? {
            Placed::Null => return Ok(Appended::Done),
            Placed::Needs(_) => return Ok(Appended::Full),
            Placed::Done => {}
        }
        self.bytes_start = start + room.free.len();
        self.records_end = start;
        self.rows += 1;
        if self.rows == 1 {
            self.expect_plain(signature, subtype, arguments.len());
        }
        Ok(if self.rows < self.rows_max { Appended::Done } else { Appended::Due })
    }

    /// Finds out which later rows may take the fast path. All rows of a state have the same number of arguments.
    fn expect_plain(&mut self, signature: &Signature, subtype: bool, arguments: usize) {
        if self.plain.bytes == 0 && !subtype {
            self.plain = PlainRows::new(signature, arguments);
        }
        // The last row of a full batch takes the slow path, because the batch is handed over with it.
        self.plain.end = self.head + self.plain.bytes * self.rows_max as usize;
    }

    /// Adjusts the records' pointers to a scratch area that has moved.
    #[cold]
    fn relocate(&mut self, base: u32) {
        let by = base.wrapping_sub(self.base);
        self.base = base;
        let records = self.buffer.get_mut(self.head..self.records_end).unwrap_or_default();
        for record in records.as_chunks_mut::<{ Record::SIZE }>().0 {
            if [Tag::Text as u8, Tag::Blob as u8].contains(&record[0]) {
                let [.., a, b, c, d, _, _, _, _] = *record;
                let pointer = u32::from_le_bytes([a, b, c, d]).wrapping_add(by);
                record[8..12].copy_from_slice(&pointer.to_le_bytes());
            }
        }
    }
}

/// Free space that is filled from its end.
struct Downwards<'a> {
    free: &'a mut [u8],
    /// Address of the space in the guest.
    base: u32,
}

impl Room for Downwards<'_> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) -> Option<u32> {
        let start = self.free.len().checked_sub(bytes.len())?;
        let (free, to) = std::mem::take(&mut self.free).split_at_mut(start);
        to.copy_from_slice(bytes);
        self.free = free;
        Some(self.base.wrapping_add(start as u32))
    }
}

impl Guest {
    /// Hands the rows of an aggregate's state to the guest and empties the batch.
    ///
    /// # Errors
    /// Like [`Guest::call`].
    pub(crate) fn hand_over(
        &mut self,
        batch: &mut Batch,
        function: FunctionId,
        handle: i64,
        budget: &mut StatementBudget,
    ) -> CallResult<()> {
        let pointer = self.try_hand_over(batch, function, &[handle], budget);
        batch.clear();
        self.error_at(pointer?)
    }

    /// Hands rows to a function that returns the same number of rows with `columns` columns, and empties the
    /// batch.
    ///
    /// # Errors
    /// Like [`Guest::fetch`]. Another number of rows violates the ABI.
    pub fn map_rows(
        &mut self,
        batch: &mut Batch,
        function: FunctionId,
        before: &[i64],
        columns: u32,
        budget: &mut StatementBudget,
    ) -> CallResult<Fetched> {
        let rows = batch.rows;
        let pointer = self.try_hand_over(batch, function, before, budget);
        batch.clear();
        match self.fetched_at(pointer?, Some(columns), rows)? {
            Some(fetched) if fetched.rows == rows => Ok(fetched),
            fetched => Err(other_rows(rows, fetched.map_or(0, |fetched| fetched.rows)).into()),
        }
    }

    /// Hands the rows over. Returns the address of the result's record.
    fn try_hand_over(
        &mut self,
        batch: &mut Batch,
        function: FunctionId,
        before: &[i64],
        budget: &mut StatementBudget,
    ) -> CallResult<u32> {
        let bytes = batch.buffer.len() as u32;
        if self.scratch_bytes < bytes {
            self.grow_scratch(bytes, budget)?;
        }
        if self.scratch != batch.base {
            batch.relocate(self.scratch);
        }
        let Batch { buffer, records_end, bytes_start, rows, .. } = batch;
        let head = before.iter().copied().chain([i64::from(*rows)]);
        for (place, number) in buffer.as_chunks_mut::<{ Record::SIZE }>().0.iter_mut().zip(head) {
            *place = Record::integer(number).to_bytes();
        }
        let (records, bytes) = (&buffer[..*records_end], &buffer[*bytes_start..]);
        self.write(self.scratch, records)?;
        if !bytes.is_empty() {
            self.write(self.scratch.wrapping_add(*bytes_start as u32), bytes)?;
        }
        let argc = (*records_end / Record::SIZE) as u32;
        self.enter(function, argc, budget)
    }

    /// Hands over one row that fits into no batch.
    ///
    /// # Errors
    /// Like [`Guest::call`].
    #[cold]
    pub(crate) fn hand_over_large<A: Arguments + ?Sized>(
        &mut self,
        row: &A,
        callee: Callee<'_>,
        handle: i64,
        budget: &mut StatementBudget,
    ) -> CallResult<()> {
        if let Placed::Null = needs(callee.signature, row)? {
            return Ok(());
        }
        let integer = Param { class: Some(StorageClass::Integer), nullable: false };
        let mut signature = callee.signature.clone();
        signature.params.splice(0..0, [integer; 2]);
        signature.returns = None;
        let callee = Callee { signature: &signature, ..callee };
        let row = Row { row, head: [handle, 1] };
        match self.place(callee, &row)? {
            Placed::Done | Placed::Null => {}
            Placed::Needs(bytes) => self.place_large(callee, &row, bytes, budget)?,
        }
        let pointer = self.enter(callee.function, row.len() as u32, budget)?;
        self.error_at(pointer)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> CallResult<()> {
        self.check_here()?;
        Ok(self.instance.write(offset, bytes).map_err(|_| memory_shrank())?)
    }
}

#[cold]
fn other_rows(given: u32, got: u32) -> CallError {
    CallError::Protocol(format!("it was given {given} rows and gave {got}"))
}

/// A row, preceded by what a batch has before its rows.
struct Row<'a, A: ?Sized> {
    head: [i64; 2],
    row: &'a A,
}

impl<A: Arguments + ?Sized> Arguments for Row<'_, A> {
    fn len(&self) -> usize {
        self.head.len() + self.row.len()
    }

    fn get(&self, position: usize) -> Result<ValueRef<'_>, Unreadable> {
        match self.head.get(position) {
            Some(&head) => Ok(ValueRef::Integer(head)),
            None => self.row.get(position - self.head.len()),
        }
    }

    fn subtype(&self, position: usize) -> u8 {
        position.checked_sub(self.head.len()).map_or(0, |position| self.row.subtype(position))
    }
}
