//! A SQLite without Commensal stores what `commensal sql --plain` prints.

use crate::plain_dump::sqlite3;
use crate::{Folder, Outcome};

const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn folder() -> Folder {
    let folder = Folder::new();
    for file in ["prebuilt/geo.wasm", "prebuilt/query.wasm", "wat/arithmetic.wat"] {
        let name = file.split('/').next_back().unwrap();
        folder.write(name, std::fs::read(format!("{REPOSITORY}/guests/{file}")).unwrap());
    }
    folder
}

#[track_caller]
fn stores(folder: &Folder, database: &str, sql: &str) {
    let outcome = sqlite3(folder, database, sql);
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("", ""));
}

#[test]
fn what_sqlite_stores_is_what_create_stores() {
    let folder = folder();
    let modules = [
        &["geo.wasm"][..],
        &["arithmetic.wat", "--name", "it's"],
        &["arithmetic.wat", "--export", "square", "--name", "twice", "--options", "DETERMINISTIC"],
        &[
            "query.wasm",
            "--export",
            "query_value",
            "--options",
            "WITH (allow = 'sql_read', prefix = '')",
        ],
    ];
    let mut script = String::from("BEGIN;\n");
    for arguments in &modules[..3] {
        let create = [&["sql"], *arguments].concat();
        let plain = [&["sql", "--plain"], *arguments].concat();
        assert_eq!(folder.run_with_input(&["ours.db"], folder.succeed(&create).as_bytes()).code, 0);
        let sql = folder.succeed(&plain);
        assert!(sql.lines().all(|line| line.ends_with(';')), "{sql}");
        script += &sql;
    }
    script += "COMMIT;\n";
    stores(&folder, "theirs.db", &script);
    let rows = "SELECT type, name, sql FROM sqlite_schema ORDER BY name; \
                SELECT hex(sha256), bytes, manifest, hex(wasm) FROM commensal_module ORDER BY 1; \
                SELECT kind, name, hex(sha256), export, deterministic, options FROM commensal_object ORDER BY 1, 2";
    assert_eq!(
        folder.succeed(&["--no-wasm", "theirs.db", rows]),
        folder.succeed(&["--no-wasm", "ours.db", rows])
    );
    let call = "SELECT round(haversine_km(52.52, 13.405, 48.8566, 2.3522)), plus(1, 2), twice(3)";
    assert_eq!(folder.succeed(&["theirs.db", call]), "877.0|3|9\n");
    assert_eq!(
        folder.succeed(&[
            "theirs.db",
            "PRAGMA integrity_check",
            "CREATE TABLE t(x); CREATE INDEX i ON t(twice(x))"
        ]),
        "ok\n"
    );
    // Options that would be refused are refused here.
    let outcome = folder.run(&[&["sql", "--plain"], modules[3]].concat());
    assert!(outcome.stderr.contains("prefix"), "{outcome:?}");
    assert_eq!((outcome.stdout.as_str(), outcome.code), ("", 1));
}

/// As one statement that writes, it stores the same again.
#[test]
fn as_a_row_of_wasm_statement_it_stores_the_same() {
    let folder = folder();
    for arguments in [
        &["geo.wasm"][..],
        &["arithmetic.wat", "--name", "it's", "--options", "WITH (prefix = 'a_')"],
        &["arithmetic.wat", "--export", "square", "--options", "DETERMINISTIC", "--file"],
    ] {
        let insert = folder.succeed(&[&["sql", "--insert"], arguments].concat());
        assert!(
            insert.starts_with("INSERT INTO temp.wasm_statement(sql) VALUES ('CREATE "),
            "{insert}"
        );
        let create = folder.succeed(&[&["sql"], arguments].concat());
        for (database, sql) in [("a.db", insert), ("b.db", create)] {
            let outcome = folder.run_with_input(&[database], sql.as_bytes());
            assert_eq!((outcome.stderr.as_str(), outcome.code), ("", 0));
        }
    }
    let rows = "SELECT hex(sha256), manifest FROM commensal_module ORDER BY 1; \
                SELECT kind, name, hex(sha256), export, deterministic, options FROM commensal_object ORDER BY 1, 2";
    assert_eq!(folder.succeed(&["a.db", rows]), folder.succeed(&["b.db", rows]));
    assert_eq!(folder.succeed(&["a.db", "SELECT a_plus(1, 2), square(3)"]), "3|9\n");
}

/// The rows join the catalog that a file has. What exists already is an error, as for CREATE.
#[test]
fn they_join_what_is_there() {
    let folder = folder();
    let geo = folder.succeed(&["sql", "--plain", "geo.wasm"]);
    stores(&folder, "a.db", &geo);
    let generation = "SELECT hex(generation) FROM commensal_meta";
    let before = folder.succeed(&["a.db", generation]);
    let again = sqlite3(&folder, "a.db", &geo);
    assert!(again.stderr.contains("UNIQUE constraint failed: commensal_object"), "{again:?}");
    assert_eq!(folder.succeed(&["a.db", generation]), before);
    // Another definition of the same module.
    let distance = folder.succeed(&[
        "sql",
        "--plain",
        "geo.wasm",
        "--export",
        "haversine_km",
        "--name",
        "distance",
    ]);
    stores(&folder, "a.db", &distance);
    assert_ne!(folder.succeed(&["a.db", generation]), before);
    let sql =
        "SELECT round(distance(52.52, 13.405, 48.8566, 2.3522)), count(*) FROM commensal_module";
    assert_eq!(folder.succeed(&["a.db", sql]), "877.0|1\n");
    folder.succeed(&["a.db", "DROP EXTENSION geo; DROP FUNCTION distance"]);
    assert_eq!(folder.succeed(&["a.db", "SELECT count(*) FROM commensal_module"]), "0\n");
}

/// Whoever changes the text changes a file, and that is checked when it is opened and called.
#[test]
fn what_was_tampered_with_is_not_called() {
    let folder = folder();
    let sql = folder.succeed(&["sql", "--plain", "arithmetic.wat", "--export", "square"]);
    let hex = sql.lines().find_map(|line| line.split("X'0061736D").nth(1)).unwrap();
    let digits = hex.split('\'').next().unwrap();
    let flipped = |digit: char| if digit == 'A' { 'B' } else { 'A' };
    let middle = digits.len() / 2;
    let other: String =
        digits.chars().enumerate().map(|(i, d)| if i == middle { flipped(d) } else { d }).collect();
    for (number, (tampered, expected)) in [
        (sql.replace(digits, &other), "has another hash"),
        (sql.replace(digits, &digits[2..]), "has another hash"),
        (sql.replace("'square'", "'cube'").replacen("'cube'", "'square'", 1), "cube"),
        (sql.replace("'{}'", "'{\"allow\":\"sql_read'"), "options"),
        (sql.replace("'function'", "'table'"), "no such function: square"),
    ]
    .into_iter()
    .enumerate()
    {
        assert_ne!(tampered, sql, "{expected}");
        let database = format!("{number}.db");
        stores(&folder, &database, &tampered);
        let outcome: Outcome = folder.run(&[&database, "SELECT 1", "SELECT square(3)"]);
        assert!(outcome.stdout.starts_with("1\n"), "{outcome:?}");
        assert!(!outcome.stdout.contains('9'), "{outcome:?}");
        assert!(outcome.stderr.contains(expected), "{expected}: {outcome:?}");
    }
}
