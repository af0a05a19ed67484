//! The statement that declares the columns of a virtual table.

use super::lexer::{Lexer, TokenKind};
use super::literal::name;

/// Whether the text is `CREATE TABLE name (…)`, with options after it, and nothing else.
///
/// Older versions of SQLite give the text to their whole parser, which carries out a PRAGMA at once and compiles what
/// follows AS.
pub(crate) fn declares_columns(sql: &str) -> bool {
    let mut lexer = Lexer::new(sql);
    let starts = lexer.significant().is("CREATE")
        && lexer.significant().is("TABLE")
        && name(&lexer.significant()).is_some()
        && lexer.significant().kind == TokenKind::LeftParenthesis;
    if !starts {
        return false;
    }
    let mut depth = 1_usize;
    while depth > 0 {
        match lexer.significant().kind {
            TokenKind::LeftParenthesis => depth += 1,
            TokenKind::RightParenthesis => depth -= 1,
            // SQLite finds other ends for some of these than we do.
            TokenKind::Semicolon | TokenKind::Parameter | TokenKind::Illegal | TokenKind::End => {
                return false;
            }
            _ => {}
        }
    }
    loop {
        let token = lexer.significant();
        let is_option = ["WITHOUT", "ROWID", "STRICT"].iter().any(|option| token.is(option));
        match token.kind {
            _ if is_option => {}
            TokenKind::Comma => {}
            TokenKind::Semicolon => return lexer.significant().kind == TokenKind::End,
            kind => return kind == TokenKind::End,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_columns_are_declared() {
        for sql in [
            "CREATE TABLE x(a, b HIDDEN)",
            "create table \"x y\" (a PRIMARY KEY, b DEFAULT (1 + (2))) WITHOUT ROWID, STRICT ;",
            "/* ; */ CREATE TABLE x(\"(\", '(', [(], -- )\n c) /* end",
        ] {
            assert!(declares_columns(sql), "{sql}");
        }
        for sql in [
            "",
            "PRAGMA trusted_schema = ON",
            "CREATE TABLE x",
            "CREATE TABLE x((a)",
            "CREATE TABLE x(a))",
            "CREATE TABLE x(a) AS SELECT 1",
            "CREATE TABLE x AS SELECT 1",
            "CREATE TABLE x(a); PRAGMA trusted_schema = ON",
            "CREATE TABLE x(a; PRAGMA trusted_schema = ON)",
            "CREATE TABLE x($a(;), b)",
            "CREATE TABLE main.x(a)",
            "CREATE TEMP TABLE x(a)",
            "CREATE VIRTUAL TABLE x(a)",
            "; CREATE TABLE x(a)",
            "CREATE TABLE x(a, '",
            "EXPLAIN CREATE TABLE x(a)",
        ] {
            assert!(!declares_columns(sql), "{sql}");
        }
    }
}
