//! The convention that a module is built for, judged by its exports.

use std::fmt;

use super::types::{Export, ExternType, FunctionType, ValType};
use crate::manifest::PARAMS_MAX;

/// The export by which an extension for Turso declares its objects.
pub(crate) const TURSO_EXT_INIT: &str = "turso_ext_init";

/// The convention between host and guest that a module is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Abi {
    /// Commensal's own: it exports `commensal_scratch` or has a `commensal` section.
    Commensal,
    /// Turso's: it exports `turso_malloc`.
    Turso,
    /// libSQL's: it exports `libsql_malloc`, or functions of only numbers.
    Libsql,
    /// None of these.
    Unknown,
}

impl Abi {
    /// The convention of a module with these exports.
    pub(super) fn of(exports: &[Export], has_manifest: bool) -> Self {
        let has = |name: &str| exports.iter().any(|e| e.name == name);
        if has(crate::abi::EXPORT_SCRATCH) || has_manifest {
            Self::Commensal
        } else if has("turso_malloc") {
            Self::Turso
        } else if has("libsql_malloc") || exports.iter().any(is_function_for_libsql) {
            Self::Libsql
        } else {
            Self::Unknown
        }
    }

    /// Whether CREATE translates modules with this convention.
    pub(crate) fn is_foreign(self) -> bool {
        matches!(self, Self::Turso | Self::Libsql)
    }
}

impl fmt::Display for Abi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Commensal => "Commensal",
            Self::Turso => "Turso",
            Self::Libsql => "libSQL",
            Self::Unknown => "unknown",
        })
    }
}

/// Whether it is a function that libSQL calls without passing it memory, and not one of our guest functions whose
/// linker has dropped the scratch area.
fn is_function_for_libsql(export: &Export) -> bool {
    let number = |ty: &ValType| matches!(ty, ValType::I64 | ValType::F64);
    match &export.ty {
        ExternType::Function(ty) => ty.params.iter().all(number) && is_callable(ty),
        _ => false,
    }
}

/// Whether SQL can call a function of this type by libSQL's convention.
pub(crate) fn is_callable(ty: &FunctionType) -> bool {
    let fits = |ty: &ValType| matches!(ty, ValType::I32 | ValType::I64 | ValType::F64);
    ty.results.len() == 1
        && ty.params.len() <= PARAMS_MAX
        && ty.params.iter().chain(&ty.results).all(fits)
}
