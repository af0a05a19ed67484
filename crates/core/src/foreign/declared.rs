//! The JSON that `turso_ext_init` of an extension for Turso declares.

use serde::Deserialize;

use crate::manifest::Column;
use crate::value::StorageClass;

/// The declarations of `turso_ext_init`. Unknown fields are refused by name, here and in the declared objects, so
/// an extension for a newer version of the proposal fails instead of losing something.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Declared {
    #[serde(default)]
    pub(super) functions: Vec<DeclaredFunction>,
    #[serde(default)]
    pub(super) types: Vec<DeclaredType>,
    #[serde(default)]
    pub(super) vtabs: Vec<DeclaredTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeclaredFunction {
    pub(super) name: String,
    pub(super) export: String,
    #[serde(default = "variadic")]
    pub(super) narg: i32,
}

fn variadic() -> i32 {
    crate::abi::VARIADIC
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeclaredType {
    pub(super) name: String,
    pub(super) base: String,
    #[serde(default)]
    pub(super) params: Vec<DeclaredParam>,
    pub(super) encode: Option<String>,
    pub(super) decode: Option<String>,
    #[serde(default)]
    pub(super) operators: Vec<DeclaredOperator>,
}

/// One of the values that make up a value of a type. Only their number matters.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeclaredParam {
    #[serde(rename = "name")]
    pub(super) _name: String,
    #[serde(rename = "type", default)]
    pub(super) _ty: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeclaredOperator {
    pub(super) op: String,
    pub(super) func: String,
}

/// A declared table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeclaredTable {
    pub(super) name: String,
    pub(super) columns: Vec<DeclaredColumn>,
    pub(super) open: String,
    pub(super) filter: String,
    pub(super) column: String,
    pub(super) next: String,
    /// Not called, because `filter` and `next` give the same answer.
    #[serde(rename = "eof")]
    pub(super) _eof: Option<String>,
    pub(super) rowid: String,
    pub(super) close: Option<String>,
}

/// A declared column.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeclaredColumn {
    pub(super) name: String,
    #[serde(rename = "type", default)]
    pub(super) ty: String,
    #[serde(default)]
    pub(super) hidden: bool,
}

impl DeclaredColumn {
    /// The column. Only values that are passed to the guest have a class, because the proposal's host does not
    /// check results.
    pub(super) fn column(&self) -> Column {
        let class = if self.hidden { class(&self.ty) } else { None };
        Column { name: self.name.clone(), class, hidden: self.hidden }
    }
}

/// The storage class with this name.
pub(super) fn class(name: &str) -> Option<StorageClass> {
    [StorageClass::Integer, StorageClass::Real, StorageClass::Text, StorageClass::Blob]
        .into_iter()
        .find(|class| class.to_string().eq_ignore_ascii_case(name))
}
