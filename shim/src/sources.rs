//! The sources of the shim, as part of this library, and their objects.

use std::path::{Path, PathBuf};

use crate::compiler::Compiler;
use crate::error::Result;
use crate::headers::file;
use crate::write::write;

/// The sources that every extension is linked with.
const SOURCES: &[(&str, &str)] = &[
    file!("c/auxdata.c"),
    file!("c/bind.c"),
    file!("c/blob.c"),
    file!("c/call.c"),
    file!("c/column.c"),
    file!("c/complete.c"),
    file!("c/cursor.c"),
    file!("c/database.c"),
    file!("c/declaration.c"),
    file!("c/exec.c"),
    file!("c/format.c"),
    file!("c/libc.c"),
    file!("c/memory.c"),
    file!("c/metadata.c"),
    file!("c/number.c"),
    file!("c/plan.c"),
    file!("c/pointer.c"),
    file!("c/register.c"),
    file!("c/result.c"),
    file!("c/statement.c"),
    file!("c/table.c"),
    file!("c/text.c"),
    file!("c/utf16.c"),
    file!("c/value.c"),
];

/// The headers that they share.
const OWN_HEADERS: &[(&str, &str)] =
    &[file!("c/call.h"), file!("c/shim.h"), file!("c/statement.h"), file!("c/table.h")];

/// The source that reports what was registered.
const DECLARE: (&str, &str) = file!("c/declare.c");

/// Compiles the shim for an extension with this entry point, whose names begin with this prefix in SQL. Returns the
/// objects.
pub(crate) fn build(
    compiler: &Compiler,
    folder: &Path,
    entry: &str,
    prefix: &str,
) -> Result<Vec<PathBuf>> {
    for (path, text) in OWN_HEADERS {
        write(folder, path, text)?;
    }
    let mut sources = Vec::new();
    for (path, text) in SOURCES {
        sources.push(write(folder, path, text)?);
    }
    let call = format!(
        "int {entry}(void *, char **, const void *);\n\
         int commensal_entry(void *db, char **error, const void *routines) {{\n  \
         return {entry}(db, error, routines);\n}}\n\
         const char commensal_prefix[] = \"{prefix}\";\n"
    );
    sources.push(write(folder, "c/entry.c", call)?);
    compiler.compile_shim(&sources, folder)
}

/// Compiles the source that reports what was registered.
pub(crate) fn declare(compiler: &Compiler, folder: &Path) -> Result<Vec<PathBuf>> {
    let source = write(folder, DECLARE.0, DECLARE.1)?;
    compiler.compile_shim(&[source], folder)
}
