//! Arguments that contain pointers. They are laid out as the guest sees them, with offsets from their beginning
//! until their address is known.

use commensal_abi::{Record, Tag};

use super::{CallError, CallResult, Guest, memory_shrank};
use crate::runtime::{FunctionId, StatementBudget};
use crate::value::ValueRef;

/// The records of a call's arguments and the bytes that they point to.
pub(crate) struct Image {
    bytes: Vec<u8>,
    /// Offsets of the pointers that must become addresses.
    pointers: Vec<usize>,
    argc: u32,
    bytes_max: usize,
}

impl Image {
    /// An image of this many arguments, all NULL, that may grow to `bytes_max` bytes.
    pub(crate) fn new(argc: usize, bytes_max: usize) -> Self {
        let bytes = Record::NULL.to_bytes().repeat(argc);
        // Engines have far fewer arguments than this.
        Self { bytes, pointers: Vec::new(), argc: argc as u32, bytes_max }
    }

    /// Offset of an argument's record.
    pub(crate) fn argument(position: usize) -> usize {
        position * Record::SIZE
    }

    /// Writes bytes at an existing place.
    pub(crate) fn write(&mut self, place: usize, bytes: &[u8]) {
        if let Some(to) = self.bytes.get_mut(place..).and_then(|to| to.get_mut(..bytes.len())) {
            to.copy_from_slice(bytes);
        }
    }

    /// Appends bytes and returns their offset.
    ///
    /// # Errors
    /// There are too many.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> CallResult<usize> {
        let start = self.bytes.len();
        self.check(bytes.len())?;
        self.bytes.extend_from_slice(bytes);
        Ok(start)
    }

    /// Writes a record at an existing place and appends its bytes.
    ///
    /// # Errors
    /// There are too many bytes.
    pub(crate) fn record(&mut self, place: usize, value: ValueRef<'_>) -> CallResult<()> {
        let (tag, bytes) = match value {
            ValueRef::Text(t) => (Tag::Text, t.as_bytes()),
            ValueRef::Blob(b) => (Tag::Blob, b),
            ValueRef::Null => {
                self.write(place, &Record::NULL.to_bytes());
                return Ok(());
            }
            ValueRef::Integer(i) => {
                self.write(place, &Record::integer(i).to_bytes());
                return Ok(());
            }
            ValueRef::Real(r) => {
                self.write(place, &Record::real(r).to_bytes());
                return Ok(());
            }
        };
        let at = self.append(bytes)?;
        self.points(place, tag, at, bytes.len());
        Ok(())
    }

    /// Appends an 8-aligned blob of zeros, with its record at `place`. Returns its offset.
    ///
    /// # Errors
    /// There are too many bytes.
    pub(crate) fn blob(&mut self, place: usize, len: usize) -> CallResult<usize> {
        let start = self.bytes.len().next_multiple_of(Record::ALIGN);
        self.check(len.saturating_add(start - self.bytes.len()))?;
        self.bytes.resize(start + len, 0);
        self.points(place, Tag::Blob, start, len);
        Ok(start)
    }

    /// Records that the four bytes at `place` point to `at`.
    pub(crate) fn pointer(&mut self, place: usize, at: usize) {
        self.write(place, &(at as u32).to_le_bytes());
        self.pointers.push(place);
    }

    fn points(&mut self, place: usize, tag: Tag, at: usize, len: usize) {
        self.write(place, &Record::bytes(tag, 0, len as u32).to_bytes());
        self.pointer(place + size_of::<u64>(), at);
    }

    /// Checks that offsets fit into 32 bits, and that the guest could have this much memory.
    fn check(&self, more: usize) -> CallResult<()> {
        let bytes = self.bytes.len().saturating_add(more);
        if bytes > self.bytes_max.min(i32::MAX as usize) {
            return Err(CallError::ArgumentsTooLarge(bytes).into());
        }
        Ok(())
    }
}

impl Guest {
    /// Calls a function with these arguments. Returns the address of its result record, 0 for NULL.
    ///
    /// # Errors
    /// Like [`Guest::call`].
    pub(crate) fn call_image(
        &mut self,
        function: FunctionId,
        image: &mut Image,
        budget: &mut StatementBudget,
    ) -> CallResult<u32> {
        let len = image.bytes.len() as u32;
        if len > self.scratch_bytes {
            self.grow_scratch(len, budget)?;
        }
        let base = self.scratch;
        for &place in &image.pointers {
            if let Some(pointer) = image.bytes[place..].first_chunk_mut() {
                *pointer = u32::from_le_bytes(*pointer).wrapping_add(base).to_le_bytes();
            }
        }
        image.pointers.clear();
        self.check_here()?;
        self.instance.write(base, &image.bytes).map_err(|_| memory_shrank())?;
        self.enter(function, image.argc, budget)
    }
}
