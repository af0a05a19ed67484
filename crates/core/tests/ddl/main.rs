//! Commensal's SQL statements as text: what they mean, and which errors they have where.

mod errors;
mod lexer;
mod parse;
mod properties;
mod splitter;
