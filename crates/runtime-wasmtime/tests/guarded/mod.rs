//! Wasmtime with guard pages, as a runtime that knows no other way.

use std::sync::Arc;

use commensal_core::runtime::{
    CompileOptions, CompiledModule, Guard, Runtime, RuntimeError, RuntimeFeatures,
};
use commensal_runtime_wasmtime::WasmtimeRuntime;

pub(crate) struct Guarded(WasmtimeRuntime);

pub(crate) fn runtime() -> Guarded {
    Guarded(WasmtimeRuntime::new())
}

impl Runtime for Guarded {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn features(&self) -> RuntimeFeatures {
        self.0.features()
    }

    fn compile(
        &self,
        wasm: &[u8],
        mut options: CompileOptions,
    ) -> Result<Arc<dyn CompiledModule>, RuntimeError> {
        options.guard = Guard::Pages;
        self.0.compile(wasm, options)
    }
}
