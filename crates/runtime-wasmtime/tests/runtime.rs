//! What every runtime has to do, on this one.

use commensal_runtime_wasmtime::WasmtimeRuntime;

#[path = "../../core/tests/runtime/mod.rs"]
mod suite;

const NAME: &str = "wasmtime";
const HAS_VECTORS: bool = true;

fn runtime() -> WasmtimeRuntime {
    WasmtimeRuntime::new()
}
