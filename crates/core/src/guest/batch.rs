//! Rows on their way to a guest: collected on the host, handed over in one call. Those of an aggregate's
//! state are one use; an engine that has its rows in batches can map each to another ([`Guest::map_rows`]).
//!
//! A batch is laid out as the guest will see it, so that handing it over is a copy: what the function takes
//! first (the state's handle) and the number of rows, then the rows' records from the front, and their bytes
//! from the back. The rows of a state that is alone could be written into guest memory at once; that would
//! save the copy, a nanosecond a row, and cost each row the way to the instance, which is more.

use commensal_abi::{Record, Tag};

use super::arguments::{Arguments, Placed, Plain, Room, Unreadable, needs, records, write};
use super::{CallError, CallResult, Callee, Fetched, Guest, memory_shrank};
use crate::live::LiveAccount;
use crate::manifest::{Param, Signature};
use crate::runtime::{FunctionId, StatementBudget};
use crate::value::{StorageClass, ValueRef};

/// Bytes of a batch. Small, so that it stays in the fastest cache on its way to the guest, beside all
/// that the engine has there.
const BYTES_MAX: usize = 8 << 10;
/// Bytes of a state's first batch: most groups are small.
const BYTES_FIRST: usize = 1 << 10;
/// Rows of a batch, for those that have no arguments and so no bytes.
const ROWS_MAX: u32 = 1024;
/// What `step` and `inverse` take before the number of rows: the state's handle.
const BEFORE_STATE: usize = 1;
/// Bytes of all batches of a statement.
const BYTES_OF_ALL_MAX: usize = 8 << 20;
/// Batches that are kept for the next group.
const SPARE_MAX: usize = 8;

/// The batches of a statement: of ended states they go to new ones, and together they have a limit,
/// besides the one that they share with all instances. Where either is reached, a row is handed over
/// at once.
pub(crate) struct Batches {
    spare: Vec<Batch>,
    bytes_left: usize,
    account: LiveAccount,
}

impl Batches {
    pub(crate) fn new(account: LiveAccount) -> Self {
        Self { spare: Vec::new(), bytes_left: BYTES_OF_ALL_MAX, account }
    }

    /// A batch for a new state; `ordered` when each row is to be handed over by itself.
    pub(crate) fn take(&mut self, ordered: bool) -> Batch {
        let batch = self.spare.pop();
        let mut batch =
            batch.unwrap_or_else(|| Batch::new(BEFORE_STATE, self.claim(0, BYTES_FIRST)));
        batch.rows_max = if ordered { 1 } else { ROWS_MAX };
        batch.plain = PlainRows::default();
        batch
    }

    /// Takes the batch of a state that has ended.
    pub(crate) fn put(&mut self, mut batch: Batch) {
        if self.spare.len() < SPARE_MAX {
            batch.clear();
            self.spare.push(batch);
        } else {
            self.bytes_left += batch.buffer.len();
            self.account.give(batch.buffer.len() as u64);
        }
    }

    /// Gives an empty batch its full size, once it has turned out too small, unless it has that or must
    /// not have it.
    #[cold]
    pub(crate) fn grow(&mut self, batch: &mut Batch) {
        let old = batch.buffer.len();
        if batch.is_empty() && old < BYTES_MAX {
            let buffer = self.claim(old, BYTES_MAX);
            *batch = Batch { rows_max: batch.rows_max, ..Batch::new(BEFORE_STATE, buffer) };
        }
    }

    /// The size that a batch may have: `wanted`, or what it had.
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
    /// Where the next row's records go.
    records_end: usize,
    /// Where bytes begin; the next ones go before.
    bytes_start: usize,
    rows: u32,
    rows_max: u32,
    /// The scratch area that pointers in the records are into.
    base: u32,
    /// What rows may be added in the shortest way.
    plain: PlainRows,
}

/// Rows whose arguments are integers and text alone, which go into the batch as they are.
#[derive(Clone, Copy, Default)]
struct PlainRows {
    /// Bytes of the records of a row; 0 when there may be no such rows.
    bytes: usize,
    /// Where the records of such a row must not end any more: what is to be done then is more than
    /// adding it.
    end: usize,
    /// For each argument, whether it may be an integer.
    integers: u32,
    /// For each argument, whether it may be text.
    texts: u32,
}

impl PlainRows {
    /// Those of a signature, of so many arguments.
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

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It is in the batch, or a NULL keeps it from the guest.
    Done,
    /// It is in the batch, which is to be handed over now.
    Due,
    /// There is no room for it, now or ever.
    Full,
}

impl Batch {
    /// An empty one of so many bytes, for a function that takes so many integers before the number of rows.
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

    /// Whether there is nothing to hand over.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Rows to hand over.
    pub fn rows(&self) -> u32 {
        self.rows
    }

    /// Adds a row of integers and text; false for any other, and when something is to be done besides.
    /// Cannot panic.
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

    /// Adds a row, unless a NULL keeps it from the guest.
    ///
    /// # Errors
    /// [`Argument`](super::CallError::Argument): an argument does not fit its parameter. The batch is as
    /// it was.
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
        // Rows wait here, pointers may not last as long: those of no instance pass.
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

    /// Finds out whether and how far rows may be added that are integers and text alone. All rows of a
    /// state have as many arguments.
    fn expect_plain(&mut self, signature: &Signature, subtype: bool, arguments: usize) {
        if self.plain.bytes == 0 && !subtype {
            self.plain = PlainRows::new(signature, arguments);
        }
        // The last row of a full batch is handed over with it.
        self.plain.end = self.head + self.plain.bytes * self.rows_max as usize;
    }

    /// Follows the scratch area to another place: the records' pointers were into the old one.
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

/// Room that is filled from its end.
struct Downwards<'a> {
    free: &'a mut [u8],
    /// Address of the room in the guest.
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
    /// Hands the rows of an aggregate's state over, and empties the batch.
    ///
    /// # Errors
    /// As [`Guest::call`].
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

    /// Hands rows over to a function that gives as many rows of so many columns back, and empties the batch.
    ///
    /// # Errors
    /// As [`Guest::fetch`]; other than as many rows break the ABI.
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

    /// The address of the result's record.
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

    /// Hands one row over that fits into no batch.
    ///
    /// # Errors
    /// As [`Guest::call`].
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

/// A row with what a batch has before its rows.
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
