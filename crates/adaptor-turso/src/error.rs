//! Errors of the engine as errors of the core, and back.

use std::any::Any;

use commensal_core::{Error, ErrorKind};
use turso_core::LimboError;
use turso_parser::ast::ResolveType;
use turso_parser::error::Error as ParserError;

/// SQLite's result code of a busy database.
const BUSY: i32 = 5;

/// SQLite's result code of an interrupt.
const INTERRUPT: i32 = 9;

/// SQLite's result code for what is not permitted.
const AUTH: i32 = 23;

/// An error of the engine, with SQLite's result code for it.
#[cold]
pub(crate) fn of_engine(error: LimboError) -> Error {
    let code = match &error {
        // RAISE and our functions report this. Only constraints have a code of their own.
        LimboError::Raise(..) => 1,
        error => error.sqlite_result_code(),
    };
    let (kind, message, offset) = match error {
        LimboError::Interrupt => (ErrorKind::Interrupted, "interrupted".to_owned(), None),
        // Leaves out what the engine puts before these messages.
        LimboError::ParseError(message) => (ErrorKind::Engine, message, None),
        LimboError::Busy => (ErrorKind::Engine, "database is locked".to_owned(), None),
        LimboError::LexerError(error) => {
            let message = match *error {
                ParserError::ParseError(ref message) => message.clone(),
                ref other => other.to_string(),
            };
            (ErrorKind::Engine, message, offset(&error))
        }
        other => (ErrorKind::Engine, other.to_string(), None),
    };
    let error = Error::new(kind, message).with_engine_code(code);
    offset.into_iter().fold(error, Error::at)
}

/// Where a syntax error is.
fn offset(error: &ParserError) -> Option<usize> {
    match error {
        ParserError::UnrecognizedToken { offset, .. }
        | ParserError::UnterminatedLiteral { offset, .. }
        | ParserError::UnterminatedBracket { offset, .. }
        | ParserError::UnterminatedBlockComment { offset, .. }
        | ParserError::BadNumber { offset, .. }
        | ParserError::BadFractionalPart { offset, .. }
        | ParserError::BadExponentPart { offset, .. }
        | ParserError::ExpectedEqualsSign { offset, .. }
        | ParserError::MalformedHexInteger { offset, .. }
        | ParserError::ParseUnexpectedToken { offset, .. } => Some(*offset),
        _ => None,
    }
}

/// The error of a statement that waited for others in vain.
#[cold]
pub(crate) fn busy() -> Error {
    of_engine(LimboError::Busy)
}

/// The error of a statement that was interrupted.
#[cold]
pub(crate) fn interrupted() -> Error {
    of_engine(LimboError::Interrupt)
}

/// An error of a function, or an interrupt, for the engine. Only this variant, and constraints, undo the
/// statement and keep the transaction, whatever the statement does.
#[cold]
pub(crate) fn of_function(error: &Error) -> LimboError {
    LimboError::Raise(ResolveType::Abort, error.message().to_owned())
}

/// The error that reports a panic of the engine.
#[cold]
pub(crate) fn of_panic(panic: &(dyn Any + Send)) -> Error {
    let message = panic.downcast_ref::<&str>().copied();
    let message = message.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let message = message.unwrap_or("without a message");
    Error::new(ErrorKind::Engine, format!("Turso panicked: {message}")).with_engine_code(1)
}

/// Whether the same may work a moment later.
pub(crate) fn is_transient(error: &Error) -> bool {
    matches!(error.engine_code(), Some(BUSY | INTERRUPT))
}

#[cold]
pub(crate) fn panicked() -> Error {
    Error::new(ErrorKind::Fault, "a defect of Commensal: it panicked")
}

/// The engine called a function without a statement of ours.
#[cold]
pub(crate) fn no_statement() -> Error {
    Error::new(ErrorKind::Fault, "a function was called outside of any statement of its connection")
}

#[cold]
pub(crate) fn refusal(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Denied, message).with_engine_code(AUTH)
}
