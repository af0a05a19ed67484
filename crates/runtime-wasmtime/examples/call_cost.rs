//! The costs of a bare call, a host function and an instance, in nanoseconds.
//!
//! `cargo run --release -p commensal-runtime-wasmtime --example call_cost`

use commensal_runtime_wasmtime::WasmtimeRuntime;

#[path = "../../core/tests/runtime/cost.rs"]
mod cost;

fn main() {
    cost::print(&WasmtimeRuntime::new());
}
