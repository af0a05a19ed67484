//! Tests that every runtime has to pass. They are not tests of this crate, which has no runtime: each
//! runtime's `tests/runtime.rs` includes this file and supplies a function `runtime`, the `NAME` that it must
//! have, and whether it `HAS_VECTORS`.

mod calls;
mod features;
mod floats;
mod limits;
mod support;
