//! Puts the reading of a page into each loop of a module, so that taking the page away stops the guest.
//!
//! The page is in a memory of its own, the module's last, so the host never waits for it and a guest without memory has
//! one, too. No instruction of the guest names that memory: the guest is validated before it gets one. The page is read at
//! the head of each loop, at the beginning of each function that calls another one or is not short, before each operation on
//! many bytes or elements and before each call of the host, and else after a few thousand instructions. So some ten
//! thousand instructions are the most that run without a read.
//!
//! Each place of a function reads another address. Cranelift knows that two reads of one address without a write between
//! them give the same, and would leave out the read of an inner loop, because that of the outer loop comes first. It must
//! not be told to put functions into others, whose places would then be there twice.

use wasm_encoder::{
    CodeSection, ExportKind, ExportSection, MemorySection, MemoryType, Module, RawSection,
    SectionId,
};
use wasmparser::{
    BinaryReaderError, ExternalKind, FunctionBody, Operator, Parser, Payload, TypeRef,
};

/// The name of the export that is the page's memory.
pub(crate) const STOP_PAGE: &str = "commensal:stop page";

/// The name of the export that is the module's start function. Instantiating would run it before the host knows where the
/// page is.
pub(crate) const START: &str = "commensal:start";

/// Bytes of the page: a page of WebAssembly. The system's may be smaller.
pub(crate) const PAGE_BYTES: usize = 64 << 10;

/// Counts the ways in which modules were changed here, for code that is kept on disk. Any change of the result counts.
pub(crate) const VERSION: u8 = 2;

/// Instructions of a function that reads nothing if it has no loop and no call.
const SHORT: u32 = 64;

/// Instructions after which there is another read, in code without loops. A call counts as a short function, and so does
/// what Wasmtime makes a call of.
const WITHOUT_READ: u32 = 4096;

const I32_CONST: u8 = 0x41;
const I32_LOAD8_U: u8 = 0x2d;
const DROP: u8 = 0x1a;
/// In the alignment of an access: the number of a memory follows.
const NAMES_MEMORY: u8 = 0x40;

/// What is known of a module before it is changed.
#[derive(Default)]
struct Given {
    /// Its memories, imported ones included.
    memories: u32,
    /// The functions that it imports, which come before its own.
    imports: u32,
    start: Option<u32>,
    is_taken: bool,
}

/// Returns the module with a stop page. `None` if it cannot have one: an export has the name of one of ours, or a function
/// has too many loops. The module must be valid.
pub(crate) fn with_stop_page(wasm: &[u8]) -> Result<Option<Vec<u8>>, BinaryReaderError> {
    let (mut given, mut code) = (Given::default(), CodeSection::new());
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    match import?.ty {
                        TypeRef::Memory(_) => given.memories += 1,
                        TypeRef::Func(_) => given.imports += 1,
                        _ => {}
                    }
                }
            }
            Payload::MemorySection(memories) => given.memories += memories.count(),
            Payload::StartSection { func, .. } => given.start = Some(func),
            Payload::ExportSection(exports) => {
                for export in exports {
                    given.is_taken |= [STOP_PAGE, START].contains(&export?.name);
                }
            }
            Payload::CodeSectionEntry(body) => {
                let Some(body) = stoppable(wasm, &body, &given)? else { return Ok(None) };
                code.raw(&body);
            }
            _ => {}
        }
    }
    if given.is_taken { Ok(None) } else { put_together(wasm, &given, &code).map(Some) }
}

/// The function with its reads of the page. `None` if there are more places than addresses.
fn stoppable(
    wasm: &[u8],
    body: &FunctionBody<'_>,
    given: &Given,
) -> Result<Option<Vec<u8>>, BinaryReaderError> {
    let operators = body.get_operators_reader()?;
    let begin = operators.original_position();
    let (mut places, mut calls, mut is_head) = (vec![], false, false);
    let (mut all, mut unread) = (0_u32, 0_u32);
    for operator in operators.into_iter_with_offsets() {
        let (operator, offset) = operator?;
        let calls_host = matches!(
            operator,
            Operator::Call { function_index } if function_index < given.imports
        );
        if is_head || is_bulk(&operator) || calls_host || unread >= WITHOUT_READ {
            places.push(offset);
            unread = 0;
        }
        is_head = matches!(operator, Operator::Loop { .. });
        calls |= matches!(operator, Operator::Call { .. } | Operator::CallIndirect { .. });
        all += 1;
        unread += if is_call(&operator) { SHORT } else { 1 };
    }
    if calls || all > SHORT {
        places.insert(0, begin);
    }
    if places.len() > PAGE_BYTES {
        return Ok(None);
    }
    let range = body.range();
    let (mut bytes, mut from) = (Vec::with_capacity(range.len() + 8 * places.len()), range.start);
    for (address, &place) in (0_u32..).zip(&places) {
        bytes.extend_from_slice(&wasm[from..place]);
        bytes.extend([I32_CONST, 0, I32_LOAD8_U, NAMES_MEMORY]);
        leb128(given.memories, &mut bytes);
        leb128(address, &mut bytes);
        bytes.push(DROP);
        from = place;
    }
    bytes.extend_from_slice(&wasm[from..range.end]);
    Ok(Some(bytes))
}

/// Whether this calls something, or is a call when it is compiled.
fn is_call(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::Call { .. }
            | Operator::CallIndirect { .. }
            | Operator::RefFunc { .. }
            | Operator::TableGet { .. }
            | Operator::TableSet { .. }
            | Operator::DataDrop { .. }
            | Operator::ElemDrop { .. }
    )
}

/// Whether this one instruction can take long.
fn is_bulk(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::MemoryCopy { .. }
            | Operator::MemoryFill { .. }
            | Operator::MemoryInit { .. }
            | Operator::MemoryGrow { .. }
            | Operator::TableCopy { .. }
            | Operator::TableFill { .. }
            | Operator::TableInit { .. }
            | Operator::TableGrow { .. }
    )
}

/// Writes a number as WebAssembly's binary format has it.
fn leb128(mut number: u32, bytes: &mut Vec<u8>) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Copies the module with this code, with the page's memory, and with an export in place of the start function.
fn put_together(
    wasm: &[u8],
    given: &Given,
    code: &CodeSection,
) -> Result<Vec<u8>, BinaryReaderError> {
    let mut module = Module::new();
    let (mut memories, mut exports) = (Some(MemorySection::new()), Some(ExportSection::new()));
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        let Some((id, range)) = payload.as_section() else { continue };
        let is_after = |other: SectionId| id != SectionId::Custom as u8 && order(id) > other as u8;
        match payload {
            Payload::MemorySection(section) => {
                for memory in section {
                    let memory = memory?;
                    let (minimum, maximum) = (memory.initial, memory.maximum);
                    if let Some(memories) = &mut memories {
                        memories.memory(memory_type(minimum, maximum));
                    }
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    if let Some(exports) = &mut exports {
                        exports.export(export.name, kind(export.kind), export.index);
                    }
                }
            }
            Payload::StartSection { .. } => {}
            payload => {
                if is_after(SectionId::Memory) {
                    add_memory(&mut module, memories.take());
                }
                if is_after(SectionId::Export) {
                    add_exports(&mut module, exports.take(), given);
                }
                match payload {
                    Payload::CodeSectionStart { .. } => module.section(code),
                    _ => module.section(&RawSection { id, data: &wasm[range] }),
                };
            }
        }
    }
    add_memory(&mut module, memories);
    add_exports(&mut module, exports, given);
    Ok(module.finish())
}

/// The place of a section among the others. Only that of the number of segments differs from its number.
fn order(id: u8) -> u8 {
    if id == SectionId::DataCount as u8 { SectionId::Element as u8 } else { id }
}

fn memory_type(minimum: u64, maximum: Option<u64>) -> MemoryType {
    MemoryType { minimum, maximum, memory64: false, shared: false, page_size_log2: None }
}

fn add_memory(module: &mut Module, memories: Option<MemorySection>) {
    if let Some(mut memories) = memories {
        memories.memory(memory_type(1, Some(1)));
        module.section(&memories);
    }
}

fn add_exports(module: &mut Module, exports: Option<ExportSection>, given: &Given) {
    if let Some(mut exports) = exports {
        exports.export(STOP_PAGE, ExportKind::Memory, given.memories);
        if let Some(start) = given.start {
            exports.export(START, ExportKind::Func, start);
        }
        module.section(&exports);
    }
}

fn kind(kind: ExternalKind) -> ExportKind {
    match kind {
        ExternalKind::Func | ExternalKind::FuncExact => ExportKind::Func,
        ExternalKind::Table => ExportKind::Table,
        ExternalKind::Memory => ExportKind::Memory,
        ExternalKind::Global => ExportKind::Global,
        ExternalKind::Tag => ExportKind::Tag,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The module with a stop page, as text.
    fn changed(wat: &str) -> Option<String> {
        let wasm = wat::parse_str(wat).unwrap();
        let changed = with_stop_page(&wasm).unwrap()?;
        let features = crate::engine::FEATURES | wasmparser::WasmFeatures::MULTI_MEMORY;
        wasmparser::Validator::new_with_features(features).validate_all(&changed).unwrap();
        Some(shown(&changed))
    }

    /// What the tests compare: the operators of all functions, and the exports.
    fn shown(wasm: &[u8]) -> String {
        let mut text = String::new();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload.unwrap() {
                Payload::CodeSectionEntry(body) => {
                    for operator in body.get_operators_reader().unwrap() {
                        match operator.unwrap() {
                            Operator::I32Load8U { memarg } => {
                                text += &format!("read {} of {};", memarg.offset, memarg.memory);
                            }
                            Operator::I32Const { .. } | Operator::Drop => {}
                            Operator::Loop { .. } => text += "loop;",
                            Operator::Call { .. } => text += "call;",
                            Operator::MemoryFill { .. } => text += "fill;",
                            Operator::End => text += "end;",
                            _ => text += "other;",
                        }
                    }
                    text.push('\n');
                }
                Payload::ExportSection(exports) => {
                    for export in exports {
                        let export = export.unwrap();
                        text += &format!("{} {:?} {}\n", export.name, export.kind, export.index);
                    }
                }
                Payload::StartSection { .. } => text += "start\n",
                _ => {}
            }
        }
        text
    }

    #[test]
    fn what_can_take_long_reads_the_page() {
        let page = |index| format!("{STOP_PAGE} Memory {index}\n");
        let module = "(module (func loop loop end end loop end) (func call 0) (func))";
        let read = "loop;read 0 of 0;loop;read 1 of 0;end;end;loop;read 2 of 0;end;end;\n";
        let rest = "read 0 of 0;call;end;\nend;\n";
        let long = |body: &str, number| format!("(module (func) (func {}))", body.repeat(number));
        let reads = |module: &str| changed(module).unwrap().matches("read").count();
        assert_eq!([reads(&long("nop ", 63)), reads(&long("nop ", 64))], [0, 1]);
        assert_eq!([reads(&long("nop ", 9000)), reads(&long("call 0 ", 640))], [3, 11]);
        let host = "(module (import \"a\" \"b\" (func)) (func call 0 call 1 call 0))";
        assert_eq!(reads(host), 3);
        assert_eq!(changed(module).unwrap(), page(0) + read + rest);

        let module = r#"(module (memory (export "m") 1) (func $f) (start $f) (global i32 (i32.const 1))
            (func (memory.fill (i32.const 0) (i32.const 1) (i32.const 2))) (data "passive"))"#;
        let exports = format!("m Memory 0\n{}{START} Func 0\n", page(1));
        assert_eq!(changed(module).unwrap(), exports + "end;\nread 0 of 1;fill;end;\n");

        // Where sections have to be put in, and what lies around them.
        for module in [
            "(module)",
            "(module (table 1 funcref) (elem (i32.const 0) 0) (func))",
            "(module (global (export \"g\") i32 (i32.const 1)) (func) (start 0))",
            "(module (memory 1) (data (i32.const 0) \"x\"))",
            "(module (func (param i32) (local i64 f32) local.get 0 drop) (@custom \"a\" \"b\"))",
            "(module (import \"a\" \"b\" (func)) (elem declare func 0) (func call 0))",
        ] {
            changed(module).unwrap();
        }
    }

    #[test]
    fn a_module_that_cannot_have_one_stays_as_it_is() {
        for name in [STOP_PAGE, START] {
            assert_eq!(changed(&format!("(module (func (export \"{name}\")))")), None);
        }
        let loops = |number| format!("(module (func {}))", "loop end ".repeat(number));
        // There is a place at the beginning, too.
        assert!(changed(&loops(PAGE_BYTES - 1)).is_some());
        assert_eq!(changed(&loops(PAGE_BYTES)), None);
    }
}
