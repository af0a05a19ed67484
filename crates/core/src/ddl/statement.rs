//! The statements as values. Only offsets refer to their text.

use super::Parameters;
use crate::limits::Capabilities;
use crate::manifest::Selection;

/// One of our statements, and how much of the text it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The statement.
    pub statement: Statement,
    /// Bytes from the beginning of the text up to and including the statement's `;`, or to the end of the text.
    pub consumed: usize,
    /// The statement's parameters.
    pub parameters: Parameters,
}

/// One of our statements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    /// CREATE FUNCTION and CREATE EXTENSION.
    Create(Create),
    /// DROP FUNCTION and DROP EXTENSION.
    Drop(Drop),
    /// PRAGMA wasm_cache_size: the bytes to set, or `None` to query.
    CacheSize(Option<u64>),
}

/// The kind of object that a statement creates or drops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    /// One function, described by the statement or by the module's manifest.
    Function,
    /// Everything that a module's manifest declares.
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
/// Its `Display` writes the statement, which parses to the same value except for offsets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Create {
    /// What is created.
    pub kind: ObjectKind,
    /// OR REPLACE. Never set together with `if_not_exists`.
    pub or_replace: bool,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// The name without quotes. It is not empty and has no NUL characters.
    pub name: String,
    /// Byte offset of the name in the text.
    pub name_offset: usize,
    /// Where the module comes from.
    pub source: Source,
    /// Byte offset of the source in the text.
    pub source_offset: usize,
    /// EXPORT: the module's export. Without it, the export with the function's name. Only for functions.
    pub export: Option<String>,
    /// DETERMINISTIC. Only for functions.
    pub deterministic: bool,
    /// WITH: limits and capabilities of the definition.
    pub with: With,
    /// CASCADE REINDEX: rebuild what depends on the replaced function.
    pub cascade_reindex: bool,
}

/// Where the module of a CREATE statement comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A binary module.
    Blob(Vec<u8>),
    /// A module in WebAssembly's text format.
    Text(String),
    /// `file://path`: the path as written, without `file://`. It is not empty, has no NUL characters, and is
    /// relative to the working directory.
    File(String),
    /// A parameter, by [SQLite's numbering](https://www.sqlite.org/lang_expr.html#varparam) from 1.
    Parameter(usize),
}

/// `WITH (…)`: limits, each at least 1 and at most `i64::MAX`, capabilities, and names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct With {
    /// Longest time of one call, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// Fuel of one call, in the runtime's own unit.
    pub fuel: Option<u64>,
    /// Linear memory of an instance, in MiB.
    pub memory_mb: Option<u64>,
    /// The capabilities that the module requests.
    pub allow: Option<Capabilities>,
    /// Which of the manifest's objects an extension takes, and under which names.
    pub selection: Selection,
}

/// `DROP FUNCTION|EXTENSION [IF EXISTS] name [CASCADE REINDEX]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drop {
    /// What is dropped.
    pub kind: ObjectKind,
    /// IF EXISTS.
    pub if_exists: bool,
    /// The name without quotes. It is not empty and has no NUL characters.
    pub name: String,
    /// Byte offset of the name in the text.
    pub name_offset: usize,
    /// CASCADE REINDEX: drop or rebuild what depends on it.
    pub cascade_reindex: bool,
}
