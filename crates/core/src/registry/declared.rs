//! The objects that a definition's manifest declares, under their SQL names.

use super::object::ObjectEntry;
use crate::compile::ModuleEntry;
use crate::ddl::ObjectKind;
use crate::limits::{Capabilities, Capability};
use crate::manifest::{Declared, DeclaredFunction, FunctionBody, Manifest, Signature, Table};
use crate::quote::quoted;

impl Declared {
    /// The objects that a definition declares, by its manifest.
    ///
    /// # Errors
    /// The manifest is missing although one is needed, or it cannot be read.
    pub(crate) fn of(object: &ObjectEntry) -> Result<Self, String> {
        let manifest = object
            .module
            .manifest()
            .map_err(|problem| format!("the manifest in the catalog cannot be read: {problem}"))?;
        match (object.kind, manifest) {
            (ObjectKind::Extension, None) => {
                Err("the module of the extension has no manifest".to_owned())
            }
            (ObjectKind::Extension, Some(manifest)) => {
                let mut declared = Self::of_extension(&object.with.selection.of(manifest));
                declared.check_names()?;
                declared.functions.iter_mut().for_each(|f| f.deterministic &= !runs_sql(object));
                Ok(declared)
            }
            (ObjectKind::Function, manifest) => {
                let declared = manifest.and_then(|manifest| Self::of_export(object, manifest));
                let mut declared = declared.unwrap_or_else(|| Self::undeclared(object));
                for function in &mut declared.functions {
                    function.deterministic &= !runs_sql(object);
                    // Aggregates need no such promise, because SQL never keeps their results.
                    if !matches!(function.body, FunctionBody::Aggregate(_)) {
                        function.deterministic |= object.deterministic;
                    }
                }
                Ok(declared)
            }
        }
    }

    /// Checks that no name became too long for the engine by a prefix.
    fn check_names(&self) -> Result<(), String> {
        const NAME_BYTES_MAX: usize = 255;
        let functions = self.functions.iter().map(|function| &function.name);
        let tables = self.tables.iter().map(|table| &table.name);
        let collations = self.collations.iter().map(|collation| &collation.name);
        let mut names = functions.chain(tables).chain(collations);
        match names.find(|name| name.len() > NAME_BYTES_MAX) {
            Some(name) => Err(format!(
                "the name {} has {} bytes, more than the {NAME_BYTES_MAX} that a name can have",
                quoted(name),
                name.len()
            )),
            None => Ok(()),
        }
    }

    /// The objects to register for an unreadable definition, so that a call can report the reason.
    pub(crate) fn fallback(object: &ObjectEntry) -> Self {
        match object.kind {
            ObjectKind::Function => Self::undeclared(object),
            ObjectKind::Extension => Self::default(),
        }
    }

    /// The objects that a CREATE FUNCTION takes from a manifest; `None` if that does not know the export.
    fn of_export(object: &ObjectEntry, manifest: &Manifest) -> Option<Self> {
        let (name, export) = (&object.name, object.export.as_deref().unwrap_or(&object.name));
        let by_export = object.module.by_export(manifest);
        let functions = by_export.functions(manifest, export);
        let mut functions: Vec<_> = functions.map(|f| DeclaredFunction::scalar(f, name)).collect();
        if functions.is_empty() {
            let aggregates = by_export.aggregates(manifest, export);
            functions = aggregates.map(|a| DeclaredFunction::aggregate(a, name)).collect();
        }
        if !functions.is_empty() {
            return Some(Self { functions, ..Self::default() });
        }
        let table = by_export.table(manifest, export)?;
        let table = Table { name: name.clone(), ..table.clone() };
        Some(Self { tables: vec![table], ..Self::default() })
    }

    /// Counts the objects that a definition declares without copying them: functions, tables, their columns,
    /// collations.
    pub(crate) fn count_of(kind: ObjectKind, module: &ModuleEntry, export: &str) -> usize {
        let Ok(Some(manifest)) = module.manifest() else { return 1 };
        let columns = |table: &Table| 1 + table.columns.len();
        match kind {
            ObjectKind::Extension => {
                manifest.functions.len()
                    + manifest.aggregates.len()
                    + manifest.collations.len()
                    // Each type has three functions and a collation.
                    + 4 * manifest.types.len()
                    + manifest.tables.iter().map(columns).sum::<usize>()
            }
            ObjectKind::Function => {
                let by_export = module.by_export(manifest);
                let functions = by_export.functions(manifest, export).count();
                let aggregates = by_export.aggregates(manifest, export).count();
                let table = by_export.table(manifest, export).map_or(0, columns);
                (functions.max(aggregates) + table).max(1)
            }
        }
    }

    /// The one function of an export that no manifest describes.
    fn undeclared(object: &ObjectEntry) -> Self {
        let export = object.export.as_ref().unwrap_or(&object.name);
        let function = DeclaredFunction {
            name: object.name.clone(),
            body: FunctionBody::Scalar(export.clone()),
            signature: Signature::ANY,
            subtype: false,
            deterministic: object.deterministic,
        };
        Self { functions: vec![function], ..Self::default() }
    }
}

/// Whether the definition's functions may run SQL. If so, their results depend on more than their arguments.
fn runs_sql(object: &ObjectEntry) -> bool {
    let sql = Capabilities::NONE.with(Capability::SqlRead).with(Capability::SqlWrite);
    !object.with.allow.unwrap_or_default().intersection(sql).is_empty()
}

/// The problem of a definition that runs SQL but claims otherwise, because stored results must not depend on
/// the rest of the file. The same claim in a manifest is no problem; it is only ignored.
pub(crate) fn sql_problem(object: &ObjectEntry) -> Option<String> {
    if !runs_sql(object) {
        return None;
    }
    let manifest = || object.module.manifest().ok().flatten();
    let what = match object.kind {
        ObjectKind::Function if object.deterministic => "a function that runs SQL",
        ObjectKind::Extension if manifest().is_some_and(|manifest| !manifest.types.is_empty()) => {
            "a type of an extension that runs SQL"
        }
        _ => return None,
    };
    Some(format!(
        "{what} is not deterministic: its results depend on more than its arguments (WITH (allow = '{}'))",
        object.with.allow.unwrap_or_default()
    ))
}
