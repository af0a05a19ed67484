//! Definitions that change while files are attached, and what depends on them there and in `temp`. Each test ends with
//! SQLite's own check of the file.

use std::path::{Path, PathBuf};

use commensal::{Connection, ErrorKind};
use tempfile::TempDir;

use crate::collations::{CREATE, order};
use crate::support::{check_error, connect, constant, create, integer, module, open, times, value};

/// A folder of databases.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn connect(&self, name: &str) -> Connection {
        connect(&open(&self.path(name)))
    }

    /// A connection to a file in which `f` multiplies by `factor`.
    fn defining(&self, name: &str, factor: i64) -> Connection {
        let connection = self.connect(name);
        define(&connection, factor);
        connection
    }
}

fn define(connection: &Connection, factor: i64) {
    create(connection, "f", &times(factor), "DETERMINISTIC CASCADE REINDEX").unwrap();
}

fn define_order(connection: &Connection, sign: i64) {
    connection.execute(CREATE, (order(sign).as_str(),)).unwrap();
}

fn attach(connection: &Connection, path: &Path) -> commensal::Result<()> {
    connection.execute("ATTACH ? AS a", (path.to_str(),)).map(drop)
}

#[track_caller]
fn check_sound(connection: &Connection, schema: &str) {
    let sql = format!("PRAGMA {schema}.integrity_check");
    assert_eq!(value(connection, &sql).unwrap(), "ok".into());
}

const INDEXED: &str = "CREATE TABLE t(x); CREATE INDEX i ON t(f(x)); INSERT INTO t VALUES (1)";
const UNFIT: &str = "of the attached database \"a\" depends on the function \"f\"";

/// Replacing a definition of an attached file does not change its schema.
#[test]
fn what_others_define_in_an_attached_file_is_noticed() {
    let files = Files::new();
    let (main, other) = (files.defining("main.db", 1), files.defining("other.db", 1));
    other.execute_batch(INDEXED).unwrap();
    attach(&main, &files.path("other.db")).unwrap();
    main.execute_batch("INSERT INTO a.t VALUES (2)").unwrap();
    define(&other, -1);
    let mut prepared = None;
    for _ in 0..2 {
        check_error(main.execute("INSERT INTO a.t VALUES (3)", ()), UNFIT);
        check_error(integer(&main, "SELECT count(*) FROM a.t WHERE f(x) = 2"), UNFIT);
        prepared = Some(main.prepare("SELECT count(*) FROM a.t"));
    }
    drop(prepared);
    define(&other, 1);
    main.execute_batch("INSERT INTO a.t VALUES (3)").unwrap();
    // It is its first definition of the name, although it has others.
    other.execute_batch("DROP FUNCTION f CASCADE REINDEX").unwrap();
    create(&other, "g", &times(1), "").unwrap();
    // SQLite does not look at the file before it says that a name is taken.
    assert_eq!(integer(&main, "SELECT count(*) FROM a.t"), Ok(3));
    main.execute_batch("CREATE INDEX a.i ON t(f(x)); INSERT INTO a.t VALUES (4)").unwrap();
    let source = files.defining("source.db", -1);
    attach(&other, &files.path("source.db")).unwrap();
    // By hand, because CREATE rebuilds the index.
    other
        .execute_batch(
            "INSERT INTO main.commensal_module SELECT * FROM a.commensal_module; \
             INSERT INTO main.commensal_object SELECT * FROM a.commensal_object",
        )
        .unwrap();
    check_error(main.execute("INSERT INTO a.t VALUES (5)", ()), UNFIT);
    drop(source);
    // The connection itself changes the file's definitions by hand.
    main.execute("DETACH a", ()).unwrap();
    let other = files.defining("own.db", 1);
    other.execute_batch(INDEXED).unwrap();
    attach(&main, &files.path("own.db")).unwrap();
    main.execute("UPDATE a.commensal_object SET export = 'h'", ()).unwrap();
    check_error(main.execute("INSERT INTO a.t VALUES (5)", ()), UNFIT);
}

/// A collation orders the rows of a table without rowids, which no index does.
#[test]
fn keys_of_tables_elsewhere_follow_collations() {
    let table = "(k TEXT COLLATE by_length PRIMARY KEY, v) WITHOUT ROWID";
    let rows = "VALUES ('x', 3), ('xx', 2), ('xxx', 1), ('xxxx', 9)";
    let files = Files::new();
    let (writer, connection) = (files.connect("main.db"), files.connect("main.db"));
    files.connect("other.db").execute_batch("CREATE TABLE empty(x)").unwrap();
    define_order(&writer, 1);
    let attach = || attach(&connection, &files.path("other.db")).unwrap();
    attach();
    connection.execute_batch("ATTACH ':memory:' AS m").unwrap();
    for schema in ["a", "temp", "m"] {
        connection
            .execute_batch(&format!(
                "CREATE TABLE {schema}.w{table}; INSERT INTO {schema}.w {rows}"
            ))
            .unwrap();
    }
    for (sign, is_attached) in [(-1, true), (1, true), (-1, false)] {
        if !is_attached {
            connection.execute("DETACH a", ()).unwrap();
        }
        define_order(&writer, sign);
        if !is_attached {
            attach();
        }
        for schema in ["a", "temp", "m"] {
            let sql = format!("SELECT v FROM {schema}.w WHERE k = 'zzzz'");
            assert_eq!(integer(&connection, &sql), Ok(9), "{schema} {sign}");
            let twice = format!("INSERT INTO {schema}.w VALUES ('zzzz', 0)");
            check_error(connection.execute(&twice, ()), "UNIQUE constraint failed");
            check_sound(&connection, schema);
        }
    }
}

/// The text of the index does not name what its condition depends on.
#[test]
fn conditions_of_indexes_elsewhere_follow_columns() {
    let table = "CREATE TABLE s.t(x, y AS (f(x)), z TEXT COLLATE by_length); \
                 CREATE INDEX s.i ON t(x) WHERE y > 0; \
                 CREATE INDEX s.j ON t(x) WHERE z > 'xx'; \
                 CREATE INDEX s.k ON t(y) WHERE x = 1 AND y > 0; \
                 INSERT INTO s.t VALUES (1, 'x'), (2, 'xx'), (3, 'xxx'), (-1, 'xxxx')";
    let files = Files::new();
    let (writer, connection) = (files.defining("main.db", 1), files.connect("main.db"));
    define_order(&writer, 1);
    attach(&connection, &files.path("other.db")).unwrap();
    for schema in ["a", "temp"] {
        connection.execute_batch(&table.replace("s.", &format!("{schema}."))).unwrap();
    }
    for sign in [-1, 1] {
        define(&writer, sign);
        define_order(&writer, sign);
        for schema in ["a", "temp"] {
            for (condition, index) in [("y > 0", "i"), ("z > 'xx'", "j"), ("x = 1 AND y > 0", "k")]
            {
                let count = |how: &str| {
                    integer(
                        &connection,
                        &format!("SELECT count(*) FROM {schema}.t {how} WHERE {condition}"),
                    )
                };
                let expected = count("NOT INDEXED").unwrap();
                match count(&format!("INDEXED BY {index}")) {
                    Ok(found) => assert_eq!(found, expected, "{schema} {sign} {condition}"),
                    Err(error) => assert!(error.message().contains("no query solution")),
                }
            }
            // A row that was in the index leaves it again.
            let change = format!("UPDATE {schema}.t SET x = x; DELETE FROM {schema}.t WHERE x = 2");
            connection.execute_batch(&change).unwrap();
            check_sound(&connection, schema);
        }
    }
}

/// SQLite stops its check after a hundred problems, of constraints that no longer hold, for instance.
#[test]
fn many_broken_constraints_hide_no_index() {
    let last = |value: i64| {
        module(&format!(
            r#"(func (export "f") (param i32 i32) (result i32)
                (i64.store (i32.const 520) (i64.load offset=8 (local.get 1)))
                (if (i64.eq (i64.load (i32.const 520)) (i64.const 300))
                  (then (i64.store (i32.const 520) (i64.const {value}))))
                (i32.const 512))"#
        ))
    };
    for constraint in ["x CHECK (g(x) = 1)", "x, y AS (nullif(g(x), 0)) NOT NULL"] {
        let files = Files::new();
        let (writer, connection) = (files.connect("main.db"), files.connect("main.db"));
        create(&writer, "f", &last(300), "DETERMINISTIC").unwrap();
        create(&writer, "g", &constant(1), "DETERMINISTIC").unwrap();
        attach(&connection, &files.path("other.db")).unwrap();
        for schema in ["a", "temp"] {
            connection
                .execute_batch(&format!(
                    "CREATE TABLE {schema}.t({constraint}); CREATE INDEX {schema}.i ON t(f(x)); \
                     WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c WHERE n < 300) \
                     INSERT INTO {schema}.t(x) SELECT n FROM c"
                ))
                .unwrap();
        }
        create(&writer, "f", &last(-1), "DETERMINISTIC").unwrap();
        create(&writer, "g", &constant(0), "DETERMINISTIC").unwrap();
        for schema in ["a", "temp"] {
            let sql = format!("SELECT x FROM {schema}.t INDEXED BY i WHERE f(x) = -1");
            assert_eq!(integer(&connection, &sql), Ok(300), "{schema} {constraint}");
        }
    }
}

/// A definition that a transaction takes back is not what an attached file is compared with.
#[test]
fn rollbacks_to_savepoints_change_what_fits() {
    let files = Files::new();
    let other = files.defining("other.db", -1);
    other.execute_batch(INDEXED).unwrap();
    let main = files.defining("main.db", 1);
    main.execute_batch("CREATE TABLE own(x); CREATE INDEX j ON own(f(x))").unwrap();
    main.execute_batch("BEGIN; SAVEPOINT s").unwrap();
    define(&main, -1);
    attach(&main, &files.path("other.db")).unwrap();
    main.execute("INSERT INTO a.t VALUES (2)", ()).unwrap();
    main.execute("ROLLBACK TO s", ()).unwrap();
    for sql in ["INSERT INTO a.t VALUES (7)", "INSERT INTO own VALUES (7)"] {
        check_error(main.execute(sql, ()), UNFIT);
    }
    main.execute_batch("COMMIT").unwrap();
    check_error(main.execute("INSERT INTO a.t VALUES (7)", ()), UNFIT);
    main.execute_batch("DETACH a; INSERT INTO own VALUES (7)").unwrap();
    // By hand.
    let main = files.defining("hand.db", -1);
    attach(&main, &files.path("other.db")).unwrap();
    main.execute_batch("BEGIN; UPDATE main.commensal_object SET export = 'h'").unwrap();
    check_error(main.execute("INSERT INTO a.t VALUES (7)", ()), UNFIT);
    main.execute_batch("ROLLBACK; INSERT INTO a.t VALUES (7)").unwrap();
    check_sound(&other, "main");
}

/// Before a table is dropped, SQLite deletes its rows, and what its keys say of other tables.
#[test]
fn dropping_a_table_writes_no_unfit_index() {
    let files = Files::new();
    let other = files.connect("other.db");
    define_order(&other, -1);
    other
        .execute_batch(
            "CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE alone(x); \
             CREATE TABLE s(a REFERENCES p ON DELETE CASCADE, b); \
             CREATE INDEX si ON s(a) WHERE b COLLATE by_length < 'xx'; \
             INSERT INTO p VALUES (1), (2); INSERT INTO s VALUES (1, 'xxx'), (2, 'x')",
        )
        .unwrap();
    let main = files.connect("main.db");
    define_order(&main, 1);
    main.execute_batch("BEGIN; DROP EXTENSION orders").unwrap();
    attach(&main, &files.path("other.db")).unwrap();
    main.execute_batch("ROLLBACK").unwrap();
    let unfit = "the index \"si\" of the attached database \"a\"";
    let error = check_error(main.execute("DROP TABLE a.p", ()), unfit);
    assert_eq!(error.kind(), ErrorKind::InUse);
    main.execute_batch("PRAGMA foreign_keys = OFF; DROP TABLE a.alone").unwrap();
    main.execute_batch("DETACH a; PRAGMA foreign_keys = ON").unwrap();
    assert_eq!(integer(&other, "SELECT count(*) FROM s NOT INDEXED"), Ok(2));
    check_sound(&other, "main");
    // What cannot be rebuilt can be dropped.
    let (writer, main) = (files.defining("temp.db", 1), files.connect("temp.db"));
    main.execute_batch(
        "CREATE TEMP TABLE p(id INTEGER PRIMARY KEY); \
         CREATE TEMP TABLE s(a REFERENCES p ON DELETE CASCADE, x, y AS (f(x)) UNIQUE); \
         INSERT INTO p VALUES (1), (2); INSERT INTO s VALUES (1, 1), (2, 2)",
    )
    .unwrap();
    create(&writer, "f", &times(0), "DETERMINISTIC").unwrap();
    check_error(main.execute("DROP TABLE p", ()), "cannot be rebuilt");
    main.execute_batch("PRAGMA foreign_keys = OFF; DROP TABLE s; PRAGMA foreign_keys = ON")
        .unwrap();
    main.execute_batch("DROP TABLE p").unwrap();
}

/// A virtual table is made by a function of its module.
#[test]
fn no_virtual_table_is_made_in_a_file_with_another_module() {
    let files = Files::new();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guests/evil/vtab_update_traps.wat");
    let text = std::fs::read_to_string(path).unwrap();
    let define = |connection: &Connection, more: &str| {
        let (before, _) = text.rsplit_once(')').unwrap();
        let sql = "CREATE EXTENSION x LANGUAGE wasm AS ?";
        connection.execute(sql, (format!("{before}{more})").as_str(),)).unwrap();
    };
    let (main, other) = (files.connect("main.db"), files.connect("other.db"));
    define(&main, "");
    define(&other, "(global i32 (i32.const 1))");
    attach(&main, &files.path("other.db")).unwrap();
    let made = main.execute("CREATE VIRTUAL TABLE a.v USING vtab_update_traps", ());
    check_error(made, "the attached database \"a\" has another definition");
    main.execute("CREATE VIRTUAL TABLE v USING vtab_update_traps", ()).unwrap();
}

/// The last of a definition's text may be an open comment.
#[test]
fn an_index_that_ends_in_a_comment_is_looked_at() {
    let files = Files::new();
    let main = files.defining("main.db", 1);
    attach(&main, &files.path("other.db")).unwrap();
    main.execute("CREATE TABLE a.t(x)", ()).unwrap();
    main.execute("INSERT INTO a.t VALUES (1), (2), (-3)", ()).unwrap();
    main.execute("CREATE INDEX a.i ON t(x) WHERE f(x) > 0 /* open", ()).unwrap();
    main.execute("CREATE INDEX a.j ON t(x) WHERE f(x) > 1 -- open", ()).unwrap();
    for factor in [1, -1] {
        main.execute("DETACH a", ()).unwrap();
        define(&main, factor);
        attach(&main, &files.path("other.db")).unwrap();
        let sql = "SELECT count(*) FROM a.t INDEXED BY i WHERE f(x) > 0";
        assert_eq!(integer(&main, sql), Ok(if factor > 0 { 2 } else { 1 }));
    }
}

/// What is detached within a transaction keeps nothing from running.
#[test]
fn a_file_that_is_detached_within_a_transaction_is_forgotten() {
    let files = Files::new();
    let (main, other) = (files.defining("main.db", 1), files.defining("other.db", 1));
    main.execute_batch("CREATE TABLE own(x)").unwrap();
    other.execute_batch(INDEXED).unwrap();
    attach(&main, &files.path("other.db")).unwrap();
    define(&other, -1);
    let insert = || main.execute("INSERT INTO own VALUES (1)", ());
    check_error(insert(), UNFIT);
    main.execute_batch("BEGIN; DETACH a").unwrap();
    insert().unwrap();
    main.execute_batch("COMMIT").unwrap();
    define(&other, 1);
    attach(&main, &files.path("other.db")).unwrap();
    main.execute_batch("INSERT INTO own VALUES (1); INSERT INTO a.t VALUES (4)").unwrap();
    check_sound(&other, "main");
}

/// A file that has a definition of its own needs none of `main`.
#[test]
fn what_belongs_to_a_file_of_its_own_is_not_dropped() {
    let files = Files::new();
    let (main, other) = (files.defining("main.db", 1), files.defining("other.db", 1));
    other.execute_batch(INDEXED).unwrap();
    attach(&main, &files.path("other.db")).unwrap();
    check_error(create(&main, "f", &times(2), "DETERMINISTIC CASCADE REINDEX"), UNFIT);
    main.execute_batch("ATTACH ':memory:' AS m; CREATE TABLE m.t(x); CREATE INDEX m.i ON t(f(x))")
        .unwrap();
    main.execute_batch("DROP FUNCTION f CASCADE REINDEX").unwrap();
    let indexes = |schema: &str| {
        integer(&main, &format!("SELECT count(*) FROM {schema}.sqlite_master WHERE name = 'i'"))
    };
    assert_eq!([indexes("a"), indexes("m")], [Ok(1), Ok(0)]);
    other.execute_batch("INSERT INTO t VALUES (2)").unwrap();
    check_sound(&other, "main");
}
