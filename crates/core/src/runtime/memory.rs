//! A guest's memory as the host reaches it: in place if the host can address it, otherwise by copying.
//!
//! Code that uses it must handle both. [`Memory::memory`] is the fast way and may return `None`.

/// The linear memory of one instance.
pub trait Memory {
    /// All of it, if the host can address it. The view ends with the next call into the instance, which may
    /// move the memory.
    fn memory(&mut self) -> Option<&mut [u8]>;

    /// Its current size in bytes.
    fn memory_bytes(&self) -> usize;

    /// Copies guest memory out.
    ///
    /// # Errors
    /// The range is not within memory.
    fn read(&mut self, offset: u32, into: &mut [u8]) -> Result<(), OutOfBounds> {
        let memory = self.memory().ok_or(OutOfBounds)?;
        into.copy_from_slice(range(memory, offset, into.len()).ok_or(OutOfBounds)?);
        Ok(())
    }

    /// Copies into guest memory.
    ///
    /// # Errors
    /// The range is not within memory.
    fn write(&mut self, offset: u32, from: &[u8]) -> Result<(), OutOfBounds> {
        let memory = self.memory().ok_or(OutOfBounds)?;
        let end = (offset as usize).checked_add(from.len()).ok_or(OutOfBounds)?;
        memory.get_mut(offset as usize..end).ok_or(OutOfBounds)?.copy_from_slice(from);
        Ok(())
    }
}

/// Memory that the host can address.
impl Memory for &mut [u8] {
    fn memory(&mut self) -> Option<&mut [u8]> {
        Some(self)
    }

    fn memory_bytes(&self) -> usize {
        self.len()
    }
}

/// A range that is not within guest memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfBounds;

/// `memory[offset..offset + len]`, if it is within memory.
#[inline]
pub(crate) fn range(memory: &[u8], offset: u32, len: usize) -> Option<&[u8]> {
    memory.get(offset as usize..(offset as usize).checked_add(len)?)
}

/// Whether `len` bytes at `offset` are within a memory of `memory_bytes` bytes. A guest's numbers must not be
/// added as `usize`, because that wraps if it has 32 bits.
#[inline]
pub(crate) fn is_within(offset: u32, len: u32, memory_bytes: usize) -> bool {
    u64::from(offset) + u64::from(len) <= memory_bytes as u64
}
