//! The objects that a manifest declares, under their SQL names: functions (including those of types), tables and
//! collations.

use std::collections::{BTreeMap, HashMap};

use super::{
    Aggregate, AggregateMethod, CallForm, Collation, Function, Manifest, Param, Signature, Table,
    TableMethod, Type,
};
use crate::value::StorageClass;

/// Name in ASCII lower case and argument count: the identity of a function.
pub type FunctionKey = (String, i32);

/// The key of a function.
pub fn function_key(name: &str, arguments: i32) -> FunctionKey {
    (name.to_ascii_lowercase(), arguments)
}

/// The objects that a definition declares.
#[derive(Default)]
pub(crate) struct Declared {
    pub(crate) functions: Vec<DeclaredFunction>,
    pub(crate) tables: Vec<Table>,
    pub(crate) collations: Vec<DeclaredCollation>,
}

/// The implementation of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FunctionBody {
    /// A scalar function: its export.
    Scalar(String),
    /// A scalar function that tells whether this export accepts the arguments. It returns 1 or 0, and NULL for
    /// NULL.
    Validator(String),
    /// An aggregate: its exports by what they do.
    Aggregate(BTreeMap<AggregateMethod, String>),
}

/// The implementation of a collation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CollationBody {
    /// An export that compares.
    Compare(String),
    /// An export that tells whether its first argument is less than the second, and how it is called.
    Less(String, CallForm),
}

impl CollationBody {
    /// The export.
    pub fn export(&self) -> &str {
        match self {
            Self::Compare(export) | Self::Less(export, _) => export,
        }
    }

    /// How the export is called.
    pub fn form(&self) -> CallForm {
        match self {
            Self::Compare(_) => CallForm::Records,
            Self::Less(_, form) => *form,
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
    pub(crate) fn scalar(function: &Function, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            body: FunctionBody::Scalar(function.export.clone()),
            signature: function.signature.clone(),
            subtype: function.subtype,
            deterministic: function.deterministic,
        }
    }

    pub(crate) fn aggregate(aggregate: &Aggregate, name: &str) -> Self {
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
    /// The objects that CREATE EXTENSION takes from a manifest.
    pub(crate) fn of_extension(manifest: &Manifest) -> Self {
        let scalars = manifest.functions.iter().map(|f| DeclaredFunction::scalar(f, &f.name));
        let aggregates =
            manifest.aggregates.iter().map(|a| DeclaredFunction::aggregate(a, &a.name));
        let types = manifest.types.iter().flat_map(type_functions);
        let collations = manifest.collations.iter().map(|Collation { name, compare, .. }| {
            DeclaredCollation { name: name.clone(), body: CollationBody::Compare(compare.clone()) }
        });
        let of_two = manifest.functions.iter().filter(|f| f.signature.argument_count() == 2);
        let of_two: HashMap<_, _> = of_two.map(|f| (f.name.to_ascii_lowercase(), f)).collect();
        let orders = manifest.types.iter().filter_map(|ty| type_collation(&of_two, ty));
        Self {
            functions: scalars.chain(aggregates).chain(types).collect(),
            tables: manifest.tables.clone(),
            collations: collations.chain(orders).collect(),
        }
    }
}

/// The functions that make a type usable if the engine has no types of its own: `t()` makes the stored value,
/// `t_decode()` the value to show, and `t_valid()` serves CHECK constraints.
fn type_functions(ty: &Type) -> [DeclaredFunction; 3] {
    // NULL stays NULL without a call.
    let value = Param { class: None, nullable: false };
    let stored = Param { class: Some(ty.base), nullable: false };
    let declared = |suffix: &str, body, first, returns| DeclaredFunction {
        name: format!("{}{suffix}", ty.name),
        body,
        signature: Signature {
            params: [first].into_iter().chain(ty.params.iter().copied()).collect(),
            variadic: None,
            returns,
            form: CallForm::Records,
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

/// The order of a type that is stored as text: a collation of its name, by its operator `<`. `of_two` has the
/// functions of two arguments, by their names in lower case.
fn type_collation(of_two: &HashMap<String, &Function>, ty: &Type) -> Option<DeclaredCollation> {
    if ty.base != StorageClass::Text {
        return None;
    }
    let less = ty.operators.iter().find(|operator| operator.op == "<")?;
    let less = of_two.get(&less.function.to_ascii_lowercase())?;
    let form = less.signature.form;
    if form == CallForm::Native && less.signature != Signature::of_order(form) {
        // It cannot be called with texts.
        return None;
    }
    let body = CollationBody::Less(less.export.clone(), form);
    Some(DeclaredCollation { name: ty.name.clone(), body })
}

impl Manifest {
    /// The tables that CREATE FUNCTION may mean by this export: those with this name, or whose cursors this
    /// export opens.
    pub(crate) fn tables_of<'a>(&'a self, export: &'a str) -> impl Iterator<Item = &'a Table> {
        self.tables.iter().filter(move |t| {
            t.name == export || t.methods.get(&TableMethod::Open).is_some_and(|o| o == export)
        })
    }
}
