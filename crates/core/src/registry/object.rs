//! A definition, as the registry has it.

use std::sync::Arc;

use crate::compile::ModuleEntry;
use crate::ddl::{ObjectKind, With};
use crate::policy::Policy;

/// A definition: a function or an extension.
pub struct ObjectEntry {
    /// Which of the two.
    pub kind: ObjectKind,
    /// Its name, as written at CREATE.
    pub name: String,
    /// Its module.
    pub module: Arc<ModuleEntry>,
    /// The export, of a function.
    pub export: Option<String>,
    /// Whether DETERMINISTIC was said, of a function.
    pub deterministic: bool,
    /// What WITH said.
    pub with: With,
    /// What its guests may use.
    pub policy: Policy,
    /// What is wrong with it, if something is.
    pub problem: Option<String>,
}
