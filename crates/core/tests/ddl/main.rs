//! Commensal's SQL statements as text: what they mean, what is wrong with them and where.

mod errors;
mod lexer;
mod parse;
mod properties;
mod splitter;
