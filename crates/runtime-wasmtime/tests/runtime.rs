//! The shared tests of all runtimes, on this one.

use commensal_runtime_wasmtime::WasmtimeRuntime;

#[path = "../../core/tests/runtime/mod.rs"]
mod suite;

const NAME: &str = "wasmtime";
const HAS_VECTORS: bool = true;

fn runtime() -> WasmtimeRuntime {
    WasmtimeRuntime::new()
}
