//! `.dump` restores the same database.

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

/// A table and a trigger, and a row with lines that look like commands.
const VICTIM: &str = "CREATE TABLE t(a); INSERT INTO t VALUES('x;\n.print ran\n;'); \
                      CREATE TRIGGER v AFTER DELETE ON t BEGIN SELECT 1; END; PRAGMA writable_schema = ON; ";

#[test]
fn what_is_no_single_statement_is_not_dumped() {
    for (name, sql) in [
        ("t", "CREATE TABLE t(a DEFAULT ($x(;)))"),
        ("t", "CREATE TABLE t(a DEFAULT ($y(')))"),
        ("t", "CREATE TABLE t(a);\n.print ran\n"),
        ("t", "CREATE TABLE t(a)\n;"),
        ("v", "CREATE TRIGGER v AFTER DELETE ON t BEGIN SELECT $x('); END"),
        ("v", "CREATE TRIGGER v AFTER DELETE ON t BEGIN SELECT 1; END;\n.print ran\n;"),
    ] {
        let folder = Folder::new();
        let sql = sql.replace('\'', "''");
        let attack =
            format!("{VICTIM} UPDATE sqlite_schema SET sql = '{sql}' WHERE name = '{name}'");
        folder.succeed(&["a.db", &attack]);
        // Newer versions of SQLite refuse text after the statement, older ones ignore it.
        let readable = folder.run(&["a.db", "SELECT count(*) FROM t"]).code == 0;
        assert!(readable || sql.contains(".print"), "{sql}");
        let dump = folder.run(&["a.db", ".dump"]);
        assert_eq!(dump.code, 1, "{sql}: {dump:?}");
        let message = format!("cannot dump \"{name}\": its definition");
        assert!(!readable || dump.stderr.contains(&message), "{sql}: {dump:?}");
        let ended = dump.stdout.ends_with("ROLLBACK; -- because of an error while dumping\n");
        assert!(!readable || ended, "{sql}: {dump:?}");
        let restored = folder.run_with_input(&["b.db"], dump.stdout.as_bytes());
        assert_eq!((restored.stdout.as_str(), restored.stderr.as_str()), ("", ""), "{sql}");
        // As SQLite's shell would have written it.
        let foreign = format!(
            "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n{sql};\nCREATE TABLE w(a);\n\
             INSERT INTO w VALUES('x;\n.print ran\n;');\nCOMMIT;\n"
        );
        folder.write("foreign.sql", foreign.replace("''", "'"));
        let read = folder.run(&["c.db", ".read foreign.sql"]);
        assert_eq!(read.stdout, "", "{sql}");
    }
}

#[test]
fn comments_and_lines_that_shells_misread() {
    let folder = Folder::new();
    folder.write(
        "make.sql",
        "CREATE TABLE go(a); INSERT INTO go VALUES(4);\n\
         CREATE VIEW one AS SELECT a\n/\n2 AS half,\ngo\n.a FROM go -- the end\n;\n\
         CREATE TRIGGER tr AFTER INSERT ON go BEGIN SELECT 1;\u{feff}END;\n\
         CREATE VIEW two AS SELECT 2 /* the end",
    );
    folder.run(&["a.db", ".read make.sql"]);
    let dump = folder.succeed(&["a.db", ".dump"]);
    assert!(dump.contains("\n/**//\n") && dump.contains("\n/**/go\n"), "{dump}");
    let restored = folder.run_with_input(&["b.db"], dump.as_bytes());
    assert_eq!((restored.stdout.as_str(), restored.stderr.as_str()), ("", ""), "{dump}");
    assert_eq!(folder.succeed(&["b.db", ".dump"]), dump);
    let schema = folder.succeed(&["a.db", ".schema"]);
    let restored = folder.run_with_input(&["c.db"], schema.as_bytes());
    assert_eq!((restored.stdout.as_str(), restored.stderr.as_str()), ("", ""), "{schema}");
}

#[test]
fn a_virtual_table_is_one_in_any_spelling() {
    let folder = Folder::new();
    let sql = "CREATE VIRTUAL TABLE f USING fts5(a); PRAGMA writable_schema = ON; \
               UPDATE sqlite_schema SET sql = replace(sql, ' VIRTUAL', '/**/VIRTUAL') \
               WHERE name = 'f'";
    folder.succeed(&["a.db", sql]);
    let dump = folder.succeed(&["a.db", ".dump f"]);
    assert!(dump.contains("VALUES('table','f','f',0,'CREATE/**/VIRTUAL TABLE"), "{dump}");
}
