//! `commensal sql`: the CREATE statement for a module.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use commensal::core::catalog::SCHEMA;
use commensal::core::ddl::{Create, ObjectKind, Source, With, quote_text};
use commensal::core::module::{Abi, ModuleInfo};
use commensal::{Database, Limits, Options, ValueRef, WasmtimeRuntime};

use crate::cli::SqlArguments;
use crate::failure::{Failure, Result};
use crate::literal::{Blob, Literal};
use crate::module_file;
use crate::output::{Escape, output};

pub(crate) fn run(arguments: &SqlArguments) -> Result {
    let limits = Limits::default();
    let path = &arguments.file;
    let wasm = module_file::read_binary(path, &limits)?;
    let inspection = ModuleInfo::inspect(&wasm, &limits);
    let inspection = inspection.map_err(|error| Failure::file(path, error))?;
    let stored = inspection.stored(&limits).map_err(|error| Failure::file(path, error))?;
    let (kind, name, export) = object(arguments, &inspection.info, &stored)?;
    let source = if arguments.file_source {
        let path = path.to_str().ok_or_else(|| Failure::file(path, "the path is not UTF-8"))?;
        Source::File(path.to_owned())
    } else {
        Source::Blob(wasm)
    };
    let create = Create {
        kind,
        or_replace: false,
        if_not_exists: false,
        name,
        name_offset: 0,
        source,
        source_offset: 0,
        export,
        deterministic: false,
        with: With::default(),
        cascade_reindex: false,
    };
    let mut statement = create.to_string();
    if let Some(options) = &arguments.options {
        statement.push(' ');
        statement += options;
    }
    let mut out = output(Escape::Auto);
    if arguments.plain {
        let lines = rows_of(&statement).map_err(|error| Failure::file(path, error))?;
        lines.iter().try_for_each(|line| writeln!(out, "{line};"))?;
    } else if arguments.insert {
        // In this schema no table of a file can have the name.
        let statement = quote_text(&statement);
        writeln!(out, "INSERT INTO temp.wasm_statement(sql) VALUES ({statement});")?;
    } else {
        writeln!(out, "{statement};")?;
    }
    Ok(out.flush()?)
}

/// The statements of SQLite's own that leave what a CREATE statement stores. That runs in memory, so all is checked.
fn rows_of(create: &str) -> commensal::Result<Vec<String>> {
    let options = Options::new().runtime(Arc::new(WasmtimeRuntime::new()));
    let connection = Database::open_in_memory(options)?.connect()?;
    connection.execute(create, ())?;
    let mut lines: Vec<_> = SCHEMA.iter().map(|&sql| sql.to_owned()).collect();
    for (verb, table, columns) in [
        ("INSERT OR IGNORE", "commensal_module", "sha256, bytes, manifest, wasm"),
        ("INSERT", "commensal_object", "kind, name, sha256, export, deterministic, options"),
    ] {
        let mut statement = connection.prepare(&format!("SELECT {columns} FROM main.{table}"))?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            let values: Vec<_> = (0..columns.split(',').count())
                .map(|i| Ok(on_one_line(row.get_ref(i)?)))
                .collect::<commensal::Result<_>>()?;
            let values = values.join(", ");
            lines.push(format!("{verb} INTO main.{table}({columns}) VALUES ({values})"));
        }
    }
    Ok(lines)
}

/// A value as a literal without line breaks, which some tools take for the end of a statement.
fn on_one_line(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Text(text) if text.contains('\n') => {
            format!("CAST({} AS TEXT)", Blob(text.as_bytes()))
        }
        value => Literal(value).to_string(),
    }
}

/// What to create, its name, and the export if it has another name.
fn object(
    arguments: &SqlArguments,
    given: &ModuleInfo,
    info: &ModuleInfo,
) -> Result<(ObjectKind, String, Option<String>)> {
    let path = &arguments.file;
    let export = match &arguments.export {
        Some(export) => export.clone(),
        None if given.is_turso_extension() => {
            let name = arguments.name.clone().unwrap_or_else(|| name_of(path));
            return Ok((ObjectKind::Extension, name, None));
        }
        None if given.abi == Abi::Commensal && info.manifest.is_some() => {
            info.extension().map_err(|error| Failure::file(path, error))?;
            let name = arguments.name.clone().unwrap_or_else(|| name_of(path));
            return Ok((ObjectKind::Extension, name, None));
        }
        None => only_function(path, info)?,
    };
    info.guest_function(&export).map_err(|error| Failure::file(path, error))?;
    let name = arguments.name.clone().unwrap_or_else(|| export.clone());
    let export = (name != export).then_some(export);
    Ok((ObjectKind::Function, name, export))
}

/// The only export that SQL could call.
fn only_function(path: &Path, info: &ModuleInfo) -> Result<String> {
    let names: Vec<_> = info
        .exports
        .iter()
        .map(|export| export.name.as_str())
        .filter(|name| info.guest_function(name).is_ok())
        .collect();
    match names[..] {
        [name] => Ok(name.to_owned()),
        [] => Err(Failure::file(path, "no manifest, and no export that SQL could call")),
        _ => Err(Failure::file(
            path,
            format_args!("no manifest; choose one with --export: {}", names.join(", ")),
        )),
    }
}

/// The file's name without extension, with `_` for characters that a name without quotes cannot have.
fn name_of(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let name: String = stem.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_numeric()) { format!("_{name}") } else { name }
}
