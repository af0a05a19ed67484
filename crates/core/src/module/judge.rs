//! Reads a module and judges it by the ABI and the limits.

use super::info::ModuleInfo;
use super::problem::error;
use super::{check, read};
use crate::error::{Error, Result};
use crate::limits::Limits;

/// A module and its problems.
pub(crate) struct Judgement {
    /// The module, as far as it could be read.
    pub(crate) info: ModuleInfo,
    /// Why it is refused, most important reason first; empty if it is accepted.
    pub(crate) problems: Vec<Error>,
}

impl Judgement {
    /// Reads a module, and judges it unless it has another ABI.
    ///
    /// # Errors
    /// The bytes are no core module at all, or more than the limit.
    pub(crate) fn of(wasm: &[u8], limits: &Limits) -> Result<Self> {
        let (mut module, unreadable) = read::module(wasm, limits)?;
        let (mut problems, mut info) = (Vec::from_iter(unreadable), module.info(wasm));
        // If a module was not read to its end, missing parts mean nothing.
        if problems.is_empty() && !info.abi.is_foreign() {
            check::check(&mut info, &mut problems, module, limits);
        }
        Ok(Self { info, problems })
    }
}

impl ModuleInfo {
    /// Reads and validates a binary module, and checks it against the ABI and the limits. A module of another ABI
    /// is refused, because only CREATE translates one, and it stores the translation.
    ///
    /// # Errors
    /// The first problem that [`ModuleInfo::inspect`] finds.
    pub fn read(wasm: &[u8], limits: &Limits) -> Result<Self> {
        let Judgement { info, problems } = Judgement::of(wasm, limits)?;
        match problems.into_iter().next() {
            None if info.abi.is_foreign() => Err(error(format!(
                "the module is built for the {} ABI: only CREATE makes one of ours of it",
                info.abi
            ))),
            None => Ok(info),
            Some(problem) => Err(problem),
        }
    }
}
