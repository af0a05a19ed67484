//! The shared tests of all runtimes, on Wasmtime with guard pages and stop pages.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

use crate::guarded::Guarded;

mod guarded;
#[path = "../../core/tests/runtime/mod.rs"]
mod suite;

const NAME: &str = "wasmtime";
const HAS_VECTORS: bool = true;

fn runtime() -> Guarded {
    guarded::with_stop_pages()
}
