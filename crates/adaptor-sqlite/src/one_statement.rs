//! The one statement of Commensal's in a text that a program passes as a value of its SQL.

use commensal_core::ddl::lexer::{Lexer, TokenKind};
use commensal_core::ddl::{self, Parsed};
use commensal_core::{Error, ErrorKind, Result};

/// Parses it. Messages call what was asked to run it `who`.
///
/// # Errors
/// The text is not exactly one statement of ours.
pub(crate) fn parse(who: &str, sql: &str) -> Result<Parsed> {
    if let Some(offset) = sql.find('\0') {
        return Err(syntax(offset, "the SQL text contains a NUL character"));
    }
    let Some(parsed) = ddl::parse(sql)? else {
        let message = format!(
            "{who} runs CREATE and DROP of functions and extensions; SQLite runs all other statements"
        );
        return Err(syntax(0, message));
    };
    let mut rest = Lexer::new(&sql[parsed.consumed..]);
    loop {
        let token = rest.significant();
        match token.kind {
            TokenKind::End => return Ok(parsed),
            TokenKind::Semicolon => {}
            _ => {
                let message = format!("{who} runs one statement; another one follows");
                return Err(syntax(parsed.consumed + token.offset, message));
            }
        }
    }
}

/// The error of a statement that does not have this many parameters.
#[cold]
pub(crate) fn wrong_values(needed: usize, given: usize) -> String {
    let parameters = if needed == 1 { "parameter" } else { "parameters" };
    format!("the statement has {needed} {parameters}, and {given} values were given")
}

/// A syntax error.
#[cold]
pub(crate) fn syntax(offset: usize, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Syntax, message).at(offset)
}
