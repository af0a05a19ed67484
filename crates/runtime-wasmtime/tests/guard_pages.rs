//! The shared tests of all runtimes, on Wasmtime with guard pages.
#![cfg(all(unix, target_pointer_width = "64"))]

use crate::guarded::Guarded;

mod guarded;
#[path = "../../core/tests/runtime/mod.rs"]
mod suite;

const NAME: &str = "wasmtime";
const HAS_VECTORS: bool = true;

fn runtime() -> Guarded {
    guarded::runtime()
}
