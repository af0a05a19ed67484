//! Finds everything that would keep a module of any ABI from being stored.
//!
//! This module builds on both reading and translating modules: a module of another ABI is judged by what CREATE
//! FUNCTION would make of it.

mod report;

pub use self::report::inspect_json;
use crate::error::{Error, Result};
use crate::foreign;
use crate::limits::Limits;
use crate::module::{Judgement, ModuleInfo};

/// A module and its problems.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// The module, as far as it could be read.
    pub info: ModuleInfo,
    /// Why it is refused, most important reason first; empty if it is accepted. A few dozen at most.
    pub problems: Vec<Error>,
    /// The translation that CREATE FUNCTION makes of a module of another ABI.
    native: Option<Vec<u8>>,
}

impl Inspection {
    /// The module that CREATE FUNCTION would store: this one, or its translation from another ABI.
    ///
    /// # Errors
    /// The first problem.
    pub fn stored(&self, limits: &Limits) -> Result<ModuleInfo> {
        match (self.problems.first(), &self.native) {
            (Some(problem), _) => Err(problem.clone()),
            (None, Some(native)) => ModuleInfo::read(native, limits),
            (None, None) => Ok(self.info.clone()),
        }
    }

    /// Judges a module of another ABI by its translation.
    fn translate(&mut self, wasm: &[u8], limits: &Limits) -> Result<()> {
        let native = match foreign::translated(wasm, &self.info, limits) {
            Ok(native) => native,
            Err(problem) => {
                self.problems.push(problem);
                return Ok(());
            }
        };
        let made = Judgement::of(&native, limits)?;
        self.problems = made.problems;
        self.info.manifest = made.info.manifest;
        self.native = Some(native);
        Ok(())
    }
}

impl ModuleInfo {
    /// Reads a binary module and collects every reason to refuse it.
    ///
    /// Takes time linear in the module's size, and a few times its size in memory.
    ///
    /// # Errors
    /// The bytes are no core module at all, or more than the limit.
    pub fn inspect(wasm: &[u8], limits: &Limits) -> Result<Inspection> {
        let Judgement { info, problems } = Judgement::of(wasm, limits)?;
        let mut inspection = Inspection { info, problems, native: None };
        if inspection.problems.is_empty() && inspection.info.abi.is_foreign() {
            inspection.translate(wasm, limits)?;
        }
        Ok(inspection)
    }
}
