//! `commensal pack`: puts a manifest into a module, for languages that cannot emit custom sections
//! and after a tool has removed them.

use std::fs;
use std::path::Path;

use commensal::Limits;
use commensal::core::module;

use crate::cli::PackArguments;
use crate::failure::{Failure, Result};
use crate::module_file;

pub(crate) fn run(arguments: &PackArguments) -> Result {
    let limits = Limits::default();
    let path = &arguments.file;
    let source = module_file::read(path, &limits)?;
    let wasm = module::binary(&source, &limits).map_err(|error| Failure::file(path, error))?;
    if arguments.output.is_none() && *wasm != *source {
        return Err(Failure::file(
            path,
            "is in text format, which has no place for a manifest; name an output with -o",
        ));
    }
    let manifest = module_file::read_manifest(&arguments.manifest, &limits)?;
    let packed = module::pack(&wasm, &manifest, &limits)
        .map_err(|error| Failure::message(error.message()))?;
    write(arguments.output.as_deref().unwrap_or(path), &packed)
}

/// Writes the whole file or nothing.
fn write(path: &Path, bytes: &[u8]) -> Result {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let unfinished = path.with_file_name(name);
    fs::write(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, path)).map_err(|error| {
        // There may be nothing to remove.
        let _ = fs::remove_file(&unfinished);
        Failure::file(path, error)
    })
}
