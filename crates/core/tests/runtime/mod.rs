//! What every runtime has to do. No test of this crate, which has no runtime: each runtime's
//! `tests/runtime.rs` includes it, and gives it a function `runtime`, the `NAME` it has to have and whether
//! it `HAS_VECTORS`.

mod calls;
mod features;
mod floats;
mod limits;
mod support;
