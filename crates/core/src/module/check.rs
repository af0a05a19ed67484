//! Checks a valid module against the ABI: its necessary exports, its permitted imports, and whether it has
//! everything that its manifest declares.

use std::collections::{HashMap, HashSet};

use super::contents::Module;
use super::info::ModuleInfo;
use super::problem::{error, exceeded};
use super::types::{ExternType, FunctionType, ValType, import_name};
use crate::abi::{
    EXPORT_AUXDATA_DROP, EXPORT_INITIALIZE, EXPORT_MEMORY, EXPORT_POINTER_DROP, EXPORT_SCRATCH,
};
use crate::error::{Error, ErrorKind};
use crate::host;
use crate::limits::Limits;
use crate::manifest::{Declaration, Declared, Manifest, Signature, function_key};
use crate::quote::quoted;
use crate::runtime::NumberType;

/// Largest number of problems of one kind that are kept.
const PROBLEMS_MAX: usize = 20;

/// Adds all problems, most important first.
pub(super) fn check(
    info: &mut ModuleInfo,
    problems: &mut Vec<Error>,
    module: Module,
    limits: &Limits,
) {
    problems.extend(imports(info).take(PROBLEMS_MAX));
    let manifest = module.manifest.as_deref().map(|text| Manifest::parse(text, limits));
    let (manifest, wrong) = match manifest {
        Some(Ok(manifest)) => (Some(manifest), None),
        Some(Err(problem)) => (None, Some(problem)),
        None => (None, None),
    };
    // These are called with records.
    let is_told =
        [EXPORT_POINTER_DROP, EXPORT_AUXDATA_DROP].iter().any(|name| info.export(name).is_some());
    let has_only_numbers = manifest.as_ref().is_some_and(Manifest::has_only_numbers) && !is_told;
    let needs_memory = wrong.is_none() && !has_only_numbers;
    if needs_memory || info.export(EXPORT_MEMORY).is_some() {
        problems.extend(memory(info, &module, limits));
    }
    if needs_memory || info.export(EXPORT_SCRATCH).is_some() {
        problems.extend(allocator(info));
    }
    let optional = [
        (EXPORT_INITIALIZE, FunctionType::default()),
        (EXPORT_POINTER_DROP, FunctionType::guest()),
        (EXPORT_AUXDATA_DROP, FunctionType::guest()),
    ];
    for (name, ty) in optional {
        if let Some(export) = info.export(name)
            && let Err(message) = has_type(&export.ty, name, &ty)
        {
            problems.push(error(message));
        }
    }
    problems.extend(table_elements(&module, limits));
    match (manifest, wrong) {
        (_, Some(problem)) => problems.push(problem),
        (None, None) => info.extension_problems.push(no_manifest()),
        (Some(manifest), None) => {
            problems.extend(declared_exports(info, &manifest).take(PROBLEMS_MAX));
            let extension = extension_problems(info, &manifest);
            info.extension_problems = extension;
            info.manifest = Some(manifest);
        }
    }
}

/// The error of a module that lacks the manifest it needs.
pub(super) fn no_manifest() -> Error {
    Error::new(
        ErrorKind::Manifest,
        "the module has no manifest: its custom section \"commensal\" is missing, as after strip or \
         wasm-opt; keep custom sections, or add the manifest with commensal pack",
    )
}

/// Imports that the host does not have, each reported once.
fn imports(info: &ModuleInfo) -> impl Iterator<Item = Error> {
    let mut seen = HashSet::new();
    info.imports.iter().filter_map(move |import| {
        if !seen.insert((&import.module, &import.name)) {
            return None;
        }
        let (name, ty) = (import_name(import), &import.ty);
        let Some(known) = host::function(&import.module, &import.name) else {
            return Some(error(format!(
                "the module imports {name} {ty}, which Commensal does not have"
            )));
        };
        let expected = FunctionType::of_host(known);
        match ty {
            ExternType::Function(ty) if **ty == expected => None,
            _ => Some(error(format!("the module imports {name} as {ty}, but it is {expected}"))),
        }
    })
}

fn memory(info: &ModuleInfo, module: &Module, limits: &Limits) -> Option<Error> {
    let Some(export) = info.export(EXPORT_MEMORY) else {
        return Some(error(match module.memories.is_empty() {
            true => "the module has no memory; it must have one and export it as \"memory\"",
            false => "the module does not export its memory; it must be exported as \"memory\"",
        }));
    };
    let ExternType::Memory { min, .. } = export.ty else {
        return Some(error(format!(
            "the module's export \"memory\" must be its memory, but is {}",
            export.ty
        )));
    };
    let (bytes, max) = (min.saturating_mul(1 << 16), limits.memory_bytes_max as u64);
    (bytes > max).then(|| {
        Error::new(
            ErrorKind::Limit,
            format!(
                "the module starts with {bytes} bytes of memory, more than memory_bytes_max = {max}, \
                 which memory_mb raises where the host permits it"
            ),
        )
    })
}

fn allocator(info: &ModuleInfo) -> Option<Error> {
    let expected = FunctionType::scratch();
    match info.export(EXPORT_SCRATCH) {
        Some(export) => has_type(&export.ty, EXPORT_SCRATCH, &expected).err().map(error),
        None => Some(error(format!(
            "the module does not export {EXPORT_SCRATCH} {expected}, through which the host asks \
             for memory for arguments: it is not built for an ABI that Commensal knows, or the \
             linker has dropped the export"
        ))),
    }
}

fn table_elements(module: &Module, limits: &Limits) -> Option<Error> {
    let min = |table: &ExternType| match table {
        ExternType::Table { min, .. } => usize::try_from(*min).unwrap_or(usize::MAX),
        _ => 0,
    };
    let elements = module.tables.iter().map(min).fold(0, usize::saturating_add);
    let max = limits.table_elements_max;
    (elements > max).then(|| exceeded("table elements", elements, "table_elements_max", max))
}

/// Declared exports that are missing or have another type.
fn declared_exports(info: &ModuleInfo, manifest: &Manifest) -> impl Iterator<Item = Error> {
    let exports: HashMap<&str, &ExternType> =
        info.exports.iter().map(|e| (e.name.as_str(), &e.ty)).collect();
    let guest = FunctionType::guest();
    let mut problems = Vec::new();
    for (declaration, export, native) in manifest.exports() {
        if problems.len() == PROBLEMS_MAX {
            break;
        }
        let native = native.map(native_type);
        let problem = match exports.get(export) {
            None => format!("the module has no export {}", quoted(export)),
            Some(ty) => match has_type(ty, export, native.as_ref().unwrap_or(&guest)) {
                Ok(()) => continue,
                Err(message) => message,
            },
        };
        problems.push(declared(declaration, &problem));
    }
    problems.into_iter()
}

/// The type of an export that is called in the native form.
fn native_type(signature: &Signature) -> FunctionType {
    let of_number = |ty: &NumberType| match ty {
        NumberType::I32 => ValType::I32,
        NumberType::I64 => ValType::I64,
        NumberType::F64 => ValType::F64,
    };
    let native = signature.native_shape();
    let shape = native.as_shape();
    FunctionType {
        params: shape.params.iter().map(of_number).collect(),
        results: shape.result.iter().map(of_number).collect(),
    }
}

fn declared(declaration: Declaration<'_>, problem: &str) -> Error {
    let message = format!("the manifest declares the {declaration}, but {problem}");
    Error::new(ErrorKind::Manifest, message)
}

/// Problems that keep the module from being an extension but let its functions be created one by one.
fn extension_problems(info: &ModuleInfo, manifest: &Manifest) -> Vec<Error> {
    let mut problems = Vec::new();
    if manifest.is_empty() {
        problems.push(Error::new(ErrorKind::Manifest, "the manifest declares nothing"));
    }
    for (declaration, what) in manifest.not_run().take(PROBLEMS_MAX) {
        problems.push(not_run(declaration, what));
    }
    if info.sees_clock_or_random()
        && let Some(declaration) = deterministic(manifest)
    {
        problems.push(Error::new(
            ErrorKind::Manifest,
            format!(
                "the manifest declares the {declaration}, which has to be deterministic, but the \
                 module imports {}",
                clock_or_random(info)
            ),
        ));
    }
    problems.extend(types(manifest).take(PROBLEMS_MAX));
    problems
}

/// The first object that promises never to change its results.
fn deterministic(manifest: &Manifest) -> Option<Declaration<'_>> {
    let functions = manifest.functions.iter().filter(|f| f.deterministic);
    let functions = functions.map(|f| ("function", &f.name));
    let collations = manifest.collations.iter().map(|c| ("collation", &c.name));
    let types = manifest.types.iter().map(|t| ("type", &t.name));
    let (kind, name) = functions.chain(collations).chain(types).next()?;
    Some(Declaration { kind, name })
}

/// Operators of types that lack their function, and objects of types whose names are taken.
fn types(manifest: &Manifest) -> impl Iterator<Item = Error> {
    let mut problems = Vec::new();
    let of_two = manifest.functions.iter().filter(|f| f.signature.argument_count() == 2);
    let of_two: HashSet<_> = of_two.map(|f| f.name.to_ascii_lowercase()).collect();
    for ty in &manifest.types {
        let declaration = Declaration { kind: "type", name: &ty.name };
        for operator in &ty.operators {
            if !of_two.contains(&operator.function.to_ascii_lowercase()) {
                let function = quoted(&operator.function);
                let op = &operator.op;
                let problem = format!(
                    "its operator {op} names {function}, which is not a function of two arguments"
                );
                problems.push(declared(declaration, &problem));
            }
        }
    }
    let declared = Declared::of_extension(manifest);
    let mut names = HashSet::new();
    for function in &declared.functions {
        let key = function_key(&function.name, function.signature.argument_count());
        if !names.insert(key) {
            let name = quoted(&function.name);
            problems.push(taken(&format!("functions {name}")));
        }
    }
    let mut names = HashSet::new();
    for collation in &declared.collations {
        if !names.insert(collation.name.to_ascii_lowercase()) {
            problems.push(taken(&format!("collations {}", quoted(&collation.name))));
        }
    }
    problems.into_iter()
}

fn taken(what: &str) -> Error {
    let message = format!("the manifest gives two {what}: one of them comes with a type");
    Error::new(ErrorKind::Manifest, message)
}

/// The names of the imports that reveal the clock or random numbers.
fn clock_or_random(info: &ModuleInfo) -> String {
    use crate::limits::Capability::{Clock, Random};
    let seen = host::functions().filter(|f| matches!(f.capability, Some(Clock | Random)));
    let names = seen
        .filter(|f| info.imports.iter().any(|i| i.module == f.module && i.name == f.name))
        .map(|f| format!("{}.{}", f.module, f.name));
    names.collect::<Vec<_>>().join(" and ")
}

/// Whether the table that CREATE FUNCTION means by this name can be run. The name is its own, or that of the
/// export that opens a cursor. `None` if there is no such table.
pub(super) fn declared_table(manifest: &Manifest, name: &str) -> Option<Result<(), Error>> {
    let table = manifest.tables_of(name).next()?;
    Some(match table.not_run() {
        None => Ok(()),
        Some(what) => {
            let declaration = Declaration { kind: "table", name: &table.name };
            Err(not_run(declaration, what))
        }
    })
}

fn not_run(declaration: Declaration<'_>, what: &str) -> Error {
    Error::new(
        ErrorKind::Manifest,
        format!("the manifest declares the {declaration}, {what} this version does not run"),
    )
}

/// Checks that an export that is neither a scalar function's nor an aggregate's can be one that the manifest does not know.
pub(super) fn can_run(manifest: Option<&Manifest>, export: &str) -> Result<(), Error> {
    let Some(manifest) = manifest else { return Ok(()) };
    let Some((declaration, ..)) = manifest.exports().find(|&(_, e, _)| e == export) else {
        return Ok(());
    };
    let not_run = manifest.not_run().find(|(d, _)| *d == declaration);
    let reason = match (not_run, declaration.kind) {
        (Some((_, what)), _) => format!(", {what} this version does not run"),
        (None, "aggregate") => {
            ": CREATE FUNCTION takes its own name, or that of its step".to_owned()
        }
        (None, "table") => ": CREATE FUNCTION takes its own name, or that of its open".to_owned(),
        (None, _) => return Ok(()),
    };
    let message = format!("the export {} belongs to the {declaration}{reason}", quoted(export));
    Err(Error::new(ErrorKind::Manifest, message))
}

/// Checks that an export has the necessary type. If not, the message shows both types.
pub(crate) fn has_type(
    ty: &ExternType,
    export: &str,
    expected: &FunctionType,
) -> Result<(), String> {
    match ty {
        ExternType::Function(ty) if **ty == *expected => Ok(()),
        _ => Err(format!("the export {} is {ty}, not {expected}", quoted(export))),
    }
}
