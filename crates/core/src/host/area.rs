//! Parts of guest memory that a guest passes to a host function, whether or not the host can address them.

use std::borrow::Cow;

use crate::fault::Fault;
use crate::runtime::{Memory, is_within};

/// Bytes copied at a time into memory that the host cannot address.
const CHUNK: usize = 1024;

/// A part of memory. It was within memory when it was made, and no guest runs meanwhile.
#[derive(Clone, Copy)]
pub(super) struct Area {
    pub(super) start: u32,
    pub(super) len: u32,
}

impl Area {
    /// The part with the address and length that the guest passed.
    ///
    /// # Errors
    /// It is not within memory.
    pub(super) fn new(memory: &dyn Memory, start: i64, len: i64) -> Result<Self, Fault> {
        let (start, len, memory) = (start as u32, len as u32, memory.memory_bytes());
        match is_within(start, len, memory) {
            true => Ok(Self { start, len }),
            false => Err(Fault::Host(format!(
                "the guest passed {len} bytes at {start} to the host, outside of its memory of \
                 {memory} bytes"
            ))),
        }
    }

    /// Its first bytes, `most` of them at most.
    pub(super) fn first(self, most: usize) -> Self {
        Self { len: self.len.min(u32::try_from(most).unwrap_or(u32::MAX)), ..self }
    }

    /// Reads its bytes.
    ///
    /// # Errors
    /// The memory has become smaller.
    pub(super) fn bytes(self, memory: &mut dyn Memory) -> Result<Cow<'_, [u8]>, Fault> {
        if memory.memory().is_some() {
            let memory = memory.memory().unwrap_or_default();
            return Ok(Cow::Borrowed(self.of(memory)?));
        }
        let mut bytes = vec![0; self.len as usize];
        memory.read(self.start, &mut bytes).map_err(|_| smaller())?;
        Ok(Cow::Owned(bytes))
    }

    /// Writes as many of these bytes as fit.
    ///
    /// # Errors
    /// The memory has become smaller.
    pub(super) fn put(self, memory: &mut dyn Memory, bytes: &[u8]) -> Result<(), Fault> {
        let len = bytes.len().min(self.len as usize);
        memory.write(self.start, &bytes[..len]).map_err(|_| smaller())
    }

    /// Lets `body` fill it in chunks.
    ///
    /// # Errors
    /// The error of `body`, or the memory has become smaller.
    pub(super) fn fill(
        self,
        memory: &mut dyn Memory,
        mut body: impl FnMut(&mut [u8]) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if let Some(memory) = memory.memory() {
            return body(self.of(memory)?);
        }
        let (mut at, mut left) = (self.start, self.len as usize);
        while left > 0 {
            let mut chunk = [0; CHUNK];
            let chunk = &mut chunk[..left.min(CHUNK)];
            body(chunk)?;
            memory.write(at, chunk).map_err(|_| smaller())?;
            at = at.wrapping_add(chunk.len() as u32);
            left -= chunk.len();
        }
        Ok(())
    }

    fn of(self, memory: &mut [u8]) -> Result<&mut [u8], Fault> {
        let from = memory.get_mut(self.start as usize..);
        from.and_then(|from| from.get_mut(..self.len as usize)).ok_or_else(smaller)
    }
}

#[cold]
fn smaller() -> Fault {
    Fault::Host("the guest's memory became smaller".to_owned())
}

/// Reads the bytes that the guest passed.
///
/// # Errors
/// They are not within memory.
pub(super) fn bytes(memory: &mut dyn Memory, start: i64, len: i64) -> Result<Cow<'_, [u8]>, Fault> {
    Area::new(memory, start, len)?.bytes(memory)
}
