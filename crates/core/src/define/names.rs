//! What a check of a definition has to ask the engine.

use crate::dependents::Uses;
use crate::error::Result;
use crate::registry::Namespace;

/// Facts that only the engine knows.
pub trait EngineNames {
    /// The foreign object that has this name in this namespace.
    ///
    /// # Errors
    /// The engine cannot tell.
    fn foreign(&self, namespace: Namespace, name: &str) -> Result<Option<Foreign>>;

    /// The indexes and tables whose definitions use one of these names.
    ///
    /// # Errors
    /// The schema cannot be read.
    fn dependents(&self, uses: &Uses) -> Result<Vec<Dependent>>;

    /// Whether the host wants the statement to end. Asked while a module compiles.
    fn interrupted(&self) -> bool {
        false
    }
}

/// Something that has a name and is not ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// The object, described for an error message: "the built-in function upper()".
    pub what: String,
    /// Whether it is a function of the engine itself.
    pub is_builtin: bool,
}

/// Something in the schema that needs a function, a collation or a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependent {
    /// Index or table.
    pub kind: DependentKind,
    /// The schema it is in: `main`.
    pub schema: String,
    /// Its name.
    pub name: String,
}

/// What needs a function, a collation or a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DependentKind {
    /// An index: on an expression, partial, or with a collation.
    Index,
    /// A table with a CHECK constraint, a virtual generated column or a collation, or a virtual table.
    Table,
    /// A table with a stored generated column.
    TableStored,
    /// A virtual table.
    VirtualTable,
}
