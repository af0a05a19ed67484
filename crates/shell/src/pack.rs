//! `commensal pack`: puts a manifest into a module, for languages that cannot emit custom sections
//! and after a tool has removed them.

use std::fs;
use std::io::{self, Write};
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

/// Writes the whole file or nothing. Follows symbolic links, and writes to a device or a pipe as it is.
fn write(path: &Path, bytes: &[u8]) -> Result {
    replace(path, bytes).map_err(|error| Failure::file(path, error))
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let existing = match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => return fs::write(path, bytes),
        Ok(metadata) => Some(metadata.permissions()),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        // A link to nothing: what it names is made.
        Err(_) if path.is_symlink() => return fs::write(path, bytes),
        Err(_) => None,
    };
    let path = if existing.is_some() { path.canonicalize()? } else { path.to_owned() };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        // As for any new file; the process's mask takes from it.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut unfinished = builder.tempfile_in(folder.unwrap_or(Path::new(".")))?;
    unfinished.write_all(bytes)?;
    if let Some(permissions) = existing {
        unfinished.as_file().set_permissions(permissions)?;
    }
    unfinished.persist(path)?;
    Ok(())
}
