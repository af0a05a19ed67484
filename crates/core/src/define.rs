//! What CREATE and DROP do, except writing: they check, and they prepare what is to be written.
//!
//! Every path to DDL (a statement of the facade, a function of the loadable extension, another engine's parser)
//! leads through here. An adaptor supplies what only its engine knows as [`EngineNames`], and then writes the
//! result.

mod conflicts;
mod names;

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

pub use self::names::{Dependent, DependentKind, EngineNames, Foreign};
use crate::catalog::{OPTIONS_BYTES_MAX, options_text};
use crate::compile::{Facts, ModuleEntry, Waiting, compile, manifest_text};
use crate::ddl::{Create, Drop, ObjectKind, Source, With};
use crate::dependents::Uses;
use crate::environment::Environment;
use crate::error::{Error, ErrorKind, Result};
use crate::foreign;
use crate::limits::Limits;
use crate::manifest::{Declared, DeclaredFunction, function_key};
use crate::module::{self, ModuleInfo};
use crate::policy::Policy;
use crate::registry::{ObjectEntry, Registry, sql_problem};
use crate::runtime::{CompiledModule, Metering, StatementBudget};
use crate::settings::{FileAccess, Settings};
use crate::value::ValueRef;

/// A definition that passed every check and is ready to be written.
pub struct Definition {
    /// Its kind.
    pub kind: ObjectKind,
    /// Its name.
    pub name: String,
    /// The export, for a function.
    pub export: Option<String>,
    /// Whether the statement says DETERMINISTIC.
    pub deterministic: bool,
    /// The WITH clause.
    pub with: With,
    /// Hash of the module.
    pub sha256: [u8; 32],
    /// Canonical manifest; empty if there is none.
    pub manifest: String,
    /// The binary module.
    pub wasm: Vec<u8>,
    /// Its compiled code.
    pub compiled: Arc<dyn CompiledModule>,
    /// How the code was compiled.
    pub metering: Metering,
    /// Indexes and tables to rebuild once the definition is written.
    pub rebuild: Vec<Dependent>,
}

/// The object that a DROP removes once it passed every check.
#[derive(Debug, PartialEq, Eq)]
pub struct Removal {
    /// Its kind.
    pub kind: ObjectKind,
    /// Its name, as stored.
    pub name: String,
    /// Indexes that are dropped with it.
    pub drop_indexes: Vec<Dependent>,
}

impl Definition {
    /// Hands the compiled code to the registry that was read after the definition was written. If there is no room
    /// for it, a call compiles it again.
    pub fn hand_over(&self, environment: &Environment, registry: &Registry) {
        if let Some(object) = registry.object(self.kind, &self.name)
            && object.module.sha256 == self.sha256
            && object.module.compiled(self.metering).is_none()
        {
            let _ = environment.keep_code(&object.module, self.metering, &self.compiled);
        }
    }
}

/// The error for a CREATE without OR REPLACE of something that is there.
pub(crate) fn already_exists(create: &Create) -> Error {
    let message = format!("{} \"{}\" already exists", create.kind.name(), create.name);
    Error::new(ErrorKind::Conflict, message).at(create.name_offset)
}

/// Checks a CREATE. `parameter` is the value bound to the source, if the source is a parameter. Returns `None` if
/// the object exists and the statement says IF NOT EXISTS.
///
/// # Errors
/// Anything wrong with the name, the source, the module, its manifest or its policy.
pub fn create(
    create: &Create,
    parameter: Option<ValueRef<'_>>,
    environment: &Environment,
    registry: &Registry,
    engine: &dyn EngineNames,
) -> Result<Option<Definition>> {
    let at = |e: Error| if e.offset().is_none() { e.at(create.name_offset) } else { e };
    let existing = registry.object(create.kind, &create.name);
    if existing.is_some() && create.if_not_exists {
        return Ok(None);
    }
    if existing.is_some() && !create.or_replace {
        return Err(already_exists(create));
    }
    let compiler = environment.compiler().map_err(at)?;
    check_name(&create.name, &environment.settings.limits).map_err(at)?;
    check_with(&create.with, &environment.settings.limits).map_err(at)?;
    let source = source(create, parameter, environment)?;
    let wasm = module::binary(&source, &environment.settings.limits)
        .map_err(|e| e.at(create.source_offset))?;
    let prefix = |e: Error| {
        if e.kind() == ErrorKind::Interrupted {
            return e;
        }
        let message = format!("{} \"{}\": {e}", create.kind.name(), create.name);
        Error::new(e.kind(), message).at(create.source_offset)
    };
    let limits = &environment.settings.limits;
    let mut waiting = Waiting {
        budget: &mut StatementBudget::new(limits.statement_timeout),
        interrupted: &|| engine.interrupted(),
        limits,
    };
    let wasm = foreign::native(wasm, create.kind, environment, waiting.again()).map_err(prefix)?;
    let info = ModuleInfo::read(&wasm, limits).map_err(prefix)?;
    check_selection(create, &info).map_err(at)?;
    let declared = declared(create, &info, limits).map_err(prefix)?;
    check_deterministic(create, &info, &declared).map_err(at)?;
    conflicts::check(create, &declared, &info, environment, registry, engine).map_err(at)?;
    let policy =
        Policy::effective(&environment.settings, environment.settings.granted, &create.with);
    let metering = policy.metering();
    let compiled =
        compile(&compiler, &Facts::of(&info), metering, &wasm, waiting).map_err(prefix)?;
    let rebuild = match existing {
        Some(existing) => replaced_dependents(create, existing, &declared, engine).map_err(at)?,
        None => orphans(&declared, engine).map_err(at)?,
    };
    Ok(Some(Definition {
        kind: create.kind,
        name: create.name.clone(),
        export: match create.kind {
            ObjectKind::Function => {
                Some(create.export.clone().unwrap_or_else(|| create.name.clone()))
            }
            ObjectKind::Extension => None,
        },
        deterministic: create.deterministic,
        with: create.with.clone(),
        sha256: info.sha256,
        manifest: manifest_text(&info),
        wasm: wasm.into_owned(),
        compiled,
        metering,
        rebuild,
    }))
}

/// Checks a DROP. Returns `None` if the object does not exist and the statement says IF EXISTS.
///
/// # Errors
/// The object does not exist, or something depends on it.
pub fn drop(drop: &Drop, registry: &Registry, engine: &dyn EngineNames) -> Result<Option<Removal>> {
    let at = |e: Error| e.at(drop.name_offset);
    let Some(object) = registry.object(drop.kind, &drop.name) else {
        if drop.if_exists {
            return Ok(None);
        }
        return Err(at(no_such(drop, registry)));
    };
    let dependents = dependents_of(object, engine).map_err(at)?;
    let tables = dependents.iter().any(|d| d.kind != DependentKind::Index);
    if !dependents.is_empty() && (tables || !drop.cascade_reindex) {
        let advice = if tables {
            "drop or change them first"
        } else {
            "drop them first, or say CASCADE REINDEX to drop these indexes with it"
        };
        return Err(at(in_use("drop", object, &dependents, advice)));
    }
    Ok(Some(Removal { kind: drop.kind, name: object.name.clone(), drop_indexes: dependents }))
}

fn no_such(drop: &Drop, registry: &Registry) -> Error {
    let mut message = format!("no such {}: {}", drop.kind.name(), drop.name);
    let owner = registry.functions().find(|f| {
        f.name().eq_ignore_ascii_case(&drop.name) && f.object().kind == ObjectKind::Extension
    });
    if let (ObjectKind::Function, Some(owner)) = (drop.kind, owner) {
        let extension = &owner.object().name;
        let _ = write!(
            message,
            ": it belongs to the extension \"{extension}\", which DROP EXTENSION removes as a whole"
        );
    }
    Error::new(ErrorKind::NotFound, message)
}

fn check_name(name: &str, limits: &Limits) -> Result<()> {
    if name.len() > limits.name_bytes_max {
        return Err(Error::new(
            ErrorKind::Limit,
            format!(
                "the name has {} bytes, more than the limit name_bytes_max = {}",
                name.len(),
                limits.name_bytes_max
            ),
        ));
    }
    Ok(())
}

/// Checks that the limits of WITH only tighten those of the host.
fn check_with(with: &With, limits: &Limits) -> Result<()> {
    let timeout = u64::try_from(limits.call_timeout.as_millis()).unwrap_or(u64::MAX);
    let memory = (limits.memory_bytes_max >> 20) as u64;
    for (option, value, host) in [
        ("timeout_ms", with.timeout_ms, Some(timeout)),
        ("fuel", with.fuel, limits.fuel),
        ("memory_mb", with.memory_mb, Some(memory)),
    ] {
        if let (Some(value), Some(host)) = (value, host)
            && value > host
        {
            return Err(Error::new(
                ErrorKind::Limit,
                format!(
                    "{option} = {value} is above the host's limit of {host}: a definition can only \
                     tighten limits"
                ),
            ));
        }
    }
    let bytes = options_text(with).len();
    if bytes > OPTIONS_BYTES_MAX {
        return Err(Error::new(
            ErrorKind::Limit,
            format!(
                "the options of WITH take {bytes} bytes, and at most {OPTIONS_BYTES_MAX} are stored"
            ),
        ));
    }
    Ok(())
}

/// Checks that an extension has the names that it is to leave out, and has others, too.
fn check_selection(create: &Create, info: &ModuleInfo) -> Result<()> {
    const LISTED_MAX: usize = 50;
    let selection = &create.with.selection;
    let Some(manifest) = info.manifest.as_ref().filter(|_| !selection.is_all()) else {
        return Ok(());
    };
    let fail = |problem: String| {
        let message = format!("extension \"{}\": {problem}", create.name);
        Err(Error::new(ErrorKind::NotFound, message))
    };
    let unknown = selection.unknown(manifest);
    if !unknown.is_empty() {
        let mut names: Vec<_> = manifest.names().collect();
        names.sort_unstable();
        names.dedup();
        let more = if names.len() > LISTED_MAX { ", …" } else { "" };
        names.truncate(LISTED_MAX);
        let (unknown, names) = (unknown.join(", "), names.join(", "));
        return fail(format!("it has no {unknown} to leave out; it declares {names}{more}"));
    }
    if selection.of(manifest).is_empty() && !manifest.is_empty() {
        return fail("without leaves nothing of it".to_owned());
    }
    Ok(())
}

/// The bytes of the source: a binary module or its text.
fn source<'a>(
    create: &'a Create,
    parameter: Option<ValueRef<'a>>,
    environment: &Environment,
) -> Result<Cow<'a, [u8]>> {
    let at = |e: Error| e.at(create.source_offset);
    match &create.source {
        Source::Blob(bytes) => Ok(Cow::Borrowed(bytes)),
        Source::Text(text) => Ok(Cow::Borrowed(text.as_bytes())),
        Source::File(path) => read_file(path, environment).map(Cow::Owned).map_err(at),
        Source::Parameter(_) => match parameter {
            Some(ValueRef::Blob(bytes)) => Ok(Cow::Borrowed(bytes)),
            Some(ValueRef::Text(text)) => match text.strip_prefix("file://") {
                Some(path) => read_file(path, environment).map(Cow::Owned).map_err(at),
                None => Ok(Cow::Borrowed(text.as_bytes())),
            },
            other => Err(at(Error::new(
                ErrorKind::Argument,
                format!(
                    "the source has to be a blob (a binary module) or text (WAT), but the parameter \
                     is {}",
                    other.map_or("not bound".to_owned(), |v| v.class().to_string())
                ),
            ))),
        },
    }
}

fn read_file(path: &str, environment: &Environment) -> Result<Vec<u8>> {
    let io = |e: std::io::Error| {
        Error::new(ErrorKind::Io, format!("the file \"{path}\" cannot be read: {e}"))
    };
    let resolved = match &environment.settings.file_access {
        FileAccess::Denied => {
            return Err(Error::new(
                ErrorKind::Denied,
                "file:// sources are not permitted here: the application has to name a directory \
                 (FileAccess in its options), or bind the module as a parameter",
            ));
        }
        FileAccess::Any { base: Some(base) } => base.join(path),
        FileAccess::Any { base: None } => PathBuf::from(path),
        FileAccess::Directory(directory) => {
            let outside = || {
                Error::new(
                    ErrorKind::Denied,
                    format!(
                        "the file \"{path}\" is outside of the directory that the application \
                         permits, \"{}\"",
                        directory.display()
                    ),
                )
            };
            // Checked before the file system is asked, so that nobody can probe for files outside.
            if Path::new(path).components().any(|c| c == Component::ParentDir) {
                return Err(outside());
            }
            let directory = directory.canonicalize().map_err(io)?;
            let file = directory.join(path);
            if !file.starts_with(&directory) {
                return Err(outside());
            }
            let file = file.canonicalize().map_err(io)?;
            if !file.starts_with(&directory) {
                return Err(outside());
            }
            file
        }
    };
    let limits = &environment.settings.limits;
    // The file is a binary or its text. It may grow, so its stated length is not used.
    let bytes_max = limits.module_bytes_max.max(limits.module_text_bytes_max) as u64;
    let mut bytes = Vec::new();
    // Opening a pipe waits for its other end, and nothing would end that.
    if !std::fs::metadata(&resolved).map_err(io)?.is_file() {
        return Err(Error::new(ErrorKind::Io, format!("\"{path}\" is not a file")));
    }
    let file = std::fs::File::open(&resolved).map_err(io)?;
    file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > bytes_max {
        return Err(Error::new(
            ErrorKind::Limit,
            format!(
                "the file \"{path}\" has more than {bytes_max} bytes: a host can raise \
                 module_bytes_max, or module_text_bytes_max for text"
            ),
        ));
    }
    Ok(bytes)
}

/// The objects that the definition would declare.
fn declared(create: &Create, info: &ModuleInfo, limits: &Limits) -> Result<Declared> {
    match create.kind {
        ObjectKind::Extension => {
            info.extension()?;
        }
        ObjectKind::Function => {
            info.guest_function(create.export.as_deref().unwrap_or(&create.name))?;
        }
    }
    let object = ObjectEntry {
        kind: create.kind,
        name: create.name.clone(),
        module: Arc::new(ModuleEntry::new(
            info.sha256,
            info.bytes as u64,
            &manifest_text(info),
            limits,
        )),
        export: create.export.clone(),
        deterministic: create.deterministic,
        with: create.with.clone(),
        policy: Policy::effective(
            &Settings { limits: limits.clone(), ..Settings::default() },
            crate::limits::Capabilities::NONE,
            &create.with,
        ),
        problem: None,
    };
    if let Some(problem) = sql_problem(&object) {
        return Err(Error::new(ErrorKind::Denied, problem));
    }
    Declared::of(&object).map_err(|e| Error::new(ErrorKind::Manifest, e))
}

fn check_deterministic(create: &Create, info: &ModuleInfo, declared: &Declared) -> Result<()> {
    if !info.sees_clock_or_random() {
        return Ok(());
    }
    let function = declared.functions.iter().find(|f| f.deterministic);
    let function = function.map(|f| ("function", &f.name));
    let collation = declared.collations.first().map(|c| ("collation", &c.name));
    match function.or(collation) {
        Some((kind, name)) => Err(Error::new(
            ErrorKind::Denied,
            format!(
                "{} \"{}\": the {kind} {name} cannot be deterministic: its module can see the clock \
                 or random numbers",
                create.kind.name(),
                create.name,
            ),
        )),
        None => Ok(()),
    }
}

/// The indexes and tables to rebuild when an object is replaced.
fn replaced_dependents(
    create: &Create,
    existing: &ObjectEntry,
    declared: &Declared,
    engine: &dyn EngineNames,
) -> Result<Vec<Dependent>> {
    let dependents = dependents_of(existing, engine)?;
    if dependents.is_empty() {
        return Ok(dependents);
    }
    let virtual_tables: Vec<_> =
        dependents.iter().filter(|d| d.kind == DependentKind::VirtualTable).cloned().collect();
    if !virtual_tables.is_empty() {
        return Err(in_use("replace", existing, &virtual_tables, "drop them first"));
    }
    if !create.cascade_reindex {
        let advice = "say CASCADE REINDEX to rebuild them with the new version";
        return Err(in_use("replace", existing, &dependents, advice));
    }
    // Without these objects the engine could not even read the schema.
    if let Some(missing) = missing(&Declared::of(existing).unwrap_or_default(), declared) {
        let advice = format!("the new version has to have {missing}; or drop them first");
        return Err(in_use("replace", existing, &dependents, &advice));
    }
    let stored: Vec<_> =
        dependents.iter().filter(|d| d.kind == DependentKind::TableStored).cloned().collect();
    if !stored.is_empty() {
        let advice = "CASCADE REINDEX cannot recompute STORED generated columns; drop them first";
        return Err(in_use("replace", existing, &stored, advice));
    }
    Ok(dependents)
}

/// The indexes and tables that use what a new object declares. They were made with code that is not known: an
/// application's own function, or another engine's collation of this name.
fn orphans(declared: &Declared, engine: &dyn EngineNames) -> Result<Vec<Dependent>> {
    let uses = Uses::new(
        declared.functions.iter().filter(|f| f.deterministic).map(|f| f.name.as_str()),
        declared.collations.iter().map(|c| c.name.as_str()),
        [],
    );
    if uses.is_empty() {
        return Ok(Vec::new());
    }
    let mut dependents = engine.dependents(&uses)?;
    dependents.retain(|dependent| {
        // What attached files have is not of this object.
        ["main", "temp"].contains(&dependent.schema.as_str())
            && [DependentKind::Index, DependentKind::Table].contains(&dependent.kind)
    });
    Ok(dependents)
}

/// What the new version lacks although a schema may use it in the old one.
fn missing(old: &Declared, new: &Declared) -> Option<String> {
    let key = |f: &DeclaredFunction| function_key(&f.name, f.signature.argument_count());
    let functions: HashSet<_> = new.functions.iter().filter(|f| f.deterministic).map(key).collect();
    let function = old.functions.iter().find(|f| f.deterministic && !functions.contains(&key(f)));
    if let Some(function) = function {
        let name = &function.name;
        return Some(format!("{name}() with the same number of arguments, and deterministic"));
    }
    let collations: HashSet<_> =
        new.collations.iter().map(|c| c.name.to_ascii_lowercase()).collect();
    let collation =
        old.collations.iter().find(|c| !collations.contains(&c.name.to_ascii_lowercase()));
    collation.map(|collation| format!("the collation {}", collation.name))
}

/// The names of what an object declares.
pub fn uses_of(object: &ObjectEntry) -> Uses {
    // An object with an unreadable manifest declares nothing that could be in use.
    let declared = Declared::of(object).unwrap_or_default();
    Uses::new(
        declared.functions.iter().map(|f| f.name.as_str()),
        declared.collations.iter().map(|c| c.name.as_str()),
        declared.tables.iter().map(|t| t.name.as_str()),
    )
}

/// The indexes and tables that depend on what an object declares.
fn dependents_of(object: &ObjectEntry, engine: &dyn EngineNames) -> Result<Vec<Dependent>> {
    let uses = uses_of(object);
    if uses.is_empty() { Ok(Vec::new()) } else { engine.dependents(&uses) }
}

fn in_use(verb: &str, object: &ObjectEntry, dependents: &[Dependent], advice: &str) -> Error {
    const NAMED_MAX: usize = 10;
    let mut message = format!("cannot {verb} {} \"{}\": ", object.kind.name(), object.name);
    for (i, dependent) in dependents.iter().take(NAMED_MAX).enumerate() {
        let kind = if dependent.kind == DependentKind::Index { "index" } else { "table" };
        let comma = if i > 0 { ", " } else { "" };
        let _ = write!(message, "{comma}{kind} \"{}\"", dependent.name);
    }
    if dependents.len() > NAMED_MAX {
        let _ = write!(message, " and {} more", dependents.len() - NAMED_MAX);
    }
    let verb = if dependents.len() == 1 { "depends" } else { "depend" };
    let _ = write!(message, " {verb} on it; {advice}");
    Error::new(ErrorKind::InUse, message)
}
