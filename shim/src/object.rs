//! The symbols of object files: entry points that they define, and functions that they call.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use wasmparser::{
    BinaryReader, Linking, LinkingSectionReader, Parser, Payload, SymbolFlags, SymbolInfo, TypeRef,
};

use crate::error::{Error, Result};

/// Whether one of the objects calls one of these functions.
///
/// # Errors
/// An object cannot be read.
pub(crate) fn calls(objects: &[PathBuf], names: &[&str]) -> Result<bool> {
    for object in objects {
        if symbols(object)?.iter().any(|s| !s.is_defined && names.contains(&s.name.as_str())) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The only entry point that the objects define.
///
/// # Errors
/// There is none, or several.
pub(crate) fn entry_point(objects: &[PathBuf]) -> Result<String> {
    let mut entries = BTreeSet::new();
    for object in objects {
        let defined = symbols(object)?.into_iter().filter(|symbol| symbol.is_defined);
        entries.extend(defined.map(|symbol| symbol.name).filter(|name| is_entry_point(name)));
    }
    let mut found = entries.into_iter();
    match (found.next(), found.next()) {
        (Some(entry), None) => Ok(entry),
        (None, _) => Err(Error::new(
            "no entry point: no function sqlite3_…_init is defined; name one with --entry",
        )),
        (Some(first), Some(second)) => {
            let all: Vec<String> = [first, second].into_iter().chain(found).collect();
            Err(Error::new(format!(
                "several entry points: {}; choose one with --entry",
                all.join(", ")
            )))
        }
    }
}

fn is_entry_point(name: &str) -> bool {
    name.starts_with("sqlite3_") && name.ends_with("_init") && is_name(name)
}

/// Whether the text is a C name. A symbol can be any text, and this one is put into a source.
pub(crate) fn is_name(text: &str) -> bool {
    !text.starts_with(|c: char| c.is_ascii_digit())
        && !text.is_empty()
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// A function that an object file defines for others, or calls in others.
struct Symbol {
    name: String,
    is_defined: bool,
}

fn symbols(object: &Path) -> Result<Vec<Symbol>> {
    let bytes = fs::read(object).map_err(|error| Error::file(object, error))?;
    read(&bytes).map_err(|error| Error::file(Path::new("the compiler's object file"), error))
}

fn read(object: &[u8]) -> wasmparser::Result<Vec<Symbol>> {
    let mut imports = Vec::new();
    let mut found = Vec::new();
    for payload in Parser::new(0).parse_all(object) {
        let section = match payload? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    if matches!(import.ty, TypeRef::Func(_)) {
                        imports.push(import.name.to_owned());
                    }
                }
                continue;
            }
            Payload::CustomSection(section) if section.name() == "linking" => section,
            _ => continue,
        };
        let reader = BinaryReader::new(section.data(), section.data_offset());
        for part in LinkingSectionReader::new(reader)? {
            let Linking::SymbolTable(symbols) = part? else { continue };
            for symbol in symbols {
                let SymbolInfo::Func { flags, index, name } = symbol? else { continue };
                if flags.contains(SymbolFlags::BINDING_LOCAL) {
                    continue;
                }
                let is_defined = !flags.contains(SymbolFlags::UNDEFINED);
                // A function that is called under its own name has the name only in the import.
                let name = match name {
                    Some(name) => Some(name.to_owned()),
                    None => imports.get(index as usize).cloned(),
                };
                found.extend(name.map(|name| Symbol { name, is_defined }));
            }
        }
    }
    Ok(found)
}
