//! Our lexer and splitter find the same tokens and statements as SQLite in every text. A file could use a
//! difference to turn a literal into a command.

use commensal::core::ddl::Splitter;
use commensal::core::ddl::lexer::{Lexer, TokenKind};
use commensal::core::engine::SqlText;
use proptest::prelude::*;

use crate::support::{connect, memory};

/// The beginnings, middles and ends of tokens.
const PIECES: &[&str] = &[
    "'", "\"", "`", "[", "]", "$", "@", ":", "::", "#", "?", "(", ")", "$x(", "x'", "X'0", "00",
    "'", ";", ".", "..", ",", "-", "--", "->", ">", "/", "*", "/*", "*/", "=", "<", "!", "|", "&",
    "~", "%", "+", "0", "1", "_", "1_000", "0x", "0xf", "e", "1e", "E+5", "1.", ".5", "a", "go",
    "END", "CREATE", "é", "\u{feff}", "\u{fe00}", " ", "\n", "\t", "\r", "\x0b", "\x0c", "\x1c",
    "\x7f", "\\", "^", "{",
];

fn text() -> impl Strategy<Value = String> {
    let pieces = || prop::collection::vec(proptest::sample::select(PIECES), 1..12);
    prop_oneof![
        4 => pieces().prop_map(|pieces| pieces.concat()),
        1 => "[^\0]{1,6}",
    ]
}

/// Values, and what may stand between them, in all spellings.
const VALUES: &[&str] = &[
    "1",
    "1_000",
    "0x1F",
    "1.",
    ".5",
    "1.5e-3",
    "1e5",
    "x''",
    "X'00ff'",
    "';'",
    "'it''s;'",
    "''",
    "?",
    "?3",
    "$a",
    "$a(;)",
    "@b(')",
    ":c::d(\")",
    "$::e(/*)",
    "$f()",
    "$g([)",
    "$h(--)",
    "\"one\"",
    "[one]",
    "`one`",
    "NULL",
    "1/2",
    "1-1",
    "1--x;'\n",
    "1/*;'*/",
    "(SELECT ';')",
    "one->>'$;'",
];
const GAPS: &[&str] =
    &["", " ", "\n", "\n \x0b", "-- ; '\n", "/*;*/", "/***/", "/*/ ; */", " \u{feff}"];

fn statement() -> impl Strategy<Value = String> {
    let value = (proptest::sample::select(VALUES), proptest::sample::select(GAPS));
    let values = prop::collection::vec(value, 1..6);
    let end =
        proptest::sample::select(&[";", ";;", "; SELECT 2;", ";SELECT $x(')", ";--", ";\n.x"][..]);
    (values, any::<bool>(), end).prop_map(|(values, trigger, end)| {
        let list: Vec<_> = values.iter().map(|(value, gap)| format!("{gap}{value}{gap}")).collect();
        let list = list.join(",");
        if trigger && !list.contains(['$', '@', ':', '?']) {
            let gap = values[0].1;
            return format!(
                "CREATE{gap} TEMP TRIGGER tr AFTER INSERT ON t BEGIN SELECT {list} FROM t;{gap}END{end}"
            );
        }
        format!("SELECT {list} FROM t{end}")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    /// If only a `)` may follow, SQLite's error names the token that does.
    #[test]
    fn tokens_are_those_of_sqlite(text in text()) {
        let sqlite = rusqlite::Connection::open_in_memory().unwrap();
        let mut lexer = Lexer::new(&text);
        let mut begin = 0;
        loop {
            let token = lexer.significant();
            let expected = match token.kind {
                TokenKind::End => break,
                TokenKind::RightParenthesis => {
                    begin = token.end();
                    continue;
                }
                // Where statements end, nothing else can be compared.
                TokenKind::Semicolon => "near \";\": syntax error".to_owned(),
                TokenKind::Illegal => format!("unrecognized token: \"{}\"", token.text),
                _ => format!("near \"{}\": syntax error", token.text),
            };
            let sql = format!("PRAGMA x(1/**/{}", &text[begin..]);
            let error = sqlite.prepare(&sql).map(|_| ()).expect_err("there is no such syntax");
            let message = match error {
                rusqlite::Error::SqlInputError { msg, .. } => msg,
                rusqlite::Error::SqliteFailure(_, Some(message)) => message,
                error => error.to_string(),
            };
            // SQLite's own registers, which only its own SQL may name.
            let own = token.text.starts_with('#') && message.starts_with("near \"#");
            // Our lexer does not check the digits of a blob.
            let blob = token.kind == TokenKind::Blob
                && message == format!("unrecognized token: \"{}\"", token.text);
            prop_assert!(own || blob || message == expected, "{:?}: {} for {:?}", sql, message, token);
            begin = token.end();
        }
    }

    #[test]
    fn statements_end_where_sqlite_ends_them(text in statement()) {
        let connection = connect(&memory());
        connection.execute_batch("CREATE TABLE t(one)").unwrap();
        let (statement, end) = connection
            .prepare_at(&SqlText::new(&text).unwrap(), 0)
            .map_err(|error| TestCaseError::fail(format!("{text:?}: {error}")))?;
        prop_assert!(statement.is_some());
        let mut splitter = Splitter::new();
        for (at, _) in text.char_indices() {
            if splitter.is_complete() {
                prop_assert_eq!(at, end, "{:?}", text);
                return Ok(());
            }
            splitter.feed(&text[at..text.ceil_char_boundary(at + 1)]);
        }
        prop_assert_eq!((splitter.is_complete(), text.len()), (true, end), "{:?}", text);
    }
}
