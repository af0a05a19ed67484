//! Links two modules: adds the code of one to the other, which it uses through imports. The first was made for
//! the second.
//!
//! The guest's sections stay unchanged, byte for byte. The additions come after them, so the guest's numbers of
//! types, functions, globals and data segments stay the same. One import of the guest may get a body. It must be
//! the only import, and the body takes its number.

use std::collections::HashMap;

use wasm_encoder::{Encode, RawSection};
use wasmparser::{
    BinaryReaderError, DataKind, ExternalKind, FunctionBody, Operator, Parser, Payload, TypeRef,
};

use crate::error::Result;
use crate::module::error;
use crate::quote::quoted;

/// The module name of the addition's imports: the guest's exports that it uses.
pub(super) const GUEST: &str = "guest";

/// The addition's export that is the body of the guest's import.
pub(super) const REPLACEMENT: &str = "replacement";

/// The ids of sections in the
/// [binary format](https://webassembly.github.io/spec/core/binary/modules.html#sections).
mod section {
    pub(super) const TYPE: u8 = 1;
    pub(super) const IMPORT: u8 = 2;
    pub(super) const FUNCTION: u8 = 3;
    pub(super) const TABLE: u8 = 4;
    pub(super) const MEMORY: u8 = 5;
    pub(super) const GLOBAL: u8 = 6;
    pub(super) const EXPORT: u8 = 7;
    pub(super) const START: u8 = 8;
    pub(super) const ELEMENT: u8 = 9;
    pub(super) const CODE: u8 = 10;
    pub(super) const DATA: u8 = 11;
    pub(super) const DATA_COUNT: u8 = 12;
}

/// Makes one module of two valid ones. Only the addition's exports are exported. `replaced` says whether the
/// guest's import gets the addition's body.
///
/// # Errors
/// The guest lacks an import of the addition, or has more imports than the replaced one.
pub(super) fn link(guest: &[u8], addition: &[u8], replaced: bool) -> Result<Vec<u8>> {
    let guest = Guest::read(guest)?;
    let addition = Addition::read(addition)?;
    let map = Map::new(&guest, &addition, replaced)?;
    let mut module = wasm_encoder::Module::new();
    put(&mut module, section::TYPE, guest.items(section::TYPE).and(&addition.types));
    if !replaced {
        put(&mut module, section::IMPORT, guest.items(section::IMPORT));
    }
    let (first, last) = addition.functions(&map)?;
    put(
        &mut module,
        section::FUNCTION,
        first.types.and(&guest.items(section::FUNCTION)).and(&last.types),
    );
    put(&mut module, section::TABLE, guest.items(section::TABLE));
    put(&mut module, section::MEMORY, guest.items(section::MEMORY).and(&addition.memories));
    put(&mut module, section::GLOBAL, guest.items(section::GLOBAL).and(&addition.globals));
    put(&mut module, section::EXPORT, addition.exports(&map));
    if let Some(start) = guest.sections.get(&section::START) {
        module.section(&RawSection { id: section::START, data: &start.bytes });
    }
    put(&mut module, section::ELEMENT, guest.items(section::ELEMENT));
    let data = guest.items(section::DATA).and(&addition.data);
    put(&mut module, section::DATA_COUNT, Items { count: data.count, bytes: Vec::new() });
    put(
        &mut module,
        section::CODE,
        first.bodies.and(&guest.items(section::CODE)).and(&last.bodies),
    );
    put(&mut module, section::DATA, data);
    Ok(module.finish())
}

/// Adds a section unless it is empty. The section with the number of data segments has only that number.
fn put(module: &mut wasm_encoder::Module, id: u8, items: Items) {
    if items.count > 0 {
        let mut data = Vec::with_capacity(items.bytes.len() + 5);
        items.count.encode(&mut data);
        data.extend_from_slice(&items.bytes);
        module.section(&RawSection { id, data: &data });
    }
}

/// The items of a section, without the count before them.
#[derive(Clone, Default)]
struct Items {
    count: u32,
    bytes: Vec<u8>,
}

impl Items {
    fn and(mut self, other: &Self) -> Self {
        self.count += other.count;
        self.bytes.extend_from_slice(&other.bytes);
        self
    }

    fn push(&mut self, item: impl FnOnce(&mut Vec<u8>)) {
        self.count += 1;
        item(&mut self.bytes);
    }
}

/// The module that gets the addition.
struct Guest {
    sections: HashMap<u8, Items>,
    /// Function numbers by export.
    exports: HashMap<String, u32>,
    imported_functions: u32,
    imported_globals: u32,
}

impl Guest {
    fn read(wasm: &[u8]) -> Result<Self> {
        let mut guest = Self {
            sections: HashMap::new(),
            exports: HashMap::new(),
            imported_functions: 0,
            imported_globals: 0,
        };
        for payload in Parser::new(0).parse_all(wasm) {
            let payload = payload.map_err(invalid)?;
            match &payload {
                Payload::ImportSection(imports) => {
                    for import in imports.clone().into_imports() {
                        let import = import.map_err(invalid)?;
                        // The host lacks all other imports and will report that.
                        match import.ty {
                            TypeRef::Func(_) => guest.imported_functions += 1,
                            TypeRef::Global(_) => guest.imported_globals += 1,
                            _ => {}
                        }
                    }
                }
                Payload::ExportSection(exports) => {
                    for export in exports.clone() {
                        let export = export.map_err(invalid)?;
                        if export.kind == ExternalKind::Func {
                            guest.exports.insert(export.name.to_owned(), export.index);
                        }
                    }
                }
                _ => {}
            }
            if let Some((id, range)) = payload.as_section() {
                let bytes = wasm.get(range).ok_or_else(|| error("the module is cut off"))?;
                let items = match id {
                    0 | section::DATA_COUNT => continue,
                    section::START => Items { count: 1, bytes: bytes.to_vec() },
                    _ => items(bytes),
                };
                guest.sections.insert(id, items);
            }
        }
        Ok(guest)
    }

    fn items(&self, id: u8) -> Items {
        self.sections.get(&id).cloned().unwrap_or_default()
    }
}

/// The items of a parsed section: strips the count from its beginning.
fn items(bytes: &[u8]) -> Items {
    let (mut count, mut at) = (0_u32, 0);
    for (shift, byte) in (0..).step_by(7).zip(bytes) {
        count |= u32::from(byte & 0x7f) << shift;
        at += 1;
        if byte & 0x80 == 0 {
            break;
        }
    }
    Items { count, bytes: bytes[at..].to_vec() }
}

/// The module that is added.
#[derive(Default)]
struct Addition<'a> {
    types: Items,
    /// The guest's exports that it imports.
    imports: Vec<&'a str>,
    functions: Vec<u32>,
    memories: Items,
    globals: Items,
    exports: Vec<(&'a str, ExternalKind, u32)>,
    bodies: Vec<FunctionBody<'a>>,
    data: Items,
    wasm: &'a [u8],
}

impl<'a> Addition<'a> {
    fn read(wasm: &'a [u8]) -> Result<Self> {
        let mut addition = Self { wasm, ..Self::default() };
        for payload in Parser::new(0).parse_all(wasm) {
            let payload = payload.map_err(invalid)?;
            let section = |payload: &Payload<'_>| {
                payload.as_section().map(|(_, range)| items(&wasm[range])).unwrap_or_default()
            };
            match &payload {
                Payload::TypeSection(_) => addition.types = section(&payload),
                Payload::ImportSection(imports) => {
                    for import in imports.clone().into_imports() {
                        let import = import.map_err(invalid)?;
                        debug_assert_eq!(import.module, GUEST);
                        if let TypeRef::Func(_) = import.ty {
                            addition.imports.push(import.name);
                        }
                    }
                }
                Payload::FunctionSection(functions) => {
                    for ty in functions.clone() {
                        addition.functions.push(ty.map_err(invalid)?);
                    }
                }
                Payload::MemorySection(_) => addition.memories = section(&payload),
                Payload::GlobalSection(_) => addition.globals = section(&payload),
                Payload::ExportSection(exports) => {
                    for export in exports.clone() {
                        let export = export.map_err(invalid)?;
                        addition.exports.push((export.name, export.kind, export.index));
                    }
                }
                Payload::DataSection(data) => {
                    debug_assert!(
                        data.clone().into_iter().all(|d| matches!(
                            d,
                            Ok(d) if matches!(d.kind, DataKind::Passive)
                        )),
                        "an address of the guest's memory is nobody's to choose"
                    );
                    addition.data = section(&payload);
                }
                Payload::CodeSectionEntry(body) => addition.bodies.push(body.clone()),
                _ => {}
            }
        }
        Ok(addition)
    }

    /// The index of the function that replaces the guest's import.
    fn replacement(&self) -> Option<u32> {
        let found = self.exports.iter().find(|(name, ..)| *name == REPLACEMENT);
        found.map(|&(_, _, index)| index)
    }

    /// The replacement and the other functions, each encoded.
    fn functions(&self, map: &Map) -> Result<(Functions, Functions)> {
        let (mut first, mut last) = (Functions::default(), Functions::default());
        let numbers = self.imports.len() as u32..;
        for ((number, ty), body) in numbers.zip(&self.functions).zip(&self.bodies) {
            let to = if map.replaced == Some(number) { &mut first } else { &mut last };
            to.types.push(|out| (map.types + ty).encode(out));
            let body = map.body(body, self.wasm)?;
            to.bodies.push(|out| {
                (body.len() as u32).encode(out);
                out.extend_from_slice(&body);
            });
        }
        Ok((first, last))
    }

    fn exports(&self, map: &Map) -> Items {
        let mut items = Items::default();
        for &(name, kind, index) in &self.exports {
            let (kind, index) = match kind {
                ExternalKind::Func if name == REPLACEMENT => continue,
                ExternalKind::Func => (0_u8, map.function(index)),
                ExternalKind::Memory => (2, index),
                ExternalKind::Global => (3, map.globals + index),
                _ => continue,
            };
            items.push(|out| {
                name.encode(out);
                out.push(kind);
                index.encode(out);
            });
        }
        items
    }
}

#[derive(Default)]
struct Functions {
    types: Items,
    bodies: Items,
}

/// Maps the addition's numbers to those of the whole module.
struct Map {
    types: u32,
    functions: Vec<u32>,
    globals: u32,
    data: u32,
    /// The addition's function that replaces the guest's import.
    replaced: Option<u32>,
}

impl Map {
    fn new(guest: &Guest, addition: &Addition<'_>, replaced: bool) -> Result<Self> {
        let replaced = if replaced { addition.replacement() } else { None };
        if replaced.is_some() && guest.imported_functions != 1 {
            return Err(error(
                "the module has other imports beside that for registering functions",
            ));
        }
        let mut functions = Vec::new();
        for name in &addition.imports {
            let function = guest.exports.get(*name).copied();
            let message = || error(format!("the module has no export {}", quoted(name)));
            functions.push(function.ok_or_else(message)?);
        }
        let mut next = guest.imported_functions + guest.items(section::FUNCTION).count;
        let numbers = addition.imports.len() as u32..;
        for (number, _) in numbers.zip(&addition.functions) {
            functions.push(if replaced == Some(number) {
                0
            } else {
                next += 1;
                next - 1
            });
        }
        Ok(Self {
            types: guest.items(section::TYPE).count,
            functions,
            globals: guest.imported_globals + guest.items(section::GLOBAL).count,
            data: guest.items(section::DATA).count,
            replaced,
        })
    }

    fn function(&self, number: u32) -> u32 {
        self.functions[number as usize]
    }

    /// A body of the addition, with the numbers of the whole module. Handles the numbered instructions that the
    /// additions use.
    fn body(&self, body: &FunctionBody<'_>, wasm: &[u8]) -> Result<Vec<u8>> {
        let mut operators = body.get_operators_reader().map_err(invalid)?;
        let start = operators.original_position();
        let mut out = wasm[body.range().start..start].to_vec();
        while !operators.eof() {
            let start = operators.original_position();
            match operators.read().map_err(invalid)? {
                Operator::Call { function_index } => {
                    out.push(0x10);
                    self.function(function_index).encode(&mut out);
                }
                Operator::GlobalGet { global_index } => {
                    out.push(0x23);
                    (self.globals + global_index).encode(&mut out);
                }
                Operator::GlobalSet { global_index } => {
                    out.push(0x24);
                    (self.globals + global_index).encode(&mut out);
                }
                Operator::MemoryInit { data_index, .. } => {
                    out.extend([0xfc, 0x08]);
                    (self.data + data_index).encode(&mut out);
                    out.push(0);
                }
                _ => out.extend_from_slice(&wasm[start..operators.original_position()]),
            }
        }
        Ok(out)
    }
}

fn invalid(e: BinaryReaderError) -> crate::Error {
    error(format!("the module is invalid: {} (at byte {})", e.message(), e.offset()))
}
