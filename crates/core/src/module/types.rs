//! Imports, exports and their types. The types are displayed in WebAssembly's text format.

use std::fmt;
use std::sync::Arc;

use crate::host::{self, HostFunction, HostType};
use crate::limits::Capability;
use crate::quote::quoted;

/// A [value type](https://webassembly.github.io/spec/core/syntax/types.html#value-types).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValType {
    /// `i32`
    I32,
    /// `i64`
    I64,
    /// `f32`
    F32,
    /// `f64`
    F64,
    /// `v128`
    V128,
    /// `funcref`
    FuncRef,
    /// `externref`
    ExternRef,
}

impl fmt::Display for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::V128 => "v128",
            Self::FuncRef => "funcref",
            Self::ExternRef => "externref",
        })
    }
}

impl From<HostType> for ValType {
    fn from(ty: HostType) -> Self {
        match ty {
            HostType::I32 => Self::I32,
            HostType::I64 => Self::I64,
        }
    }
}

/// A function type, displayed as `(func (param i32 i32) (result i32))`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct FunctionType {
    /// Types of the parameters.
    pub params: Vec<ValType>,
    /// Types of the results.
    pub results: Vec<ValType>,
}

impl FunctionType {
    /// The type of every guest function: `(argc, argv) -> result`.
    pub fn guest() -> Self {
        Self { params: vec![ValType::I32; 2], results: vec![ValType::I32] }
    }

    /// The type of `commensal_scratch`: `(size) -> pointer`.
    pub fn scratch() -> Self {
        Self { params: vec![ValType::I32], results: vec![ValType::I32] }
    }

    /// The type of a host function.
    pub fn of_host(function: &HostFunction) -> Self {
        Self {
            params: function.params.iter().map(|&ty| ty.into()).collect(),
            results: function.result.iter().map(|&ty| ty.into()).collect(),
        }
    }
}

impl fmt::Display for FunctionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&function_text(&self.params, &self.results))
    }
}

/// A function type in the text format, from the names of its types.
pub fn function_text<T: fmt::Display>(
    params: impl IntoIterator<Item = T>,
    results: impl IntoIterator<Item = T>,
) -> String {
    let list = |word: &str, types: &mut dyn Iterator<Item = T>| {
        let types: String = types.map(|ty| format!(" {ty}")).collect();
        if types.is_empty() { types } else { format!(" ({word}{types})") }
    };
    let params = list("param", &mut params.into_iter());
    let results = list("result", &mut results.into_iter());
    format!("(func{params}{results})")
}

/// The type of an import or an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExternType {
    /// A function. Functions of one type share it.
    Function(Arc<FunctionType>),
    /// A table with its number of elements.
    Table {
        /// Type of the elements.
        element: ValType,
        /// Initial number of elements.
        min: u64,
        /// Largest number of elements.
        max: Option<u64>,
    },
    /// A memory with its number of pages of 64 KiB.
    Memory {
        /// Initial number of pages.
        min: u64,
        /// Largest number of pages.
        max: Option<u64>,
    },
    /// A global.
    Global {
        /// Type of its value.
        value: ValType,
        /// Whether its value can change.
        mutable: bool,
    },
}

impl fmt::Display for ExternType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let max = |max: &Option<u64>| max.map(|max| format!(" {max}")).unwrap_or_default();
        match self {
            Self::Function(ty) => ty.fmt(f),
            Self::Table { element, min, max: m } => write!(f, "(table {min}{} {element})", max(m)),
            Self::Memory { min, max: m } => write!(f, "(memory {min}{})", max(m)),
            Self::Global { value, mutable: true } => write!(f, "(global (mut {value}))"),
            Self::Global { value, mutable: false } => write!(f, "(global {value})"),
        }
    }
}

/// An import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The module that it is from.
    pub module: String,
    /// Its name in that module.
    pub name: String,
    /// Its type.
    pub ty: ExternType,
}

impl Import {
    /// The capability that it needs.
    pub fn capability(&self) -> Option<Capability> {
        host::function(&self.module, &self.name)?.capability
    }
}

/// An export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: ExternType,
}

/// The name of an import in messages.
pub(crate) fn import_name(import: &Import) -> String {
    // Ordinary names are written as they are: `env.abort`.
    let usual = |name: &str| {
        !name.is_empty() && name.len() <= 80 && name.bytes().all(|b| b.is_ascii_graphic())
    };
    if usual(&import.module) && usual(&import.name) {
        return format!("{}.{}", import.module, import.name);
    }
    format!("{}.{}", quoted(&import.module), quoted(&import.name))
}
