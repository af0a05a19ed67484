//! Every error, with the text that it points at.

use commensal_core::ErrorKind;
use commensal_core::ddl::parse;

/// `sql` holds `⟦` where the error points, and `message` is what it says.
fn check(sql: &str, message: &str) {
    let offset = sql.find('⟦').unwrap_or_else(|| panic!("{sql}: no mark"));
    let sql = sql.replace('⟦', "");
    let error = parse(&sql).expect_err(&sql);
    assert_eq!(error.message(), message, "{sql}");
    assert_eq!(error.offset(), Some(offset), "{sql}: {message}");
    assert_eq!(error.kind(), ErrorKind::Syntax, "{sql}");
}

#[test]
fn names() {
    let function = "expected the function's name";
    check("CREATE FUNCTION⟦", &format!("{function} before the end of the statement"));
    check("CREATE FUNCTION ⟦; f", &format!("{function} before the end of the statement"));
    check(
        "DROP EXTENSION -- c\n⟦",
        "expected the extension's name before the end of the statement",
    );
    check("CREATE FUNCTION ⟦5", &format!("{function}, near \"5\""));
    check("CREATE FUNCTION ⟦X'00'", &format!("{function}, near \"X'00'\""));
    check("CREATE FUNCTION ⟦(f)", &format!("{function}, near \"(\""));
    check(
        "DROP FUNCTION ⟦:f",
        &format!("{function}, near \":f\"; only the source can be a parameter"),
    );
    check("DROP FUNCTION ⟦''", "the function's name must not be empty");
    check("DROP FUNCTION ⟦\"\"", "the function's name must not be empty");
    check("DROP EXTENSION ⟦[]", "the extension's name must not be empty");
    check("DROP FUNCTION ⟦\"a\0b\"", "the function's name must not hold NUL characters");
    check("DROP FUNCTION ⟦\0", "unrecognized token \"\\u{0}\"");
    check("DROP FUNCTION ⟦!", "unrecognized token \"!\"");
    check("DROP FUNCTION ⟦1a", "unrecognized token \"1a\"");
    check("DROP FUNCTION ⟦#f", "unrecognized token \"#f\"");
    check("DROP FUNCTION ⟦\"f", "the quoted name has no closing \"");
    check("DROP FUNCTION ⟦`f``", "the quoted name has no closing `");
    check("DROP FUNCTION ⟦[f", "the quoted name has no closing ]");
    check("DROP FUNCTION ⟦'f", "the string literal has no closing '");
    check("DROP FUNCTION IF EXISTS⟦", &format!("{function} before the end of the statement"));
}

#[test]
fn qualified_names() {
    let qualified = |kind: &str| {
        format!(
            "the {kind}'s name cannot be qualified: definitions always live in the database \
             \"main\"; write it without a database's name"
        )
    };
    check("CREATE FUNCTION ⟦main.f LANGUAGE wasm AS ?", &qualified("function"));
    check("CREATE EXTENSION ⟦temp . f", &qualified("extension"));
    check("DROP FUNCTION IF EXISTS ⟦\"main\".f", &qualified("function"));
    check("DROP EXTENSION ⟦main.", &qualified("extension"));
}

#[test]
fn if_not_exists() {
    check(
        "CREATE OR REPLACE FUNCTION ⟦IF NOT EXISTS f LANGUAGE wasm AS 'm'",
        "OR REPLACE and IF NOT EXISTS exclude each other: one replaces the function that is \
         there, the other keeps it",
    );
    check("CREATE EXTENSION IF NOT ⟦f", "expected EXISTS after IF NOT, near \"f\"");
    check(
        "CREATE FUNCTION IF ⟦EXISTS f",
        "expected LANGUAGE after the function's name, near \"EXISTS\"",
    );
}

#[test]
fn languages() {
    check("CREATE FUNCTION f ⟦x", "expected LANGUAGE after the function's name, near \"x\"");
    check("CREATE FUNCTION f⟦(a)", "expected LANGUAGE after the function's name, near \"(\"");
    check(
        "CREATE EXTENSION f⟦",
        "expected LANGUAGE after the extension's name before the end of the statement",
    );
    check("CREATE FUNCTION f LANGUAGE ⟦5", "expected the language's name, near \"5\"");
    check(
        "CREATE FUNCTION f LANGUAGE ⟦lua AS 'm'",
        "the language \"lua\" is not supported; the only one is wasm",
    );
    check("CREATE FUNCTION f LANGUAGE wasm ⟦'m'", "expected AS after the language, near \"'m'\"");
}

#[test]
fn sources() {
    let source = "expected the source (X'…', a string with WebAssembly text, a parameter or \
                  file://path)";
    let check = |sql: &str, message: &str| {
        check(&format!("CREATE FUNCTION f LANGUAGE wasm AS {sql}"), message);
    };
    check("⟦;", &format!("{source} before the end of the statement"));
    check("⟦m.wasm", &format!("{source}, near \"m\""));
    check("⟦\"m.wasm\"", &format!("{source}, near \"\"m.wasm\"\""));
    check("⟦file:/m", &format!("{source}, near \"file\""));
    check("⟦5", &format!("{source}, near \"5\""));
    check("⟦file://", "expected a path after file://");
    check("⟦file:// m.wasm", "expected a path after file://");
    check("⟦file://;", "expected a path after file://");
    check("⟦'file://'", "expected a path after file://");
    check("⟦'file://a\0b'", "the path after file:// must not hold NUL characters");
    check("⟦file://a\0b", "the path after file:// must not hold NUL characters");
    check("⟦?0", "the number of a parameter is between ?1 and ?32766");
    check("⟦?32767", "the number of a parameter is between ?1 and ?32766");
    check("⟦?99999999999999999999999", "the number of a parameter is between ?1 and ?32766");
    check("⟦:", "unrecognized token \":\"");
    check("⟦$a(b", "unrecognized token \"$a(b\"");
    check("⟦'m", "the string literal has no closing '");
    check("⟦X'00", "the blob literal has no closing '");
    check("X'00⟦g0'", "'g' is not a hexadecimal digit of a blob literal");
    check("X'0⟦ 0'", "' ' is not a hexadecimal digit of a blob literal");
    check("x'⟦ü'", "'ü' is not a hexadecimal digit of a blob literal");
    check("X'00⟦ü0'", "'ü' is not a hexadecimal digit of a blob literal");
    check("X'000⟦-'", "'-' is not a hexadecimal digit of a blob literal");
    check("X'00⟦-'", "'-' is not a hexadecimal digit of a blob literal");
    let odd = "a blob literal needs two hexadecimal digits for each byte, here the last byte has \
               one";
    check("X'⟦0'", odd);
    check("X'0011⟦f'", odd);
}

#[test]
fn clauses() {
    let function = "CREATE FUNCTION f LANGUAGE wasm AS 'm'";
    let check_function = |sql: &str, message: &str| check(&format!("{function} {sql}"), message);
    check_function("⟦x", "expected EXPORT, DETERMINISTIC, WITH, CASCADE REINDEX or ;, near \"x\"");
    check_function(
        "⟦:a",
        "expected EXPORT, DETERMINISTIC, WITH, CASCADE REINDEX or ;, near \":a\"; only the source \
         can be a parameter",
    );
    check_function("EXPORT⟦", "expected the export's name before the end of the statement");
    check_function("EXPORT ⟦''", "the export's name must not be empty");
    check_function("EXPORT a ⟦EXPORT b", "EXPORT is given twice");
    check_function("DETERMINISTIC EXPORT a ⟦DETERMINISTIC", "DETERMINISTIC is given twice");
    check_function("WITH (fuel = 1) ⟦WITH (fuel = 1)", "WITH is given twice");
    check_function("CASCADE REINDEX ⟦CASCADE REINDEX", "CASCADE REINDEX is given twice");
    check_function("CASCADE ⟦;", "expected REINDEX after CASCADE before the end of the statement");
    let extension = "CREATE EXTENSION g LANGUAGE wasm AS 'm'";
    check(
        &format!("{extension} ⟦EXPORT e"),
        "EXPORT does not go with CREATE EXTENSION: the module's manifest names the export of each \
         function",
    );
    check(
        &format!("{extension} ⟦DETERMINISTIC"),
        "DETERMINISTIC does not go with CREATE EXTENSION: the module's manifest says it of each \
         function",
    );
    check(&format!("{extension} ⟦x"), "expected WITH, CASCADE REINDEX or ;, near \"x\"");
    check("DROP FUNCTION f ⟦CASCADES", "expected CASCADE REINDEX or ;, near \"CASCADES\"");
    check("DROP FUNCTION f CASCADE ⟦x", "expected REINDEX after CASCADE, near \"x\"");
    check("DROP FUNCTION f ⟦/*", "expected CASCADE REINDEX or ;, near \"/\"");
}

#[test]
fn options() {
    const KNOWN: &str = "timeout_ms, fuel, memory_mb, allow, prefix, without";
    const LARGE: &str = "the number is too large; the largest is 9223372036854775807";
    let check = |sql: &str, message: &str| {
        check(&format!("CREATE EXTENSION f LANGUAGE wasm AS 'm' WITH {sql}"), message);
    };
    check("⟦fuel = 1", "expected ( after WITH, near \"fuel\"");
    check("(⟦)", &format!("expected an option ({KNOWN}), near \")\""));
    check("(fuel = 1, ⟦)", &format!("expected an option ({KNOWN}), near \")\""));
    check("(fuel = 1⟦", "expected a comma or ) after the option before the end of the statement");
    check(
        "(fuel = 1 ⟦memory_mb = 2)",
        "expected a comma or ) after the option, near \"memory_mb\"",
    );
    check("(⟦fule = 1)", &format!("WITH has no option \"fule\"; known are {KNOWN}"));
    check("(fuel = 1, ⟦FUEL = 1)", "fuel is given twice");
    check("(allow = '', ⟦allow = '')", "allow is given twice");
    check("(prefix = 'a', ⟦prefix = 'a')", "prefix is given twice");
    check(
        "(without = ⟦'a,')",
        "without has to be names with commas between them, such as 'lower,like'",
    );
    check("(prefix = ⟦a)", "expected a string, such as 'text_', for prefix, near \"a\"");
    check("(fuel ⟦1)", "expected = after fuel, near \"1\"");
    for option in ["fuel", "timeout_ms", "memory_mb"] {
        check(
            &format!("({option} = ⟦0)"),
            &format!("{option} has to be at least 1; leave it out for the host's limit"),
        );
    }
    check("(fuel = ⟦-1)", "expected a positive integer for fuel, near \"-\"");
    check("(fuel = ⟦1.5)", "expected a positive integer for fuel, near \"1.5\"");
    check("(fuel = ⟦'1')", "expected a positive integer for fuel, near \"'1'\"");
    check(
        "(fuel = ⟦?)",
        "expected a positive integer for fuel, near \"?\"; only the source can be a parameter",
    );
    check("(fuel = ⟦1k)", "unrecognized token \"1k\"");
    check("(fuel = ⟦1_000)", "digit separators are not supported here");
    check("(fuel = ⟦9223372036854775808)", LARGE);
    check("(fuel = ⟦99999999999999999999999999)", LARGE);
    check("(fuel = ⟦0x8000000000000000)", LARGE);
    check(
        "(allow = ⟦log)",
        "expected a string with the capabilities' names, such as 'log,clock', for allow, near \
         \"log\"",
    );
    check(
        "(allow = ⟦'log,files')",
        "unknown capability \"files\"; known are log, clock, random, sql_read, sql_write",
    );
}

#[test]
fn cache_size() {
    const BYTES: &str = "expected a number of bytes (a non-negative integer)";
    check("PRAGMA wasm_cache_size ⟦5", "expected =, ( or ;, near \"5\"");
    check("PRAGMA wasm_cache_size =⟦;", &format!("{BYTES} before the end of the statement"));
    check("PRAGMA wasm_cache_size = ⟦-1", &format!("{BYTES}, near \"-\""));
    check("PRAGMA wasm_cache_size(⟦x)", &format!("{BYTES}, near \"x\""));
    check(
        "PRAGMA wasm_cache_size(1⟦",
        "expected ) after the number before the end of the statement",
    );
    check("PRAGMA wasm_cache_size = 1 ⟦2", "expected ;, near \"2\"");
    check(
        "PRAGMA ⟦temp.wasm_cache_size",
        "wasm_cache_size belongs to the database \"main\", not to \"temp\"",
    );
}

#[test]
fn messages_stay_short_and_printable() {
    let long = "é".repeat(1 << 20);
    check(
        &format!("CREATE FUNCTION f ⟦{long}"),
        &format!("expected LANGUAGE after the function's name, near \"{}…\"", "é".repeat(32)),
    );
    check("DROP FUNCTION f ⟦'\n\u{7f}'", "expected CASCADE REINDEX or ;, near \"'\\n\\u{7f}'\"");
}
