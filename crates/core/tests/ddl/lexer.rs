//! SQLite's tokens.

use commensal_core::ddl::lexer::{Lexer, Token, TokenKind};

/// All tokens of `sql`, without the end.
fn tokens(sql: &str) -> Vec<Token<'_>> {
    let mut lexer = Lexer::new(sql);
    let tokens = std::iter::from_fn(|| {
        let token = lexer.token();
        (token.kind != TokenKind::End).then_some(token)
    });
    tokens.collect()
}

#[test]
fn one_token() {
    use TokenKind::*;
    for (sql, kind) in [
        (" \t\n\u{c}\r\u{b}", Space),
        ("\u{feff}", Space),
        ("--", Comment),
        ("-- a; 'b", Comment),
        ("/**/", Comment),
        ("/* * / ' */", Comment),
        ("/*/", Comment),
        ("/* open *", Comment),
        ("a", Identifier),
        ("_", Identifier),
        ("x", Identifier),
        ("SELECT", Identifier),
        ("a1$é", Identifier),
        ("a\u{feff}", Identifier),
        ("\u{fefe}", Identifier),
        ("\"a\"\"b\"", QuotedIdentifier),
        ("`a``\"`", QuotedIdentifier),
        ("[a\"'b]", QuotedIdentifier),
        ("[]", QuotedIdentifier),
        ("''", String),
        ("'a''b\0\"'", String),
        ("X''", Blob),
        ("x'0g'", Blob),
        ("0", Integer),
        ("12_3", Integer),
        ("0xfF", Integer),
        ("0x1_2", Integer),
        (".5", Float),
        ("1.", Float),
        ("1.5e+7", Float),
        ("1e5", Float),
        ("?", Parameter),
        ("?12", Parameter),
        (":a", Parameter),
        (":1", Parameter),
        ("@a$", Parameter),
        ("$a::b::", Parameter),
        ("$a(b'c)", Parameter),
        (";", Semicolon),
        ("(", LeftParenthesis),
        (")", RightParenthesis),
        (",", Comma),
        (".", Dot),
        ("=", Equals),
        ("==", Equals),
        ("->", Operator),
        ("->>", Operator),
        ("<>", Operator),
        ("<<", Operator),
        (">>", Operator),
        ("!=", Operator),
        ("|", Operator),
        ("||", Operator),
        ("/", Operator),
        ("~", Operator),
        ("!", Illegal),
        ("\0", Illegal),
        ("\u{b}", Illegal),
        ("{", Illegal),
        ("1a", Illegal),
        ("0x1g", Illegal),
        ("0xg", Illegal),
        ("1.5é", Illegal),
        ("'a", Illegal),
        ("'a''", Illegal),
        ("\"a''", Illegal),
        ("[a", Illegal),
        ("x'00", Illegal),
        (":", Illegal),
        ("$::", Illegal),
        ("$a(b", Illegal),
        ("#a", Illegal),
    ] {
        assert_eq!(tokens(sql), [Token { kind, text: sql, offset: 0 }], "{sql:?}");
    }
}

#[test]
fn where_tokens_end() {
    for (sql, expected) in [
        ("a-b--c\nd", &["a", "-", "b", "--c", "\n", "d"][..]),
        ("/*a*//*b", &["/*a*/", "/*b"]),
        ("1/*", &["1", "/", "*"]),
        ("a.b.1", &["a", ".", "b", ".1"]),
        ("1..2", &["1.", ".2"]),
        ("1e+", &["1e", "+"]),
        ("'a'b'c'", &["'a'", "b", "'c'"]),
        ("[a]]", &["[a]", "]"]),
        ("x''''", &["x''", "''"]),
        ("xx'00'", &["xx", "'00'"]),
        ("?1a", &["?1", "a"]),
        (":a:b", &[":a", ":b"]),
        ("$a (b)", &["$a", " ", "(", "b", ")"]),
        ("$a(b c)", &["$a(b", " ", "c", ")"]),
        ("$(b)", &["$", "(", "b", ")"]),
        ("a$b", &["a$b"]),
        ("<=>==", &["<=", ">=", "="]),
        ("|||", &["||", "|"]),
        ("\u{feff}\u{feff}a", &["\u{feff}", "\u{feff}", "a"]),
        ("\u{b} \u{b}", &["\u{b}", " \u{b}"]),
        ("a\0b", &["a", "\0", "b"]),
    ] {
        let texts: Vec<_> = tokens(sql).iter().map(|token| token.text).collect();
        assert_eq!(texts, expected, "{sql:?}");
    }
}

#[test]
fn significant_tokens_and_the_end() {
    let mut lexer = Lexer::new(" /* a */ b -- c");
    let token = lexer.significant();
    assert!(token.is("B") && !token.is_trivia());
    assert_eq!((token.offset, token.end()), (9, 10));
    for _ in 0..2 {
        let end = lexer.significant();
        assert_eq!(end, Token { kind: TokenKind::End, text: "", offset: 15 });
    }
    assert!(!Lexer::new("\"b\"").token().is("\"b\""), "a quoted name is no keyword");
}
