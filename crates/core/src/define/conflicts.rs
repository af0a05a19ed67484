//! The names of a new definition that are taken: by the engine, by the application, by other definitions.
//!
//! All of them are found before the error is made, because whoever leaves one name out wants to leave out the others
//! at once.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;

use super::names::{Dependent, DependentKind, EngineNames, Foreign};
use crate::ddl::{Create, ObjectKind};
use crate::dependents::Uses;
use crate::environment::Environment;
use crate::error::{Error, ErrorKind, Result};
use crate::manifest::{Declared, Manifest, Selection, function_key};
use crate::module::ModuleInfo;
use crate::registry::{Callable, FunctionEntry, Namespace, ObjectEntry, Registry, is_reserved};

/// The most conflicts that a message describes.
const DESCRIBED_MAX: usize = 20;

/// The most names that a message lists in an option to copy.
const LISTED_MAX: usize = 100;

/// Checks that all names of a definition are free, or belong to built-in functions that the host lets definitions
/// replace.
///
/// # Errors
/// [`ErrorKind::Conflict`] with all that are not.
pub(super) fn check(
    create: &Create,
    declared: &Declared,
    info: &ModuleInfo,
    environment: &Environment,
    registry: &Registry,
    engine: &dyn EngineNames,
) -> Result<()> {
    let mut conflicts = Conflicts {
        create,
        environment,
        engine,
        found: Vec::new(),
        keys: HashSet::new(),
        replaced: BTreeSet::new(),
    };
    let mut others: HashMap<String, Vec<&FunctionEntry>> = HashMap::new();
    for other in registry.functions().filter(|other| !is_same(create, other.object())) {
        others.entry(other.name().to_ascii_lowercase()).or_default().push(other);
    }
    for function in &declared.functions {
        let key = function_key(&function.name, function.signature.argument_count());
        // One name has at most as many functions as SQLite has argument counts.
        let other = others
            .get(&key.0)
            .into_iter()
            .flatten()
            .find(|other| other.arguments == key.1 || other.arguments < 0 || key.1 < 0);
        conflicts.add(Namespace::Functions, &function.name, other.map(|other| &*other.callable))?;
    }
    for table in &declared.tables {
        let other = registry.table(&table.name).map(|other| &*other.callable);
        let other = other.filter(|other| !is_same(create, &other.object));
        conflicts.add(Namespace::Tables, &table.name, other)?;
    }
    for collation in &declared.collations {
        let other = registry.collation(&collation.name).map(|other| &*other.callable);
        let other = other.filter(|other| !is_same(create, &other.object));
        conflicts.add(Namespace::Collations, &collation.name, other)?;
    }
    conflicts.check_replaced()?;
    conflicts.finish(info.manifest.as_ref())
}

/// A name that is taken.
struct Conflict {
    namespace: Namespace,
    name: String,
    /// What has it.
    other: String,
    is_builtin: bool,
}

struct Conflicts<'a> {
    create: &'a Create,
    environment: &'a Environment,
    engine: &'a dyn EngineNames,
    found: Vec<Conflict>,
    /// Namespace and name of each, in ASCII lower case. Several argument counts have one name.
    keys: HashSet<(Namespace, String)>,
    /// The built-in functions that the definition replaces.
    replaced: BTreeSet<String>,
}

impl Conflicts<'_> {
    /// Finds out whether a name is free. `other` is the one of our own definitions that has it.
    fn add(&mut self, namespace: Namespace, name: &str, other: Option<&Callable>) -> Result<()> {
        let key = (namespace, name.to_ascii_lowercase());
        if self.keys.contains(&key) {
            return Ok(());
        }
        let (other, is_builtin) = if is_reserved(name) {
            ("the names that Commensal keeps for itself".to_owned(), false)
        } else if let Some(Foreign { what, is_builtin }) = self.engine.foreign(namespace, name)? {
            if is_builtin && self.environment.settings.replaces(name) {
                self.replaced.insert(name.to_ascii_lowercase());
                return Ok(());
            }
            (what, is_builtin)
        } else if let Some(Callable { object, name, .. }) = other {
            let extension = &object.name;
            let what = match object.kind {
                ObjectKind::Function => format!("the function \"{extension}\""),
                ObjectKind::Extension => {
                    format!("the {} of the extension \"{extension}\"", described(namespace, name))
                }
            };
            (what, false)
        } else {
            return Ok(());
        };
        self.keys.insert(key);
        self.found.push(Conflict { namespace, name: name.to_owned(), other, is_builtin });
        Ok(())
    }

    /// Checks that nothing in the schema depends on a built-in function that the definition replaces. What an index
    /// keeps was computed by the built-in one.
    fn check_replaced(&self) -> Result<()> {
        if self.replaced.is_empty() {
            return Ok(());
        }
        let uses = Uses::new(self.replaced.iter().map(String::as_str), [], []);
        let Some(Dependent { kind, name, .. }) = self.engine.dependents(&uses)?.into_iter().next()
        else {
            return Ok(());
        };
        let kind = if kind == DependentKind::Index { "index" } else { "table" };
        let names: Vec<_> = self.replaced.iter().map(|name| format!("{name}()")).collect();
        Err(Error::new(
            ErrorKind::InUse,
            format!(
                "{} \"{}\" cannot replace the built-in {}: the {kind} \"{name}\" depends on it; drop or change \
                 that first",
                self.create.kind.name(),
                self.create.name,
                names.join(", ")
            ),
        ))
    }

    fn finish(self, manifest: Option<&Manifest>) -> Result<()> {
        let Some(first) = self.found.first() else { return Ok(()) };
        let (create, count) = (self.create, self.found.len());
        if create.kind == ObjectKind::Function {
            let message = format!("function \"{}\" conflicts with {}", first.name, first.other);
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        let mut message = format!("extension \"{}\": ", create.name);
        for (number, conflict) in self.found.iter().take(DESCRIBED_MAX).enumerate() {
            let separator = if number == 0 { "" } else { ", " };
            let what = described(conflict.namespace, &conflict.name);
            let _ = write!(message, "{separator}its {what} conflicts with {}", conflict.other);
        }
        if count > DESCRIBED_MAX {
            let _ = write!(message, ", and {} more", count - DESCRIBED_MAX);
        }
        let _ = write!(message, "; {}", self.advice(manifest));
        if self.found.iter().any(|conflict| conflict.is_builtin) {
            message
                .push_str("; a host can let definitions replace built-in functions that it names");
        }
        Err(Error::new(ErrorKind::Conflict, message))
    }

    /// The options that avoid the conflicts.
    fn advice(&self, manifest: Option<&Manifest>) -> String {
        let selection = &self.create.with.selection;
        let mut names: BTreeSet<String> = BTreeSet::new();
        names.extend(
            selection.without().iter().flat_map(|names| names.split(',').map(str::to_owned)),
        );
        let own = manifest.into_iter().flat_map(Manifest::names);
        let own: HashMap<_, _> = own.map(|name| (name.to_ascii_lowercase(), name)).collect();
        for conflict in &self.found {
            names.extend(own_name(selection, &own, &conflict.name).map(str::to_owned));
        }
        let mut prefix: String = self.create.name.to_ascii_lowercase();
        prefix.retain(|c| c.is_ascii_alphanumeric() || c == '_');
        let prefix = if prefix.is_empty() { "x" } else { prefix.get(..32).unwrap_or(&prefix) };
        let prefix = match selection.prefix() {
            None => format!("WITH (prefix = '{prefix}_') gives all its names a prefix"),
            Some(_) => "another prefix avoids them all".to_owned(),
        };
        if names.is_empty() || names.len() > LISTED_MAX {
            return prefix;
        }
        let names = Vec::from_iter(names).join(",").replace('\'', "''");
        format!("WITH (without = '{names}') leaves out what conflicts, and {prefix}")
    }
}

/// The name in the manifest, by its lower case in `own`, of what declares this name in SQL. A type also declares names of its functions.
fn own_name<'m>(
    selection: &Selection,
    own: &HashMap<String, &'m str>,
    name: &str,
) -> Option<&'m str> {
    let name = selection.own_name(name).to_ascii_lowercase();
    let of_type = ["_decode", "_valid"].into_iter().find_map(|suffix| name.strip_suffix(suffix));
    let mut found =
        [Some(name.as_str()), of_type].into_iter().flatten().filter_map(|name| own.get(name));
    found.next().copied().filter(|name| !name.contains(','))
}

fn described(namespace: Namespace, name: &str) -> String {
    match namespace {
        Namespace::Functions => format!("function {name}()"),
        Namespace::Tables => format!("table {name}"),
        Namespace::Collations => format!("collation {name}"),
    }
}

fn is_same(create: &Create, object: &ObjectEntry) -> bool {
    create.kind == object.kind && create.name.eq_ignore_ascii_case(&object.name)
}
