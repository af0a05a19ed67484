//! Commensal's [`Runtime`] over [wasmi](https://docs.rs/wasmi), an interpreter: for places where no
//! machine code can be made, and as a second opinion on what a module does.
//!
//! Knows nothing of SQL and of database engines: it turns the core's limits into wasmi's, and wasmi's
//! traps into the core's [`Fault`]s.
//!
//! | what is bounded | by |
//! |---|---|
//! | time, interrupts | slices of wasmi's fuel, between which the clock and the host are asked (`call.rs`) |
//! | fuel | the same fuel |
//! | memory, tables | a `ResourceLimiter` (`store_data.rs`) |
//! | stack | [`STACK_BYTES`] and [`RECURSION_MAX`], on the heap, the same for every call |
//!
//! There are no threads, no signals and no statics, so there is nothing to renew in the child of a fork.
//! But wasmi takes a spin lock of the module for a moment at the begin and end of each call. Threads that
//! call the same module meet there. If a process forks while another thread holds the lock, the child
//! cannot call that module.
//!
//! [`Fault`]: commensal_core::fault::Fault
#![forbid(unsafe_code)]

use std::sync::Arc;

use commensal_core::runtime::{
    CompileOptions, CompiledModule, Runtime, RuntimeError, RuntimeFeatures,
};

mod call;
mod code;
mod engine;
mod fault;
mod instance;
mod link;
mod module;
mod otherwise;
mod sample;
mod start;
mod store_data;
mod words;

pub use engine::{RECURSION_MAX, STACK_BYTES};

/// wasmi. Values share nothing but the code: each module has its own engine.
#[derive(Clone, Copy, Debug, Default)]
pub struct WasmiRuntime(());

impl WasmiRuntime {
    /// The runtime; costs nothing.
    pub const fn new() -> Self {
        Self(())
    }
}

impl Runtime for WasmiRuntime {
    fn name(&self) -> &'static str {
        "wasmi"
    }

    fn features(&self) -> RuntimeFeatures {
        RuntimeFeatures::ALL
    }

    fn compile(
        &self,
        wasm: &[u8],
        options: CompileOptions,
    ) -> Result<Arc<dyn CompiledModule>, RuntimeError> {
        Ok(Arc::new(module::WasmiModule::compile(wasm, options.metering)?))
    }
}
