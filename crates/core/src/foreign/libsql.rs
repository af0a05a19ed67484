//! Translates modules that are built for libSQL: functions of native WebAssembly types.

use super::exports::{FUNCTIONS_MAX, OWN_EXPORTS, demand, has_memory, is_name};
use super::finish::finish;
use super::names::Names;
use super::text::Addition;
use crate::abi::EXPORT_INITIALIZE;
use crate::error::Result;
use crate::limits::Limits;
use crate::manifest::{CallForm, Function, Manifest, Param, Signature};
use crate::module::{ExternType, FunctionType, ModuleInfo, ValType, error, is_callable};
use crate::value::StorageClass;

/// The allocator. A module of functions of numbers has none.
const MALLOC: &str = "libsql_malloc";

/// The message of a guest whose allocator has run out.
const SPENT: &str = super::turso::SPENT;

/// The translated module with all functions.
pub(super) fn translated(wasm: &[u8], info: &ModuleInfo, limits: &Limits) -> Result<Vec<u8>> {
    let mut addition = Addition::new(has_memory(info));
    let mut manifest = Manifest::default();
    // A manifest has each name once, even if exports differ only in letter case.
    let mut names = Names::new(true);
    let malloc = match info.export(MALLOC) {
        None => "i32.const 0".to_owned(),
        Some(_) => {
            demand(info, MALLOC, &[ValType::I32], &[ValType::I32])?;
            let call = addition.import(MALLOC, &FunctionType::scratch());
            format!("{call} (local.get $size)")
        }
    };
    addition.push(&format!("  (func $malloc (param $size i32) (result i32) ({malloc}))\n"));
    addition.push(include_str!("home.wat"));
    let no_value = addition.fail("its result is neither text nor a blob nor NULL");
    addition.push(&format!("  (func $no_value (result i32) {no_value})\n"));
    addition.push(include_str!("libsql.wat"));
    if info.export(EXPORT_INITIALIZE).is_some() {
        demand(info, EXPORT_INITIALIZE, &[], &[])?;
        let call = addition.import(EXPORT_INITIALIZE, &FunctionType::default());
        addition.push(&format!("  (func (export \"{EXPORT_INITIALIZE}\") ({call}))\n"));
    }
    for export in &info.exports {
        let ExternType::Function(ty) = &export.ty else { continue };
        let own = [MALLOC, "libsql_free"].contains(&export.name.as_str())
            || OWN_EXPORTS.contains(&export.name.as_str());
        if own || !is_callable(ty) || !is_name(&export.name, limits) {
            continue;
        }
        if manifest.functions.len() == FUNCTIONS_MAX {
            let what = format!("the module exports more than {FUNCTIONS_MAX} functions");
            return Err(error(what));
        }
        addition.check()?;
        let export = function(&mut addition, &export.name, ty);
        manifest.functions.push(declaration(names.take(&export), export, ty));
    }
    finish(wasm, info, &addition.finish(), false, manifest, limits)
}

/// The declaration of a function in a manifest.
fn declaration(name: String, export: String, ty: &FunctionType) -> Function {
    let class = |ty: &ValType| match ty {
        ValType::I64 => Some(StorageClass::Integer),
        ValType::F64 => Some(StorageClass::Real),
        _ => None,
    };
    Function {
        name,
        export,
        signature: Signature {
            params: ty.params.iter().map(|ty| Param { class: class(ty), nullable: true }).collect(),
            variadic: None,
            returns: ty.results.first().and_then(class),
            form: CallForm::Records,
        },
        deterministic: false,
        subtype: false,
        bind: None,
    }
}

/// Adds the translation of a function and returns its export.
fn function(addition: &mut Addition, export: &str, ty: &FunctionType) -> String {
    let call = addition.import(export, ty);
    let (name, literal) = addition.export(export);
    let mut text = format!(
        "  (func (export {literal}) (param $argc i32) (param $argv i32) (result i32)
    (local $i64 i64) (local $f64 f64) (local $i32 i32)
    (if (i32.ne (local.get $argc) (i32.const {})) (then unreachable))
    (call $enter)\n",
        ty.params.len()
    );
    let mut arguments = String::new();
    for (number, param) in ty.params.iter().enumerate() {
        let record = number * 16;
        let tag = format!("(i32.load8_u offset={record} (local.get $argv))");
        let (place, payload) = (number + 1, record + 8);
        if *param == ValType::I32 {
            for (tag_of, class) in [(1, "integer"), (2, "real")] {
                let fail = addition
                    .fail(&format!("argument {place} has to be text, blob or NULL but is {class}"));
                text.push_str(&format!(
                    "    (if (i32.eq {tag} (i32.const {tag_of})) (then (return {fail})))\n"
                ));
            }
            arguments.push_str(&format!(
                " (call $argument (i32.add (local.get $argv) (i32.const {record})))"
            ));
        } else {
            let class = if *param == ValType::I64 { "integer" } else { "real" };
            let fail = addition.fail(&format!("argument {place} has to be {class} but is NULL"));
            text.push_str(&format!(
                "    (if (i32.eq {tag} (i32.const 5)) (then (return {fail})))\n"
            ));
            arguments.push_str(&format!(" ({param}.load offset={payload} (local.get $argv))"));
        }
    }
    let result = ty.results.first().copied().unwrap_or(ValType::I32);
    let spent = addition.fail(SPENT);
    let record = match result {
        ValType::I64 => "(call $integer (global.get $home) (local.get $i64))",
        ValType::F64 => "(call $real (global.get $home) (i64.reinterpret_f64 (local.get $f64)))",
        _ => "(call $result (local.get $i32))",
    };
    text.push_str(&format!(
        "    (local.set ${result} ({call}{arguments}))
    (if (call $leave) (then (return {spent})))
    {record})\n"
    ));
    addition.push(&text);
    name
}
