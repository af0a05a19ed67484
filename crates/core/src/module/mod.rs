//! Everything about a module that can be known without running it.
//!
//! One reading serves two uses: [`ModuleInfo::inspect`] collects whatever is wrong, and
//! [`ModuleInfo::read`], which creating a function goes through, fails with the first of it. Knows no
//! executor and no database engine.

mod check;
mod items;
mod pack;
mod read;
mod report;
pub mod segments;
mod suggest;
mod text;
mod types;
mod weights;
mod work;

pub use pack::pack;
pub use report::inspect_json;
pub use text::binary;
pub use types::{ExternType, FunctionType, ValType};

pub(crate) use check::has_type;
pub(crate) use read::exceeded;

use crate::error::{Error, ErrorKind, Result};
use crate::foreign;
use crate::host;
use crate::limits::{Capabilities, Capability, Limits};
use crate::manifest::Manifest;
use crate::quote::quoted;

/// The convention between host and guest that a module is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Abi {
    /// Commensal's own: it exports `commensal_scratch` or has a `commensal` section.
    Commensal,
    /// Turso's: it exports `turso_malloc`.
    Turso,
    /// libSQL's: it exports `libsql_malloc`, or functions of numbers alone.
    Libsql,
    /// None of these.
    Unknown,
}

impl Abi {
    /// Whether CREATE makes a module of ours of one that is built for it.
    pub(crate) fn is_foreign(self) -> bool {
        matches!(self, Self::Turso | Self::Libsql)
    }
}

impl std::fmt::Display for Abi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Commensal => "Commensal",
            Self::Turso => "Turso",
            Self::Libsql => "libSQL",
            Self::Unknown => "unknown",
        })
    }
}

/// An import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The module it is from.
    pub module: String,
    /// Its name there.
    pub name: String,
    /// Its type.
    pub ty: ExternType,
}

impl Import {
    /// The capability that it needs.
    pub fn capability(&self) -> Option<Capability> {
        host::function(&self.module, &self.name)?.capability
    }
}

/// An export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: ExternType,
}

/// What a module is.
#[derive(Clone, Debug, PartialEq)]
pub struct ModuleInfo {
    /// SHA-256 of the binary.
    pub sha256: [u8; 32],
    /// Bytes of the binary.
    pub bytes: usize,
    /// Bytes of its code section.
    pub code_bytes: usize,
    /// Bytes of its data section.
    pub data_bytes: usize,
    /// Functions it defines.
    pub functions: usize,
    /// What compiling it costs, in the unit of [`Limits::module_work_max`].
    pub compile_work: u64,
    /// What compiling its largest function costs, in the unit of [`Limits::function_work_max`].
    pub function_work: u64,
    /// The convention it is built for.
    pub abi: Abi,
    /// Imports in order.
    pub imports: Vec<Import>,
    /// Exports in order.
    pub exports: Vec<Export>,
    /// The manifest of its `commensal` section; `None` when it has no such section.
    pub manifest: Option<Manifest>,
    /// Indices of the exports, sorted by name.
    exports_by_name: Vec<u32>,
    extension_problems: Vec<Error>,
}

/// A module, and what is wrong with it.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// The module, as far as it could be read.
    pub info: ModuleInfo,
    /// Why it is refused, most important first; empty when it is not. A few dozen at most.
    pub problems: Vec<Error>,
    /// What CREATE FUNCTION makes of a module of another ABI.
    pub(crate) native: Option<Vec<u8>>,
}

impl Inspection {
    /// What CREATE FUNCTION would store: the module itself, or what it makes of one of another ABI.
    ///
    /// # Errors
    /// The first problem.
    pub fn stored(&self, limits: &Limits) -> Result<ModuleInfo> {
        match (self.problems.first(), &self.native) {
            (Some(problem), _) => Err(problem.clone()),
            (None, Some(native)) => ModuleInfo::read(native, limits),
            (None, None) => Ok(self.info.clone()),
        }
    }

    /// Reads a module, and judges it unless it is of another ABI.
    pub(crate) fn of(wasm: &[u8], limits: &Limits) -> Result<Self> {
        let (mut module, unreadable) = read::module(wasm, limits)?;
        let (problems, info) = (unreadable.into_iter().collect(), module.info(wasm));
        let mut inspection = Self { info, problems, native: None };
        // What is missing from a module that was not read to its end says nothing.
        if inspection.problems.is_empty() && !inspection.info.abi.is_foreign() {
            check::check(&mut inspection, module, limits);
        }
        Ok(inspection)
    }

    /// Judges a module of another ABI by what is made of it.
    fn translate(&mut self, wasm: &[u8], limits: &Limits) -> Result<()> {
        let native = match foreign::translated(wasm, &self.info, limits) {
            Ok(native) => native,
            Err(problem) => {
                self.problems.push(problem);
                return Ok(());
            }
        };
        let made = Self::of(&native, limits)?;
        self.problems = made.problems;
        self.info.manifest = made.info.manifest;
        self.native = Some(native);
        Ok(())
    }
}

impl ModuleInfo {
    /// Reads and validates a binary module, and checks it against the ABI and the limits. A module of
    /// another ABI is refused: only CREATE translates one, and what it stores is the translation.
    ///
    /// # Errors
    /// The first of what [`ModuleInfo::inspect`] finds.
    pub fn read(wasm: &[u8], limits: &Limits) -> Result<Self> {
        let Inspection { info, problems, .. } = Inspection::of(wasm, limits)?;
        match problems.into_iter().next() {
            None if info.abi.is_foreign() => Err(error(format!(
                "the module is built for the {} ABI: only CREATE makes one of ours of it",
                info.abi
            ))),
            None => Ok(info),
            Some(problem) => Err(problem),
        }
    }

    /// Reads a binary module and collects everything for which it would be refused.
    ///
    /// Takes time linear in the module's size and memory of a few times it.
    ///
    /// # Errors
    /// The bytes are no core module at all, or more than the limit.
    pub fn inspect(wasm: &[u8], limits: &Limits) -> Result<Inspection> {
        let mut inspection = Inspection::of(wasm, limits)?;
        if inspection.problems.is_empty() && inspection.info.abi.is_foreign() {
            inspection.translate(wasm, limits)?;
        }
        Ok(inspection)
    }

    /// Why the module cannot be an extension although its functions can be used one by one.
    pub fn extension_problems(&self) -> &[Error] {
        &self.extension_problems
    }

    /// The manifest, for CREATE EXTENSION.
    ///
    /// # Errors
    /// There is none, it declares nothing, or it declares what this version cannot run.
    pub fn extension(&self) -> Result<&Manifest> {
        match (&self.manifest, self.extension_problems.first()) {
            (Some(manifest), None) => Ok(manifest),
            (_, Some(problem)) => Err(problem.clone()),
            (None, None) => Err(check::no_manifest()),
        }
    }

    /// Whether CREATE FUNCTION can make something of this export: a scalar function, or an aggregate
    /// that the manifest declares under this name, or with this export for its `step`.
    ///
    /// # Errors
    /// There is no such export (the message lists those there are), it has another type (the message
    /// shows both), or the manifest declares it as something that this version does not run.
    pub fn guest_function(&self, export: &str) -> Result<()> {
        if let Some(manifest) = &self.manifest
            && manifest.aggregates_of(export).any(|aggregate| aggregate.bind.is_none())
        {
            // All of its exports are there, and of their type.
            return Ok(());
        }
        if let Some(found) = self.manifest.as_ref().and_then(|m| check::declared_table(m, export)) {
            return found;
        }
        let Some(found) = self.export(export) else {
            return Err(Error::new(ErrorKind::NotFound, suggest::missing(self, export)));
        };
        check::has_type(&found.ty, export, &FunctionType::guest()).map_err(error)?;
        check::can_run(self.manifest.as_ref(), export)
    }

    /// Whether it is an extension for Turso, which only says so when it runs.
    pub fn is_turso_extension(&self) -> bool {
        self.abi == Abi::Turso && self.export(foreign::TURSO_EXT_INIT).is_some()
    }

    /// The export of this name.
    pub fn export(&self, name: &str) -> Option<&Export> {
        let export = |&index: &u32| self.exports.get(index as usize);
        let name_of = |index: &u32| export(index).map_or("", |export| export.name.as_str());
        let found = self.exports_by_name.binary_search_by(|index| name_of(index).cmp(name)).ok()?;
        self.exports_by_name.get(found).and_then(export)
    }

    /// The capabilities without which some import fails when called.
    pub fn capabilities(&self) -> Capabilities {
        self.imports.iter().filter_map(Import::capability).collect()
    }

    /// Whether an import shows the clock or random numbers: such a module's functions cannot be
    /// deterministic.
    pub fn sees_clock_or_random(&self) -> bool {
        let seen = self.capabilities();
        seen.contains(Capability::Clock) || seen.contains(Capability::Random)
    }

    /// The SHA-256 in hexadecimal digits.
    pub fn sha256_hex(&self) -> String {
        self.sha256.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// An error of the module.
pub(crate) fn error(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Module, message)
}

/// The name of an import in messages.
pub(crate) fn import_name(import: &Import) -> String {
    // Names of the usual kind stand as they are: `env.abort`.
    let usual = |name: &str| {
        !name.is_empty() && name.len() <= 80 && name.bytes().all(|b| b.is_ascii_graphic())
    };
    if usual(&import.module) && usual(&import.name) {
        return format!("{}.{}", import.module, import.name);
    }
    format!("{}.{}", quoted(&import.module), quoted(&import.name))
}
