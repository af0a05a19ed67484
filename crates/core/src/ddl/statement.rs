//! What the statements say, as values. Knows nothing of their text beyond offsets into it.

use super::Parameters;
use crate::limits::Capabilities;

/// A statement of ours, and how much of the text it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The statement.
    pub statement: Statement,
    /// Bytes from the beginning of the text up to and including the statement's `;`, or all of it.
    pub consumed: usize,
    /// The statement's parameters.
    pub parameters: Parameters,
}

/// A statement of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    /// CREATE FUNCTION and CREATE EXTENSION.
    Create(Create),
    /// DROP FUNCTION and DROP EXTENSION.
    Drop(Drop),
    /// PRAGMA wasm_cache_size: the bytes to set, or `None` to ask.
    CacheSize(Option<u64>),
}

/// What a statement creates or drops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    /// One function, described by the statement or by the module's manifest.
    Function,
    /// All that a module's manifest declares.
    Extension,
}

impl ObjectKind {
    /// The word in messages: `function`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Extension => "extension",
        }
    }

    /// The word in SQL: `FUNCTION`.
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::Function => "FUNCTION",
            Self::Extension => "EXTENSION",
        }
    }
}

/// `CREATE [OR REPLACE] FUNCTION|EXTENSION [IF NOT EXISTS] name LANGUAGE wasm AS source …`
///
/// Its `Display` is the statement, which parses to the same value (offsets aside).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Create {
    /// What is created.
    pub kind: ObjectKind,
    /// OR REPLACE. Never together with `if_not_exists`.
    pub or_replace: bool,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// The name, without quotes; neither empty nor with NUL characters.
    pub name: String,
    /// Byte offset of the name in the text.
    pub name_offset: usize,
    /// Where the module comes from.
    pub source: Source,
    /// Byte offset of the source in the text.
    pub source_offset: usize,
    /// EXPORT: the module's export; without it the one of the function's name. Only of a function.
    pub export: Option<String>,
    /// DETERMINISTIC. Only of a function.
    pub deterministic: bool,
    /// WITH: what the definition asks for.
    pub with: With,
    /// CASCADE REINDEX: what depends on the replaced function is built anew.
    pub cascade_reindex: bool,
}

/// Where the module of a CREATE statement comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A binary module.
    Blob(Vec<u8>),
    /// A module in WebAssembly's text format.
    Text(String),
    /// `file://path`: the path as written, without `file://`; neither empty nor with NUL
    /// characters. Relative to the working directory.
    File(String),
    /// A parameter, by [SQLite's numbering](https://www.sqlite.org/lang_expr.html#varparam) from 1.
    Parameter(usize),
}

/// `WITH (…)`: limits, each at least 1 and at most `i64::MAX`, and capabilities.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct With {
    /// Longest time of one call, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// Fuel of one call, in the runtime's own unit.
    pub fuel: Option<u64>,
    /// Linear memory of an instance, in MiB.
    pub memory_mb: Option<u64>,
    /// The capabilities that the module is to have.
    pub allow: Option<Capabilities>,
}

/// `DROP FUNCTION|EXTENSION [IF EXISTS] name [CASCADE REINDEX]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drop {
    /// What is dropped.
    pub kind: ObjectKind,
    /// IF EXISTS.
    pub if_exists: bool,
    /// The name, without quotes; neither empty nor with NUL characters.
    pub name: String,
    /// Byte offset of the name in the text.
    pub name_offset: usize,
    /// CASCADE REINDEX: what depends on it is dropped or built anew.
    pub cascade_reindex: bool,
}
