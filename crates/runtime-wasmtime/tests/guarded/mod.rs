//! Wasmtime that compiles in one way, whatever it is asked.
#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its own part")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use commensal_core::runtime::{
    CompileOptions, CompiledModule, Guard, Metering, Runtime, RuntimeError, RuntimeFeatures, Stop,
};
use commensal_runtime_wasmtime::WasmtimeRuntime;

pub(crate) struct Guarded(WasmtimeRuntime, Guard, Stop);

/// Code checks accesses, and asks whether it may continue.
pub(crate) fn without() -> Guarded {
    Guarded(WasmtimeRuntime::new(), Guard::Code, Stop::Code)
}

/// What [`chosen`] returns.
pub(crate) static HAS_STOP_PAGES: AtomicBool = AtomicBool::new(false);

/// [`without`] guard pages, or [`with_stop_pages`].
pub(crate) fn chosen() -> Guarded {
    if HAS_STOP_PAGES.load(Ordering::Relaxed) { with_stop_pages() } else { without() }
}

/// There are guard pages. Code asks whether it may continue.
pub(crate) fn runtime() -> Guarded {
    Guarded(WasmtimeRuntime::new(), Guard::Pages, Stop::Code)
}

/// There are guard pages, and a stop page unless the code counts fuel.
pub(crate) fn with_stop_pages() -> Guarded {
    let runtime = WasmtimeRuntime::new();
    assert!(runtime.has_stop_pages());
    Guarded(runtime, Guard::Pages, Stop::Pages)
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
        options.guard = self.1;
        options.stop = if options.metering == Metering::Fuel { Stop::Code } else { self.2 };
        self.0.compile(wasm, options)
    }
}
