//! A SQLite that knows none of the definitions restores `.dump --plain` completely.

use std::process::{Command, Stdio};

use crate::{Folder, Outcome};

const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Every place of a schema that can call a function, on every kind of table.
const DATABASE: &str = r#"
CREATE EXTENSION numbers LANGUAGE wasm AS file://GUESTS/wat/arithmetic.wat;
CREATE EXTENSION texts LANGUAGE wasm AS file://GUESTS/wat/text.wat;
CREATE EXTENSION orders LANGUAGE wasm AS file://GUESTS/prebuilt/natural.wasm;
CREATE TABLE t(
  a INTEGER PRIMARY KEY AUTOINCREMENT,
  b TEXT CHECK (shout(b) <> 'NO'),
  stored AS (square(a)) STORED,
  c INTEGER DEFAULT (square(5)),
  virtual AS (shout(b)),
  d COLLATE natural_sort,
  UNIQUE (c, b COLLATE nocase),
  UNIQUE (virtual, c)
);
INSERT INTO t(a, b, d) VALUES (7, 'seven', 'a10'), (3, 'it''s
.print ran', 'a9'), (-1, NULL, NULL), (12, 'twelve', CAST(x'61ff' AS TEXT));
INSERT INTO t(b, c) VALUES (char(0, 13) || ';', -9e999), ('漢', 0.5);
DELETE FROM t WHERE a = 14;
CREATE INDEX t_c ON t(c DESC, a);
CREATE INDEX t_square ON t(square(a) DESC, /* ( */ virtual COLLATE rtrim, b);
CREATE UNIQUE INDEX t_part ON t(a, plus(a, 1)) WHERE is_even(a) = 0;
CREATE TABLE w(k, "k 2" INTEGER, v, CHECK (square("k 2") < 100), PRIMARY KEY ("k 2" DESC, k)) WITHOUT ROWID;
INSERT INTO w VALUES ('x', 1, NULL), ('y', 9, 'v'), ('X', 1, 2.5);
CREATE INDEX w_shout ON w(shout(k), "k 2");
CREATE INDEX w_v ON w(v);
CREATE TABLE plain(rowid, a, UNIQUE (a));
INSERT INTO plain(oid, rowid, a) VALUES (5, 'r', 9), (900, 's', 8), (901, 't', NULL), (902, 't', NULL);
CREATE INDEX plain_square ON plain(square(a)) WHERE a IS NOT NULL;
CREATE INDEX plain_rowid ON plain(rowid);
CREATE TABLE untouched(a UNIQUE, b AS (a || 'x'));
INSERT INTO untouched VALUES (1);
CREATE INDEX untouched_b ON untouched(b);
CREATE TABLE strict(a INTEGER NOT NULL CHECK (is_even(a))) STRICT;
INSERT INTO strict VALUES (2), (4);
CREATE TABLE commensal_dump_19(a);
CREATE VIEW v AS SELECT square(a) AS s FROM t;
CREATE TRIGGER tr AFTER INSERT ON plain WHEN square(new.a) > 4 BEGIN INSERT INTO w VALUES ('new', square(1), 0); END;
CREATE VIRTUAL TABLE words USING fts5(body);
INSERT INTO words VALUES ('hello world');
ANALYZE;
"#;

fn database(folder: &Folder) {
    folder.write("make.sql", DATABASE.replace("GUESTS", &format!("{REPOSITORY}/guests")));
    folder.succeed(&["a.db", ".read make.sql"]);
}

/// The system's command `sqlite3`.
pub(crate) fn sqlite3(folder: &Folder, database: &str, input: &str) -> Outcome {
    folder.write("input.sql", input);
    let output = Command::new("sqlite3")
        .args(["-batch", "-bail", database])
        .stdin(std::fs::File::open(folder.path("input.sql")).unwrap())
        .stderr(Stdio::piped())
        .current_dir(folder.path(""))
        .output()
        .unwrap();
    Outcome {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code().unwrap(),
    }
}

/// Restores a dump with the system's SQLite and with the newest, neither of which knows a definition.
fn restore(folder: &Folder, dump: &str) -> [&'static str; 2] {
    let done = Outcome { stdout: String::new(), stderr: String::new(), code: 0 };
    assert_eq!(sqlite3(folder, "system.db", dump), done);
    assert_eq!(folder.run_with_input(&["--no-wasm", "newest.db"], dump.as_bytes()), done);
    ["system.db", "newest.db"]
}

#[test]
fn a_plain_dump_is_restored_without_the_definitions() {
    let folder = Folder::new();
    database(&folder);
    let dump = folder.succeed(&["a.db", ".dump --plain"]);
    for restored in restore(&folder, &dump) {
        for sql in [
            "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name <> 'sqlite_stat4' ORDER BY type, name",
            "SELECT a, hex(b), typeof(b), stored, c, virtual, hex(d), typeof(d) FROM t",
            "SELECT a, b FROM t INDEXED BY t_c ORDER BY c DESC, a",
            "SELECT a FROM t INDEXED BY t_square WHERE square(a) > 1 ORDER BY square(a) DESC",
            "SELECT a FROM t INDEXED BY t_part WHERE is_even(a) = 0",
            "SELECT a FROM t INDEXED BY sqlite_autoindex_t_2 WHERE virtual = 'SEVEN'",
            "SELECT * FROM w",
            "SELECT * FROM w INDEXED BY w_shout WHERE shout(k) = 'X'",
            "SELECT v FROM w INDEXED BY w_v WHERE v = 'v'",
            "SELECT oid, rowid, a FROM plain",
            "SELECT rowid FROM plain INDEXED BY plain_square WHERE square(a) = 64 AND a IS NOT NULL",
            "SELECT * FROM untouched",
            "SELECT a, typeof(a) FROM strict",
            "SELECT s FROM v",
            "SELECT rowid FROM words('hello')",
            "SELECT name, seq FROM sqlite_sequence",
            "SELECT tbl, idx, stat FROM sqlite_stat1 ORDER BY 1, 2",
            "PRAGMA integrity_check",
        ] {
            let expected = folder.succeed(&["a.db", sql]);
            assert!(!expected.is_empty(), "{sql}");
            assert_eq!(folder.succeed(&[restored, sql]), expected, "{restored}: {sql}");
        }
        // Constraints still protect the data, and triggers still run.
        for (sql, message) in [
            ("INSERT INTO t(b) VALUES ('no')", "CHECK constraint failed"),
            (
                "INSERT INTO t(b, c) VALUES ('seven', 0.5), ('seven', 25)",
                "UNIQUE constraint failed",
            ),
            ("INSERT INTO w VALUES (1, 10, 1)", "CHECK constraint failed"),
            ("INSERT INTO strict VALUES ('x')", "cannot store TEXT value"),
        ] {
            let outcome = folder.run(&[restored, sql]);
            assert!(outcome.stderr.contains(message), "{sql}: {outcome:?}");
        }
        folder.succeed(&[
            restored,
            "INSERT INTO t(b) VALUES ('new'); INSERT INTO plain VALUES (1, 3)",
        ]);
        let rows = "SELECT a, virtual, c FROM t WHERE b = 'new'; SELECT count(*) FROM w";
        assert_eq!(folder.succeed(&[restored, rows]), "15|NEW|25\n4\n");
        assert_eq!(folder.succeed(&[restored, "PRAGMA integrity_check"]), "ok\n");
    }
}

/// Without the option, such a dump is for programs that know the definitions.
#[test]
fn the_ordinary_dump_is_not_restored_without_the_definitions() {
    let folder = Folder::new();
    database(&folder);
    let dump = folder.succeed(&["a.db", ".dump"]);
    let outcome = sqlite3(&folder, "system.db", &dump);
    assert!(outcome.stderr.contains("no such collation sequence: natural_sort"), "{outcome:?}");
    assert_eq!(folder.run_with_input(&["b.db"], dump.as_bytes()).stderr, "");
    assert_eq!(folder.succeed(&["b.db", ".dump"]), dump);
}

#[test]
fn nothing_changes_for_a_file_that_calls_nothing() {
    let folder = Folder::new();
    folder.succeed(&[
        "a.db",
        "CREATE TABLE t(a UNIQUE, b AS (a + 1)); CREATE INDEX i ON t(b); INSERT INTO t VALUES (1)",
    ]);
    assert_eq!(folder.succeed(&["a.db", ".dump --plain"]), folder.succeed(&["a.db", ".dump"]));
}

#[test]
fn a_part_of_it() {
    let folder = Folder::new();
    database(&folder);
    let dump = folder.succeed(&["a.db", ".dump --plain W PLAIN"]);
    for restored in restore(&folder, &dump) {
        let tables = "SELECT count(*), (SELECT count(*) FROM w) FROM plain";
        assert_eq!(folder.succeed(&[restored, tables]), "4|3\n", "{restored}");
        assert_eq!(folder.succeed(&[restored, ".tables"]), "plain\nw\n", "{restored}");
    }
}

#[test]
fn an_order_that_nobody_else_knows_is_an_error() {
    for (sql, name) in [
        ("CREATE INDEX i ON t(a COLLATE natural_sort)", "i"),
        ("CREATE TABLE u(a COLLATE natural_sort UNIQUE)", "sqlite_autoindex_u_1"),
        ("CREATE TABLE u(a COLLATE natural_sort PRIMARY KEY) WITHOUT ROWID", "u"),
    ] {
        let folder = Folder::new();
        database(&folder);
        folder.succeed(&["a.db", "ALTER TABLE untouched RENAME TO x; ALTER TABLE t RENAME TO t2"]);
        folder.succeed(&["a.db", "CREATE TABLE t(a)", sql]);
        let dump = folder.run(&["a.db", ".dump --plain"]);
        let message = format!("\"{name}\" is in the order of the collation \"natural_sort\"");
        assert!(dump.stderr.contains(&message), "{sql}: {dump:?}");
        assert!(dump.stdout.ends_with("ROLLBACK; -- because of an error while dumping\n"));
    }
}

#[test]
fn what_is_no_single_statement_is_not_dumped() {
    for (name, sql) in [
        ("t", "CREATE TABLE t(a CHECK (square($x(;)))"),
        ("t", "CREATE TABLE t(a CHECK (square(a)));\n.print ran\n"),
        ("i", "CREATE INDEX i ON t(square(a));\n.print ran\n;"),
    ] {
        let folder = Folder::new();
        folder.write("make.sql", format!(
            "CREATE EXTENSION e LANGUAGE wasm AS file://{REPOSITORY}/guests/wat/arithmetic.wat;\n\
             CREATE TABLE t(a); CREATE INDEX i ON t(square(a)); INSERT INTO t VALUES (1);\n\
             PRAGMA writable_schema = ON;\n\
             UPDATE sqlite_schema SET sql = '{sql}' WHERE name = '{name}';\n"
        ));
        folder.succeed(&["a.db", ".read make.sql"]);
        let dump = folder.run(&["a.db", ".dump --plain"]);
        assert_eq!(dump.code, 1, "{sql}: {dump:?}");
        // Newer versions of SQLite do not even read such a schema.
        let restored = sqlite3(&folder, "b.db", &dump.stdout);
        assert_eq!(restored.stdout, "", "{sql}: {restored:?}");
    }
}

#[test]
fn options_are_checked() {
    let folder = Folder::new();
    let unknown = folder.run(&["a.db", ".dump --plane"]);
    assert!(unknown.stderr.contains("unknown option \"--plane\""), "{unknown:?}");
    let blind = folder.run(&["--no-wasm", "a.db", ".dump --plain"]);
    assert!(blind.stderr.contains("needs the definitions"), "{blind:?}");
}
