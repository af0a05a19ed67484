//! What a definition declares: the objects of its manifest under the names that SQL knows.

use std::collections::{BTreeMap, HashMap};

use super::ObjectEntry;
use crate::compile::ModuleEntry;
use crate::ddl::ObjectKind;
use crate::limits::{Capabilities, Capability};
use crate::manifest::{
    Aggregate, AggregateMethod, Collation, Function, Manifest, Param, Signature, Table,
    TableMethod, Type,
};
use crate::value::StorageClass;

/// What a definition declares.
#[derive(Default)]
pub(crate) struct Declared {
    pub(crate) functions: Vec<DeclaredFunction>,
    pub(crate) tables: Vec<Table>,
    pub(crate) collations: Vec<DeclaredCollation>,
}

/// What is behind the name of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FunctionBody {
    /// A scalar function: its export.
    Scalar(String),
    /// A scalar function that tells whether this export takes the arguments: 1 or 0, and NULL for
    /// NULL.
    Validator(String),
    /// An aggregate: its exports, by what they do.
    Aggregate(BTreeMap<AggregateMethod, String>),
}

/// What is behind the name of a collation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CollationBody {
    /// An export that compares.
    Compare(String),
    /// An export that tells whether its first argument is less than its second.
    Less(String),
}

impl CollationBody {
    /// The export.
    pub fn export(&self) -> &str {
        match self {
            Self::Compare(export) | Self::Less(export) => export,
        }
    }
}

/// A collation as a definition declares it.
pub(crate) struct DeclaredCollation {
    pub(crate) name: String,
    pub(crate) body: CollationBody,
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
            (ObjectKind::Extension, Some(manifest)) => {
                let mut declared = Self::of_extension(manifest);
                declared.functions.iter_mut().for_each(|f| f.deterministic &= !runs_sql(object));
                Ok(declared)
            }
            (ObjectKind::Function, manifest) => {
                let declared = manifest.and_then(|manifest| Self::of_export(object, manifest));
                let mut declared = declared.unwrap_or_else(|| Self::undeclared(object));
                for function in &mut declared.functions {
                    function.deterministic &= !runs_sql(object);
                    // Aggregates have no such promise to make: SQL never keeps their results.
                    if !matches!(function.body, FunctionBody::Aggregate(_)) {
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

    /// What CREATE EXTENSION takes of a manifest.
    pub(crate) fn of_extension(manifest: &Manifest) -> Self {
        let scalars = manifest.functions.iter().map(|f| DeclaredFunction::scalar(f, &f.name));
        let aggregates =
            manifest.aggregates.iter().map(|a| DeclaredFunction::aggregate(a, &a.name));
        let types = manifest.types.iter().flat_map(type_functions);
        let collations = manifest.collations.iter().map(|Collation { name, compare, .. }| {
            DeclaredCollation { name: name.clone(), body: CollationBody::Compare(compare.clone()) }
        });
        let of_two = manifest.functions.iter().filter(|f| f.signature.argument_count() == 2);
        let of_two: HashMap<_, _> =
            of_two.map(|f| (f.name.to_ascii_lowercase(), f.export.as_str())).collect();
        let orders = manifest.types.iter().filter_map(|ty| type_collation(&of_two, ty));
        Self {
            functions: scalars.chain(aggregates).chain(types).collect(),
            tables: manifest.tables.clone(),
            collations: collations.chain(orders).collect(),
        }
    }

    /// What a CREATE FUNCTION takes of a manifest; `None` when that knows nothing of the export.
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

    /// How much a definition declares, counted without copying it: functions, tables, their columns,
    /// collations.
    pub(crate) fn count_of(kind: ObjectKind, module: &ModuleEntry, export: &str) -> usize {
        let Ok(Some(manifest)) = module.manifest() else { return 1 };
        let columns = |table: &Table| 1 + table.columns.len();
        match kind {
            ObjectKind::Extension => {
                manifest.functions.len()
                    + manifest.aggregates.len()
                    + manifest.collations.len()
                    // Three functions and a collation.
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

/// Whether functions of the definition ask to run SQL, so that their results depend on more than their
/// arguments.
fn runs_sql(object: &ObjectEntry) -> bool {
    let sql = Capabilities::NONE.with(Capability::SqlRead).with(Capability::SqlWrite);
    !object.with.allow.unwrap_or_default().intersection(sql).is_empty()
}

/// Why a definition that runs SQL cannot be what it says: what is stored by a result must not depend on what
/// else is in the file. A manifest's word for it is only not passed on.
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

/// The functions that make a type usable where the engine has no types of its own: `t()` makes the
/// stored value, `t_decode()` the value to show, and `t_valid()` is for CHECK constraints.
fn type_functions(ty: &Type) -> [DeclaredFunction; 3] {
    // NULL is NULL without a call.
    let value = Param { class: None, nullable: false };
    let stored = Param { class: Some(ty.base), nullable: false };
    let declared = |suffix: &str, body, first, returns| DeclaredFunction {
        name: format!("{}{suffix}", ty.name),
        body,
        signature: Signature {
            params: [first].into_iter().chain(ty.params.iter().copied()).collect(),
            variadic: None,
            returns,
        },
        subtype: false,
        deterministic: true,
    };
    [
        declared("", FunctionBody::Scalar(ty.encode.clone()), value, Some(ty.base)),
        declared("_decode", FunctionBody::Scalar(ty.decode.clone()), stored, None),
        declared("_valid", FunctionBody::Validator(ty.decode.clone()), value, None),
    ]
}

/// The order of a type whose values are stored as text, by its operator `<`: a collation of its name.
/// `of_two` has the exports of the functions of two arguments, by their names in lower case.
fn type_collation(of_two: &HashMap<String, &str>, ty: &Type) -> Option<DeclaredCollation> {
    if ty.base != StorageClass::Text {
        return None;
    }
    let less = ty.operators.iter().find(|operator| operator.op == "<")?;
    let export = of_two.get(&less.function.to_ascii_lowercase())?;
    let body = CollationBody::Less((*export).to_owned());
    Some(DeclaredCollation { name: ty.name.clone(), body })
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
