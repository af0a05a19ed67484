//! The facts about a module that are known without running it.

use super::abi::{Abi, TURSO_EXT_INIT};
use super::types::{Export, Import};
use crate::error::Error;
use crate::limits::{Capabilities, Capability};
use crate::manifest::Manifest;

/// The facts about a module.
#[derive(Clone, Debug, PartialEq)]
pub struct ModuleInfo {
    /// SHA-256 of the binary.
    pub sha256: [u8; 32],
    /// Bytes of the binary.
    pub bytes: usize,
    /// Bytes of its code section.
    pub code_bytes: usize,
    /// Bytes of its data section.
    pub data_bytes: usize,
    /// Functions it defines.
    pub functions: usize,
    /// Cost of compiling it, in the unit of [`module_work_max`](crate::Limits::module_work_max).
    pub compile_work: u64,
    /// Cost of optimising it, in the unit of [`optimized_work_max`](crate::Limits::optimized_work_max).
    pub optimized_work: u64,
    /// Cost of compiling it with well-chosen registers, in the unit of
    /// [`plain_work_max`](crate::Limits::plain_work_max).
    pub plain_work: u64,
    /// Cost of compiling its largest function, in the unit of
    /// [`function_work_max`](crate::Limits::function_work_max).
    pub function_work: u64,
    /// The convention it is built for.
    pub abi: Abi,
    /// Imports in order.
    pub imports: Vec<Import>,
    /// Exports in order.
    pub exports: Vec<Export>,
    /// The manifest in its `commensal` section; `None` if it has no such section.
    pub manifest: Option<Manifest>,
    /// Indices of the exports, sorted by name.
    pub(super) exports_by_name: Vec<u32>,
    pub(super) extension_problems: Vec<Error>,
}

impl ModuleInfo {
    /// Why the module cannot be an extension, although its functions can be used one by one.
    pub fn extension_problems(&self) -> &[Error] {
        &self.extension_problems
    }

    /// Whether it is an extension for Turso. It declares its objects only when it runs.
    pub fn is_turso_extension(&self) -> bool {
        self.abi == Abi::Turso && self.export(TURSO_EXT_INIT).is_some()
    }

    /// The export of this name.
    pub fn export(&self, name: &str) -> Option<&Export> {
        let export = |&index: &u32| self.exports.get(index as usize);
        let name_of = |index: &u32| export(index).map_or("", |export| export.name.as_str());
        let found = self.exports_by_name.binary_search_by(|index| name_of(index).cmp(name)).ok()?;
        self.exports_by_name.get(found).and_then(export)
    }

    /// The capabilities that its imports need. Calls without them fail.
    pub fn capabilities(&self) -> Capabilities {
        self.imports.iter().filter_map(Import::capability).collect()
    }

    /// Whether an import reveals the clock or random numbers. Functions of such a module cannot be deterministic.
    pub fn sees_clock_or_random(&self) -> bool {
        let seen = self.capabilities();
        seen.contains(Capability::Clock) || seen.contains(Capability::Random)
    }

    /// The SHA-256 in hexadecimal digits.
    pub fn sha256_hex(&self) -> String {
        self.sha256.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
