//! Where statements end in text that arrives piece by piece.

use commensal_core::ddl::Splitter;

const BODY: &str = "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1;";

fn fed(pieces: &[&str]) -> Splitter {
    let mut splitter = Splitter::new();
    for piece in pieces {
        splitter.feed(piece);
    }
    splitter
}

/// Feeds `sql` at once and byte by byte; `|` in `sql` marks the end of the last complete statement.
fn check(sql: &str, complete: bool, pending: bool) {
    let complete_bytes = sql.find('|').unwrap_or(0);
    let sql = sql.replacen('|', "", 1);
    let chars: Vec<_> = sql.split_inclusive(|_| true).collect();
    for pieces in [&[sql.as_str()][..], &chars] {
        let splitter = fed(pieces);
        assert_eq!(splitter.is_complete(), complete, "complete: {sql:?} as {}", pieces.len());
        assert_eq!(splitter.is_pending(), pending, "pending: {sql:?} as {}", pieces.len());
        assert_eq!(splitter.complete_bytes(), complete_bytes, "{sql:?} as {}", pieces.len());
    }
}

#[test]
fn nothing() {
    for sql in ["", " \n\t", "-- a;", "-- a;\n", "/* a; */", "/* a;", "/*/", "\u{feff} "] {
        check(sql, false, false);
    }
}

#[test]
fn complete_statements() {
    for sql in [
        ";|",
        "SELECT 1;|",
        "SELECT 1;|\n",
        "SELECT 1;| -- and",
        "SELECT 1;| -- and\n",
        "SELECT 1;| /* and */ ",
        "a; b;|",
        "SELECT ';';|",
        "SELECT 'it''s;';|",
        "SELECT \"a;\"\"\";|",
        "SELECT `a;`;|",
        "SELECT [a;'];|",
        "SELECT 1 /* ' ; */;|",
        "SELECT 1 -- ' ;\n;|",
        "SELECT 1 - 1 / 2;|",
        "SELECT 1/**/;|",
        "SELECT 1/***/;|",
        "SELECT x'00';|",
        "SELECT 1;;|",
        "createtrigger;|",
        "CREATE trigger_t;|",
        "CREATE \"TRIGGER\" ;|",
        "CREATE TABLE trigger(a);|",
        "DROP TRIGGER t;|",
        "CREATE OR TRIGGER;|",
        "EXPLAIN DROP TRIGGER t; END;|",
        "TEMP TRIGGER;|",
        "CREATE FUNCTION TRIGGER;|",
    ] {
        check(sql, true, false);
    }
}

#[test]
fn incomplete_statements() {
    for sql in [
        "SELECT 1",
        "SELECT 1;| SELECT",
        "SELECT 1;|-",
        "SELECT 1;|/",
        "'",
        "SELECT ';",
        "SELECT ''';",
        "SELECT \";",
        "SELECT `;",
        "SELECT [;",
        "SELECT 1 -- ;",
        "SELECT 1 /* ;",
        "SELECT 1 /*/;",
        "SELECT 1 /* ; * /",
        "\0",
    ] {
        check(sql, false, true);
    }
    check("SELECT 1;| /* open", false, false);
}

#[test]
fn triggers_end_with_their_own_end() {
    for (prefix, rest, complete) in [
        ("", "", false),
        ("", " END", false),
        ("", " END;|", true),
        ("", "END;|", true),
        ("", " /* c */ end -- d\n ;|", true),
        ("", "; ;END;|", true),
        ("", " END x;", false),
        ("", " ENDS;", false),
        ("", " \"END\";", false),
        ("", " SELECT CASE a WHEN 1 THEN 2 END;", false),
        ("", " SELECT CASE a WHEN 1 THEN CASE b WHEN 1 THEN 2 END END; END;|", true),
        ("", " SELECT CASE a WHEN 1 THEN ';END;' END; END;|", true),
        ("", " SELECT 1 END;", false),
        ("", " END;| SELECT 1", false),
        ("EXPLAIN ", "", false),
        ("EXPLAIN QUERY PLAN ", " END;|", true),
        ("SELECT 1; ", " END;|", true),
        ("SELECT 1;|", " END", false),
    ] {
        check(&format!("{prefix}{BODY}{rest}"), complete, !complete);
    }
    for create in ["CREATE TEMP TRIGGER", "create temporary trigger", "CREATE /* c */ TRIGGER"] {
        check(&format!("{create} t BEGIN SELECT 1;"), false, true);
        check(&format!("{create} t BEGIN SELECT 1; END;|"), true, false);
    }
}

#[test]
fn unquoted_files() {
    for kind in ["FUNCTION", "extension", "/**/ FUNCTION"] {
        for create in ["CREATE", "create or Replace"] {
            let check = |rest: &str, complete| {
                let sql = format!("{create} {kind} f LANGUAGE wasm AS {rest}");
                check(&sql, complete, !complete);
            };
            check("file://a--b.wasm;|", true);
            check("/* c */ -- d\n file://a--b/*c'd\"e[f;|", true);
            check("file:///*;|", true);
            check("file://a--b EXPORT e;|", true);
            check("file://a EXPORT 'e;", false);
            check("file://a--b", false);
            check("file://;|", true);
            check("file://a\n-- ;", false);
            check("file:/;|", true);
            check("file:/*;", false);
            check("file:--;", false);
            check("FILE://a--b;", false);
            check("files://a--b;", false);
            check("'x' file://--;", false);
            check("'file://a--b';|", true);
        }
    }
    check("CREATE FUNCTION as LANGUAGE wasm AS file://a--b;|", true, false);
    check("CREATE FUNCTION file://a--b;", false, true);
    check("CREATE TABLE t AS file://a--b;", false, true);
    check("SELECT 1 AS file://a--b;", false, true);
    check("CREATE TEMP FUNCTION f AS file://a--b;", false, true);
}
