//! What a store carries: the host's side of an instance, and its limits on memory and tables.

use commensal_core::grants::{Grants, Refused};
use commensal_core::host::HostState;
use wasmtime::{Memory, ResourceLimiter};

use crate::time::CallTime;

pub(crate) struct StoreData {
    pub(crate) host: HostState,
    /// The exported memory, for host functions. `None` while instantiating, and for a module that exports
    /// none.
    pub(crate) memory: Option<Memory>,
    /// A memory may have grown, and moved, since this was last reset.
    pub(crate) memory_grew: bool,
    pub(crate) time: CallTime,
    /// How much memory and how many table elements it may still get.
    pub(crate) grants: Grants,
    /// How many memories the guest gets before the one with its stop page; `None` when it has that, or gets none.
    pub(crate) stop_page_after: Option<u32>,
}

impl StoreData {
    pub(crate) fn new(
        host: HostState,
        time: CallTime,
        memory_bytes_max: usize,
        table_elements_max: usize,
    ) -> Self {
        Self {
            host,
            memory: None,
            memory_grew: false,
            time,
            grants: Grants::new(memory_bytes_max, table_elements_max),
            stop_page_after: None,
        }
    }
}

impl ResourceLimiter for StoreData {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // Instantiating makes all memories, in their order, before the guest can ask for more.
        if let Some(before) = self.stop_page_after {
            self.stop_page_after = before.checked_sub(1);
            if before == 0 {
                // It is not the guest's, and takes no memory, because nobody writes to it.
                return Ok(true);
            }
        }
        let granted = self.grants.memory(&mut self.host.memory, current, desired, maximum);
        self.memory_grew |= granted;
        Ok(granted)
    }

    /// The operating system had no memory.
    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.grants.refuse(Refused::Memory);
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(self.grants.table(&mut self.host.memory, current, desired, maximum))
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.grants.refuse(Refused::Table);
        Ok(())
    }
}
