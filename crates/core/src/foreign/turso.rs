//! Translates modules that are built for Turso's proposal: functions by its generic and its typed convention, and
//! functions that its C shim registers.

use std::collections::HashMap;
use std::fmt::Write as _;

use wasmparser::{DataKind, Operator, Parser, Payload};

use super::exports::{FUNCTIONS_MAX, OWN_EXPORTS, demand, has_memory, is_function, is_name};
use super::finish::finish;
use super::signature::{self, Type, Types};
use super::text::Addition;
use crate::abi::{EXPORT_INITIALIZE, EXPORT_MEMORY};
use crate::error::Result;
use crate::limits::Limits;
use crate::manifest::{Function, Manifest};
use crate::module::{
    ExternType, FunctionType, ModuleInfo, TURSO_EXT_INIT as EXT_INIT, ValType, error, import_name,
};
use crate::quote::quoted;
use crate::value::StorageClass;

/// The allocator.
const MALLOC: &str = "turso_malloc";
/// Calls a function that the C shim registered.
const CALL: &str = "__turso_call";
/// The import with which the C shim registers functions.
const REGISTER: (&str, &str) = ("env", "__turso_register_func");

/// The exports of a module that is asked for its declarations.
pub(super) const DECLARE: &str = "declare";

pub(super) const PEEK: &str = "peek";

/// Largest number of arguments. There are 128 slots, the last of which lies where the result's type goes.
const ARGUMENTS_MAX: usize = 127;
/// The range of the slots for typed arguments.
const TYPED_SLOTS: std::ops::Range<usize> = 8..1016;
/// The small allocator of a hand-written guest does not begin behind static data from this address on.
const NEAR_DATA: u32 = 8 << 10;

/// The type of all functions by the generic and the typed convention.
pub(super) fn guest_type() -> FunctionType {
    FunctionType { params: vec![ValType::I32; 2], results: vec![ValType::I64] }
}

/// Whether it is an extension in C that was built with the proposal's shim.
pub(super) fn is_c(info: &ModuleInfo) -> bool {
    info.imports.iter().any(|i| (i.module.as_str(), i.name.as_str()) == REGISTER)
}

/// Refuses an extension in C with other imports than the one that registers functions, because its body takes the
/// number of the only import.
fn other_imports(info: &ModuleInfo) -> Result<()> {
    let other = info.imports.iter().find(|i| (i.module.as_str(), i.name.as_str()) != REGISTER);
    let ty = FunctionType { params: vec![ValType::I32; 5], results: Vec::new() };
    let name = format!("{}.{}", REGISTER.0, REGISTER.1);
    match other {
        None if info.imports.len() > 1 => Err(error(format!("the module imports {name} twice"))),
        None => match &info.imports[0].ty {
            ExternType::Function(found) if **found == ty => Ok(()),
            found => Err(error(format!("the module imports {name} as {found}, but it is {ty}"))),
        },
        Some(import) => Err(error(format!(
            "the module imports {} {}, which an extension in C for Turso does not have here",
            import_name(import),
            import.ty
        ))),
    }
}

/// The translated module with all functions that can be found without running it.
pub(super) fn translated(wasm: &[u8], info: &ModuleInfo, limits: &Limits) -> Result<Vec<u8>> {
    let translation = Translation::new(wasm, info, limits)?;
    translation.finish(wasm, info, limits)
}

/// A translation in the making.
pub(super) struct Translation {
    pub(super) addition: Addition,
    pub(super) manifest: Manifest,
    /// The exports that translate those of the guest.
    exports: HashMap<String, String>,
    identity: Option<String>,
    has_tables: bool,
    c: bool,
}

impl Translation {
    /// A translation with all functions of the guest.
    pub(super) fn new(wasm: &[u8], info: &ModuleInfo, limits: &Limits) -> Result<Self> {
        let mut this = Self::bare(wasm, info)?;
        let types = signature::read(wasm, info, limits)?;
        let ty = guest_type();
        let functions = info.exports.iter().filter(|e| is_function(&e.ty, &ty));
        for export in functions.map(|e| e.name.as_str()) {
            if export == EXT_INIT || OWN_EXPORTS.contains(&export) || !is_name(export, limits) {
                continue;
            }
            if this.exports.len() == FUNCTIONS_MAX {
                let what =
                    format!("the module exports more than {FUNCTIONS_MAX} functions for Turso");
                return Err(error(what));
            }
            this.addition.check()?;
            match types.get(export) {
                Some(types) => this.typed(export, types)?,
                None => this.generic(export),
            }
        }
        Ok(this)
    }

    /// A translation without functions, but ready to call the guest's.
    fn bare(wasm: &[u8], info: &ModuleInfo) -> Result<Self> {
        demand(info, MALLOC, &[ValType::I32], &[ValType::I32])?;
        if !has_memory(info) {
            return Err(error(format!(
                "the module does not export its memory as \"{EXPORT_MEMORY}\""
            )));
        }
        let c = is_c(info);
        let mut addition = Addition::new(true);
        let malloc = addition.import(
            MALLOC,
            &FunctionType { params: vec![ValType::I32], results: vec![ValType::I32] },
        );
        addition.push(&format!(
            "  (func $malloc (param $size i32) (result i32) ({malloc} (local.get $size)))\n"
        ));
        addition.push(include_str!("home.wat"));
        addition.push(include_str!("turso.wat"));
        let spent = addition.fail(SPENT);
        addition.push(&format!(
            "  (func $end (param $raw i64) (result i32)
    (if (call $leave) (then (return {spent})))
    (call $result (local.get $raw) (global.get $home)))\n"
        ));
        let mut initialize = String::new();
        if info.export(EXPORT_INITIALIZE).is_some() {
            demand(info, EXPORT_INITIALIZE, &[], &[])?;
            let call = addition.import(EXPORT_INITIALIZE, &FunctionType::default());
            let _ = writeln!(initialize, "    ({call})");
        }
        if c {
            other_imports(info)?;
            demand(info, EXT_INIT, &[], &[ValType::I32])?;
            demand(info, CALL, &[ValType::I32; 4], &[ValType::I64])?;
            addition.push(include_str!("register.wat"));
            let ty = FunctionType { params: Vec::new(), results: vec![ValType::I32] };
            let call = addition.import(EXT_INIT, &ty);
            let _ = writeln!(initialize, "    (global.set $result_code ({call}))");
        }
        if let Some(end) = static_end(wasm, c) {
            let call = if c { "$move_allocator" } else { "$keep_static" };
            let _ = writeln!(initialize, "    (call {call} (i32.const {}))", end.cast_signed());
        }
        addition.push(&format!("  (func (export \"{EXPORT_INITIALIZE}\")\n{initialize}  )\n"));
        Ok(Self {
            addition,
            manifest: Manifest::default(),
            exports: HashMap::new(),
            identity: None,
            has_tables: false,
            c,
        })
    }

    /// A module that can be asked for its declarations.
    pub(super) fn asking(wasm: &[u8], info: &ModuleInfo) -> Result<Self> {
        let mut this = Self::bare(wasm, info)?;
        let declare = if this.c {
            let failed = this.addition.fail("its entry point failed");
            format!(
                "(if (global.get $result_code) (then (return {failed})))
    (if (i32.eqz (global.get $count)) (then (return (i32.const 0))))
    (call $bytes (global.get $home) (i64.const 4) (global.get $registered)
      (i32.mul (global.get $count) (i32.const 20)))"
            )
        } else {
            let init = this.addition.import(EXT_INIT, &guest_type());
            format!("(call $begin) (call $end ({init} (i32.const 0) (i32.const 0)))")
        };
        this.addition.push(&format!(
            "  (func (export \"{DECLARE}\") (param $argc i32) (param $argv i32) (result i32)
    {declare})
  (func (export \"{PEEK}\") (param $argc i32) (param $argv i32) (result i32)
    (call $bytes (global.get $home) (i64.const 4)
      (i32.load offset=8 (local.get $argv)) (i32.load offset=24 (local.get $argv))))\n"
        ));
        Ok(this)
    }

    /// The export that translates this export of the guest.
    pub(super) fn export(&self, guest: &str) -> Option<&String> {
        self.exports.get(guest)
    }

    /// An export that returns its first argument.
    pub(super) fn identity(&mut self) -> String {
        if let Some(name) = &self.identity {
            return name.clone();
        }
        let (name, literal) = self.addition.export("identity");
        self.addition.push(&format!(
            "  (func (export {literal}) (param $argc i32) (param $argv i32) (result i32)
    (local.get $argv))\n"
        ));
        self.identity.insert(name).clone()
    }

    /// Adds the code that all tables need.
    pub(super) fn tables(&mut self) {
        if !std::mem::replace(&mut self.has_tables, true) {
            self.addition.push(include_str!("tables.wat"));
        }
    }

    fn named(&mut self, export: &str) -> String {
        let (name, literal) = self.addition.export(export);
        self.exports.insert(export.to_owned(), name);
        literal
    }

    /// Adds a function by the generic convention.
    fn generic(&mut self, export: &str) {
        let call = self.addition.import(export, &guest_type());
        let name = self.named(export);
        self.any(&name, &format!("{call} (local.get $argc) (i32.const 0)"));
    }

    /// Adds a function that the C shim registered under this number.
    pub(super) fn registered(&mut self, number: usize, name: &str) -> String {
        let params = vec![ValType::I32; 4];
        let ty = FunctionType { params, results: vec![ValType::I64] };
        let call = self.addition.import(CALL, &ty);
        let (name, literal) = self.addition.export(&format!("{name}#{number}"));
        let entry = |field: usize| {
            format!("(i32.load offset={} (global.get $registered))", number * 20 + field)
        };
        let (function, data) = (entry(12), entry(16));
        self.any(&literal, &format!("{call} {function} {data} (local.get $argc) (i32.const 0)"));
        name
    }

    /// Adds a function of any arguments, which are in the slots from 0 on.
    fn any(&mut self, name: &str, call: &str) {
        let too_many = self.addition.fail(&format!(
            "it is built for Turso, whose functions take no more than {ARGUMENTS_MAX} arguments"
        ));
        self.addition.push(&format!(
            "  (func (export {name}) (param $argc i32) (param $argv i32) (result i32)
    (if (i32.gt_u (local.get $argc) (i32.const {ARGUMENTS_MAX})) (then (return {too_many})))
    (call $begin)
    (call $arguments (local.get $argc) (local.get $argv) (i32.const 0))
    (call $end ({call})))\n"
        ));
    }

    /// Adds a function by the typed convention.
    fn typed(&mut self, export: &str, types: &Types) -> Result<()> {
        let slots: usize = types.params.iter().map(|ty| ty.slots()).sum();
        if TYPED_SLOTS.start + slots * 8 > TYPED_SLOTS.end {
            return Err(error(format!(
                "the function {} takes {slots} slots of arguments, more than fit below {}",
                quoted(export),
                TYPED_SLOTS.end
            )));
        }
        let call = self.addition.import(export, &guest_type());
        let name = self.named(export);
        let mut text = format!(
            "  (func (export {name}) (param $argc i32) (param $argv i32) (result i32)
    (local $raw i64)
    (if (i32.ne (local.get $argc) (i32.const {})) (then unreachable))
    (call $begin)\n",
            types.params.len()
        );
        let mut slot = TYPED_SLOTS.start;
        for (number, ty) in types.params.iter().enumerate() {
            text.push_str(&typed_argument(number * 16, *ty, slot));
            slot += ty.slots() * 8;
        }
        let spent = self.addition.fail(SPENT);
        let _ = write!(
            text,
            "    (local.set $raw ({call} (i32.const {slots}) (i32.const {})))
    (if (call $leave) (then (return {spent})))
    {})\n",
            TYPED_SLOTS.start,
            typed_result(types.returns)
        );
        self.addition.push(&text);
        self.manifest.functions.push(Function {
            name: self.exports[export].clone(),
            export: self.exports[export].clone(),
            signature: types.signature(),
            deterministic: false,
            subtype: false,
            bind: None,
        });
        Ok(())
    }

    pub(super) fn finish(self, wasm: &[u8], info: &ModuleInfo, limits: &Limits) -> Result<Vec<u8>> {
        finish(wasm, info, &self.addition.finish(), self.c, self.manifest, limits)
    }
}

/// The message of a guest whose allocator has run out.
pub(super) const SPENT: &str =
    "out of memory: its allocator never frees, and knows no end of its memory";

/// Code that writes the argument of the record at an offset to its slot.
fn typed_argument(record: usize, ty: Type, slot: usize) -> String {
    let tag = format!("(i32.load8_u offset={record} (local.get $argv))");
    let is_null = format!("(i32.eq {tag} (i32.const 5))");
    let payload = format!("(i64.load offset={} (local.get $argv))", record + 8);
    let store = |slot: usize, value: &str| format!("    (i64.store (i32.const {slot}) {value})\n");
    match (ty.class, ty.optional) {
        (StorageClass::Integer | StorageClass::Real, false) => store(slot, &payload),
        (StorageClass::Integer | StorageClass::Real, true) => {
            store(slot, &format!("(i64.extend_i32_u {is_null})"))
                + &store(slot + 8, &format!("(select (i64.const 0) {payload} {is_null})"))
        }
        (_, optional) => {
            let packed = format!("(call $packed (i32.add (local.get $argv) (i32.const {record})))");
            match optional {
                false => store(slot, &packed),
                true => store(slot, &format!("(select (i64.const 0) {packed} {is_null})")),
            }
        }
    }
}

/// Code that makes a record of `$raw`.
fn typed_result(ty: Option<Type>) -> String {
    let Some(Type { class, optional }) = ty else { return "(i32.const 0)".to_owned() };
    let (value, is_null) = match class {
        StorageClass::Integer | StorageClass::Real => {
            let make = if class == StorageClass::Real { "$real" } else { "$integer" };
            (
                format!("(call {make} (global.get $home) (local.get $raw))"),
                "(i32.load8_u (i32.const 1016))",
            )
        }
        _ => {
            let tag = if class == StorageClass::Text { 3 } else { 4 };
            (
                format!("(call $unpack (i64.const {tag}) (local.get $raw))"),
                "(i32.eqz (i32.wrap_i64 (local.get $raw)))",
            )
        }
    };
    match optional {
        false => value,
        true => format!("(if (result i32) {is_null} (then (i32.const 0)) (else {value}))"),
    }
}

/// The end of the static data: of all data of a guest in C, otherwise only of data behind which a hand-written
/// guest's allocator could begin.
fn static_end(wasm: &[u8], c: bool) -> Option<u32> {
    let mut last = None;
    for payload in Parser::new(0).parse_all(wasm) {
        let Ok(Payload::DataSection(data)) = payload else { continue };
        for segment in data.into_iter().flatten() {
            let DataKind::Active { offset_expr, .. } = &segment.kind else { continue };
            if let Ok(Operator::I32Const { value }) = offset_expr.get_operators_reader().read() {
                let start = value.cast_unsigned();
                if c || start < NEAR_DATA {
                    last = last.max(start.checked_add(segment.data.len() as u32));
                }
            }
        }
    }
    last
}
