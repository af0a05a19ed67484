//! `commensal cc`: builds a module from a C extension for SQLite.

use std::fs;

use commensal_shim::Build;

use crate::cli::CcArguments;
use crate::diagnostic::warn;
use crate::failure::{Failure, Result};

pub(crate) fn run(arguments: &CcArguments) -> Result {
    let defines = arguments.define.iter().map(|define| format!("-D{define}"));
    let includes = arguments.include.iter().map(|folder| format!("-I{}", folder.display()));
    let build = Build {
        sources: arguments.sources.clone(),
        entry: arguments.entry.clone(),
        prefix: arguments.prefix.clone(),
        without: arguments.without.clone(),
        options: defines.chain(includes).chain(arguments.options.iter().cloned()).collect(),
        compiler: arguments.compiler.clone(),
        directory: None,
    };
    let built = build.run().map_err(|error| Failure::message(error.to_string()))?;
    for warning in &built.warnings {
        warn(warning);
    }
    fs::write(&arguments.output, &built.wasm)
        .map_err(|error| Failure::file(&arguments.output, error))
}
