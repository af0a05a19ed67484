//! What a store carries: the host's side of an instance, and its limits on memory and tables.

use commensal_core::host::HostState;
use wasmtime::{Memory, ResourceLimiter};

use crate::fault::Refused;
use crate::time::CallTime;

pub(crate) struct State {
    pub(crate) host: HostState,
    /// The exported memory, for host functions; `None` while instantiating, and for a module that
    /// exports none.
    pub(crate) memory: Option<Memory>,
    /// A memory may have grown, and moved, since this was last reset.
    pub(crate) memory_grew: bool,
    pub(crate) time: CallTime,
    /// What the running call was refused last.
    pub(crate) refused: Option<Refused>,
    memory_bytes_max: usize,
    /// Elements that all tables together may still gain.
    table_elements_left: usize,
}

impl State {
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
            refused: None,
            memory_bytes_max,
            table_elements_left: table_elements_max,
        }
    }
}

impl State {
    fn grant_memory(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<(), Refused> {
        if desired > maximum.unwrap_or(usize::MAX).min(self.memory_bytes_max) {
            return Err(Refused::Memory);
        }
        self.host.memory.grow_memory(current, desired).map_err(Refused::Live)?;
        self.memory_grew = true;
        Ok(())
    }

    fn grant_table(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<(), Refused> {
        let more = desired.saturating_sub(current);
        if desired > maximum.unwrap_or(usize::MAX) || more > self.table_elements_left {
            return Err(Refused::Table);
        }
        self.host.memory.grow_table(more).map_err(Refused::Live)?;
        self.table_elements_left -= more;
        Ok(())
    }

    /// Keeps in mind what was refused.
    fn granted(&mut self, result: Result<(), Refused>) -> bool {
        result.map_err(|refused| self.refused = Some(refused)).is_ok()
    }
}

impl ResourceLimiter for State {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let result = self.grant_memory(current, desired, maximum);
        Ok(self.granted(result))
    }

    /// The operating system had no memory.
    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.refused = Some(Refused::Memory);
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let result = self.grant_table(current, desired, maximum);
        Ok(self.granted(result))
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.refused = Some(Refused::Table);
        Ok(())
    }
}
