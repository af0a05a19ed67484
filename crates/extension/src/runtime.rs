//! Which runtime runs modules. It is decided when the library is built.

use std::sync::{Arc, LazyLock};

use commensal_core::runtime::Runtime;

/// One runtime for the whole process, because compiled code can only be shared within it.
static RUNTIME: LazyLock<Option<Arc<dyn Runtime>>> = LazyLock::new(new);

/// The runtime. `None` in a library that was built without one.
pub(crate) fn runtime() -> Option<Arc<dyn Runtime>> {
    RUNTIME.clone()
}

#[cfg(feature = "wasmtime")]
fn new() -> Option<Arc<dyn Runtime>> {
    Some(Arc::new(commensal_runtime_wasmtime::WasmtimeRuntime::new()))
}

#[cfg(all(feature = "wasmi", not(feature = "wasmtime")))]
fn new() -> Option<Arc<dyn Runtime>> {
    Some(Arc::new(commensal_runtime_wasmi::WasmiRuntime::new()))
}

#[cfg(not(any(feature = "wasmi", feature = "wasmtime")))]
fn new() -> Option<Arc<dyn Runtime>> {
    None
}
