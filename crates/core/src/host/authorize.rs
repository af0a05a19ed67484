//! Decides which statements a guest may run. It reads their tokens, because the connection's authorizer belongs
//! to the application.
//!
//! A statement is refused unless it is of a few known kinds. If the engine says that a compiled statement writes,
//! it needs the right to write. No statement reaches transactions, other files, code, settings, or the tables of
//! definitions.

use crate::ddl::lexer::{Lexer, Token, TokenKind};
use crate::ddl::name;

/// The kind of a statement, by its first words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StatementKind {
    /// A kind of statement that guests may have.
    Known,
    /// An unknown kind. The engine reports its errors. If the engine finds none, the statement is refused.
    Unknown,
}

/// Words that a statement can begin with.
const KNOWN: &[&str] = &[
    "SELECT", "VALUES", "WITH", "INSERT", "REPLACE", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER",
    "REINDEX", "ANALYZE",
];

/// Words that no guest's statement may begin with, and the reasons.
const REFUSED: &[(&str, &str)] = &[
    ("ATTACH", "guests reach no other files"),
    ("DETACH", "guests reach no other files"),
    ("VACUUM", "it cannot run within a statement, and could write another file"),
    ("BEGIN", TRANSACTION),
    ("COMMIT", TRANSACTION),
    ("END", TRANSACTION),
    ("ROLLBACK", TRANSACTION),
    ("SAVEPOINT", TRANSACTION),
    ("RELEASE", TRANSACTION),
];

const TRANSACTION: &str = "the transaction belongs to whoever called the guest";

/// Pragmas that only read, with or without an argument.
pub(super) const PRAGMAS: &[&str] = &[
    "table_info",
    "table_xinfo",
    "table_list",
    "index_list",
    "index_info",
    "index_xinfo",
    "foreign_key_list",
];

/// Pragmas that read without an argument and set something with one.
pub(super) const PRAGMAS_WITHOUT_ARGUMENT: &[&str] = &[
    "application_id",
    "collation_list",
    "compile_options",
    "data_version",
    "encoding",
    "freelist_count",
    "function_list",
    "module_list",
    "page_count",
    "page_size",
    "pragma_list",
    "schema_version",
    "user_version",
];

/// Prefix of the names of the tables of definitions.
const CATALOG: &str = "commensal_";

/// Checks the first words. This happens before the engine sees them, because it runs some pragmas while it
/// prepares them.
pub(super) fn authorize(sql: &str) -> Result<StatementKind, String> {
    let mut lexer = Lexer::new(sql);
    let mut first = lexer.first();
    if first.is("EXPLAIN") {
        first = lexer.significant();
        if first.is("QUERY") {
            lexer.significant();
            first = lexer.significant();
        }
    }
    if first.is("PRAGMA") {
        return pragma(lexer).map(|()| StatementKind::Known);
    }
    if let Some((word, why)) = REFUSED.iter().find(|(word, _)| first.is(word)) {
        return Err(format!("{word} is not for guests: {why}"));
    }
    let is_known =
        first.kind == TokenKind::LeftParenthesis || KNOWN.iter().any(|word| first.is(word));
    Ok(if is_known { StatementKind::Known } else { StatementKind::Unknown })
}

fn pragma(mut lexer: Lexer<'_>) -> Result<(), String> {
    let (mut pragma, mut next) = (lexer.significant(), lexer.significant());
    if next.kind == TokenKind::Dot {
        let schema = name(&pragma).unwrap_or_default();
        if !["main", "temp"].iter().any(|own| own.eq_ignore_ascii_case(&schema)) {
            return Err(format!("{schema} is not for guests: they reach no other files"));
        }
        (pragma, next) = (lexer.significant(), lexer.significant());
    }
    let pragma = name(&pragma).unwrap_or_default();
    let is = |known: &&str| known.eq_ignore_ascii_case(&pragma);
    let has_argument = !matches!(next.kind, TokenKind::End | TokenKind::Semicolon);
    if PRAGMAS.iter().any(&is) || !has_argument && PRAGMAS_WITHOUT_ARGUMENT.iter().any(is) {
        return Ok(());
    }
    Err(format!("PRAGMA {pragma} is not for guests: they can set nothing"))
}

/// Checks a statement that the engine has compiled.
pub(super) fn check_compiled(sql: &str, kind: StatementKind, writes: bool) -> Result<(), String> {
    if kind == StatementKind::Unknown {
        return Err("guests can run queries, and statements that write tables".to_owned());
    }
    let mut lexer = Lexer::new(sql);
    let mut token = lexer.significant();
    while token.kind != TokenKind::End {
        let next = lexer.significant();
        check_token(&token, &next, writes)?;
        token = next;
    }
    Ok(())
}

fn check_token(token: &Token<'_>, next: &Token<'_>, writes: bool) -> Result<(), String> {
    let Some(word) = name(token) else { return Ok(()) };
    if word.eq_ignore_ascii_case("load_extension") && next.kind == TokenKind::LeftParenthesis {
        return Err("load_extension() is not for guests: they bring no code".to_owned());
    }
    if !writes {
        return Ok(());
    }
    // INSERT OR ROLLBACK, or RAISE(ROLLBACK, …) in a trigger.
    if token.is("ROLLBACK") {
        return Err(format!("ROLLBACK is not for guests: {TRANSACTION}"));
    }
    // SQLite also accepts a string as a name if only a name can be there.
    let is_catalog = word.get(..CATALOG.len()).is_some_and(|w| w.eq_ignore_ascii_case(CATALOG));
    if is_catalog {
        return Err(format!("{word} is not for guests: it holds definitions"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(sql: &str, writes: bool) -> bool {
        authorize(sql).and_then(|kind| check_compiled(sql, kind, writes)).is_err()
    }

    #[test]
    fn what_begins_so_is_refused_before_the_engine_sees_it() {
        for sql in [
            "ATTACH 'x' AS y",
            " -- hidden\n;; /* */ attach 'x' AS y",
            "EXPLAIN ATTACH 'x' AS y",
            "explain query plan detach y",
            "VACUUM INTO 'x'",
            "begin",
            "SAVEPOINT s",
            "PRAGMA writable_schema = 1",
            "PRAGMA main.\"journal_mode\"(wal)",
            "PRAGMA wal_checkpoint",
            "PRAGMA user_version = 7",
            "PRAGMA aux.table_info(t)",
            "PRAGMA database_list",
            "PRAGMA",
        ] {
            assert!(authorize(sql).is_err(), "{sql}");
        }
    }

    #[test]
    fn what_reads_is_allowed() {
        for sql in [
            "SELECT 1",
            "values (1)",
            "WITH a AS (SELECT 1) SELECT * FROM a",
            "(SELECT 1)",
            "EXPLAIN QUERY PLAN SELECT 1",
            "PRAGMA table_info(t)",
            "PRAGMA main.index_list = t",
            "PRAGMA user_version;",
            "SELECT \"rollback\" FROM t",
        ] {
            assert!(!refused(sql, false), "{sql}");
        }
    }

    #[test]
    fn code_transactions_and_definitions_are_out_of_reach() {
        for sql in [
            "SELECT load_extension('x')",
            "SELECT \"LOAD_EXTENSION\" ('x')",
            "SELECT 1, [load_extension]/**/('x')",
        ] {
            assert!(refused(sql, false), "{sql}");
        }
        for sql in [
            "INSERT OR ROLLBACK INTO t VALUES (1)",
            "CREATE TRIGGER t AFTER INSERT ON u BEGIN SELECT RAISE(ROLLBACK, 'x'); END",
            "DELETE FROM commensal_object",
            "UPDATE main.\"Commensal_Meta\" SET generation = 1",
            "WITH x AS (SELECT 1) DELETE FROM [commensal_module]",
            "DELETE FROM 'commensal_object'",
            "DROP TABLE `commensal_meta`",
            "REINDEXX",
        ] {
            assert!(refused(sql, true), "{sql}");
        }
        assert!(!refused("INSERT INTO t VALUES ('ROLLBACK', 'a commensal_object')", true));
    }
}
