//! The result of reading a module.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use wasmparser::FuncValidatorAllocations;

use super::abi::Abi;
use super::compiling::Compiling;
use super::info::ModuleInfo;
use super::types::{Export, ExternType, FunctionType, Import};

/// The facts that reading a module collects.
#[derive(Default)]
pub(super) struct Module {
    pub(super) types: Vec<Arc<FunctionType>>,
    /// Type indices of all functions, imported ones first.
    pub(super) functions: Vec<u32>,
    pub(super) defined: usize,
    pub(super) tables: Vec<ExternType>,
    pub(super) memories: Vec<ExternType>,
    pub(super) globals: Vec<ExternType>,
    pub(super) imports: Vec<Import>,
    pub(super) exports: Vec<Export>,
    /// Exported functions by index, for messages about their code.
    pub(super) exported: Vec<(u32, usize)>,
    pub(super) code_bytes: usize,
    /// Cost of validating the code so far, beyond its size; see `work.rs`.
    pub(super) work: usize,
    /// Cost of compiling the module so far; see [`Cost::time`](super::compiling::Cost::time).
    pub(super) compiling: u64,
    /// Cost of optimising it so far; see [`Compiling::optimizing`].
    pub(super) optimizing: u64,
    /// Cost without optimising but with well-chosen registers; see [`Compiling::plain`].
    pub(super) plain: u64,
    /// Cost of compiling its largest function; see [`Cost::memory`](super::compiling::Cost::memory).
    pub(super) largest: u64,
    /// Cost of the code in the function that starts an instance.
    pub(super) start: Compiling,
    pub(super) data_bytes: usize,
    /// Whether instructions may name data segments.
    pub(super) names_segments: bool,
    /// The contents of all manifest sections, joined.
    pub(super) manifest: Option<Vec<u8>>,
    /// Memory that the validator of one function reuses for the next.
    pub(super) allocations: FuncValidatorAllocations,
}

impl Module {
    /// The facts about the module, without judging them.
    pub(super) fn info(&mut self, wasm: &[u8]) -> ModuleInfo {
        let exports = std::mem::take(&mut self.exports);
        let abi = Abi::of(&exports, self.manifest.is_some());
        let mut exports_by_name: Vec<u32> = (0..exports.len() as u32).collect();
        exports_by_name.sort_by(|&a, &b| exports[a as usize].name.cmp(&exports[b as usize].name));
        ModuleInfo {
            sha256: Sha256::digest(wasm).into(),
            bytes: wasm.len(),
            code_bytes: self.code_bytes,
            data_bytes: self.data_bytes,
            functions: self.defined,
            compile_work: self.compiling,
            optimized_work: self.optimizing,
            plain_work: self.plain,
            function_work: self.largest.max(self.start.cost().memory()),
            abi,
            imports: std::mem::take(&mut self.imports),
            exports,
            manifest: None,
            exports_by_name,
            extension_problems: Vec::new(),
        }
    }

    pub(super) fn function(&self, index: u32) -> Option<ExternType> {
        let ty = *self.functions.get(index as usize)?;
        self.types.get(ty as usize).cloned().map(ExternType::Function)
    }
}

/// Parameters of a function, which are locals too, and results.
pub(super) fn values_of(module: &Module, function: u32) -> (usize, usize) {
    let ty = module.functions.get(function as usize).and_then(|&ty| module.types.get(ty as usize));
    ty.map_or((0, 0), |ty| (ty.params.len(), ty.results.len()))
}
