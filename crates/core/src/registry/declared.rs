//! What a definition declares: the objects of its manifest under the names that SQL knows.

use std::collections::BTreeMap;

use super::ObjectEntry;
use crate::ddl::ObjectKind;
use crate::manifest::{
    Aggregate, AggregateMethod, Collation, Function, Manifest, Signature, Table, TableMethod,
};

/// What a definition declares.
#[derive(Default)]
pub(crate) struct Declared {
    pub(crate) functions: Vec<DeclaredFunction>,
    pub(crate) tables: Vec<Table>,
    pub(crate) collations: Vec<Collation>,
}

/// What is behind the name of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FunctionBody {
    /// A scalar function: its export.
    Scalar(String),
    /// An aggregate: its exports, by what they do.
    Aggregate(BTreeMap<AggregateMethod, String>),
}

/// A function as a definition declares it.
pub(crate) struct DeclaredFunction {
    pub(crate) name: String,
    pub(crate) body: FunctionBody,
    pub(crate) signature: Signature,
    pub(crate) subtype: bool,
    pub(crate) deterministic: bool,
}

impl DeclaredFunction {
    fn scalar(function: &Function, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            body: FunctionBody::Scalar(function.export.clone()),
            signature: function.signature.clone(),
            subtype: function.subtype,
            deterministic: function.deterministic,
        }
    }

    fn aggregate(aggregate: &Aggregate, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            body: FunctionBody::Aggregate(aggregate.methods.clone()),
            signature: aggregate.signature.clone(),
            subtype: aggregate.subtype,
            deterministic: false,
        }
    }
}

impl Declared {
    /// What a definition declares, by its manifest.
    ///
    /// # Errors
    /// There is no manifest where one is needed, or it cannot be read.
    pub(crate) fn of(object: &ObjectEntry) -> Result<Self, String> {
        let manifest = object
            .module
            .manifest()
            .map_err(|problem| format!("the manifest in the catalog cannot be read: {problem}"))?;
        match (object.kind, manifest) {
            (ObjectKind::Extension, None) => {
                Err("the module of the extension has no manifest".to_owned())
            }
            (ObjectKind::Extension, Some(manifest)) => Ok(Self::of_extension(manifest)),
            (ObjectKind::Function, manifest) => {
                let declared = manifest.and_then(|manifest| Self::of_export(object, manifest));
                let mut declared = declared.unwrap_or_else(|| Self::undeclared(object));
                for function in &mut declared.functions {
                    // Aggregates have no such promise to make: SQL never keeps their results.
                    if let FunctionBody::Scalar(_) = function.body {
                        function.deterministic |= object.deterministic;
                    }
                }
                Ok(declared)
            }
        }
    }

    /// What to register of a definition that cannot be read, so that a call can say why.
    pub(crate) fn fallback(object: &ObjectEntry) -> Self {
        match object.kind {
            ObjectKind::Function => Self::undeclared(object),
            ObjectKind::Extension => Self::default(),
        }
    }

    fn of_extension(manifest: &Manifest) -> Self {
        let scalars = manifest.functions.iter().map(|f| DeclaredFunction::scalar(f, &f.name));
        let aggregates =
            manifest.aggregates.iter().map(|a| DeclaredFunction::aggregate(a, &a.name));
        Self {
            functions: scalars.chain(aggregates).collect(),
            tables: manifest.tables.clone(),
            collations: manifest.collations.clone(),
        }
    }

    /// What a CREATE FUNCTION takes of a manifest; `None` when that knows nothing of the export.
    fn of_export(object: &ObjectEntry, manifest: &Manifest) -> Option<Self> {
        let (name, export) = (&object.name, object.export.as_deref().unwrap_or(&object.name));
        let functions: Vec<_> =
            manifest.functions_of(export).map(|f| DeclaredFunction::scalar(f, name)).collect();
        let aggregates = manifest.aggregates_of(export);
        let functions = match functions.is_empty() {
            true => aggregates.map(|a| DeclaredFunction::aggregate(a, name)).collect(),
            false => functions,
        };
        if !functions.is_empty() {
            return Some(Self { functions, ..Self::default() });
        }
        let tables: Vec<_> = manifest
            .tables_of(export)
            .map(|table| Table { name: name.clone(), ..table.clone() })
            .collect();
        (!tables.is_empty()).then(|| Self { tables, ..Self::default() })
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

impl Manifest {
    /// The tables that CREATE FUNCTION means by this export: by their own name, or that of the export
    /// that opens a cursor.
    pub(crate) fn tables_of<'a>(&'a self, export: &'a str) -> impl Iterator<Item = &'a Table> {
        self.tables.iter().filter(move |t| {
            t.name == export || t.methods.get(&TableMethod::Open).is_some_and(|o| o == export)
        })
    }
}
