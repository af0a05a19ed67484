//! Modules and manifests in files, for the subcommands that look at them.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use commensal::Limits;
use commensal::core::module;

use crate::failure::{Failure, Result};

/// The bytes of a file with a module. Reads no more than a module may have.
pub(crate) fn read(path: &Path, limits: &Limits) -> Result<Vec<u8>> {
    read_at_most(path, limits.module_bytes_max.max(limits.module_text_bytes_max), "module")
}

/// The bytes of a file with a manifest. Reads no more than a manifest may have.
pub(crate) fn read_manifest(path: &Path, limits: &Limits) -> Result<Vec<u8>> {
    read_at_most(path, limits.manifest_bytes_max, "manifest")
}

fn read_at_most(path: &Path, bytes_max: usize, what: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(bytes_max as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| Failure::file(path, error))?;
    if bytes.len() > bytes_max {
        return Err(Failure::file(
            path,
            format_args!("more than {bytes_max} bytes, the most that a {what} may have"),
        ));
    }
    Ok(bytes)
}

/// The binary module in a file, which may be in text format.
pub(crate) fn read_binary(path: &Path, limits: &Limits) -> Result<Vec<u8>> {
    let source = read(path, limits)?;
    let binary = module::binary(&source, limits).map_err(|error| Failure::file(path, error))?;
    Ok(binary.into_owned())
}
