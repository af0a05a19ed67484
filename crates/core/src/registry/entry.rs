//! The functions, tables and collations of definitions that SQL may call or name.

use std::fmt;
use std::sync::Arc;

use super::object::ObjectEntry;
use crate::manifest::{CollationBody, FunctionBody, Signature, Table};
use crate::stats::FunctionStats;

/// A callable of a guest: its name, its definition and its counters. Messages show it as `f()`, or with the word
/// for its kind.
pub struct Callable {
    /// The namespace of its name.
    pub namespace: Namespace,
    /// Its name.
    pub name: String,
    /// The definition it comes from.
    pub object: Arc<ObjectEntry>,
    /// Its counters.
    pub stats: Arc<FunctionStats>,
}

impl fmt::Display for Callable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match self.namespace {
            Namespace::Functions => write!(f, "{name}()"),
            Namespace::Tables => write!(f, "the table {name}"),
            Namespace::Collations => write!(f, "the collation {name}"),
        }
    }
}

/// A function that SQL may call.
pub struct FunctionEntry {
    /// Its name, definition and counters.
    pub callable: Arc<Callable>,
    /// Its argument count; -1 for any.
    pub arguments: i32,
    /// Its kind, and its exports.
    pub body: FunctionBody,
    /// Its parameters and result.
    pub signature: Arc<Signature>,
    /// Whether it reads subtypes or gives its result one.
    pub subtype: bool,
    /// Whether the same arguments always give the same result.
    pub deterministic: bool,
    /// Whether a built-in of the engine or an earlier definition has its name, so that SQL calls that instead.
    pub shadowed: bool,
}

impl FunctionEntry {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.callable.name
    }

    /// The definition it comes from.
    pub fn object(&self) -> &Arc<ObjectEntry> {
        &self.callable.object
    }
}

/// A table function or a virtual table.
pub struct TableEntry {
    /// Its name, definition and counters.
    pub callable: Arc<Callable>,
    /// Its columns and exports.
    pub table: Table,
    /// Whether a module of the engine or an earlier definition has its name.
    pub shadowed: bool,
}

/// A collation.
pub struct CollationEntry {
    /// Its name, definition and counters.
    pub callable: Arc<Callable>,
    /// Its export.
    pub body: CollationBody,
    /// Whether a collation of the engine or an earlier definition has its name.
    pub shadowed: bool,
}

impl CollationEntry {
    /// Whether both give the same order with the same rights.
    pub fn is_same(&self, other: &Self) -> bool {
        let (a, b) = (&self.callable.object, &other.callable.object);
        self.body == other.body
            && a.module.sha256 == b.module.sha256
            && a.policy == b.policy
            && a.problem == b.problem
    }
}

/// A namespace of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Namespace {
    /// Functions and aggregates.
    Functions,
    /// Table functions and modules of virtual tables.
    Tables,
    /// Collations.
    Collations,
}
