//! The core's only error type: a kind to branch on, a message to show, and a position in the SQL.

use std::fmt;

/// The kind of an error, to branch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The SQL text is wrong; [`Error::offset`] says where.
    Syntax,
    /// No runtime was given to the database.
    NoRuntime,
    /// The bytes are no WebAssembly module that is accepted.
    Module,
    /// The manifest is wrong.
    Manifest,
    /// The object exists already, or its name belongs to something else.
    Conflict,
    /// There is no such function, extension or module.
    NotFound,
    /// Other objects depend on it.
    InUse,
    /// The host does not permit it.
    Denied,
    /// Wrong number, class or encoding of arguments.
    Argument,
    /// The guest reported an error with its own message.
    Guest,
    /// The guest trapped or violated the ABI.
    Fault,
    /// A limit was exceeded.
    Limit,
    /// The host interrupted the statement.
    Interrupted,
    /// The file's content cannot be trusted or understood.
    Catalog,
    /// A file could not be read or written.
    Io,
    /// The database engine reported an error; [`Error::engine_code`] is its code.
    Engine,
}

/// An error with its message.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    kind: ErrorKind,
    message: String,
    offset: Option<usize>,
    engine_code: Option<i32>,
}

/// A result of the core.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of this kind with this message.
    #[cold]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), offset: None, engine_code: None }))
    }

    /// The error at this byte offset of the SQL text.
    #[must_use]
    pub fn at(mut self, offset: usize) -> Self {
        self.0.offset = Some(offset);
        self
    }

    /// The error with its offset, if it has one, increased by `by` bytes.
    #[must_use]
    pub fn shifted(self, by: usize) -> Self {
        match self.offset() {
            Some(offset) => self.at(offset + by),
            None => self,
        }
    }

    /// The error without its offset, because whoever sees it has another text.
    #[must_use]
    pub fn without_offset(mut self) -> Self {
        self.0.offset = None;
        self
    }

    /// The error with the engine's own (extended) result code.
    #[must_use]
    pub fn with_engine_code(mut self, code: i32) -> Self {
        self.0.engine_code = Some(code);
        self
    }

    /// The error with its reason added.
    #[cold]
    #[must_use]
    pub(crate) fn with_reason(mut self, reason: &str) -> Self {
        self.0.message = format!("{}: {reason}", self.0.message);
        self
    }

    /// The error, prefixed with the name of the function that it prevented from being called. An interrupt stays
    /// unchanged.
    #[cold]
    #[must_use]
    pub fn of_function(mut self, name: &str) -> Self {
        if self.0.kind != ErrorKind::Interrupted {
            self.0.message = format!("{name}(): {}", self.0.message);
            self.0.offset = None;
        }
        self
    }

    /// The kind.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The message, without position.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The byte offset in the prepared text, if known.
    pub fn offset(&self) -> Option<usize> {
        self.0.offset
    }

    /// The engine's (extended) result code, for errors of [`ErrorKind::Engine`].
    pub fn engine_code(&self) -> Option<i32> {
        self.0.engine_code
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("offset", &self.0.offset)
            .field("engine_code", &self.0.engine_code)
            .finish()
    }
}

impl std::error::Error for Error {}
