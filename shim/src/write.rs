//! Writes sources into the folder where they are compiled.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Writes a source into the folder.
pub(crate) fn write(folder: &Path, name: &str, text: impl AsRef<[u8]>) -> Result<PathBuf> {
    let path = folder.join(name);
    fs::write(&path, text).map_err(|error| Error::file(&path, error))?;
    Ok(path)
}
