//! The registry: an immutable snapshot of what SQL may call, built from the rows of the catalog.
//!
//! Rows are untrusted. An error in one becomes a problem of that definition, is reported when it is called, and
//! never stops the others. Building a registry compiles nothing and reads no module.

mod budget;
mod declared;
mod entry;
mod object;
mod reserved;

use std::collections::HashMap;
use std::sync::Arc;

pub(crate) use declared::sql_problem;
pub use entry::{Callable, CollationEntry, FunctionEntry, Namespace, TableEntry};
pub use object::ObjectEntry;
pub(crate) use reserved::is_reserved;

use self::budget::Budget;
use crate::catalog::{Generation, LoadedCatalog, ObjectRow};
use crate::compile::ModuleEntry;
use crate::ddl::ObjectKind;
use crate::environment::Environment;
use crate::error::{Error, ErrorKind};
use crate::manifest::{Declared, DeclaredFunction, FunctionKey, function_key};
use crate::policy::Policy;

/// Tells whether the engine or its application has something with this name.
pub type IsForeign<'a> = &'a dyn Fn(Namespace, &str) -> bool;

/// An immutable snapshot of everything that SQL may call.
pub struct Registry {
    /// The state of the catalog that this is a snapshot of; `None` if there is no catalog.
    pub generation: Option<Generation>,
    /// Why some definitions of the file were not read, if so.
    pub problem: Option<String>,
    objects: Vec<Arc<ObjectEntry>>,
    functions: HashMap<FunctionKey, Arc<FunctionEntry>>,
    tables: HashMap<String, Arc<TableEntry>>,
    collations: HashMap<String, Arc<CollationEntry>>,
}

impl Registry {
    /// The registry of a database without definitions.
    pub fn empty() -> Self {
        Self {
            generation: None,
            problem: None,
            objects: Vec::new(),
            functions: HashMap::new(),
            tables: HashMap::new(),
            collations: HashMap::new(),
        }
    }

    /// Builds a registry from the catalog. Extensions come before functions. A definition that exceeds the limits
    /// gets a problem; definitions are counted in the order in which they were made.
    pub fn build(
        loaded: LoadedCatalog,
        environment: &Environment,
        is_foreign: IsForeign<'_>,
    ) -> Self {
        let mut budget = Budget::new(&environment.settings.limits);
        let mut modules = Modules::new();
        let mut registry = Self {
            generation: Some(loaded.generation),
            problem: loaded.problem.clone(),
            ..Self::empty()
        };
        let mut read: Vec<_> = Vec::with_capacity(loaded.objects.len());
        for row in &loaded.objects {
            let module = modules
                .entry(row.sha256)
                .or_insert_with(|| read_module(&loaded, row.sha256, environment, &mut budget));
            let export = row.export.as_deref().unwrap_or(&row.name);
            let exceeded = budget.take_objects(1 + Declared::count_of(row.kind, module, export));
            read.push((Arc::clone(module), exceeded));
        }
        let mut rows: Vec<_> = loaded.objects.into_iter().zip(read).collect();
        rows.sort_by_key(|(row, _)| row.kind != ObjectKind::Extension);
        for (row, (module, exceeded)) in rows {
            registry.add(row, module, exceeded, environment, is_foreign);
        }
        environment.forget_unused_modules();
        registry
    }

    fn add(
        &mut self,
        row: ObjectRow,
        module: Arc<ModuleEntry>,
        exceeded: Option<String>,
        environment: &Environment,
        is_foreign: IsForeign<'_>,
    ) {
        let is_exceeded = exceeded.is_some();
        let mut object = ObjectEntry {
            kind: row.kind,
            name: row.name,
            export: row.export,
            deterministic: row.deterministic,
            policy: Policy::effective(
                &environment.settings,
                environment.settings.granted,
                &row.with,
            ),
            with: row.with,
            problem: row.problem.or(exceeded),
            module,
        };
        if let Some(problem) = object.module.unread() {
            object.problem.get_or_insert_with(|| problem.to_owned());
        }
        let declared = match is_exceeded {
            true => Err(String::new()),
            false => Declared::of(&object),
        };
        if let Some(problem) = declared.as_ref().err().cloned().or_else(|| sql_problem(&object)) {
            object.problem.get_or_insert(problem);
        }
        let object = Arc::new(object);
        let declared = declared.unwrap_or_else(|_| Declared::fallback(&object));
        for function in declared.functions {
            self.add_function(function, &object, environment, is_foreign);
        }
        for table in declared.tables {
            let key = table.name.to_ascii_lowercase();
            let entry = TableEntry {
                callable: callable(
                    Namespace::Tables,
                    &table.name,
                    TABLE_STATS,
                    &object,
                    environment,
                ),
                shadowed: is_reserved(&key)
                    || is_foreign(Namespace::Tables, &key)
                    || self.tables.contains_key(&key),
                table,
            };
            self.tables.entry(key).or_insert_with(|| Arc::new(entry));
        }
        for collation in declared.collations {
            let key = collation.name.to_ascii_lowercase();
            let entry = CollationEntry {
                callable: callable(
                    Namespace::Collations,
                    &collation.name,
                    COLLATION_STATS,
                    &object,
                    environment,
                ),
                shadowed: is_foreign(Namespace::Collations, &key)
                    || self.collations.contains_key(&key),
                body: collation.body,
            };
            self.collations.entry(key).or_insert_with(|| Arc::new(entry));
        }
        self.objects.push(object);
    }

    fn add_function(
        &mut self,
        declared: DeclaredFunction,
        object: &Arc<ObjectEntry>,
        environment: &Environment,
        is_foreign: IsForeign<'_>,
    ) {
        let key = function_key(&declared.name, declared.signature.argument_count());
        let shadowed = is_reserved(&key.0)
            || is_foreign(Namespace::Functions, &key.0)
            || self.functions.contains_key(&key);
        let function = FunctionEntry {
            callable: callable(Namespace::Functions, &declared.name, key.1, object, environment),
            arguments: key.1,
            body: declared.body,
            signature: Arc::new(declared.signature),
            subtype: declared.subtype,
            // The engine could keep results of its own function where it keeps those of this one.
            deterministic: declared.deterministic && !environment.settings.replaces(&key.0),
            shadowed,
        };
        self.functions.entry(key).or_insert_with(|| Arc::new(function));
    }

    /// The function with this name and argument count, ignoring variadic ones.
    pub fn function(&self, key: &FunctionKey) -> Option<&Arc<FunctionEntry>> {
        self.functions.get(key)
    }

    /// The function that a call with this many arguments means; `None` if there is none or it is shadowed.
    pub fn callable(&self, name: &str, arguments: usize) -> Option<&Arc<FunctionEntry>> {
        let exact = i32::try_from(arguments).unwrap_or(i32::MAX);
        [exact, -1].into_iter().find_map(|arguments| {
            self.function(&function_key(name, arguments)).filter(|entry| !entry.shadowed)
        })
    }

    /// The function that a slot of this key calls: the key's own, or a variadic one with the same name. Engines
    /// that keep the slot of a deleted function may call it although only the variadic one is left.
    pub fn meant(&self, key: &FunctionKey) -> Option<&Arc<FunctionEntry>> {
        match usize::try_from(key.1) {
            Ok(arguments) => self.callable(&key.0, arguments),
            Err(_) => self.function(key).filter(|entry| !entry.shadowed),
        }
    }

    /// The error if no function of this name takes the call's number of arguments.
    #[cold]
    pub fn no_such_function(&self, name: &str) -> Error {
        let other = self.functions().any(|entry| entry.name().eq_ignore_ascii_case(name));
        let message = match other {
            true => format!("wrong number of arguments to function {name}()"),
            false => format!("no such function: {name}"),
        };
        self.explain(Error::new(ErrorKind::NotFound, message))
    }

    /// Adds to an error about an unknown name why definitions of the file are missing, if some are.
    #[cold]
    pub fn explain(&self, error: Error) -> Error {
        const UNKNOWN: [&str; 4] =
            ["no such function", "no such table", "no such module", "no such collation"];
        if !UNKNOWN.iter().any(|text| error.message().starts_with(text)) {
            return error;
        }
        let extension = || {
            let mut extensions =
                self.objects.iter().filter(|object| object.kind == ObjectKind::Extension);
            let (name, problem) = extensions
                .find_map(|extension| Some((&extension.name, extension.problem.as_ref()?)))?;
            Some(format!("the extension \"{name}\" cannot be used: {problem}"))
        };
        match self.problem.clone().or_else(extension) {
            Some(problem) => error.with_reason(&problem),
            None => error,
        }
    }

    /// All functions in no particular order.
    pub fn functions(&self) -> impl Iterator<Item = &Arc<FunctionEntry>> {
        self.functions.values()
    }

    /// The table function or module of this name.
    pub fn table(&self, name: &str) -> Option<&Arc<TableEntry>> {
        self.tables.get(&name.to_ascii_lowercase())
    }

    /// All table functions and modules in no particular order.
    pub fn tables(&self) -> impl Iterator<Item = &Arc<TableEntry>> {
        self.tables.values()
    }

    /// The collation of this name.
    pub fn collation(&self, name: &str) -> Option<&Arc<CollationEntry>> {
        self.collations.get(&name.to_ascii_lowercase())
    }

    /// All collations in no particular order.
    pub fn collations(&self) -> impl Iterator<Item = &Arc<CollationEntry>> {
        self.collations.values()
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

/// The modules of a registry by their hash.
type Modules = HashMap<[u8; 32], Arc<ModuleEntry>>;

/// The module with this hash. It is read once, however many definitions use it.
fn read_module(
    loaded: &LoadedCatalog,
    sha256: [u8; 32],
    environment: &Environment,
    budget: &mut Budget,
) -> Arc<ModuleEntry> {
    let limits = &environment.settings.limits;
    let row = loaded.module(&sha256).map_err(str::to_owned);
    let row = row.and_then(|row| match budget.take_values(&row.manifest) {
        Some(exceeded) => Err(exceeded),
        None => Ok(row),
    });
    match row {
        Ok(row) => environment.module(sha256, &row.manifest, || {
            ModuleEntry::new(sha256, row.bytes, &row.manifest, limits)
        }),
        Err(problem) => Arc::new(ModuleEntry::new_unread(sha256, problem)),
    }
}

/// The argument count of a table in the counters.
const TABLE_STATS: i32 = -2;
/// The argument count of a collation in the counters.
const COLLATION_STATS: i32 = -3;

fn callable(
    namespace: Namespace,
    name: &str,
    arguments: i32,
    object: &Arc<ObjectEntry>,
    environment: &Environment,
) -> Arc<Callable> {
    Arc::new(Callable {
        namespace,
        name: name.to_owned(),
        object: Arc::clone(object),
        stats: environment.stats(name, arguments),
    })
}
