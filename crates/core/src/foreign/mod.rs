//! Modules of other ABIs, made into modules of ours: Turso's and libSQL's.
//!
//! A module that follows another convention gets code added that translates: for each of its functions
//! one by our convention, which writes the arguments in the other's form, calls, and makes a record of
//! the result. So the rest of Commensal, and every other host of our ABI, knows one convention; what a
//! foreign guest answers is checked where everything else is; and translating is code that is compiled,
//! bounded and stopped like the guest's own. The added code is written in text, beside this file.
//!
//! Nothing of a guest runs for it, but for one thing: what an extension for Turso declares can be had
//! from its `turso_ext_init` only. That runs when an extension is created, under all limits, and what it
//! says becomes the manifest of the module that is stored.

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

/// Makes a module of ours of any that can be one; the bytes of ours are left alone. What comes of it is
/// still to be [read](ModuleInfo::read).
///
/// # Errors
/// The module is refused; there is no runtime to ask an extension what it declares.
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

/// The module of ours that CREATE FUNCTION makes of a valid one of another ABI, without running it.
///
/// # Errors
/// It is not what its ABI demands.
pub(crate) fn translated(wasm: &[u8], info: &ModuleInfo, limits: &Limits) -> Result<Vec<u8>> {
    match info.abi {
        Abi::Libsql => libsql::translated(wasm, info, limits),
        _ => turso::translated(wasm, info, limits),
    }
}
