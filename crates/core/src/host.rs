//! The functions that a guest can call, described once for all runtimes: the host module `commensal`, and WASI.
//!
//! A runtime links [`functions`] by name and type; this module implements them. A function whose capability was
//! not granted is linked all the same. Calling it fails with an error that names the capability.

mod area;
mod authorize;
pub mod auxiliary;
pub mod call_site;
pub mod calls;
mod function;
pub(crate) mod imports;
mod services;
pub mod size;
pub mod sql;
mod state;

pub use function::{HostFunction, HostType};
pub use services::{HostServices, LogLevel};
pub use state::{HostState, TableState};

/// Every function that a guest may import.
pub fn functions() -> impl Iterator<Item = &'static HostFunction> {
    let own = imports::own::FUNCTIONS.iter().chain(imports::auxiliary::FUNCTIONS);
    own.chain(imports::sql::FUNCTIONS).chain(imports::wasi::FUNCTIONS)
}

/// The function with this import name, if there is one.
pub fn function(module: &str, name: &str) -> Option<&'static HostFunction> {
    functions().find(|f| f.module == module && f.name == name)
}
