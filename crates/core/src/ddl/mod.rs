//! Commensal's own SQL statements: CREATE and DROP of functions and extensions, and one PRAGMA.
//!
//! An adaptor gives every statement that an application prepares to [`parse()`] first; what is not
//! ours goes to the engine untouched. The tokens are
//! [SQLite's](https://www.sqlite.org/lang_expr.html). Knows neither what a definition means nor
//! where it is kept: text goes in, values come out.

pub mod lexer;
mod literal;
mod parameters;
mod parser;
mod render;
mod splitter;
mod statement;
mod tokens;

pub use literal::name;
pub use parameters::{PARAMETER_NUMBER_MAX, Parameters};
pub use parser::parse;
pub use render::{quote_identifier, quote_text};
pub use splitter::Splitter;
pub use statement::{Create, Drop, ObjectKind, Parsed, Source, Statement, With};
