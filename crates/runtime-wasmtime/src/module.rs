//! A compiled module: code whose imports are resolved once for all instances.

use commensal_core::code_cache::TrustedCode;
use commensal_core::fault::Fault;
use commensal_core::live;
use commensal_core::runtime::{
    CompileOptions, CompiledModule, Instance, InstanceConfig, Metering, RuntimeError,
};
use wasmtime::{Engine, InstancePre, Module};

use crate::engine;
use crate::instance::WasmtimeInstance;
use crate::kept;
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
        Self::new(wasm, options, |engine| Module::from_binary(engine, wasm))
    }

    /// The same from code that was kept.
    pub(crate) fn restore(
        wasm: &[u8],
        options: CompileOptions,
        code: &TrustedCode,
    ) -> Result<Self, RuntimeError> {
        Self::new(wasm, options, |engine| kept::module(engine, code))
    }

    fn new(
        wasm: &[u8],
        options: CompileOptions,
        make: impl FnOnce(&Engine) -> wasmtime::Result<Module>,
    ) -> Result<Self, RuntimeError> {
        let executor = engine::executor(options)?;
        let prepared = make(&executor.engine)
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

    fn serialize(&self) -> Option<Vec<u8>> {
        self.prepared.module().serialize().ok()
    }

    fn imports(&self, is_wanted: &dyn Fn(&str, &str) -> bool) -> bool {
        self.prepared.module().imports().any(|import| is_wanted(import.module(), import.name()))
    }
}
