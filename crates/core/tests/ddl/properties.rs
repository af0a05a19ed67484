//! Properties that hold for every text.

use commensal_core::ddl::lexer::{Lexer, TokenKind};
use commensal_core::ddl::{
    Create, ObjectKind, Source, Splitter, Statement, With, parse, quote_identifier,
};
use commensal_core::manifest::Selection;
use commensal_core::{Capabilities, Capability};
use proptest::option;
use proptest::prelude::*;

const PIECES: &[&str] = &[
    "CREATE",
    "OR",
    "REPLACE",
    "FUNCTION",
    "EXTENSION",
    "IF",
    "NOT",
    "EXISTS",
    "LANGUAGE",
    "wasm",
    "AS",
    "EXPORT",
    "DETERMINISTIC",
    "WITH",
    "CASCADE",
    "REINDEX",
    "DROP",
    "PRAGMA",
    "wasm_cache_size",
    "TEMP",
    "TRIGGER",
    "END",
    "EXPLAIN",
    "file:",
    "//",
    "a",
    "'",
    "\"",
    "`",
    "[",
    "]",
    "X'",
    "00",
    "-",
    "--",
    "/",
    "*",
    "/*",
    "*/",
    "(",
    ")",
    ",",
    ".",
    "=",
    ";",
    "?",
    ":a",
    "$x(",
    "::",
    "$",
    "#",
    "1",
    "1.",
    "1e",
    "+",
    "\x0b",
    "0x",
    "fuel",
    "allow",
    " ",
    "\n",
    "\0",
    "é",
    "\u{feff}",
];

/// Text of the parts of our statements, in any order.
fn sql() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => proptest::sample::select(PIECES).prop_map(|piece| format!("{piece} ")),
        4 => proptest::sample::select(PIECES).prop_map(str::to_owned),
        1 => ".{0,3}",
    ];
    let beginning = proptest::sample::select(
        &["", "CREATE FUNCTION f LANGUAGE wasm AS ", "CREATE OR REPLACE FUNCTION ", "DROP "][..],
    );
    (beginning, prop::collection::vec(piece, 0..20))
        .prop_map(|(beginning, pieces)| beginning.to_owned() + &pieces.concat())
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![".*", "[a-c\"'`\\[\\];. \n-]{0,8}", sql()]
}

fn name() -> impl Strategy<Value = String> {
    text().prop_filter("names", |name| !name.is_empty() && !name.contains('\0'))
}

fn source() -> impl Strategy<Value = Source> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Source::Blob),
        text().prop_filter("a module", |text| !text.starts_with("file://")).prop_map(Source::Text),
        name().prop_map(Source::File),
        (1..=32_766_usize).prop_map(Source::Parameter),
    ]
}

/// Options; those for names only if an extension is created.
fn with(is_extension: bool) -> impl Strategy<Value = With> {
    let names = prop::collection::vec("[a-z'\"é]{1,3}", 1..4).prop_map(|names| names.join(","));
    let selection = (option::of("[a-z_][a-z0-9_]{0,5}"), option::of(names)).prop_map(
        move |(prefix, without)| {
            let mut selection = Selection::default();
            if let Some(prefix) = prefix.filter(|_| is_extension) {
                selection.set_prefix(&prefix).unwrap();
            }
            if let Some(without) = without.filter(|_| is_extension) {
                selection.set_without(&without).unwrap();
            }
            selection
        },
    );
    let limit = || option::of(1..=i64::MAX as u64);
    let allow = prop::collection::vec(proptest::sample::select(&Capability::ALL[..]), 0..4)
        .prop_map(|capabilities| capabilities.into_iter().collect::<Capabilities>());
    (limit(), limit(), limit(), option::of(allow), selection).prop_map(
        |(timeout_ms, fuel, memory_mb, allow, selection)| With {
            timeout_ms,
            fuel,
            memory_mb,
            allow,
            selection,
        },
    )
}

fn create() -> impl Strategy<Value = Create> {
    let function = prop_oneof![(option::of(name()), any::<bool>()).prop_map(Some), Just(None)];
    let function = function.prop_flat_map(|function| {
        let with = with(function.is_none());
        (Just(function), with)
    });
    (function, 0..3, name(), source(), any::<bool>()).prop_map(
        |((function, with), existing, name, source, cascade_reindex)| {
            let kind =
                if function.is_some() { ObjectKind::Function } else { ObjectKind::Extension };
            let (export, deterministic) = function.unwrap_or_default();
            Create {
                kind,
                or_replace: existing == 1,
                if_not_exists: existing == 2,
                name,
                name_offset: 0,
                source,
                source_offset: 0,
                export,
                deterministic,
                with,
                cascade_reindex,
            }
        },
    )
}

/// The answers of a splitter.
fn answers(splitter: &Splitter) -> (bool, bool, usize) {
    (splitter.is_complete(), splitter.is_pending(), splitter.complete_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn tokens_cover_the_text(sql in text()) {
        let mut lexer = Lexer::new(&sql);
        let mut covered = 0;
        loop {
            let token = lexer.token();
            prop_assert_eq!(token.offset, covered);
            if token.kind == TokenKind::End {
                break;
            }
            prop_assert!(!token.text.is_empty());
            covered = token.end();
        }
        prop_assert_eq!(covered, sql.len());
    }

    #[test]
    fn every_text_has_an_answer(sql in text()) {
        match parse(&sql) {
            Ok(Some(parsed)) => {
                prop_assert!(sql.is_char_boundary(parsed.consumed));
                let again = parse(&sql[..parsed.consumed]);
                prop_assert_eq!(again, Ok(Some(parsed)));
            }
            Ok(None) => {}
            Err(error) => {
                let offset = error.offset().expect("a syntax error has an offset");
                prop_assert!(sql.is_char_boundary(offset));
                prop_assert!(error.message().len() < 400);
            }
        }
    }

    #[test]
    fn rendered_statements_parse_to_the_same(create in create()) {
        let sql = create.to_string();
        let parsed = parse(&sql)?.expect("a statement of ours");
        prop_assert_eq!(parsed.consumed, sql.len());
        let Statement::Create(mut parsed) = parsed.statement else {
            return Err(TestCaseError::fail(sql));
        };
        prop_assert!(sql[parsed.name_offset..].starts_with(&quote_identifier(&create.name)));
        prop_assert!(sql[parsed.source_offset..].starts_with(&create.source.to_string()));
        (parsed.name_offset, parsed.source_offset) = (0, 0);
        prop_assert_eq!(parsed, create);
    }

    #[test]
    fn a_rendered_statement_ends_with_its_semicolon(create in create()) {
        let sql = format!("{create};");
        let mut splitter = Splitter::new();
        splitter.feed(&sql);
        prop_assert_eq!(answers(&splitter), (true, false, sql.len()));
    }

    #[test]
    fn where_text_is_cut_does_not_matter(sql in text(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
        let mut whole = Splitter::new();
        whole.feed(&sql);
        let mut cuts: Vec<_> = cuts
            .iter()
            .map(|cut| cut.index(sql.len() + 1))
            .filter(|&cut| sql.is_char_boundary(cut))
            .collect();
        cuts.sort_unstable();
        cuts.push(sql.len());
        let mut pieces = Splitter::new();
        let mut start = 0;
        for end in cuts {
            pieces.feed(&sql[start..end]);
            start = end;
        }
        prop_assert_eq!(answers(&pieces), answers(&whole));
    }

    /// The splitter reads byte by byte, and the lexer token by token.
    #[test]
    fn a_splitter_sees_the_tokens_of_the_lexer(sql in text()) {
        // The text after AS is not SQL.
        let sql = sql.replace("file:", "file") + ";";
        let mut expected = (Splitter::new(), 0);
        let mut lexer = Lexer::new(&sql);
        loop {
            let token = lexer.token();
            match token.kind {
                TokenKind::End => break,
                TokenKind::Semicolon => {
                    expected.0.feed(";");
                    if expected.0.is_complete() {
                        expected.1 = token.end();
                    }
                }
                TokenKind::Identifier => expected.0.feed(&format!(" {} ", token.text)),
                TokenKind::Space | TokenKind::Comment => {}
                // Any token that is not a word.
                _ => expected.0.feed(" , "),
            }
        }
        let mut splitter = Splitter::new();
        splitter.feed(&sql);
        prop_assert_eq!(splitter.complete_bytes(), expected.1, "{:?}", sql);
    }

    #[test]
    fn statements_that_parse_are_complete_where_they_end(sql in sql()) {
        if let Ok(Some(parsed)) = parse(&sql) && sql[..parsed.consumed].ends_with(';') {
            let mut splitter = Splitter::new();
            splitter.feed(&sql[..parsed.consumed]);
            prop_assert_eq!(splitter.complete_bytes(), parsed.consumed);
        }
    }
}
