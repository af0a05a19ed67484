//! `commensal inspect`: shows what a module declares, without running it, and why it would be refused.

use std::fmt::Display;
use std::io::{self, Write};

use commensal::Limits;
use commensal::core::inspect::Inspection;
use commensal::core::manifest::{Manifest, Signature};
use commensal::core::module::{Import, ModuleInfo};
use serde_json::{Value, json};

use crate::cli::InspectArguments;
use crate::diagnostic::one_line;
use crate::failure::{Failure, Result};
use crate::module_file;
use crate::output::{Escape, output};

pub(crate) fn run(arguments: &InspectArguments) -> Result {
    let limits = Limits::default();
    let inspected = module_file::read_binary(&arguments.file, &limits).and_then(|wasm| {
        ModuleInfo::inspect(&wasm, &limits)
            .map_err(|error| Failure::file(&arguments.file, error.message()))
    });
    let mut out = output(Escape::Auto);
    if arguments.json {
        // With --json, errors are JSON too.
        let report = match &inspected {
            Ok(inspection) => serde_json::from_str(&inspection.to_json()).unwrap_or_default(),
            Err(Failure::Report(diagnostic)) => json!({ "problems": [diagnostic.to_string()] }),
            Err(_) => Value::Null,
        };
        writeln!(out, "{report:#}")?;
    }
    let inspection = match inspected {
        Ok(inspection) => inspection,
        Err(_) if arguments.json => {
            out.flush()?;
            return Err(Failure::Reported);
        }
        Err(failure) => return Err(failure),
    };
    if !arguments.json {
        write_text(&mut out, &inspection)?;
    }
    out.flush()?;
    if inspection.problems.is_empty() { Ok(()) } else { Err(Failure::Reported) }
}

fn write_text(
    out: &mut dyn Write,
    Inspection { info, problems, .. }: &Inspection,
) -> io::Result<()> {
    writeln!(out, "sha256     {}", info.sha256_hex())?;
    writeln!(out, "abi        {}", info.abi)?;
    writeln!(
        out,
        "size       {} bytes, of them {} code of {} functions, {} data",
        info.bytes, info.code_bytes, info.functions, info.data_bytes
    )?;
    write_list(out, "imports", info.imports.iter().map(import_line))?;
    write_list(
        out,
        "exports",
        info.exports.iter().map(|export| format!("{} {}", export.name, export.ty)),
    )?;
    match &info.manifest {
        Some(manifest) => write_list(out, "manifest", manifest_lines(manifest).into_iter())?,
        None => writeln!(out, "manifest   none")?,
    }
    if !problems.is_empty() {
        return write_list(out, "refused", problems.iter());
    }
    let not_extension = info.extension_problems();
    if info.manifest.is_some() && !not_extension.is_empty() {
        write_list(out, "refused as extension", not_extension.iter())?;
    }
    Ok(())
}

/// Prints a heading and a line for each item, or "none" after the heading.
fn write_list<T: Display>(
    out: &mut dyn Write,
    heading: &str,
    items: impl ExactSizeIterator<Item = T>,
) -> io::Result<()> {
    if items.len() == 0 {
        return writeln!(out, "{heading:<10} none");
    }
    writeln!(out, "{heading}")?;
    for item in items {
        writeln!(out, "  {}", one_line(&item.to_string()))?;
    }
    Ok(())
}

fn import_line(import: &Import) -> String {
    let line = format!("{}.{} {}", import.module, import.name, import.ty);
    match import.capability() {
        Some(capability) => format!("{line}, needs the capability {}", capability.name()),
        None => line,
    }
}

fn manifest_lines(manifest: &Manifest) -> Vec<String> {
    let info = manifest.info.iter().map(|(key, value)| format!("{key}: {value}"));
    let functions = manifest.functions.iter().map(|function| {
        let deterministic = if function.deterministic { ", deterministic" } else { "" };
        format!("function {}{}{deterministic}", function.name, signature(&function.signature))
    });
    let aggregates = manifest.aggregates.iter().map(|aggregate| {
        format!("aggregate {}{}", aggregate.name, signature(&aggregate.signature))
    });
    let tables = manifest.tables.iter().map(|table| format!("table {}", table.name));
    let collations = manifest.collations.iter().map(|c| format!("collation {}", c.name));
    let types = manifest.types.iter().map(|t| format!("type {}", t.name));
    info.chain(functions).chain(aggregates).chain(tables).chain(collations).chain(types).collect()
}

/// `(text, integer?, any...) -> text`
fn signature(signature: &Signature) -> String {
    let variadic = signature.variadic.map(|param| format!("{param}..."));
    let params: Vec<_> = signature.params.iter().map(ToString::to_string).chain(variadic).collect();
    let returns = signature.returns.map(|class| format!(" -> {class}")).unwrap_or_default();
    format!("({}){returns}", params.join(", "))
}
