//! Commensal's [`Runtime`] over [Wasmtime](https://docs.wasmtime.dev).
//!
//! Knows nothing of SQL and of database engines: it turns the core's limits into Wasmtime's
//! configuration, and Wasmtime's traps into the core's [`Fault`]s.
//!
//! | what is bounded | by |
//! |---|---|
//! | time, interrupts | one ticker thread for the process (`ticker.rs`), and Wasmtime's epochs or a stop page (`running.rs`) |
//! | fuel | Wasmtime's fuel, in code compiled with [`Metering::Fuel`](commensal_core::runtime::Metering::Fuel) |
//! | memory, tables | a `ResourceLimiter` (`store_data.rs`) |
//! | machine stack | [`STACK_BYTES`], the same for every call of the process |
//!
//! [`Fault`]: commensal_core::fault::Fault
#![deny(unsafe_code)]

use std::sync::Arc;

use commensal_core::code_cache::TrustedCode;
use commensal_core::runtime::{
    CompileOptions, CompiledModule, Runtime, RuntimeError, RuntimeFeatures,
};

mod code;
mod engine;
mod fault;
#[cfg(all(unix, target_pointer_width = "64"))]
mod handlers;
mod instance;
mod kept;
mod link;
mod module;
mod pages;
mod reservation;
mod running;
mod slot;
mod stack;
mod stop_page;
mod store_data;
mod ticker;
mod time;
mod view;
mod words;

pub use stack::STACK_BYTES;

/// Wasmtime. All values share the engines of the process, which are made when the first module is
/// compiled; they stay until the process ends.
#[derive(Clone, Copy, Debug, Default)]
pub struct WasmtimeRuntime(());

impl WasmtimeRuntime {
    /// The runtime; costs nothing.
    pub const fn new() -> Self {
        Self(())
    }
}

impl Runtime for WasmtimeRuntime {
    fn name(&self) -> &'static str {
        "wasmtime"
    }

    fn features(&self) -> RuntimeFeatures {
        RuntimeFeatures::ALL
    }

    fn has_guard_pages(&self) -> Result<bool, RuntimeError> {
        reservation::are_possible()
    }

    fn has_stop_pages(&self) -> bool {
        pages::are_possible()
    }

    fn compile(
        &self,
        wasm: &[u8],
        options: CompileOptions,
    ) -> Result<Arc<dyn CompiledModule>, RuntimeError> {
        Ok(Arc::new(module::WasmtimeModule::compile(wasm, options)?))
    }

    fn code_identity(&self, options: CompileOptions) -> Option<Vec<u8>> {
        Some(kept::identity(&engine::executor(options).ok()?.engine))
    }

    fn restore(
        &self,
        wasm: &[u8],
        options: CompileOptions,
        code: &TrustedCode,
    ) -> Result<Arc<dyn CompiledModule>, RuntimeError> {
        Ok(Arc::new(module::WasmtimeModule::restore(wasm, options, code)?))
    }
}
