//! What an instance may still be given of memory and tables: within its own limits, and below the ceiling
//! for all instances. Runtimes ask before each growth.

use crate::fault::Fault;
use crate::live::{InstanceMemory, LiveBytesExceeded};

/// What an instance asked for and was not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Memory beyond its limit, or that the system does not have.
    Memory,
    /// Elements of tables beyond their limit.
    Table,
    /// All instances together have too much.
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

/// The limits of one instance on memory and tables.
#[derive(Debug)]
pub struct Grants {
    /// What the running call was refused last.
    refused: Option<Refused>,
    memory_bytes_max: usize,
    /// Elements that all tables together may still gain.
    table_elements_left: usize,
    /// What was taken off last.
    table_elements_granted: usize,
}

impl Grants {
    /// For an instance with so many bytes of memory, and so many elements of all tables, at most.
    pub fn new(memory_bytes_max: usize, table_elements_max: usize) -> Self {
        Self {
            refused: None,
            memory_bytes_max,
            table_elements_left: table_elements_max,
            table_elements_granted: 0,
        }
    }

    /// Another call begins.
    #[inline]
    pub fn begin_call(&mut self) {
        self.refused = None;
    }

    /// What the running call was refused last.
    pub fn refused(&self) -> Option<Refused> {
        self.refused
    }

    /// Keeps in mind that something was not given after all.
    pub fn refuse(&mut self, refused: Refused) {
        self.refused = Some(refused);
    }

    /// Whether memory may grow from `current` to `desired` bytes. `maximum` is what the module says;
    /// `of_all` what the instance takes of all instances' memory.
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

    /// Whether a table may grow from `current` to `desired` elements. As [`Grants::memory`].
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

    /// The table whose growth was granted last did not grow.
    pub fn table_did_not_grow(&mut self, of_all: &mut InstanceMemory) {
        let elements = std::mem::take(&mut self.table_elements_granted);
        self.table_elements_left += elements;
        of_all.table_did_not_grow(elements);
    }
}
