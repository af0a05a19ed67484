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

mod extension;
mod libsql;
mod link;
mod names;
mod signature;
mod tables;
mod text;
mod turso;

use std::borrow::Cow;

use wasm_encoder::{CustomSection, Section};

use crate::compile::Waiting;
use crate::ddl::ObjectKind;
use crate::environment::Environment;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::manifest::{Json, Manifest};
use crate::module::{Abi, ExternType, FunctionType, Judgement, ModuleInfo, ValType, error};
use crate::quote::quoted;

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

/// Functions that are translated, of one module.
const FUNCTIONS_MAX: usize = 2_000;

/// Exports of ours, under which no function of the guest's can be called.
const OWN_EXPORTS: [&str; 5] = [
    crate::abi::EXPORT_MEMORY,
    crate::abi::EXPORT_SCRATCH,
    crate::abi::EXPORT_FAULT,
    crate::abi::EXPORT_INITIALIZE,
    crate::abi::EXPORT_RENEWABLE,
];

/// Whether an export can be a function of SQL's: a manifest has to be able to name it.
fn is_name(export: &str, limits: &Limits) -> bool {
    !export.is_empty() && export.len() <= limits.name_bytes_max && !export.contains('\0')
}

/// Whether something is a function of this type.
fn is_function(found: &ExternType, ty: &FunctionType) -> bool {
    matches!(found, ExternType::Function(found) if **found == *ty)
}

/// Checks that an export is a function of this type.
fn demand(info: &ModuleInfo, export: &str, params: &[ValType], results: &[ValType]) -> Result<()> {
    let expected = FunctionType { params: params.to_vec(), results: results.to_vec() };
    match info.export(export) {
        None => Err(error(format!("the module has no export {}", quoted(export)))),
        Some(found) => crate::module::has_type(&found.ty, export, &expected).map_err(error),
    }
}

/// Whether the guest has a memory, which it must export then.
fn has_memory(info: &ModuleInfo) -> bool {
    matches!(info.export(crate::abi::EXPORT_MEMORY), Some(e) if matches!(e.ty, ExternType::Memory { .. }))
}

/// Links the addition, in text, and gives the module its manifest, which says where it comes from.
fn finish(
    wasm: &[u8],
    info: &ModuleInfo,
    addition: &str,
    replaced: bool,
    mut manifest: Manifest,
    limits: &Limits,
) -> Result<Vec<u8>> {
    manifest.info = vec![
        ("translated_from".to_owned(), Json::Text(info.abi.to_string())),
        ("translated_sha256".to_owned(), Json::Text(info.sha256_hex())),
    ];
    let mut wide = limits.clone();
    wide.module_text_bytes_max = usize::MAX;
    let addition = crate::module::binary(addition.as_bytes(), &wide)?;
    let mut linked = link::link(wasm, &addition, replaced)?;
    let text = manifest.to_json();
    let section =
        CustomSection { name: crate::abi::MANIFEST_SECTION.into(), data: text.as_bytes().into() };
    section.append_to(&mut linked);
    Ok(linked)
}
