//! A compiled module: code whose imports are resolved once for all instances.

use std::sync::Arc;

use crate::code::Code;
use crate::instance::WasmtimeInstance;
use crate::kept;
use crate::stack::STACK_BYTES;
use commensal_core::code_cache::TrustedCode;
use commensal_core::fault::Fault;
use commensal_core::runtime::{
    CompileOptions, CompiledModule, Instance, InstanceConfig, RuntimeError,
};

pub(crate) struct WasmtimeModule(Arc<Code>);

impl WasmtimeModule {
    pub(crate) fn compile(wasm: &[u8], options: CompileOptions) -> Result<Self, RuntimeError> {
        Ok(Self(Arc::new(Code::compile(wasm, options)?)))
    }

    /// The same from code that was kept.
    pub(crate) fn restore(
        wasm: &[u8],
        options: CompileOptions,
        code: &TrustedCode,
    ) -> Result<Self, RuntimeError> {
        let code = Code::restore(wasm, options, |engine| kept::module(engine, code))?;
        Ok(Self(Arc::new(code)))
    }
}

impl CompiledModule for WasmtimeModule {
    fn instantiate(&self, config: InstanceConfig) -> Result<Box<dyn Instance>, Fault> {
        Ok(Box::new(WasmtimeInstance::new(&self.0, config)?))
    }

    fn stack_bytes(&self) -> usize {
        STACK_BYTES
    }

    fn code_bytes(&self) -> usize {
        self.0.bytes()
    }

    fn serialize(&self) -> Option<Vec<u8>> {
        self.0.module().serialize().ok()
    }

    fn imports(&self, is_wanted: &dyn Fn(&str, &str) -> bool) -> bool {
        self.0.module().imports().any(|import| is_wanted(import.module(), import.name()))
    }
}
