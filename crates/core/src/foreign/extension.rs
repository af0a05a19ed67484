//! Extensions for Turso: asks an extension what it declares, and translates that.
//!
//! Asking runs the guest's `turso_ext_init` under the host's limits and without any capability. It uses its own
//! instance, which is dropped afterwards.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::declared::{Declared, DeclaredFunction, DeclaredType, class};
use super::exports::{demand, is_function};
use super::tables;
use super::turso::{DECLARE, PEEK, Translation, guest_type, is_c};
use crate::compile::{Facts, Waiting, compile};
use crate::ddl::With;
use crate::environment::Environment;
use crate::error::{Error, ErrorKind, Result};
use crate::guest::{Callee, Guest};
use crate::host::{HostServices, HostState, LogLevel};
use crate::limits::{Capabilities, Limits};
use crate::live::LiveAccount;
use crate::manifest::{Function, Manifest, Operator, PARAMS_MAX, Param, Signature, Type};
use crate::module::{ModuleInfo, TURSO_EXT_INIT as EXT_INIT, ValType};
use crate::policy::Policy;
use crate::quote::quoted;
use crate::runtime::{FunctionId, StatementBudget};
use crate::session::describe;
use crate::value::{Value, ValueRef};

/// Translates an extension into our module.
///
/// # Errors
/// It declares nothing or nothing that can be understood, or there is no runtime.
pub(super) fn native(
    wasm: &[u8],
    info: &ModuleInfo,
    environment: &Environment,
    waiting: Waiting<'_>,
) -> Result<Vec<u8>> {
    let limits = &environment.settings.limits;
    let mut translation = Translation::new(wasm, info, limits)?;
    // CREATE EXTENSION uses only what the extension declares. `turso_sig` adds types to that.
    let typed = std::mem::take(&mut translation.manifest);
    if is_c(info) {
        let found = registered(wasm, info, environment, waiting)?;
        for (number, Registered { name, narg }) in found.into_iter().enumerate() {
            translation.addition.check()?;
            let export = translation.registered(number, &name);
            let signature = signature(&name, narg)?;
            translation.manifest.functions.push(scalar(name, export, signature));
        }
    } else {
        demand(info, EXT_INIT, &[ValType::I32; 2], &[ValType::I64])?;
        let declared = declared(wasm, info, environment, waiting)?;
        translate(&mut translation, &typed, declared, info)?;
    }
    let native = translation.finish(wasm, info, limits)?;
    // The manifest's limits are checked before the size of anything that is made from it.
    ModuleInfo::read(&native, limits)?.extension()?;
    Ok(native)
}

fn error(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Manifest, message)
}

/// Adds everything that an extension declares.
fn translate(
    translation: &mut Translation,
    typed: &Manifest,
    declared: Declared,
    info: &ModuleInfo,
) -> Result<()> {
    // Signatures by export. The first function of an export decides.
    let mut signatures = HashMap::new();
    for function in &typed.functions {
        signatures.entry(function.export.as_str()).or_insert(&function.signature);
    }
    let mut functions = Functions::default();
    for DeclaredFunction { name, export, narg } in &declared.functions {
        let what = format!("the function {}", quoted(name));
        let translated = exported(translation, info, &what, export)?;
        let signature = match signatures.get(translated.as_str()) {
            Some(&signature) => signature.clone(),
            None => signature(name, *narg)?,
        };
        functions.exports.entry(name.to_ascii_lowercase()).or_insert(export);
        functions.add(translation, scalar(name.clone(), translated, signature));
    }
    for ty in &declared.types {
        add_type(translation, &mut functions, ty, info)?;
    }
    for table in &declared.vtabs {
        tables::translate(translation, table, info)?;
    }
    Ok(())
}

/// The functions that were added so far.
#[derive(Default)]
struct Functions<'a> {
    /// The guest's exports by their declared names in lower case.
    exports: HashMap<String, &'a String>,
    /// The names in lower case and argument counts that are in use.
    taken: HashSet<(String, i32)>,
}

impl Functions<'_> {
    fn add(&mut self, translation: &mut Translation, function: Function) {
        let key = (function.name.to_ascii_lowercase(), function.signature.argument_count());
        self.taken.insert(key);
        translation.manifest.functions.push(function);
    }

    fn has(&self, name: &str, signature: &Signature) -> bool {
        self.taken.contains(&(name.to_ascii_lowercase(), signature.argument_count()))
    }
}

/// The translation of a declared export of the guest.
fn exported(
    translation: &Translation,
    info: &ModuleInfo,
    what: &str,
    export: &str,
) -> Result<String> {
    let context = |e: Error| error(format!("{EXT_INIT} declares {what}, but {}", e.message()));
    demand(info, export, &guest_type().params, &guest_type().results).map_err(context)?;
    let found = translation.export(export).cloned();
    found.ok_or_else(|| {
        error(format!("{EXT_INIT} declares {what}, but {} is not a function", quoted(export)))
    })
}

fn scalar(name: String, export: String, signature: Signature) -> Function {
    Function { name, export, signature, deterministic: false, subtype: false, bind: None }
}

/// A signature of this many arguments of any class.
fn signature(name: &str, narg: i32) -> Result<Signature> {
    match usize::try_from(narg) {
        Err(_) if narg == crate::abi::VARIADIC => Ok(Signature::ANY),
        Ok(count) if count <= PARAMS_MAX => {
            Ok(Signature { params: vec![Param::ANY; count], variadic: None, ..Signature::ANY })
        }
        _ => Err(error(format!("the function {} takes {narg} arguments", quoted(name)))),
    }
}

/// Adds a type. Its `encode` and `decode` name exports or functions. Without one of them the value stays
/// unchanged. A type whose values are made of several others becomes two functions, because no single value can
/// be checked or converted.
fn add_type(
    translation: &mut Translation,
    functions: &mut Functions<'_>,
    ty: &DeclaredType,
    info: &ModuleInfo,
) -> Result<()> {
    let what = format!("the type {}", quoted(&ty.name));
    let Some(base) = class(&ty.base) else {
        let base = quoted(&ty.base);
        return Err(error(format!("{EXT_INIT} declares {what} with the base {base}")));
    };
    let mut find = |name: &Option<String>| match name {
        None => Ok(translation.identity()),
        Some(name) => {
            let export = if function_type_fits(info, name) {
                name
            } else {
                functions.exports.get(&name.to_ascii_lowercase()).map_or(name, |export| *export)
            };
            exported(translation, info, &what, export)
        }
    };
    let (encode, decode) = (find(&ty.encode)?, find(&ty.decode)?);
    if ty.params.len() > 1 {
        let count = i32::try_from(ty.params.len()).unwrap_or(i32::MAX);
        let made = [(ty.name.clone(), encode, count), (format!("{}_decode", ty.name), decode, 1)];
        for (name, export, narg) in made {
            let signature = signature(&name, narg)?;
            if !functions.has(&name, &signature) {
                functions.add(translation, scalar(name, export, signature));
            }
        }
        return Ok(());
    }
    let operators = ty.operators.iter();
    translation.manifest.types.push(Type {
        name: ty.name.clone(),
        base,
        params: Vec::new(),
        encode,
        decode,
        bind: None,
        operators: operators
            .map(|o| Operator { op: o.op.clone(), function: o.func.clone() })
            .collect(),
    });
    Ok(())
}

fn function_type_fits(info: &ModuleInfo, export: &str) -> bool {
    info.export(export).is_some_and(|found| is_function(&found.ty, &guest_type()))
}

/// An instance of an extension that is being asked what it declares.
struct Asked<'a> {
    guest: Guest,
    declare: FunctionId,
    peek: FunctionId,
    budget: StatementBudget,
    policy: Policy,
    limits: &'a Limits,
}

impl<'a> Asked<'a> {
    fn new(
        wasm: &[u8],
        info: &ModuleInfo,
        environment: &'a Environment,
        mut waiting: Waiting<'_>,
    ) -> Result<Self> {
        let limits = &environment.settings.limits;
        let mut translation = Translation::asking(wasm, info)?;
        translation.manifest = Manifest::default();
        let module = translation.finish(wasm, info, limits)?;
        let info = ModuleInfo::read(&module, limits)?;
        let policy = Policy::effective(&environment.settings, Capabilities::NONE, &With::default());
        let compiler = environment.compiler()?;
        let module =
            compile(&compiler, &Facts::of(&info), policy.metering(), &module, waiting.again())?;
        let host = HostState::new(policy.granted, Arc::new(NoServices))
            .with_account(LiveAccount::new(&environment.cache));
        let config = policy.instance(limits, host);
        let mut budget = *waiting.budget;
        let failed = |e: Box<_>| describe(&format!("{EXT_INIT}()"), &policy, limits, *e);
        let mut guest = Guest::new(module.as_ref(), config, &mut budget).map_err(failed)?;
        let mut resolve = |export: &str| {
            guest.resolve(export).map_err(|_| error(format!("{EXT_INIT} cannot be asked")))
        };
        let (declare, peek) = (resolve(DECLARE)?, resolve(PEEK)?);
        Ok(Self { guest, declare, peek, budget, policy, limits })
    }

    fn call(&mut self, function: FunctionId, arguments: &[ValueRef<'_>]) -> Result<Value> {
        let callee = Callee {
            function,
            signature: &Signature::ANY,
            subtype: false,
            result_bytes_max: self.limits.manifest_bytes_max,
        };
        let result =
            self.guest.call(callee, arguments, &mut self.budget, |value: ValueRef<'_>, _: u8| {
                value.to_owned()
            });
        result.map_err(|e| describe(&format!("{EXT_INIT}()"), &self.policy, self.limits, *e))
    }
}

/// Services that do nothing, because an extension that is asked has no capability.
struct NoServices;

impl HostServices for NoServices {
    fn interrupted(&self) -> bool {
        false
    }

    fn interrupted_elsewhere(&self) -> Option<bool> {
        Some(false)
    }

    fn log(&self, _level: LogLevel, _message: &str) {}

    fn random(&self, _into: &mut [u8]) -> Result<(), String> {
        Err("there are no random numbers for an extension that is asked what it declares"
            .to_owned())
    }
}

/// What an extension declares in JSON.
fn declared(
    wasm: &[u8],
    info: &ModuleInfo,
    environment: &Environment,
    waiting: Waiting<'_>,
) -> Result<Declared> {
    let mut asked = Asked::new(wasm, info, environment, waiting)?;
    let text = match asked.call(asked.declare, &[])? {
        Value::Text(text) => text,
        other => {
            return Err(error(format!(
                "{EXT_INIT} has to give its declarations as text, but gave {}",
                other.as_ref().class()
            )));
        }
    };
    let declared: Declared = serde_json::from_str(&text)
        .map_err(|e| error(format!("what {EXT_INIT} declares cannot be read: {e}")))?;
    let objects = declared.functions.len() + declared.types.len() + declared.vtabs.len();
    let max = environment.settings.limits.manifest_objects_max;
    if objects > max {
        return Err(error(format!(
            "{EXT_INIT} declares {objects} objects, more than manifest_objects_max = {max}, which the \
             host can raise"
        )));
    }
    Ok(declared)
}

/// A function that an extension in C registered.
struct Registered {
    name: String,
    narg: i32,
}

/// The functions that an extension in C registers, one for each name and argument count. The last registration
/// counts.
fn registered(
    wasm: &[u8],
    info: &ModuleInfo,
    environment: &Environment,
    waiting: Waiting<'_>,
) -> Result<Vec<Registered>> {
    let mut asked = Asked::new(wasm, info, environment, waiting)?;
    let Value::Blob(entries) = asked.call(asked.declare, &[])? else {
        return Err(error(format!("{EXT_INIT} registers no function")));
    };
    let mut found = Vec::new();
    for entry in entries.as_chunks::<20>().0 {
        let word = |i: usize| {
            let bytes = entry[i * 4..].first_chunk().copied().unwrap_or_default();
            i32::from_le_bytes(bytes)
        };
        let bytes = word(1).cast_unsigned() as usize;
        let max = environment.settings.limits.name_bytes_max;
        if bytes > max {
            return Err(error(format!(
                "{EXT_INIT} registers a function whose name has {bytes} bytes, more than name_bytes_max = {max}"
            )));
        }
        let range = [word(0), word(1)].map(|n| ValueRef::Integer(n.cast_unsigned().into()));
        let Value::Blob(name) = asked.call(asked.peek, &range)? else {
            return Err(error(format!("{EXT_INIT} registers a function without a name")));
        };
        let name = String::from_utf8(name).map_err(|_| {
            error(format!("{EXT_INIT} registers a function whose name is not UTF-8"))
        })?;
        found.push(Registered { name, narg: word(2) });
    }
    Ok(found)
}
