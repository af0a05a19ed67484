//! What an object file defines: the entry points of extensions.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use wasmparser::{BinaryReader, Linking, LinkingSectionReader, Parser, Payload, SymbolInfo};

use crate::{Error, Result};

/// The only entry point that the objects define.
///
/// # Errors
/// There is none, or several.
pub(crate) fn entry_point(objects: &[PathBuf]) -> Result<String> {
    let mut entries = BTreeSet::new();
    for object in objects {
        let bytes = fs::read(object).map_err(|error| Error::file(object, error))?;
        let functions = functions(&bytes)
            .map_err(|error| Error::file(Path::new("the compiler's object file"), error))?;
        entries.extend(functions.into_iter().filter(|name| is_entry_point(name)));
    }
    let mut found = entries.into_iter();
    match (found.next(), found.next()) {
        (Some(entry), None) => Ok(entry),
        (None, _) => {
            Err(Error::new("no entry point: no function sqlite3_…_init is defined; name another"))
        }
        (Some(first), Some(second)) => {
            let all: Vec<String> = [first, second].into_iter().chain(found).collect();
            Err(Error::new(format!("several entry points: {}; say which", all.join(", "))))
        }
    }
}

fn is_entry_point(name: &str) -> bool {
    name.starts_with("sqlite3_") && name.ends_with("_init")
}

/// The functions that an object file defines for others.
fn functions(object: &[u8]) -> wasmparser::Result<Vec<String>> {
    let mut functions = Vec::new();
    for payload in Parser::new(0).parse_all(object) {
        let Payload::CustomSection(section) = payload? else { continue };
        if section.name() != "linking" {
            continue;
        }
        let reader = BinaryReader::new(section.data(), section.data_offset());
        for part in LinkingSectionReader::new(reader)? {
            let Linking::SymbolTable(symbols) = part? else { continue };
            for symbol in symbols {
                use wasmparser::SymbolFlags;
                if let SymbolInfo::Func { flags, name: Some(name), .. } = symbol?
                    && !flags.contains(SymbolFlags::UNDEFINED)
                    && !flags.contains(SymbolFlags::BINDING_LOCAL)
                {
                    functions.push(name.to_owned());
                }
            }
        }
    }
    Ok(functions)
}
