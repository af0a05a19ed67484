//! Statements, and the values that they are parsed to.

use commensal_core::ddl::{
    Create, Drop, ObjectKind, Parameters, Source, Statement, With, parse, quote_identifier,
    quote_text,
};
use commensal_core::{Capabilities, Capability};

/// The only statement of `sql`, which must be ours.
fn statement(sql: &str) -> Statement {
    let parsed = parse(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    let parsed = parsed.unwrap_or_else(|| panic!("{sql}: left to the engine"));
    assert_eq!(parsed.consumed, sql.len(), "{sql}");
    parsed.statement
}

fn create(sql: &str) -> Create {
    match statement(sql) {
        Statement::Create(create) => create,
        other => panic!("{sql}: {other:?}"),
    }
}

fn drop(sql: &str) -> Drop {
    match statement(sql) {
        Statement::Drop(drop) => drop,
        other => panic!("{sql}: {other:?}"),
    }
}

fn source(sql: &str) -> Source {
    create(&format!("CREATE FUNCTION f LANGUAGE wasm AS {sql}")).source
}

fn plain(kind: ObjectKind, name: &str) -> Create {
    Create {
        kind,
        or_replace: false,
        if_not_exists: false,
        name: name.into(),
        name_offset: 16,
        source: Source::Text("m".into()),
        source_offset: 35,
        export: None,
        deterministic: false,
        with: With::default(),
        cascade_reindex: false,
    }
}

#[test]
fn other_statements_belong_to_the_engine() {
    for sql in [
        "",
        " ",
        ";;",
        "-- CREATE FUNCTION f",
        "/* CREATE FUNCTION f",
        "SELECT 1",
        "SELECT 'CREATE FUNCTION f'",
        "CREATE",
        "CREATE TABLE t(a)",
        "CREATE TEMP FUNCTION f",
        "CREATE OR",
        "CREATE OR FUNCTION f",
        "CREATE OR REPLACE",
        "CREATE OR REPLACE TABLE t",
        "CREATE REPLACE FUNCTION f",
        "CREATE \"FUNCTION\" f",
        "CREATE FUNCTIONS f",
        "\"CREATE\" FUNCTION f",
        "CREATEFUNCTION f",
        "EXPLAIN CREATE FUNCTION f",
        "DROP",
        "DROP TABLE t",
        "DROP FUNCTIONAL",
        "PRAGMA",
        "PRAGMA cache_size",
        "PRAGMA main.cache_size",
        "PRAGMA wasm_cache_size_max",
        "PRAGMA main wasm_cache_size",
        "PRAGMA wasm_cache_size.cache_size",
        "\0CREATE FUNCTION f",
        "'CREATE FUNCTION",
        "SELECT 1; CREATE FUNCTION f",
    ] {
        assert_eq!(parse(sql), Ok(None), "{sql}");
    }
}

#[test]
fn beginnings_of_our_statements_are_ours() {
    for sql in [
        "CREATE FUNCTION",
        "create or replace extension",
        "DROP FUNCTION",
        "DROP EXTENSION;",
        " ;\n; -- c\n/* d */\t\u{feff}CREATE/**/OR--\nREPLACE FUNCTION",
        "PRAGMA temp.wasm_cache_size",
    ] {
        assert!(parse(sql).is_err(), "{sql}");
    }
}

#[test]
fn create_with_every_clause() {
    let sql = "CREATE FUNCTION f LANGUAGE wasm AS 'm' EXPORT 'e' DETERMINISTIC \
               WITH (timeout_ms = 5, fuel = 0x10, memory_mb=1, allow = 'log, sql_read') \
               CASCADE REINDEX;";
    let with = With {
        timeout_ms: Some(5),
        fuel: Some(16),
        memory_mb: Some(1),
        allow: Some(Capabilities::NONE.with(Capability::Log).with(Capability::SqlRead)),
        ..With::default()
    };
    let expected = Create {
        export: Some("e".into()),
        deterministic: true,
        with,
        cascade_reindex: true,
        ..plain(ObjectKind::Function, "f")
    };
    assert_eq!(create(sql), expected);
}

#[test]
fn clauses_come_in_any_order_and_letter_case() {
    let clauses = ["export e", "Deterministic", "with(\"Fuel\"==1)", "cascade /**/ reindex"];
    let expected = Create {
        export: Some("e".into()),
        deterministic: true,
        with: With { fuel: Some(1), ..With::default() },
        cascade_reindex: true,
        ..plain(ObjectKind::Function, "f")
    };
    for first in 0..4 {
        for step in [1, 3] {
            let order: Vec<_> = (0..4).map(|i| clauses[(first + i * step) % 4]).collect();
            let sql = format!("create function f language WASM as 'm'\n{}", order.join(" "));
            assert_eq!(create(&sql), expected, "{sql}");
        }
    }
}

#[test]
fn extensions_have_limits() {
    let sql = "CREATE EXTENSION g LANGUAGE wasm AS 'm' WITH (allow = '') CASCADE REINDEX";
    let expected = Create {
        with: With { allow: Some(Capabilities::NONE), ..With::default() },
        cascade_reindex: true,
        name_offset: 17,
        source_offset: 36,
        ..plain(ObjectKind::Extension, "g")
    };
    assert_eq!(create(sql), expected);
}

#[test]
fn replacing_and_keeping() {
    let replace = create("CREATE OR REPLACE FUNCTION f LANGUAGE wasm AS 'm'");
    assert!(replace.or_replace && !replace.if_not_exists);
    let keep = create("CREATE FUNCTION IF NOT EXISTS f LANGUAGE wasm AS 'm'");
    assert!(!keep.or_replace && keep.if_not_exists);
}

#[test]
fn drops() {
    for (sql, kind, if_exists, name, name_offset, cascade_reindex) in [
        ("DROP FUNCTION f", ObjectKind::Function, false, "f", 14, false),
        ("drop extension if exists g;", ObjectKind::Extension, true, "g", 25, false),
        ("DROP FUNCTION f CASCADE REINDEX", ObjectKind::Function, false, "f", 14, true),
        ("DROP FUNCTION if", ObjectKind::Function, false, "if", 14, false),
        ("DROP FUNCTION \"if\"", ObjectKind::Function, false, "if", 14, false),
        ("DROP FUNCTION if exists cascade", ObjectKind::Function, true, "cascade", 24, false),
        ("DROP FUNCTION cascade cascade reindex", ObjectKind::Function, false, "cascade", 14, true),
    ] {
        let expected = Drop { kind, if_exists, name: name.into(), name_offset, cascade_reindex };
        assert_eq!(drop(sql), expected, "{sql}");
    }
}

#[test]
fn names() {
    for (sql, name) in [
        ("f", "f"),
        ("_F1$", "_F1$"),
        ("größe", "größe"),
        ("名前", "名前"),
        ("😀", "😀"),
        ("x", "x"),
        ("if", "if"),
        ("language", "language"),
        ("function", "function"),
        ("as", "as"),
        ("select", "select"),
        ("\"my \"\"f\"\"\"", "my \"f\""),
        ("`a``b`", "a`b"),
        ("[a \"b]", "a \"b"),
        ("'it''s'", "it's"),
        ("\" \"", " "),
        ("\"main.f\"", "main.f"),
        ("\"a;--b\"", "a;--b"),
    ] {
        let create = create(&format!("CREATE FUNCTION {sql} LANGUAGE wasm AS 'm'"));
        assert_eq!(create.name, name, "{sql}");
        assert_eq!(drop(&format!("DROP EXTENSION {sql}")).name, name, "{sql}");
        let export = format!("CREATE FUNCTION f LANGUAGE wasm AS 'm' EXPORT {sql}");
        assert_eq!(self::create(&export).export.as_deref(), Some(name), "{sql}");
    }
}

#[test]
fn languages() {
    for language in ["wasm", "WASM", "'wasm'", "\"Wasm\""] {
        create(&format!("CREATE FUNCTION f LANGUAGE {language} AS 'm'"));
    }
}

#[test]
fn sources() {
    for (sql, expected) in [
        ("X''", Source::Blob(vec![])),
        ("x'0061736D'", Source::Blob(b"\0asm".to_vec())),
        ("X'fFaA09'", Source::Blob(vec![0xff, 0xaa, 0x09])),
        ("''", Source::Text(String::new())),
        ("'(module) ;; it''s'", Source::Text("(module) ;; it's".into())),
        ("'(module) ;; \0 file://'", Source::Text("(module) ;; \0 file://".into())),
        ("file://a--b.wasm", Source::File("a--b.wasm".into())),
        ("file:///tmp/a'b/*c%20ü.wasm ", Source::File("/tmp/a'b/*c%20ü.wasm".into())),
        ("file://../x.wasm\nEXPORT e", Source::File("../x.wasm".into())),
        ("/* c */ file://x.wasm;", Source::File("x.wasm".into())),
        ("'file://a b;''c''.wasm'", Source::File("a b;'c'.wasm".into())),
        ("'FILE://x'", Source::Text("FILE://x".into())),
        ("?", Source::Parameter(1)),
        ("?7", Source::Parameter(7)),
        ("?32766", Source::Parameter(32766)),
        (":m", Source::Parameter(1)),
        ("@m", Source::Parameter(1)),
        ("$m::n(o)", Source::Parameter(1)),
    ] {
        assert_eq!(source(sql), expected, "{sql}");
    }
}

#[test]
fn parameters_have_sqlite_numbers_and_names() {
    for (source, count, name) in [
        ("?", 1, None),
        ("?1", 1, Some("?1")),
        ("?7", 7, Some("?7")),
        ("?007", 7, Some("?007")),
        (":Größe", 1, Some(":Größe")),
        ("@a", 1, Some("@a")),
        ("$a", 1, Some("$a")),
        ("'m'", 0, None),
    ] {
        let sql = format!("CREATE FUNCTION f LANGUAGE wasm AS {source}");
        let parameters = parse(&sql).unwrap().unwrap().parameters;
        assert_eq!(parameters.count(), count, "{source}");
        assert_eq!(parameters.name(count), name, "{source}");
        assert_eq!(parameters.name(count + 1), None, "{source}");
        assert_eq!(parameters.index("?"), None, "{source}");
        if let Some(name) = name {
            assert_eq!(parameters.index(name), Some(count), "{source}");
        }
    }
    let none = parse("DROP FUNCTION f").unwrap().unwrap().parameters;
    assert_eq!(none, Parameters::default());
}

#[test]
fn numbers() {
    for (sql, expected) in [
        ("1", 1),
        ("007", 7),
        ("0xfF", 255),
        ("0X1", 1),
        ("9223372036854775807", i64::MAX as u64),
        ("0x7fffffffffffffff", i64::MAX as u64),
    ] {
        let sql = format!("CREATE FUNCTION f LANGUAGE wasm AS 'm' WITH (fuel = {sql})");
        assert_eq!(create(&sql).with.fuel, Some(expected), "{sql}");
    }
}

#[test]
fn cache_size() {
    for (sql, expected) in [
        ("PRAGMA wasm_cache_size", None),
        ("pragma Wasm_Cache_Size;", None),
        ("PRAGMA main.wasm_cache_size", None),
        ("PRAGMA \"main\" . [wasm_cache_size]", None),
        ("PRAGMA wasm_cache_size = 10485760;", Some(10_485_760)),
        ("PRAGMA wasm_cache_size(0)", Some(0)),
        ("PRAGMA main.wasm_cache_size (0x10) ;", Some(16)),
    ] {
        assert_eq!(statement(sql), Statement::CacheSize(expected), "{sql}");
    }
}

#[test]
fn consumed_ends_with_the_statement() {
    for (sql, rest) in [
        ("DROP FUNCTION f; SELECT 1", " SELECT 1"),
        (";; DROP FUNCTION f /* ; */ ;;", ";"),
        ("DROP FUNCTION f -- ;\n;\n", "\n"),
        ("DROP FUNCTION f -- ;", ""),
        ("DROP FUNCTION f /* ;", ""),
        ("DROP FUNCTION f  \n", ""),
        ("CREATE FUNCTION f LANGUAGE wasm AS file://x;y", "y"),
        ("CREATE FUNCTION f LANGUAGE wasm AS ';';'", "'"),
        ("PRAGMA wasm_cache_size=1;DROP", "DROP"),
    ] {
        let parsed = parse(sql).unwrap().unwrap();
        assert_eq!(&sql[parsed.consumed..], rest, "{sql}");
    }
}

#[test]
fn large_blob_literal() {
    let module: Vec<u8> = (0..4 << 20_u32).map(|i: u32| ((i * 31) >> 3) as u8).collect();
    let sql = Create { source: Source::Blob(module.clone()), ..plain(ObjectKind::Function, "f") }
        .to_string();
    assert_eq!(create(&sql).source, Source::Blob(module));
}

#[test]
fn rendering() {
    for (sql, expected) in [
        (
            "create function f language wasm as file://m.wasm export e deterministic",
            "CREATE FUNCTION \"f\" LANGUAGE wasm AS 'file://m.wasm' EXPORT 'e' DETERMINISTIC",
        ),
        (
            "CREATE OR REPLACE EXTENSION [a\"b] LANGUAGE wasm AS X'0F' CASCADE REINDEX",
            "CREATE OR REPLACE EXTENSION \"a\"\"b\" LANGUAGE wasm AS X'0f' CASCADE REINDEX",
        ),
        (
            "CREATE FUNCTION IF NOT EXISTS f LANGUAGE wasm AS :m WITH (allow='LOG,clock',fuel=0x9)",
            "CREATE FUNCTION IF NOT EXISTS \"f\" LANGUAGE wasm AS ?1 \
             WITH (fuel = 9, allow = 'log,clock')",
        ),
    ] {
        assert_eq!(create(sql).to_string(), expected);
    }
}

#[test]
fn quoting() {
    assert_eq!(quote_identifier("a\"b'c"), "\"a\"\"b'c\"");
    assert_eq!(quote_identifier(""), "\"\"");
    assert_eq!(quote_text("a\"b'c"), "'a\"b''c'");
    assert_eq!(quote_text(""), "''");
}
