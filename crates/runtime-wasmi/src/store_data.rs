//! What a store carries: the host's side of an instance, and its limits on memory and tables.

use commensal_core::grants::{Grants, Refused};
use commensal_core::host::HostState;
use wasmi::errors::{MemoryError, TableError};
use wasmi::{Memory, ResourceLimiter};
use wasmi_core::LimiterError;

pub(crate) struct StoreData {
    pub(crate) host: HostState,
    /// The exported memory; `None` for a module that exports none.
    pub(crate) memory: Option<Memory>,
    /// How much memory and how many table elements it may still get.
    pub(crate) grants: Grants,
}

impl StoreData {
    pub(crate) fn new(host: HostState, memory_bytes_max: usize, table_elements_max: usize) -> Self {
        Self { host, memory: None, grants: Grants::new(memory_bytes_max, table_elements_max) }
    }
}

/// wasmi's way to end a growth with a trap, which is not used.
type Result<T> = std::result::Result<T, LimiterError>;

impl ResourceLimiter for StoreData {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        Ok(self.grants.memory(&mut self.host.memory, current, desired, maximum))
    }

    fn memory_grow_failed(&mut self, error: &MemoryError) -> Result<()> {
        // It is tried again with more fuel.
        if !matches!(error, MemoryError::OutOfFuel { .. }) {
            self.grants.refuse(Refused::Memory);
        }
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        Ok(self.grants.table(&mut self.host.memory, current, desired, maximum))
    }

    /// Called after [`Self::table_growing`] has granted it.
    fn table_grow_failed(&mut self, error: &TableError) -> Result<()> {
        self.grants.table_did_not_grow(&mut self.host.memory);
        if !matches!(error, TableError::OutOfFuel { .. }) {
            self.grants.refuse(Refused::Table);
        }
        Ok(())
    }

    fn instances(&self) -> usize {
        1
    }

    /// The core limits how many a module may have. Only their elements count here.
    fn tables(&self) -> usize {
        usize::MAX
    }

    fn memories(&self) -> usize {
        1
    }
}
