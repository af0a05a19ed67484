//! Commensal's own SQL statements: CREATE and DROP of functions and extensions, and one PRAGMA.
//!
//! An adaptor passes every statement that an application prepares to [`parse()`] first. Statements that are not
//! ours go to the engine unchanged. The tokens are [SQLite's](https://www.sqlite.org/lang_expr.html). This module
//! turns text into values. It does not know what a definition means or where it is stored.

mod columns;
pub mod lexer;
mod literal;
mod parameters;
mod parser;
mod render;
mod splitter;
mod statement;
mod tokens;

pub(crate) use columns::declares_columns;
pub use literal::name;
pub use parameters::{PARAMETER_NUMBER_MAX, Parameters};
pub use parser::parse;
pub use render::{quote_identifier, quote_text};
pub use splitter::Splitter;
pub use statement::{Create, Drop, ObjectKind, Parsed, Source, Statement, With};
