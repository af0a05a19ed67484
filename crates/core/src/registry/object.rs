//! A definition in the registry.

use std::sync::Arc;

use crate::compile::ModuleEntry;
use crate::ddl::{ObjectKind, With};
use crate::policy::Policy;

/// A definition: a function or an extension.
pub struct ObjectEntry {
    /// Whether it is a function or an extension.
    pub kind: ObjectKind,
    /// Its name, as written at CREATE.
    pub name: String,
    /// Its module.
    pub module: Arc<ModuleEntry>,
    /// The export, if it is a function.
    pub export: Option<String>,
    /// Whether a function's definition says DETERMINISTIC.
    pub deterministic: bool,
    /// The WITH clause.
    pub with: With,
    /// The limits and capabilities of its guests.
    pub policy: Policy,
    /// The problem with it, if there is one.
    pub problem: Option<String>,
}
