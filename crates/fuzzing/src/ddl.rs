//! SQL text for lexer, parser and splitter. None may panic, a rendered statement must parse to the same, and
//! the result of the splitter must not depend on the pieces in which it gets the text.

use commensal::core::ddl::lexer::{Lexer, TokenKind};
use commensal::core::ddl::{Create, Splitter, Statement, parse};

/// Words and characters of statements.
pub(crate) const WORDS: &[&str] = &[
    "CREATE ",
    "OR REPLACE ",
    "FUNCTION ",
    "EXTENSION ",
    "IF NOT EXISTS ",
    "IF EXISTS ",
    "LANGUAGE wasm ",
    "AS ",
    "EXPORT ",
    "DETERMINISTIC ",
    "WITH (",
    "timeout_ms = ",
    "fuel = ",
    "memory_mb = ",
    "allow = ",
    "prefix = ",
    "without = ",
    "'log,clock'",
    "CASCADE REINDEX ",
    "DROP ",
    "PRAGMA ",
    "main.",
    "wasm_cache_size",
    "file://",
    "X'00'",
    "TEMP ",
    "TRIGGER ",
    "BEGIN ",
    "END;",
    "EXPLAIN ",
    "--",
    "/*",
    "*/",
    "?1",
];

/// Reads one text. Returns true if it is a statement of Commensal's.
///
/// # Panics
/// The results of lexer, parser or splitter contradict each other.
pub fn run(data: &[u8]) -> bool {
    let Ok(sql) = str::from_utf8(data) else { return false };
    tokens(sql);
    splitter(sql);
    statement(sql)
}

fn tokens(sql: &str) {
    let mut lexer = Lexer::new(sql);
    let mut covered = 0;
    loop {
        let token = lexer.token();
        assert_eq!(token.offset, covered);
        covered = token.end();
        if token.kind == TokenKind::End {
            break assert_eq!(covered, sql.len());
        }
        assert!(!token.text.is_empty());
    }
}

fn statement(sql: &str) -> bool {
    match parse(sql) {
        Ok(Some(parsed)) => {
            assert!(sql.is_char_boundary(parsed.consumed));
            if let Statement::Create(create) = parsed.statement {
                rendered(create);
            }
            true
        }
        Ok(None) => false,
        Err(error) => {
            assert!(sql.is_char_boundary(error.offset().expect("an offset")));
            false
        }
    }
}

fn rendered(create: Create) {
    let parsed = parse(&create.to_string()).expect("valid").expect("ours");
    let Statement::Create(again) = parsed.statement else { panic!("{:?}", parsed.statement) };
    let (name_offset, source_offset) = (create.name_offset, create.source_offset);
    assert_eq!(Create { name_offset, source_offset, ..again }, create);
}

fn splitter(sql: &str) {
    let mut whole = Splitter::new();
    whole.feed(sql);
    let mut pieces = Splitter::new();
    for piece in sql.split_inclusive(|c: char| !c.is_ascii_digit()) {
        pieces.feed(piece);
    }
    let answers = |s: &Splitter| (s.is_complete(), s.is_pending(), s.complete_bytes());
    assert_eq!(answers(&pieces), answers(&whole));
}
