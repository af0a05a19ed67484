//! A compiled module: code whose imports are resolved once for all instances.

use commensal_core::fault::Fault;
use commensal_core::live;
use commensal_core::runtime::{
    CompileOptions, CompiledModule, Instance, InstanceConfig, Metering, RuntimeError,
};
use wasmtime::{InstancePre, Module};

use crate::engine;
use crate::instance::WasmtimeInstance;
use crate::stack::STACK_BYTES;
use crate::store_data::StoreData;

/// Bytes that compiled code takes besides its image, for each byte of an instance's own: for each function, some
/// 300 bytes.
const CODE_OF_INSTANCE: u64 = 10;

pub(crate) struct WasmtimeModule {
    prepared: InstancePre<StoreData>,
    metering: Metering,
    instance_bytes: u64,
}

impl WasmtimeModule {
    pub(crate) fn compile(wasm: &[u8], options: CompileOptions) -> Result<Self, RuntimeError> {
        let executor = engine::executor(options)?;
        let prepared = Module::from_binary(&executor.engine, wasm)
            .and_then(|module| executor.linker.instantiate_pre(&module))
            .map_err(|error| RuntimeError(format!("{error:#}")))?;
        Ok(Self {
            prepared,
            metering: options.metering,
            instance_bytes: live::instance_bytes(wasm),
        })
    }
}

impl CompiledModule for WasmtimeModule {
    fn instantiate(&self, config: InstanceConfig) -> Result<Box<dyn Instance>, Fault> {
        let Self { prepared, metering, instance_bytes } = self;
        Ok(Box::new(WasmtimeInstance::new(prepared, *metering, *instance_bytes, config)?))
    }

    fn stack_bytes(&self) -> usize {
        STACK_BYTES
    }

    fn code_bytes(&self) -> usize {
        let range = self.prepared.module().image_range();
        let kept = self.instance_bytes.saturating_mul(CODE_OF_INSTANCE);
        (range.end.addr() - range.start.addr()) + usize::try_from(kept).unwrap_or(usize::MAX)
    }

    fn imports(&self, is_wanted: &dyn Fn(&str, &str) -> bool) -> bool {
        self.prepared.module().imports().any(|import| is_wanted(import.module(), import.name()))
    }
}
