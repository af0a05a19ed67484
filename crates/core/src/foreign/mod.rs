//! Translates modules of other ABIs, Turso's and libSQL's, into modules of ours.
//!
//! A module with another convention gets translating code added. For each of its functions, a function of our
//! convention writes the arguments in the other form, calls it, and makes a record of the result. So the rest of
//! Commensal, and every other host of our ABI, knows one convention. Answers of foreign guests are checked like
//! all others, and the translating code is compiled, bounded and stopped like the guest's own. It is written as
//! text, beside this file.
//!
//! Translating runs nothing of a guest, with one exception: only `turso_ext_init` tells what an extension for
//! Turso declares. It runs when the extension is created, under all limits, and what it declares becomes the
//! manifest of the stored module.

mod declared;
mod exports;
mod extension;
mod finish;
mod libsql;
mod link;
mod names;
mod signature;
mod tables;
mod text;
mod turso;

use std::borrow::Cow;

use crate::compile::Waiting;
use crate::ddl::ObjectKind;
use crate::environment::Environment;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::module::{Abi, Judgement, ModuleInfo};

/// Makes a module of ours from any that can become one. Our own modules stay unchanged. The result must still be
/// [read](ModuleInfo::read).
///
/// # Errors
/// The module is refused, or there is no runtime to ask an extension what it declares.
pub(crate) fn native<'a>(
    wasm: Cow<'a, [u8]>,
    kind: ObjectKind,
    environment: &Environment,
    waiting: Waiting<'_>,
) -> Result<Cow<'a, [u8]>> {
    let limits = &environment.settings.limits;
    let Judgement { info, problems } = Judgement::of(&wasm, limits)?;
    if let Some(problem) = problems.into_iter().next() {
        return Err(problem);
    }
    match (info.abi, kind) {
        (abi, _) if !abi.is_foreign() => Ok(wasm),
        (Abi::Turso, ObjectKind::Extension) => {
            extension::native(&wasm, &info, environment, waiting).map(Cow::Owned)
        }
        (_, ObjectKind::Extension) => Err(Error::new(
            ErrorKind::Manifest,
            "the module is built for the libSQL ABI, which has no extensions: CREATE FUNCTION takes its \
             functions one by one",
        )),
        (_, ObjectKind::Function) => translated(&wasm, &info, limits).map(Cow::Owned),
    }
}

/// The module that CREATE FUNCTION makes from a valid one of another ABI, without running it.
///
/// # Errors
/// It does not meet the demands of its ABI.
pub(crate) fn translated(wasm: &[u8], info: &ModuleInfo, limits: &Limits) -> Result<Vec<u8>> {
    match info.abi {
        Abi::Libsql => libsql::translated(wasm, info, limits),
        _ => turso::translated(wasm, info, limits),
    }
}
