//! `.dump` makes the same database again.

use crate::Folder;

const DATABASE: &str = r#"
PRAGMA foreign_keys = OFF;
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c REAL, d BLOB, e AS (a * 2), f, g AS (a + 1) STORED);
INSERT INTO t(a, b, c, d, f) VALUES
  (1, 'it''s', 0.1 + 0.2, x'00ff', -0.0),
  (-9223372036854775808, 'two
lines', 9e999, x'', -9e999),
  (9223372036854775807, char(0, 13, 10) || 'after', 5e-324, zeroblob(600), NULL),
  (3, '', 1.7976931348623157e308, 'text in a blob column', 1e21),
  (4, '漢😀', 1.0, NULL, 1.0),
  (5, CAST(x'61ff00fe' AS TEXT), 1, 2, 3);
CREATE TABLE w(k TEXT PRIMARY KEY, v) WITHOUT ROWID;
INSERT INTO w VALUES('a', 1), ('b', 2.0);
CREATE TABLE "odd ""name"(x INTEGER PRIMARY KEY AUTOINCREMENT, "a column", 'select');
INSERT INTO "odd ""name" VALUES(7, 1, 2);
DELETE FROM "odd ""name" WHERE x = 7;
INSERT INTO "odd ""name" VALUES(NULL, 1, 2);
CREATE TABLE parent(id PRIMARY KEY);
CREATE TABLE child(id REFERENCES parent);
INSERT INTO child VALUES(1);
CREATE INDEX i ON t(b) WHERE b <> ';';
CREATE VIEW v AS SELECT * FROM t;
CREATE TRIGGER tr INSTEAD OF INSERT ON v BEGIN INSERT INTO w VALUES(new.b, 1); SELECT 1; END;
CREATE VIRTUAL TABLE words USING fts5(body);
INSERT INTO words VALUES('hello world'), ('good bye');
CREATE TABLE commensal_meta(id, generation);
CREATE TABLE commensal_later(a);
INSERT INTO commensal_later VALUES(1);
INSERT INTO commensal_meta VALUES(1, x'ab');
ANALYZE;
"#;

#[test]
fn dump_and_restore() {
    let folder = Folder::new();
    folder.write("make.sql", DATABASE);
    folder.succeed(&["a.db", ".read make.sql"]);
    let dump = folder.succeed(&["a.db", ".dump"]);
    let restored = folder.run_with_input(&["b.db"], dump.as_bytes());
    assert_eq!((restored.stdout.as_str(), restored.stderr.as_str(), restored.code), ("", "", 0));
    assert_eq!(folder.succeed(&["b.db", ".dump"]), dump);
    for (sql, expected) in [
        ("SELECT group_concat(rowid) FROM words('hello')", "1\n"),
        ("SELECT seq FROM sqlite_sequence", "8\n"),
        ("PRAGMA integrity_check", "ok\n"),
        ("SELECT count(*) FROM v", "6\n"),
        ("SELECT e, g FROM t WHERE a = 3", "6|4\n"),
        ("SELECT typeof(b), hex(b) FROM t WHERE a = 5", "text|61FF00FE\n"),
        ("SELECT typeof(f), f FROM t WHERE a = 1", "real|0.0\n"),
    ] {
        assert_eq!(folder.succeed(&["b.db", sql]), expected, "{sql}");
    }
    let json =
        |database| folder.succeed(&["--mode", "json", database, "SELECT * FROM t WHERE a <> 5"]);
    assert_eq!(json("a.db"), json("b.db"));
}

#[test]
fn the_catalog_comes_first_and_its_generation_last_of_it() {
    let folder = Folder::new();
    folder.write("make.sql", DATABASE);
    let dump = folder.succeed(&["a.db", ".read make.sql", ".dump"]);
    let tables: Vec<_> = dump
        .lines()
        .filter_map(|line| line.strip_prefix("CREATE TABLE "))
        .filter_map(|rest| rest.split('(').next())
        .take(3)
        .collect();
    assert_eq!(tables, ["commensal_later", "commensal_meta", "t"]);
}

#[test]
fn a_part() {
    let folder = Folder::new();
    folder.succeed(&["a.db", "CREATE TABLE one(a); CREATE TABLE two(a); CREATE INDEX i ON two(a); INSERT INTO two VALUES(1)"]);
    assert_eq!(
        folder.succeed(&["a.db", ".dump TW_ nothing"]),
        "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE two(a);\n\
         INSERT INTO \"two\" VALUES(1);\nCREATE INDEX i ON two(a);\nCOMMIT;\n"
    );
}
