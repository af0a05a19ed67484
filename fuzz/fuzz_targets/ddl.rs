//! SQL text into the parser and the splitter: neither may panic, what parses has to come back from
//! its rendering, and where text is cut may not change what the splitter says.
#![no_main]

use commensal_core::ddl::lexer::{Lexer, TokenKind};
use commensal_core::ddl::{Create, Splitter, Statement, parse};
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|data: &[u8]| -> Corpus {
    let Ok(sql) = str::from_utf8(data) else {
        return Corpus::Reject;
    };
    tokens(sql);
    statement(sql);
    splitter(sql);
    Corpus::Keep
});

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

fn statement(sql: &str) {
    match parse(sql) {
        Ok(Some(parsed)) => {
            assert!(sql.is_char_boundary(parsed.consumed));
            if let Statement::Create(create) = parsed.statement {
                rendered(create);
            }
        }
        Ok(None) => {}
        Err(error) => assert!(sql.is_char_boundary(error.offset().expect("an offset"))),
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
