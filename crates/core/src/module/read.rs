//! Parses and validates a binary module section by section, within the limits.
//!
//! Compiling can be neither interrupted nor timed, so modules that would make it slow are refused here. The ABI
//! is checked in [`super::check`].

use std::ops::Range;
use std::sync::Arc;

use wasmparser::{
    CompositeInnerType, ExternalKind, FuncToValidate, FunctionBody, Operator, OperatorsReader,
    Parser, Payload, RefType, TypeRef, ValidPayload, Validator, ValidatorResources, WasmFeatures,
};

use super::compiling::{Compiling, Cost};
use super::contents::{Module, values_of};
use super::problem::{error, exceeded, invalid};
use super::text::MAGIC;
use super::types::{Export, ExternType, FunctionType, Import, ValType};
use super::{items, weights, work};
use crate::abi::MANIFEST_SECTION;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::quote::quoted;

/// WebAssembly 2.0, which is more than rustc and clang use by default, and constant expressions with arithmetic.
/// It is deterministic on every machine: no threads, no relaxed SIMD. `externref` is left out, because an
/// executor would need a garbage collector for it.
const FEATURES: WasmFeatures =
    WasmFeatures::WASM2.union(WasmFeatures::EXTENDED_CONST).difference(WasmFeatures::GC_TYPES);

/// The version field of a module. The other half of the header's version is the layer.
const MODULE_VERSION: [u8; 4] = [1, 0, 0, 0];

/// Reads a module. The second part is the reason why it could not be read to its end, if so.
///
/// # Errors
/// The bytes are no core module at all, or more than the limit.
pub(super) fn module(wasm: &[u8], limits: &Limits) -> Result<(Module, Option<Error>)> {
    if wasm.len() > limits.module_bytes_max {
        return Err(exceeded("bytes", wasm.len(), "module_bytes_max", limits.module_bytes_max));
    }
    header(wasm)?;
    let mut module = Module::default();
    let problem = sections(&mut module, wasm, limits).err();
    Ok((module, problem))
}

fn header(wasm: &[u8]) -> Result<()> {
    if !wasm.starts_with(MAGIC) {
        return Err(error("not a binary WebAssembly module: it does not begin with 00 61 73 6d"));
    }
    match wasm.get(4..8) {
        None => Err(error("the module is cut off: it ends within its first 8 bytes")),
        Some(version) if version == MODULE_VERSION => Ok(()),
        Some([.., 1, 0]) => Err(error(
            "it is a component, not a core module: Commensal runs core modules; build it for \
             wasm32-unknown-unknown, or without the component step",
        )),
        Some(_) => Err(error("it is a WebAssembly module of an unknown version")),
    }
}

fn sections(module: &mut Module, wasm: &[u8], limits: &Limits) -> Result<()> {
    let mut validator = Validator::new_with_features(FEATURES);
    let mut parser = Parser::new(0);
    parser.set_features(FEATURES);
    for payload in parser.parse_all(wasm) {
        let payload = payload.map_err(invalid)?;
        count(&payload, limits)?;
        if let Payload::TypeSection(types) = &payload {
            // Checked before the validator would intern all types.
            for ty in types.clone().into_iter_err_on_gc_types() {
                let ty = ty.map_err(invalid)?;
                let values = ty.params().len() + ty.results().len();
                if values > limits.function_type_values_max {
                    let max = limits.function_type_values_max;
                    let what = "parameters and results in one function type";
                    return Err(exceeded(what, values, "function_type_values_max", max));
                }
            }
        }
        match validator.payload(&payload).map_err(invalid)? {
            ValidPayload::Func(function, body) => code(module, function, &body, limits)?,
            ValidPayload::Ok | ValidPayload::Parser(_) | ValidPayload::End(_) => {}
        }
        items::add(module, &payload)?;
        within(module, module.start.cost(), limits, || "what starts an instance".to_owned())?;
        section(module, payload, limits)?;
    }
    module.compiling = module.compiling.saturating_add(module.start.cost().time());
    module.optimizing = module.optimizing.saturating_add(module.start.optimizing());
    module.plain = module.plain.saturating_add(module.start.plain());
    Ok(())
}

/// Checks the cost of compiling a function, and of the module with it.
fn within(
    module: &Module,
    cost: Cost,
    limits: &Limits,
    name: impl FnOnce() -> String,
) -> Result<()> {
    let of_module = module.compiling.saturating_add(cost.time());
    let (what, limit, max) = if cost.memory() > limits.function_work_max {
        ("memory", "function_work_max", limits.function_work_max)
    } else if of_module > limits.module_work_max {
        ("time", "module_work_max", limits.module_work_max)
    } else {
        return Ok(());
    };
    let message = format!(
        "{} of the module would take too much {what} to compile: its instructions, and the values alive \
         at branches, calls and memory accesses, come to more than {limit} = {max}, which the host can \
         raise",
        name()
    );
    Err(Error::new(ErrorKind::Limit, message))
}

/// Checks the number of items in a section before any of them is read.
fn count(payload: &Payload<'_>, limits: &Limits) -> Result<()> {
    let (what, count) = match payload {
        Payload::TypeSection(s) => ("types", s.count()),
        Payload::ImportSection(s) => ("imports", s.count()),
        Payload::TableSection(s) => ("tables", s.count()),
        Payload::GlobalSection(s) => ("globals", s.count()),
        Payload::ExportSection(s) => ("exports", s.count()),
        Payload::ElementSection(s) => ("element segments", s.count()),
        Payload::DataSection(s) => ("data segments", s.count()),
        Payload::FunctionSection(s) => {
            let (count, max) = (s.count() as usize, limits.module_functions_max);
            if count > max {
                return Err(exceeded("functions", count, "module_functions_max", max));
            }
            return Ok(());
        }
        _ => return Ok(()),
    };
    if count as usize > limits.module_items_max {
        return Err(exceeded(what, count as usize, "module_items_max", limits.module_items_max));
    }
    Ok(())
}

/// Collects the facts from a section that the validator accepted.
fn section(module: &mut Module, payload: Payload<'_>, limits: &Limits) -> Result<()> {
    match payload {
        Payload::TypeSection(types) => {
            for group in types {
                for ty in group.map_err(invalid)?.into_types() {
                    let CompositeInnerType::Func(ty) = ty.composite_type.inner else { continue };
                    module.types.push(Arc::new(FunctionType {
                        params: ty.params().iter().copied().filter_map(val_type).collect(),
                        results: ty.results().iter().copied().filter_map(val_type).collect(),
                    }));
                }
            }
        }
        Payload::ImportSection(imports) => {
            for import in imports.into_imports() {
                import_item(module, import.map_err(invalid)?);
            }
        }
        Payload::FunctionSection(functions) => {
            for ty in functions {
                module.functions.push(ty.map_err(invalid)?);
                module.defined += 1;
            }
        }
        Payload::TableSection(tables) => {
            for table in tables {
                module.tables.push(table_type(&table.map_err(invalid)?.ty));
            }
        }
        Payload::MemorySection(memories) => {
            for memory in memories {
                module.memories.push(memory_type(&memory.map_err(invalid)?));
            }
        }
        Payload::GlobalSection(globals) => {
            for global in globals {
                module.globals.extend(global_type(&global.map_err(invalid)?.ty));
            }
        }
        Payload::ExportSection(exports) => {
            for export in exports {
                export_item(module, export.map_err(invalid)?);
            }
            module.exported.sort_unstable();
        }
        Payload::CodeSectionStart { range, .. } => module.code_bytes = len(&range),
        Payload::DataSection(data) => module.data_bytes = len(&data.range()),
        Payload::CustomSection(custom) if custom.name() == MANIFEST_SECTION => {
            let text = module.manifest.get_or_insert_default();
            let bytes = text.len() + custom.data().len();
            let max = limits.manifest_bytes_max;
            if bytes > max {
                return Err(exceeded("bytes of manifest", bytes, "manifest_bytes_max", max));
            }
            text.extend_from_slice(custom.data());
        }
        _ => {}
    }
    Ok(())
}

fn len(range: &Range<usize>) -> usize {
    range.end - range.start
}

fn import_item(module: &mut Module, import: wasmparser::Import<'_>) {
    let ty = match import.ty {
        TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
            module.functions.push(ty);
            module.types.get(ty as usize).cloned().map(ExternType::Function)
        }
        TypeRef::Table(table) => {
            module.tables.push(table_type(&table));
            module.tables.last().cloned()
        }
        TypeRef::Memory(memory) => {
            module.memories.push(memory_type(&memory));
            module.memories.last().cloned()
        }
        TypeRef::Global(global) => {
            module.globals.extend(global_type(&global));
            module.globals.last().cloned()
        }
        TypeRef::Tag(_) => None,
    };
    if let Some(ty) = ty {
        let (from, name) = (import.module.to_owned(), import.name.to_owned());
        module.imports.push(Import { module: from, name, ty });
    }
}

fn export_item(module: &mut Module, export: wasmparser::Export<'_>) {
    let index = export.index as usize;
    let ty = match export.kind {
        ExternalKind::Func | ExternalKind::FuncExact => {
            module.exported.push((export.index, module.exports.len()));
            module.function(export.index)
        }
        ExternalKind::Table => module.tables.get(index).cloned(),
        ExternalKind::Memory => module.memories.get(index).cloned(),
        ExternalKind::Global => module.globals.get(index).cloned(),
        ExternalKind::Tag => None,
    };
    if let Some(ty) = ty {
        module.exports.push(Export { name: export.name.to_owned(), ty });
    }
}

/// Validates the code of one function and checks for anything that would make it slow to compile.
fn code(
    module: &mut Module,
    function: FuncToValidate<ValidatorResources>,
    body: &FunctionBody<'_>,
    limits: &Limits,
) -> Result<()> {
    let index = function.index;
    let too_many = |module: &Module, what: &str, value: usize, limit: &str, max: usize| {
        let name = function_name(module, index);
        let message = format!("{name} of the module has {value} {what}, more than {limit} = {max}");
        Error::new(ErrorKind::Limit, format!("{message}, which the host can raise"))
    };
    let (bytes, max) = (len(&body.range()), limits.function_bytes_max);
    if bytes > max {
        return Err(too_many(module, "bytes", bytes, "function_bytes_max", max));
    }
    let (mut locals, mut groups) = (0_usize, 0);
    for group in body.get_locals_reader().map_err(invalid)? {
        let (count, _) = group.map_err(invalid)?;
        locals = locals.saturating_add(count as usize);
        groups += 1;
    }
    let max = limits.function_locals_max as usize;
    if locals > max {
        return Err(too_many(module, "locals", locals, "function_locals_max", max));
    }
    let mut validator = function.into_validator(std::mem::take(&mut module.allocations));
    let mut reader = body.get_binary_reader();
    validator.read_locals(&mut reader).map_err(invalid)?;
    reader.set_features(FEATURES);
    let mut operators = OperatorsReader::new(reader);
    let (mut targets, max) = (0_usize, limits.function_branch_targets_max as usize);
    let (params, results) = values_of(module, index);
    let most = limits.optimized_work_max.max(limits.plain_work_max).saturating_sub(module.plain);
    let mut compiling = Compiling::new(locals + params, module.globals.len(), most);
    compiling.add_alone(
        weights::FUNCTION
            + locals as u64 / weights::LOCALS
            + weights::LOCAL_GROUP * groups
            + weights::RESULT * results as u64,
    );
    while !operators.eof() {
        let at = operators.original_position();
        let operator = operators.read().map_err(invalid)?;
        if let Operator::BrTable { targets: table } = &operator {
            // Each target is checked, so the bound comes first.
            targets += table.len() as usize;
            if targets > max {
                let limit = "function_branch_targets_max";
                return Err(too_many(module, "targets of br_table", targets, limit, max));
            }
        }
        let values = work::of(module, &validator, &operator);
        module.work = module.work.saturating_add(values);
        if module.work > work::max(module.code_bytes) {
            let name = function_name(module, index);
            return Err(error(format!(
                "{name} of the module moves far more values in blocks, branches and calls than its \
                 code has instructions to make: it would take too long to compile"
            )));
        }
        let block = work::of_block_type(module, &operator);
        compiling.add(block, values, &validator, &operator);
        within(module, compiling.cost(), limits, || function_name(module, index))?;
        validator.op(at, &operator).map_err(invalid)?;
    }
    module.compiling = module.compiling.saturating_add(compiling.cost().time());
    module.optimizing = module.optimizing.saturating_add(compiling.optimizing());
    module.plain = module.plain.saturating_add(compiling.plain());
    module.largest = module.largest.max(compiling.cost().memory());
    operators.finish().map_err(invalid)?;
    module.allocations = validator.into_allocations();
    Ok(())
}

/// The name of a function in messages: that of an export if it has one.
fn function_name(module: &Module, index: u32) -> String {
    let at = module.exported.partition_point(|&(i, _)| i < index);
    match module.exported.get(at) {
        Some(&(i, export)) if i == index => match module.exports.get(export) {
            Some(export) => format!("the function {}", quoted(&export.name)),
            None => format!("function {index}"),
        },
        _ => format!("function {index}"),
    }
}

fn val_type(ty: wasmparser::ValType) -> Option<ValType> {
    Some(match ty {
        wasmparser::ValType::I32 => ValType::I32,
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        wasmparser::ValType::V128 => ValType::V128,
        wasmparser::ValType::Ref(RefType::FUNCREF) => ValType::FuncRef,
        wasmparser::ValType::Ref(RefType::EXTERNREF) => ValType::ExternRef,
        // The validator has refused types that the features lack.
        wasmparser::ValType::Ref(_) => return None,
    })
}

fn table_type(ty: &wasmparser::TableType) -> ExternType {
    let element = val_type(wasmparser::ValType::Ref(ty.element_type));
    let element = element.unwrap_or(ValType::FuncRef);
    ExternType::Table { element, min: ty.initial, max: ty.maximum }
}

fn memory_type(ty: &wasmparser::MemoryType) -> ExternType {
    ExternType::Memory { min: ty.initial, max: ty.maximum }
}

fn global_type(ty: &wasmparser::GlobalType) -> Option<ExternType> {
    Some(ExternType::Global { value: val_type(ty.content_type)?, mutable: ty.mutable })
}
