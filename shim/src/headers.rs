//! The headers that extensions are compiled with, which are part of the library.

use std::fs;
use std::path::Path;

use crate::error::{Error, Result};
use crate::write::write;

/// A file of the shim's.
macro_rules! file {
    ($path:literal) => {
        ($path, include_str!(concat!("../", $path)))
    };
}

pub(crate) use file;

/// What extensions include.
const HEADERS: &[(&str, &str)] = &[file!("include/sqlite3.h"), file!("include/sqlite3ext.h")];

/// Writes the headers, so that extensions can be compiled.
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
