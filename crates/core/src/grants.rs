//! Decides whether an instance's memory and tables may grow: within its own limits, and below the ceiling for all
//! instances. Runtimes ask before each growth.

use crate::fault::Fault;
use crate::live::{InstanceMemory, LiveBytesExceeded};

/// A request of an instance that was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Memory beyond its limit, or more than the system has.
    Memory,
    /// Table elements beyond their limit.
    Table,
    /// Anything beyond the ceiling for all instances together.
    Live(LiveBytesExceeded),
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Memory => Self::MemoryExhausted,
            Refused::Table => Self::TableExhausted,
            Refused::Live(exceeded) => Self::LiveBytes(exceeded),
        }
    }
}

/// The memory and table limits of one instance.
#[derive(Debug)]
pub struct Grants {
    /// The last refusal in the running call.
    refused: Option<Refused>,
    memory_bytes_max: usize,
    /// Elements that all tables together may still gain.
    table_elements_left: usize,
    /// Elements of the last growth that was granted.
    table_elements_granted: usize,
}

impl Grants {
    /// The limits of an instance: bytes of memory, and elements of all tables together.
    pub fn new(memory_bytes_max: usize, table_elements_max: usize) -> Self {
        Self {
            refused: None,
            memory_bytes_max,
            table_elements_left: table_elements_max,
            table_elements_granted: 0,
        }
    }

    /// Begins another call.
    #[inline]
    pub fn begin_call(&mut self) {
        self.refused = None;
    }

    /// The last refusal in the running call.
    pub fn refused(&self) -> Option<Refused> {
        self.refused
    }

    /// Records that a request was refused after all.
    pub fn refuse(&mut self, refused: Refused) {
        self.refused = Some(refused);
    }

    /// Whether memory may grow from `current` to `desired` bytes. `maximum` is the module's own; `of_all` is the
    /// instance's account of the memory that all instances share.
    pub fn memory(
        &mut self,
        of_all: &mut InstanceMemory,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> bool {
        let result = match desired > maximum.unwrap_or(usize::MAX).min(self.memory_bytes_max) {
            true => Err(Refused::Memory),
            false => of_all.grow_memory(current, desired).map_err(Refused::Live),
        };
        result.map_err(|refused| self.refuse(refused)).is_ok()
    }

    /// Whether a table may grow from `current` to `desired` elements. Like [`Grants::memory`].
    pub fn table(
        &mut self,
        of_all: &mut InstanceMemory,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> bool {
        let more = desired.saturating_sub(current);
        let is_refused = desired > maximum.unwrap_or(usize::MAX) || more > self.table_elements_left;
        let result = match is_refused {
            true => Err(Refused::Table),
            false => of_all.grow_table(more).map_err(Refused::Live),
        };
        match result {
            Ok(()) => {
                self.table_elements_left -= more;
                self.table_elements_granted = more;
            }
            Err(refused) => self.refuse(refused),
        }
        result.is_ok()
    }

    /// Takes back the last granted growth of a table, because it did not happen.
    pub fn table_did_not_grow(&mut self, of_all: &mut InstanceMemory) {
        let elements = std::mem::take(&mut self.table_elements_granted);
        self.table_elements_left += elements;
        of_all.table_did_not_grow(elements);
    }
}
