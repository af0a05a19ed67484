//! What a store carries: the host's side of an instance, and its limits on memory and tables.

use commensal_core::host::HostState;
use wasmi::errors::{MemoryError, TableError};
use wasmi::{Memory, ResourceLimiter};
use wasmi_core::LimiterError;

use crate::fault::Refused;

pub(crate) struct State {
    pub(crate) host: HostState,
    /// The exported memory; `None` for a module that exports none.
    pub(crate) memory: Option<Memory>,
    /// What the running call was refused last.
    pub(crate) refused: Option<Refused>,
    memory_bytes_max: usize,
    /// Elements that all tables together may still gain.
    table_elements_left: usize,
    /// What was taken off last.
    table_elements_granted: usize,
}

impl State {
    pub(crate) fn new(host: HostState, memory_bytes_max: usize, table_elements_max: usize) -> Self {
        Self {
            host,
            memory: None,
            refused: None,
            memory_bytes_max,
            table_elements_left: table_elements_max,
            table_elements_granted: 0,
        }
    }
}

/// wasmi's way of ending a growth with a trap, which is not used.
type Result<T> = std::result::Result<T, LimiterError>;

impl State {
    fn grant_memory(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> std::result::Result<(), Refused> {
        if desired > maximum.unwrap_or(usize::MAX).min(self.memory_bytes_max) {
            return Err(Refused::Memory);
        }
        self.host.memory.grow_memory(current, desired).map_err(Refused::Live)
    }

    fn grant_table(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> std::result::Result<(), Refused> {
        let more = desired.saturating_sub(current);
        if desired > maximum.unwrap_or(usize::MAX) || more > self.table_elements_left {
            return Err(Refused::Table);
        }
        self.host.memory.grow_table(more).map_err(Refused::Live)?;
        self.table_elements_left -= more;
        self.table_elements_granted = more;
        Ok(())
    }

    /// Keeps in mind what was refused.
    fn granted(&mut self, result: std::result::Result<(), Refused>) -> bool {
        result.map_err(|refused| self.refused = Some(refused)).is_ok()
    }
}

impl ResourceLimiter for State {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        let result = self.grant_memory(current, desired, maximum);
        Ok(self.granted(result))
    }

    fn memory_grow_failed(&mut self, error: &MemoryError) -> Result<()> {
        // With more fuel it is tried again.
        if !matches!(error, MemoryError::OutOfFuel { .. }) {
            self.refused = Some(Refused::Memory);
        }
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        let result = self.grant_table(current, desired, maximum);
        Ok(self.granted(result))
    }

    /// Called after [`Self::table_growing`] has granted it.
    fn table_grow_failed(&mut self, error: &TableError) -> Result<()> {
        let elements = std::mem::take(&mut self.table_elements_granted);
        self.table_elements_left += elements;
        self.host.memory.table_did_not_grow(elements);
        if !matches!(error, TableError::OutOfFuel { .. }) {
            self.refused = Some(Refused::Table);
        }
        Ok(())
    }

    fn instances(&self) -> usize {
        1
    }

    /// The core bounds how many a module may have; what counts here are their elements.
    fn tables(&self) -> usize {
        usize::MAX
    }

    fn memories(&self) -> usize {
        1
    }
}
