//! The manifest: what a module declares, read without running it.
//!
//! It is text in the module's custom section [`MANIFEST_SECTION`](crate::abi::MANIFEST_SECTION), with one
//! JSON object per line. `docs/abi.md` describes each field. It is untrusted, so every quantity has a
//! limit, and fields that this version does not know are refused by name. This module knows nothing of
//! WebAssembly: [`crate::module`] checks that the exports exist.

mod by_export;
mod declared;
mod fields;
mod form;
mod json;
mod read;
mod selection;
mod signature;
mod split;
mod write;

pub(crate) use by_export::ByExport;
pub use declared::{CollationBody, FunctionBody, FunctionKey, function_key};
pub(crate) use declared::{Declared, DeclaredFunction};
pub use form::NATIVE_WORDS_MAX;
pub(crate) use form::NativeShape;
pub use json::Json;
pub use selection::Selection;
pub use signature::{CallForm, PARAMS_MAX, Param, Signature};

use std::collections::BTreeMap;

use crate::error::ErrorKind;
use crate::value::StorageClass;

/// Everything that a module declares.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Manifest {
    /// The author's remarks about the module (version, author, licence, text): free fields, sorted.
    pub info: Vec<(String, Json)>,
    /// Scalar functions.
    pub functions: Vec<Function>,
    /// Aggregates and window functions.
    pub aggregates: Vec<Aggregate>,
    /// Table functions and virtual tables.
    pub tables: Vec<Table>,
    /// Collations.
    pub collations: Vec<Collation>,
    /// Types.
    pub types: Vec<Type>,
}

/// A scalar function. Its identity is its name and [`Signature::argument_count`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// The SQL name.
    pub name: String,
    /// The export that is called.
    pub export: String,
    /// Parameters and result.
    pub signature: Signature,
    /// Whether the author promises that equal arguments give equal results.
    pub deterministic: bool,
    /// Whether it reads the subtypes of arguments or gives its result one
    /// ([SQLITE_RESULT_SUBTYPE](https://www.sqlite.org/c3ref/c_deterministic.html)).
    pub subtype: bool,
    /// The export that maps name and argument count to a handle, which is passed as the first argument.
    pub bind: Option<String>,
}

/// An aggregate; with `inverse`, a window function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aggregate {
    /// The SQL name.
    pub name: String,
    /// Parameters and result.
    pub signature: Signature,
    /// Whether it reads the subtypes of arguments or gives its result one.
    pub subtype: bool,
    /// The export that maps name and argument count to a handle, which is passed to `init`.
    pub bind: Option<String>,
    /// The exports by what they do. `init`, `step`, `finalize` and `drop` are always present.
    pub methods: BTreeMap<AggregateMethod, String>,
}

/// A table function (with `open`, `next`, `close`) or a virtual table (with `connect`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The SQL name.
    pub name: String,
    /// Columns in order. A virtual table may declare them in its `connect` instead.
    pub columns: Vec<Column>,
    /// Whether it can be used without CREATE VIRTUAL TABLE.
    pub eponymous: Eponymous,
    /// Whether its `update` understands columns that keep their value, so that it need not get the value.
    pub nochange: bool,
    /// The export that maps the name to a handle, which is passed to `open` or `connect` and `create`.
    pub bind: Option<String>,
    /// The exports by what they do.
    pub methods: BTreeMap<TableMethod, String>,
}

impl Table {
    /// Whether it is a virtual table rather than a table function.
    pub fn is_virtual(&self) -> bool {
        self.methods.contains_key(&TableMethod::Connect)
    }

    /// The part of it that this version does not run, phrased to precede "this version does not run".
    pub(crate) fn not_run(&self) -> Option<&'static str> {
        self.bind.as_ref().map(|_| "whose \"bind\"")
    }
}

/// Whether a virtual table can be used under its module's name, as an
/// [eponymous](https://www.sqlite.org/vtab.html#eponymous_virtual_tables) one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Eponymous {
    /// Only CREATE VIRTUAL TABLE makes a table.
    #[default]
    No,
    /// It can, and CREATE VIRTUAL TABLE makes others.
    Yes,
    /// It can, but CREATE VIRTUAL TABLE is refused.
    Only,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The name.
    pub name: String,
    /// The storage class that values are checked for; any class if absent.
    pub class: Option<StorageClass>,
    /// A [hidden column](https://www.sqlite.org/vtab.html#hidden_columns_in_virtual_tables): an
    /// argument of the table function.
    pub hidden: bool,
}

/// A collation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collation {
    /// The SQL name.
    pub name: String,
    /// The export that compares.
    pub compare: String,
    /// The export that maps the name to a handle, which is passed as the first argument.
    pub bind: Option<String>,
}

/// A type of columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Type {
    /// The SQL name.
    pub name: String,
    /// The storage class in which its values are stored.
    pub base: StorageClass,
    /// Parameters of the type, as in `money('EUR')`.
    pub params: Vec<Param>,
    /// The export that makes the stored value.
    pub encode: String,
    /// The export that makes the value to show.
    pub decode: String,
    /// The export that maps the name to a handle, which is passed as the first argument.
    pub bind: Option<String>,
    /// Operators and the declared functions that compute them.
    pub operators: Vec<Operator>,
}

/// An operator of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The operator, such as `<`.
    pub op: String,
    /// The SQL name of the function, which the manifest declares with two parameters.
    pub function: String,
}

/// Declares an enum of the exports that one kind of object has, with the names of their fields.
macro_rules! methods {
    ($(#[$doc:meta])* $name:ident { $($(#[$item:meta])* $variant:ident = $field:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$item])* $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The field of the manifest that names the export.
            pub const fn field(self) -> &'static str {
                match self {
                    $(Self::$variant => $field,)*
                }
            }
        }
    };
}

methods! {
    /// What an export of an aggregate does.
    AggregateMethod {
        /// Makes a state.
        Init = "init",
        /// Adds rows to a state.
        Step = "step",
        /// Takes rows out of a state.
        Inverse = "inverse",
        /// The current result.
        Value = "value",
        /// The result; frees the state.
        Finalize = "finalize",
        /// Frees the state.
        Drop = "drop",
    }
}

methods! {
    /// What an export of a table does; the names are those of SQLite's
    /// [virtual table methods](https://www.sqlite.org/vtab.html#virtual_table_methods).
    TableMethod {
        /// Makes the table of a CREATE VIRTUAL TABLE. If absent, `connect` does.
        Create = "create",
        /// Opens an existing table.
        Connect = "connect",
        /// Ends the connection to a table.
        Disconnect = "disconnect",
        /// Removes a table that is dropped.
        Destroy = "destroy",
        /// Chooses a plan.
        BestIndex = "best_index",
        /// Opens a cursor.
        Open = "open",
        /// Starts a scan.
        Filter = "filter",
        /// Gives the next rows.
        Next = "next",
        /// Closes a cursor.
        Close = "close",
        /// Inserts, updates and deletes.
        Update = "update",
        /// Starts a transaction.
        Begin = "begin",
        /// Prepares to commit.
        Sync = "sync",
        /// Commits.
        Commit = "commit",
        /// Rolls back.
        Rollback = "rollback",
        /// Sets a savepoint.
        Savepoint = "savepoint",
        /// Releases savepoints.
        Release = "release",
        /// Rolls back to a savepoint.
        RollbackTo = "rollback_to",
        /// The table was renamed.
        Rename = "rename",
        /// Offers its own implementation of a function.
        FindFunction = "find_function",
        /// Calls what `find_function` offered.
        Overload = "overload",
    }
}

impl Manifest {
    /// The functions that an export implements.
    pub fn functions_of<'a>(&'a self, export: &'a str) -> impl Iterator<Item = &'a Function> {
        self.functions.iter().filter(move |f| f.export == export)
    }

    /// The aggregates that CREATE FUNCTION can mean by this export: those with this name, or whose `step`
    /// is this export.
    pub fn aggregates_of<'a>(&'a self, export: &'a str) -> impl Iterator<Item = &'a Aggregate> {
        self.aggregates.iter().filter(move |a| {
            a.name == export || a.methods.get(&AggregateMethod::Step).is_some_and(|s| s == export)
        })
    }

    /// Whether nothing is declared.
    pub fn is_empty(&self) -> bool {
        self.functions.is_empty()
            && self.aggregates.is_empty()
            && self.tables.is_empty()
            && self.collations.is_empty()
            && self.types.is_empty()
    }

    /// Whether nothing but numbers passes between host and guest, so that the guest needs no memory for them.
    pub(crate) fn has_only_numbers(&self) -> bool {
        let is_number = |class| matches!(class, Some(StorageClass::Integer | StorageClass::Real));
        let of_numbers = |f: &Function| {
            f.signature.form == CallForm::Native
                && f.bind.is_none()
                && is_number(f.signature.returns)
                && f.signature.params.iter().all(|param| is_number(param.class))
        };
        let Self { functions, aggregates, tables, collations, types, info: _ } = self;
        !functions.is_empty()
            && functions.iter().all(of_numbers)
            && (aggregates.is_empty() && tables.is_empty())
            && (collations.is_empty() && types.is_empty())
    }

    /// Every declared export with what declares it, in the manifest's order, and the signature of a function that is
    /// called in the native form.
    pub fn exports(&self) -> impl Iterator<Item = (Declaration<'_>, &str, Option<&Signature>)> {
        let functions = self.functions.iter().flat_map(|f| {
            let declaration = Declaration { kind: "function", name: &f.name };
            let native = (f.signature.form == CallForm::Native).then_some(&f.signature);
            let bind = exports_of(declaration, f.bind.as_deref(), []);
            [(declaration, f.export.as_str(), native)].into_iter().chain(bind)
        });
        let aggregates = self.aggregates.iter().flat_map(|a| {
            let declaration = Declaration { kind: "aggregate", name: &a.name };
            exports_of(declaration, a.bind.as_deref(), a.methods.values().map(String::as_str))
        });
        let tables = self.tables.iter().flat_map(|t| {
            let declaration = Declaration { kind: "table", name: &t.name };
            exports_of(declaration, t.bind.as_deref(), t.methods.values().map(String::as_str))
        });
        let collations = self.collations.iter().flat_map(|c| {
            let declaration = Declaration { kind: "collation", name: &c.name };
            exports_of(declaration, c.bind.as_deref(), [c.compare.as_str()])
        });
        let types = self.types.iter().flat_map(|t| {
            let declaration = Declaration { kind: "type", name: &t.name };
            exports_of(declaration, t.bind.as_deref(), [t.encode.as_str(), t.decode.as_str()])
        });
        functions.chain(aggregates).chain(tables).chain(collations).chain(types)
    }

    /// The declared parts that this version cannot run yet, each with the words that say so.
    pub(crate) fn not_run(&self) -> impl Iterator<Item = (Declaration<'_>, &'static str)> {
        let functions = self.functions.iter().map(|f| ("function", &f.name, &f.bind));
        let aggregates = self.aggregates.iter().map(|a| ("aggregate", &a.name, &a.bind));
        let collations = self.collations.iter().map(|c| ("collation", &c.name, &c.bind));
        let types = self.types.iter().map(|t| ("type", &t.name, &t.bind));
        let bound = functions
            .chain(aggregates)
            .chain(collations)
            .chain(types)
            .filter(|(_, _, bind)| bind.is_some())
            .map(|(kind, name, _)| (Declaration { kind, name }, "whose \"bind\""));
        let tables = self.tables.iter().filter_map(|table| {
            let what = table.not_run()?;
            Some((Declaration { kind: "table", name: &table.name }, what))
        });
        bound.chain(tables)
    }
}

/// An object of a manifest, for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declaration<'a> {
    /// The kind, as the manifest calls it.
    pub kind: &'static str,
    /// The SQL name.
    pub name: &'a str,
}

impl std::fmt::Display for Declaration<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} \"{}\"", self.kind, self.name)
    }
}

fn exports_of<'a>(
    declaration: Declaration<'a>,
    bind: Option<&'a str>,
    exports: impl IntoIterator<Item = &'a str>,
) -> impl Iterator<Item = (Declaration<'a>, &'a str, Option<&'a Signature>)> {
    exports.into_iter().chain(bind).map(move |export| (declaration, export, None))
}

/// An error of the manifest.
fn error(message: impl Into<String>) -> crate::Error {
    crate::Error::new(ErrorKind::Manifest, message)
}
