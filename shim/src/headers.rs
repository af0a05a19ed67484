//! The headers that extensions are compiled with, as part of this library.

use std::fs;
use std::path::Path;

use crate::error::{Error, Result};
use crate::write::write;

/// A file of the shim: its name and contents.
macro_rules! file {
    ($path:literal) => {
        ($path, include_str!(concat!("../", $path)))
    };
}

pub(crate) use file;

/// The headers that extensions include.
const HEADERS: &[(&str, &str)] = &[file!("include/sqlite3.h"), file!("include/sqlite3ext.h")];

/// Writes the headers into a folder.
pub(crate) fn write_headers(folder: &Path) -> Result {
    for part in ["include", "c"] {
        let part = folder.join(part);
        fs::create_dir_all(&part).map_err(|error| Error::file(&part, error))?;
    }
    for (path, text) in HEADERS {
        write(folder, path, text)?;
    }
    Ok(())
}
