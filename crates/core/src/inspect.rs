//! Everything that would keep a module from being stored, of whatever ABI it is.
//!
//! Above the modules and what makes modules of ours of others: one of another ABI is judged by what CREATE
//! FUNCTION would make of it.

mod report;

pub use self::report::inspect_json;
use crate::error::{Error, Result};
use crate::foreign;
use crate::limits::Limits;
use crate::module::{Judgement, ModuleInfo};

/// A module, and what is wrong with it.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// The module, as far as it could be read.
    pub info: ModuleInfo,
    /// Why it is refused, most important first; empty when it is not. A few dozen at most.
    pub problems: Vec<Error>,
    /// What CREATE FUNCTION makes of a module of another ABI.
    native: Option<Vec<u8>>,
}

impl Inspection {
    /// What CREATE FUNCTION would store: the module itself, or what it makes of one of another ABI.
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

    /// Judges a module of another ABI by what is made of it.
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
    /// Reads a binary module and collects everything for which it would be refused.
    ///
    /// Takes time linear in the module's size and memory of a few times it.
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
