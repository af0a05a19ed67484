//! Turns a module's start function into an export, so that it is called like any other function. wasmi runs
//! start functions while it instantiates, and a call cannot be stopped and resumed there.

use std::collections::HashSet;

use wasm_encoder::{ExportKind, ExportSection, Module, RawSection};
use wasmparser::{BinaryReaderError, ExportSectionReader, ExternalKind, Parser, Payload};

/// Returns the export's name and the module without its start section; `None` if it has none. The module
/// must be valid.
pub(crate) fn export(wasm: &[u8]) -> Result<Option<(String, Vec<u8>)>, BinaryReaderError> {
    let mut start = None;
    let mut names = HashSet::new();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::StartSection { func, .. } => start = Some(func),
            Payload::ExportSection(exports) => {
                for export in exports {
                    names.insert(export?.name);
                }
            }
            _ => {}
        }
    }
    let Some(start) = start else { return Ok(None) };
    let mut name = String::from("start");
    while names.contains(name.as_str()) {
        name.push('_');
    }
    let wasm = rewrite(wasm, start, &name, names.is_empty())?;
    Ok(Some((name, wasm)))
}

/// The module, which exports its start function under `name`. `new` says that it exports nothing else.
fn rewrite(wasm: &[u8], start: u32, name: &str, new: bool) -> Result<Vec<u8>, BinaryReaderError> {
    let mut module = Module::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        let mut exports = ExportSection::new();
        match &payload {
            Payload::ExportSection(_) if new => {}
            Payload::ExportSection(section) => {
                copy(section.clone(), &mut exports)?;
                exports.export(name, ExportKind::Func, start);
                module.section(&exports);
            }
            // Exports come right before the start section.
            Payload::StartSection { .. } if new => {
                exports.export(name, ExportKind::Func, start);
                module.section(&exports);
            }
            Payload::StartSection { .. } => {}
            other => {
                if let Some((id, range)) = other.as_section() {
                    module.section(&RawSection { id, data: &wasm[range] });
                }
            }
        }
    }
    Ok(module.finish())
}

fn copy(from: ExportSectionReader<'_>, to: &mut ExportSection) -> Result<(), BinaryReaderError> {
    for export in from {
        let export = export?;
        let kind = match export.kind {
            ExternalKind::Func | ExternalKind::FuncExact => ExportKind::Func,
            ExternalKind::Table => ExportKind::Table,
            ExternalKind::Memory => ExportKind::Memory,
            ExternalKind::Global => ExportKind::Global,
            ExternalKind::Tag => ExportKind::Tag,
        };
        to.export(export.name, kind, export.index);
    }
    Ok(())
}
