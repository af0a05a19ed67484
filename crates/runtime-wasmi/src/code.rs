//! A module's code in wasmi, and the host's functions to link it with.

use commensal_core::runtime::Metering;
use wasmi::{Linker, Module};

use crate::store_data::StoreData;

/// What all instances of a module share.
pub(crate) struct Code {
    pub(crate) module: Module,
    pub(crate) linker: Linker<StoreData>,
    /// The export that stands for the module's start function.
    pub(crate) start: Option<String>,
    pub(crate) metering: Metering,
    pub(crate) wasm_bytes: usize,
    /// What an instance costs beyond what every instance costs.
    pub(crate) instance_bytes: u64,
}
