//! Explains what the engine refuses: functions of definitions in a schema.
//!
//! Statements are judged by their tokens, as `dependents` of the core does.

use commensal_core::ddl::lexer::{Lexer, TokenKind};
use commensal_core::dependents::Uses;
use commensal_core::registry::Registry;
use commensal_core::{Error, ErrorKind};

/// What a statement adds to the schema, where that matters to functions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Declares {
    Index,
    Table,
}

fn declares(sql: &str) -> Option<Declares> {
    let mut lexer = Lexer::new(sql);
    let first = lexer.significant();
    if first.is("ALTER") {
        return Some(Declares::Table);
    }
    if !first.is("CREATE") {
        return None;
    }
    let mut token = lexer.significant();
    while ["TEMP", "TEMPORARY", "UNIQUE"].iter().any(|word| token.is(word)) {
        token = lexer.significant();
    }
    match () {
        () if token.is("INDEX") => Some(Declares::Index),
        () if token.is("TABLE") => Some(Declares::Table),
        () => None,
    }
}

/// The statement's text, up to its semicolon.
fn first_statement(sql: &str) -> &str {
    let mut lexer = Lexer::new(sql);
    loop {
        let token = lexer.significant();
        if matches!(token.kind, TokenKind::Semicolon | TokenKind::End) {
            return &sql[..token.offset];
        }
    }
}

/// The error of a statement, with the reason if that is a function of a definition where the engine allows
/// none.
#[cold]
pub(crate) fn explain(sql: &str, registry: &Registry, error: Error) -> Error {
    let Some(declares) = declares(sql) else { return error };
    let sql = first_statement(sql);
    let uses = Uses::new(registry.functions().map(|function| function.name()), [], []);
    if error.kind() != ErrorKind::Engine || !uses.occur_in(sql) {
        return error;
    }
    let place = match declares {
        Declares::Index => "indexes",
        Declares::Table if Lexer::new(sql).has_word("AS") => "generated columns",
        Declares::Table => return error,
    };
    let message = format!("{error}: Turso does not allow functions of definitions in {place}");
    let explained = Error::new(error.kind(), message);
    let explained = error.offset().into_iter().fold(explained, Error::at);
    error.engine_code().into_iter().fold(explained, Error::with_engine_code)
}
