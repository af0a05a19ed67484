//! The registry: an immutable snapshot of what SQL may call, built from the rows of the catalog.
//!
//! Rows are untrusted: whatever is wrong with one becomes a problem of that definition, told when it
//! is called, and never stops the others. Building a registry compiles nothing and reads no module.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::catalog::{Generation, ObjectRow};
use crate::ddl::{ObjectKind, With};
use crate::define::is_reserved;
use crate::environment::{Environment, compile};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{Capabilities, Limits};
use crate::manifest::{Function, Manifest, Signature};
use crate::module::ModuleInfo;
use crate::runtime::{CompiledModule, Metering};
use crate::stats::FunctionStats;

/// What guests of one definition may use: the host's limits, tightened by the definition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Policy {
    /// Longest time of one call.
    pub call_timeout: Duration,
    /// Fuel of one call.
    pub fuel: Option<u64>,
    /// Linear memory of one instance.
    pub memory_bytes_max: usize,
    /// What the definition asked for and the host granted.
    pub granted: Capabilities,
}

impl Policy {
    /// The policy of a definition: the smaller of each limit; what was asked for and granted.
    pub fn effective(limits: &Limits, granted: Capabilities, with: &With) -> Self {
        let memory = with.memory_mb.map_or(usize::MAX, |mb| {
            usize::try_from(mb).unwrap_or(usize::MAX).saturating_mul(1 << 20)
        });
        Self {
            call_timeout: with.timeout_ms.map_or(limits.call_timeout, |ms| {
                limits.call_timeout.min(Duration::from_millis(ms))
            }),
            fuel: match (limits.fuel, with.fuel) {
                (Some(host), Some(own)) => Some(host.min(own)),
                (host, own) => host.or(own),
            },
            memory_bytes_max: limits.memory_bytes_max.min(memory),
            granted: granted.intersection(with.allow.unwrap_or_default()),
        }
    }

    /// How code for this policy has to be compiled.
    pub fn metering(&self) -> Metering {
        if self.fuel.is_some() { Metering::Fuel } else { Metering::None }
    }
}

/// A module as the catalog describes it, and its code once that was needed.
pub struct ModuleEntry {
    /// SHA-256 of the binary module.
    pub sha256: [u8; 32],
    /// Bytes of the binary module, as the catalog says.
    pub bytes: u64,
    manifest_text: String,
    manifest: Result<Option<Manifest>, String>,
    compiled: Mutex<[Option<Arc<dyn CompiledModule>>; 2]>,
}

impl ModuleEntry {
    pub(crate) fn new(sha256: [u8; 32], bytes: u64, manifest_text: &str, limits: &Limits) -> Self {
        let manifest = if manifest_text.is_empty() {
            Ok(None)
        } else {
            Manifest::parse(manifest_text.as_bytes(), limits).map(Some).map_err(|e| e.to_string())
        };
        Self {
            sha256,
            bytes,
            manifest_text: manifest_text.to_owned(),
            manifest,
            compiled: Mutex::default(),
        }
    }

    /// The hash in hexadecimal digits.
    pub fn sha256_hex(&self) -> String {
        self.sha256.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The canonical text of the manifest in the catalog; empty for none.
    pub fn manifest_text(&self) -> &str {
        &self.manifest_text
    }

    /// The manifest; `None` when the module has none.
    ///
    /// # Errors
    /// The text in the catalog is no manifest.
    pub fn manifest(&self) -> Result<Option<&Manifest>, &str> {
        self.manifest.as_ref().map(Option::as_ref).map_err(String::as_str)
    }

    /// Whether its code is compiled.
    pub fn is_compiled(&self) -> bool {
        self.slots().iter().any(Option::is_some)
    }

    /// The compiled code, if it is there already.
    pub fn compiled(&self, metering: Metering) -> Option<Arc<dyn CompiledModule>> {
        self.slots()[metering as usize].clone()
    }

    /// Takes code that was compiled for the module of this hash.
    pub(crate) fn adopt(
        &self,
        sha256: [u8; 32],
        metering: Metering,
        compiled: &Arc<dyn CompiledModule>,
    ) {
        if sha256 == self.sha256 {
            self.slots()[metering as usize].get_or_insert_with(|| Arc::clone(compiled));
        }
    }

    /// Compiles the module from the bytes in the catalog, which are checked first: hash, structure,
    /// and that the manifest in the catalog is the module's own.
    ///
    /// # Errors
    /// One of these checks, a missing runtime, what the runtime reports.
    pub fn compile(
        &self,
        wasm: &[u8],
        metering: Metering,
        environment: &Environment,
    ) -> Result<Arc<dyn CompiledModule>> {
        let runtime = environment.runtime()?;
        if <[u8; 32]>::from(Sha256::digest(wasm)) != self.sha256 {
            return Err(Error::new(
                ErrorKind::Catalog,
                format!(
                    "the stored module has another hash than {}: the file was changed",
                    self.sha256_hex()
                ),
            ));
        }
        let info = ModuleInfo::read(wasm, &environment.settings.limits)?;
        if manifest_text(&info) != self.manifest_text {
            return Err(Error::new(
                ErrorKind::Catalog,
                "the manifest in the catalog is not the module's own: the file was changed",
            ));
        }
        let compiled = compile(runtime.as_ref(), self.sha256, metering, wasm)?;
        self.slots()[metering as usize] = Some(Arc::clone(&compiled));
        Ok(compiled)
    }

    fn slots(&self) -> std::sync::MutexGuard<'_, [Option<Arc<dyn CompiledModule>>; 2]> {
        self.compiled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The canonical text of a module's manifest, as the catalog keeps it; empty for none.
pub(crate) fn manifest_text(info: &ModuleInfo) -> String {
    info.manifest.as_ref().map(Manifest::to_json).unwrap_or_default()
}

/// A definition: a function or an extension.
pub struct ObjectEntry {
    /// Which of the two.
    pub kind: ObjectKind,
    /// Its name, as written at CREATE.
    pub name: String,
    /// Its module.
    pub module: Arc<ModuleEntry>,
    /// The export, of a function.
    pub export: Option<String>,
    /// Whether DETERMINISTIC was said, of a function.
    pub deterministic: bool,
    /// What WITH said.
    pub with: With,
    /// What its guests may use.
    pub policy: Policy,
    /// What is wrong with it, if something is.
    pub problem: Option<String>,
}

/// A function that SQL may call.
pub struct FunctionEntry {
    /// Its name.
    pub name: String,
    /// Its argument count; -1 for any.
    pub arguments: i32,
    /// The definition it comes from.
    pub object: Arc<ObjectEntry>,
    /// Its export.
    pub export: String,
    /// Its parameters and result.
    pub signature: Signature,
    /// Whether it reads or gives subtypes.
    pub subtype: bool,
    /// Whether the same arguments always give the same result.
    pub deterministic: bool,
    /// A built-in of the engine, or an earlier definition, has its name, so that SQL calls that one.
    pub shadowed: bool,
    /// Its counters.
    pub stats: Arc<FunctionStats>,
}

/// Name (ASCII lower case) and argument count: the identity of a function.
pub type FunctionKey = (String, i32);

/// The key of a function.
pub fn function_key(name: &str, arguments: i32) -> FunctionKey {
    (name.to_ascii_lowercase(), arguments)
}

/// See the module's description.
pub struct Registry {
    /// The state of the catalog that this is a snapshot of; `None` for no catalog.
    pub generation: Option<Generation>,
    objects: Vec<Arc<ObjectEntry>>,
    functions: HashMap<FunctionKey, Arc<FunctionEntry>>,
}

impl Registry {
    /// The registry of a database without definitions.
    pub fn empty() -> Self {
        Self { generation: None, objects: Vec::new(), functions: HashMap::new() }
    }

    /// Builds a registry from the rows of the catalog; extensions come before functions. `is_builtin`
    /// says whether the engine itself has a function of a name.
    pub fn build(
        generation: Generation,
        mut rows: Vec<ObjectRow>,
        environment: &Environment,
        is_builtin: &dyn Fn(&str) -> bool,
    ) -> Self {
        rows.sort_by_key(|row| row.kind != ObjectKind::Extension);
        let mut registry = Self { generation: Some(generation), ..Self::empty() };
        for row in rows {
            registry.add(row, environment, is_builtin);
        }
        environment.forget_unused_modules();
        registry
    }

    fn add(
        &mut self,
        row: ObjectRow,
        environment: &Environment,
        is_builtin: &dyn Fn(&str) -> bool,
    ) {
        let limits = &environment.settings.limits;
        let module = environment.module(row.sha256, &row.manifest, || {
            ModuleEntry::new(row.sha256, row.bytes, &row.manifest, limits)
        });
        let (with, problem) = match row.with {
            Ok(with) => (with, row.problem),
            Err(problem) => (With::default(), Some(problem)),
        };
        let mut object = ObjectEntry {
            kind: row.kind,
            name: row.name,
            export: row.export,
            deterministic: row.deterministic,
            policy: Policy::effective(limits, environment.settings.granted, &with),
            with,
            problem,
            module,
        };
        let declared = declared_functions(&object);
        if let Err(problem) = &declared {
            object.problem.get_or_insert_with(|| problem.clone());
        }
        let object = Arc::new(object);
        for declared in declared.unwrap_or_else(|_| fallback(&object)) {
            let key = function_key(&declared.name, declared.signature.argument_count());
            let shadowed =
                is_reserved(&key.0) || is_builtin(&key.0) || self.functions.contains_key(&key);
            let function = Arc::new(FunctionEntry {
                stats: environment.stats(&declared.name, key.1),
                name: declared.name,
                arguments: key.1,
                object: Arc::clone(&object),
                export: declared.export,
                signature: declared.signature,
                subtype: declared.subtype,
                deterministic: declared.deterministic,
                shadowed,
            });
            self.functions.entry(key).or_insert(function);
        }
        self.objects.push(object);
    }

    /// The function of this name and argument count, without regard to variadic ones.
    pub fn function(&self, key: &FunctionKey) -> Option<&Arc<FunctionEntry>> {
        self.functions.get(key)
    }

    /// All functions, in no order.
    pub fn functions(&self) -> impl Iterator<Item = &Arc<FunctionEntry>> {
        self.functions.values()
    }

    /// Whether there is a function of this name, with whatever number of arguments.
    pub fn has_function_named(&self, name: &str) -> bool {
        self.functions().any(|entry| entry.name.eq_ignore_ascii_case(name))
    }

    /// All definitions.
    pub fn objects(&self) -> &[Arc<ObjectEntry>] {
        &self.objects
    }

    /// The definition of this kind and name.
    pub fn object(&self, kind: ObjectKind, name: &str) -> Option<&Arc<ObjectEntry>> {
        self.objects.iter().find(|o| o.kind == kind && o.name.eq_ignore_ascii_case(name))
    }
}

/// A function as a definition declares it.
pub(crate) struct DeclaredFunction {
    pub(crate) name: String,
    pub(crate) export: String,
    pub(crate) signature: Signature,
    pub(crate) subtype: bool,
    pub(crate) deterministic: bool,
}

impl DeclaredFunction {
    fn of_manifest(function: &Function, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            export: function.export.clone(),
            signature: function.signature.clone(),
            subtype: function.subtype,
            deterministic: function.deterministic,
        }
    }
}

/// The functions of a definition, by its manifest.
///
/// # Errors
/// There is no manifest where one is needed, or it cannot be read.
pub(crate) fn declared_functions(object: &ObjectEntry) -> Result<Vec<DeclaredFunction>, String> {
    let manifest = object
        .module
        .manifest()
        .map_err(|problem| format!("the manifest in the catalog cannot be read: {problem}"))?;
    match (object.kind, manifest) {
        (ObjectKind::Extension, None) => {
            Err("the module of the extension has no manifest".to_owned())
        }
        (ObjectKind::Extension, Some(manifest)) => Ok(manifest
            .functions
            .iter()
            .map(|f| DeclaredFunction::of_manifest(f, &f.name))
            .collect()),
        (ObjectKind::Function, manifest) => {
            let export = object.export.as_deref().unwrap_or(&object.name);
            let mut declared: Vec<_> = manifest
                .into_iter()
                .flat_map(|manifest| &manifest.functions)
                .filter(|f| f.export == export)
                .map(|f| DeclaredFunction::of_manifest(f, &object.name))
                .collect();
            if declared.is_empty() {
                declared = undeclared(object, export);
            }
            for function in &mut declared {
                function.deterministic |= object.deterministic;
            }
            Ok(declared)
        }
    }
}

/// The one function of an export that no manifest describes.
fn undeclared(object: &ObjectEntry, export: &str) -> Vec<DeclaredFunction> {
    vec![DeclaredFunction {
        name: object.name.clone(),
        export: export.to_owned(),
        signature: Signature::ANY,
        subtype: false,
        deterministic: object.deterministic,
    }]
}

/// What to register of a definition that cannot be read, so that a call can say why.
fn fallback(object: &ObjectEntry) -> Vec<DeclaredFunction> {
    match object.kind {
        ObjectKind::Function => {
            undeclared(object, object.export.as_deref().unwrap_or(&object.name))
        }
        ObjectKind::Extension => Vec::new(),
    }
}
