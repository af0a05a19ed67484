//! The exports of a guest of another ABI: those that it must have, and those that can be translated.

use crate::error::Result;
use crate::limits::Limits;
use crate::module::{ExternType, FunctionType, ModuleInfo, ValType, error, has_type};
use crate::quote::quoted;

/// Largest number of functions of a module that are translated.
pub(super) const FUNCTIONS_MAX: usize = 2_000;

/// Our own exports. A guest's function with such a name cannot be called.
pub(super) const OWN_EXPORTS: [&str; 5] = [
    crate::abi::EXPORT_MEMORY,
    crate::abi::EXPORT_SCRATCH,
    crate::abi::EXPORT_FAULT,
    crate::abi::EXPORT_INITIALIZE,
    crate::abi::EXPORT_RENEWABLE,
];

/// Whether an export's name can be that of an SQL function: a manifest must be able to contain it.
pub(super) fn is_name(export: &str, limits: &Limits) -> bool {
    !export.is_empty() && export.len() <= limits.name_bytes_max && !export.contains('\0')
}

/// Whether an export is a function of this type.
pub(super) fn is_function(found: &ExternType, ty: &FunctionType) -> bool {
    matches!(found, ExternType::Function(found) if **found == *ty)
}

/// Checks that an export is a function of this type.
pub(super) fn demand(
    info: &ModuleInfo,
    export: &str,
    params: &[ValType],
    results: &[ValType],
) -> Result<()> {
    let expected = FunctionType { params: params.to_vec(), results: results.to_vec() };
    match info.export(export) {
        None => Err(error(format!("the module has no export {}", quoted(export)))),
        Some(found) => has_type(&found.ty, export, &expected).map_err(error),
    }
}

/// Whether the guest has a memory. If so, it must be exported.
pub(super) fn has_memory(info: &ModuleInfo) -> bool {
    matches!(info.export(crate::abi::EXPORT_MEMORY), Some(e) if matches!(e.ty, ExternType::Memory { .. }))
}
