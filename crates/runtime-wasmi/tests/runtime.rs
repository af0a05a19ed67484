//! The shared tests of all runtimes, on this one.

use commensal_runtime_wasmi::WasmiRuntime;

#[path = "../../core/tests/runtime/mod.rs"]
mod suite;

const NAME: &str = "wasmi";
const HAS_VECTORS: bool = false;

fn runtime() -> WasmiRuntime {
    WasmiRuntime::new()
}
