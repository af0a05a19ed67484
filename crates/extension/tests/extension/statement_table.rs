//! `INSERT INTO wasm_statement`: definitions as rows of a statement that writes.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::Path;

use commensal::{Result, Value, ValueRef};

use crate::connection::Connection;
use crate::library::Library;
use crate::sql::{check_error, on_each, wat};

const INSERT: &str = "INSERT INTO wasm_statement(sql, p1) VALUES (?, ?)";

/// Runs a statement of Commensal's with this source, or none.
fn insert(connection: &Connection, sql: &str, source: &str) -> Result<()> {
    let source = if source.is_empty() { ValueRef::Null } else { ValueRef::Text(source) };
    connection.query(INSERT, &[ValueRef::Text(sql), source]).map(drop)
}

fn create(connection: &Connection, name: &str, value: i64, more: &str) -> Result<()> {
    let sql = format!("CREATE OR REPLACE FUNCTION {name} LANGUAGE wasm AS ? EXPORT f {more}");
    insert(connection, &sql, &wat(value))
}

/// All that definitions leave in a file.
fn stored(connection: &Connection) -> Vec<Vec<Value>> {
    let schema = "SELECT type, name, sql FROM main.sqlite_master ORDER BY name";
    let mut rows = connection.query(schema, &[]).unwrap();
    let tables = "SELECT count(*) FROM main.sqlite_master WHERE name LIKE 'commensal%'";
    if connection.integer(tables).unwrap() > 0 {
        for table in ["commensal_meta", "commensal_module", "commensal_object"] {
            rows.extend(
                connection.query(&format!("SELECT * FROM {table} ORDER BY 1, 2"), &[]).unwrap(),
            );
        }
    }
    rows
}

fn version(library: &Library) -> (u32, u32) {
    let mut numbers = library.version().split('.').map(|number| number.parse().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

#[test]
fn it_is_an_ordinary_statement_that_writes() {
    on_each(|library, path| {
        let connection = Connection::open(library, path);
        connection.batch("CREATE TABLE t(x); INSERT INTO t VALUES (1), (2)").unwrap();
        let mut statement = connection.prepare(INSERT).unwrap();
        assert!(!statement.is_readonly());
        statement
            .bind(1, ValueRef::Text("CREATE FUNCTION f LANGUAGE wasm AS :source EXPORT f"))
            .unwrap();
        let source = wat(1);
        statement.bind(2, ValueRef::Text(&source)).unwrap();
        assert_eq!(statement.step(), Ok(false));
        assert_eq!(connection.changes(), 1);
        assert_eq!(connection.integer("SELECT f() + last_insert_rowid()"), Ok(3));
        // Run again, it finds the function.
        statement.reset();
        check_error(statement.step(), "function \"f\" already exists");
        drop(statement);

        let other = Connection::open(library, path);
        connection.batch("BEGIN; SAVEPOINT a").unwrap();
        create(&connection, "f", 2, "").unwrap();
        connection.batch("SAVEPOINT b").unwrap();
        create(&connection, "f", 3, "").unwrap();
        assert_eq!(connection.integer("SELECT f()"), Ok(3));
        assert_eq!(other.integer("SELECT f()"), Ok(1));
        connection.batch("ROLLBACK TO b").unwrap();
        assert_eq!(connection.integer("SELECT f()"), Ok(2));
        connection.batch("RELEASE a; COMMIT").unwrap();
        assert_eq!(other.integer("SELECT f()"), Ok(2));
        insert(&connection, "DROP FUNCTION f", "").unwrap();
        check_error(other.integer("SELECT f()"), "no such function: f");
        assert_eq!(connection.query("SELECT * FROM wasm_statement", &[]), Ok(Vec::new()));
        connection.batch("DELETE FROM wasm_statement; UPDATE wasm_statement SET sql = 1").unwrap();
        assert_eq!(connection.integer("SELECT count(*) FROM t"), Ok(2));
        if version(library) >= (3, 35) {
            let sql = "INSERT INTO wasm_statement(sql) VALUES ('DROP FUNCTION IF EXISTS f') RETURNING sql";
            assert_eq!(connection.value(sql), Ok("DROP FUNCTION IF EXISTS f".into()));
        }
    });
}

#[test]
fn it_refuses_what_is_not_one_statement_of_ours() {
    on_each(|library, path| {
        let connection = Connection::open(library, path);
        connection.batch("CREATE TABLE t(x)").unwrap();
        for (row, text) in [
            ("(sql) VALUES (NULL)", "sql has to be text, a statement, but is NULL"),
            ("(sql) VALUES (x'00')", "sql has to be text, a statement, but is blob"),
            ("(p1) VALUES (1)", "sql has to be text, a statement, but is NULL"),
            ("(sql) VALUES (CAST(x'ff' AS TEXT))", "not valid UTF-8"),
            ("(sql) VALUES ('')", "wasm_statement runs CREATE and DROP"),
            ("(sql) VALUES ('DROP TABLE t')", "wasm_statement runs CREATE and DROP"),
            ("(sql) VALUES ('DROP FUNCTION IF EXISTS f; DROP TABLE t')", "another one follows"),
            ("(sql) VALUES ('DROP FUNCTION IF EXISTS f' || char(0))", "a NUL character"),
            ("(sql) VALUES ('DROP FUNCTION')", "expected the function's name"),
            ("(sql, p1) VALUES ('DROP FUNCTION f', 1)", "has 0 parameters, and 1 values were"),
            (
                "(sql, p1, p3) VALUES ('CREATE FUNCTION f LANGUAGE wasm AS ?', '(module)', 1)",
                "3 val",
            ),
            ("(sql) VALUES ('CREATE FUNCTION f LANGUAGE wasm AS ?')", "the parameter is NULL"),
            ("(sql, p1) VALUES ('CREATE FUNCTION f LANGUAGE wasm AS ?', 1)", "is integer"),
            ("(sql) VALUES ('CREATE FUNCTION f LANGUAGE wasm AS ?10')", "?1 to ?9"),
            ("(sql) VALUES ('PRAGMA wasm_cache_size')", "what ROLLBACK can take back"),
            ("(sql) VALUES ('PRAGMA wasm_cache_size = 1')", "what ROLLBACK can take back"),
            ("(rowid, sql) VALUES (1, 'DROP FUNCTION f')", "leave out the rowid"),
            (
                "(sql) VALUES ('CREATE FUNCTION f LANGUAGE wasm AS file:///dev/zero')",
                "not permitted",
            ),
        ] {
            for verb in ["INSERT", "INSERT OR IGNORE", "INSERT OR FAIL", "REPLACE"] {
                let sql = format!("{verb} INTO wasm_statement{row}");
                check_error(connection.query(&sql, &[]), text);
            }
        }
        assert_eq!(connection.integer("SELECT count(*) FROM sqlite_master"), Ok(1));
        // The last parameter there can be.
        connection
            .query(
                "INSERT INTO wasm_statement(sql, p9) \
                 VALUES ('CREATE FUNCTION f LANGUAGE wasm AS ?9 EXPORT f', ?)",
                &[ValueRef::Text(&wat(9))],
            )
            .unwrap();
        assert_eq!(connection.integer("SELECT f()"), Ok(9));
    });
}

/// The rows of one statement stand or fall together, within a transaction and without, even if the first of them
/// made the catalog's tables.
#[test]
fn rows_stand_or_fall_together() {
    on_each(|library, path| {
        let connection = Connection::open(library, path);
        let rows = "VALUES ('CREATE FUNCTION f LANGUAGE wasm AS ?1 EXPORT f', ?1), ('DROP FUNCTION g', NULL)";
        let source = wat(1);
        for verb in ["INSERT", "INSERT OR FAIL", "INSERT OR IGNORE", "INSERT OR REPLACE"] {
            let sql = format!("{verb} INTO wasm_statement(sql, p1) {rows}");
            check_error(connection.query(&sql, &[ValueRef::Text(&source)]), "no such function: g");
            assert!(stored(&connection).is_empty());
            check_error(connection.integer("SELECT f()"), "no such function: f");

            connection.batch("BEGIN; CREATE TABLE t(x); INSERT INTO t VALUES (1)").unwrap();
            check_error(connection.query(&sql, &[ValueRef::Text(&source)]), "no such function: g");
            assert!(!connection.is_autocommit());
            assert_eq!(stored(&connection).len(), 1);
            check_error(connection.integer("SELECT f()"), "no such function: f");
            // The schema that SQLite has in memory is the file's again.
            connection.batch("CREATE TABLE u(x); INSERT INTO u VALUES (2)").unwrap();
            create(&connection, "h", 3, "").unwrap();
            connection.batch("COMMIT").unwrap();
            assert_eq!(connection.integer("SELECT h() + t.x + u.x FROM t, u"), Ok(6));
            let other = Connection::open(library, path);
            assert_eq!(other.value("PRAGMA integrity_check"), Ok("ok".into()));
            assert_eq!(other.integer("SELECT h() + count(*) FROM wasm_functions"), Ok(4));
            insert(&connection, "DROP FUNCTION h", "").unwrap();
            connection
                .batch(
                    "DROP TABLE t; DROP TABLE u; DROP TABLE commensal_object; \
                     DROP TABLE commensal_module; DROP TABLE commensal_meta",
                )
                .unwrap();
        }
    });
}

/// A write that fails half-way leaves nothing of itself, and the transaction as it was.
#[test]
fn half_a_definition_is_none() {
    const ABORT: &str = "SELECT RAISE(ABORT, 'no')";
    const FAIL: &str = "SELECT RAISE(FAIL, 'no')";
    const ROLLBACK: &str = "SELECT RAISE(ROLLBACK, 'no')";
    const UNDO: &str = "DELETE FROM commensal_object";
    on_each(|library, path| {
        let connection = Connection::open(library, path);
        create(&connection, "f", 1, "").unwrap();
        connection.batch("CREATE TABLE t(x); INSERT INTO t VALUES (1), (2)").unwrap();
        let make = |connection: &Connection| create(connection, "g", 2, "");
        let remove = |connection: &Connection| insert(connection, "DROP FUNCTION f", "");
        type Write<'a> = &'a dyn Fn(&Connection) -> Result<()>;
        let cases: [(&str, &str, Write<'_>); 9] = [
            ("UPDATE ON commensal_meta", ABORT, &make),
            ("UPDATE ON commensal_meta", FAIL, &make),
            ("UPDATE ON commensal_meta", FAIL, &remove),
            ("UPDATE ON commensal_meta", ROLLBACK, &make),
            ("INSERT ON commensal_object", ABORT, &make),
            ("INSERT ON commensal_object", FAIL, &make),
            ("INSERT ON commensal_object", UNDO, &make),
            ("DELETE ON commensal_object", ABORT, &remove),
            ("DELETE ON commensal_object", ROLLBACK, &remove),
        ];
        for (event, action, write) in cases {
            let trigger = format!("CREATE TRIGGER fails AFTER {event} BEGIN {action}; END");
            connection.batch(&trigger).unwrap();
            let before = stored(&connection);
            let check_nothing = |rows: i64| {
                assert_eq!(stored(&connection), before, "{trigger}");
                assert_eq!(connection.integer("SELECT f() + count(*) FROM t"), Ok(1 + rows));
                check_error(connection.integer("SELECT g()"), "no such function: g");
            };
            write(&connection).expect_err(&trigger);
            assert!(connection.is_autocommit());
            check_nothing(2);
            connection.batch("BEGIN; INSERT INTO t VALUES (3)").unwrap();
            write(&connection).expect_err(&trigger);
            // RAISE(ROLLBACK) ends the transaction, whoever calls for it.
            assert_eq!(connection.is_autocommit(), action == ROLLBACK, "{trigger}");
            if action == ROLLBACK {
                check_nothing(2);
            } else {
                check_nothing(3);
                connection.batch("ROLLBACK").unwrap();
            }
            connection.batch("DROP TRIGGER fails").unwrap();
        }
        assert_eq!(connection.value("PRAGMA integrity_check"), Ok("ok".into()));
    });
}

/// A full disk ends the transaction, as for any statement.
#[test]
fn a_full_disk_leaves_nothing() {
    on_each(|library, path| {
        let connection = Connection::open(library, path);
        create(&connection, "f", 1, "").unwrap();
        connection.batch("CREATE TABLE t(x)").unwrap();
        let before = stored(&connection);
        let pages = connection.integer("PRAGMA page_count").unwrap();
        // Random bytes, so that neither module is stored already.
        let large = |seed: i64| {
            let text: String =
                (0..20_000).map(|i| format!("{:x}", (i * 7919 + seed) % 65521)).collect();
            wat(seed)
                .replace("(func", &format!("(data (i32.const 2048) \"{text}\") (func"))
                .replacen("(memory (export \"memory\") 1)", "(memory (export \"memory\") 3)", 1)
        };
        for (more, begin) in [(0, false), (1, false), (3, true), (8, true)] {
            connection.query(&format!("PRAGMA max_page_count = {}", pages + more), &[]).unwrap();
            if begin {
                connection.batch("BEGIN; INSERT INTO t VALUES (1)").unwrap();
            }
            let sql = "CREATE FUNCTION g LANGUAGE wasm AS ? EXPORT f";
            check_error(insert(&connection, sql, &large(more + 1)), "full");
            if !connection.is_autocommit() {
                connection.batch("ROLLBACK").unwrap();
            }
            assert_eq!(stored(&connection), before);
            assert_eq!(connection.integer("SELECT f() + count(*) FROM t"), Ok(1));
        }
        connection.query("PRAGMA max_page_count = 10000", &[]).unwrap();
        create(&connection, "g", 2, "").unwrap();
        assert_eq!(connection.integer("SELECT f() + g()"), Ok(3));
        assert_eq!(connection.value("PRAGMA integrity_check"), Ok("ok".into()));
    });
}

/// Views and triggers of a file do not reach it, nor those in `temp`.
#[test]
fn a_schema_cannot_reach_it() {
    on_each(|library, path| {
        let connection = Connection::open(library, path);
        create(&connection, "f", 1, "").unwrap();
        connection.batch("CREATE TABLE t(x); CREATE VIEW w AS SELECT 1 AS x").unwrap();
        for trusted in ["ON", "OFF"] {
            connection.batch(&format!("PRAGMA trusted_schema = {trusted}")).unwrap();
            for (trigger, statement) in [
                ("TRIGGER g AFTER INSERT ON t", "INSERT INTO t VALUES (1)"),
                ("TRIGGER g BEFORE INSERT ON t", "INSERT INTO t VALUES (1)"),
                ("TRIGGER g INSTEAD OF UPDATE ON w", "UPDATE w SET x = 2"),
                ("TEMP TRIGGER g AFTER INSERT ON t", "INSERT INTO t VALUES (1)"),
            ] {
                for action in [
                    "INSERT INTO wasm_statement(sql) VALUES ('DROP FUNCTION f')",
                    "INSERT INTO wasm_statement(sql) SELECT 'DROP FUNCTION f'",
                    "DELETE FROM wasm_statement WHERE 1",
                    "UPDATE wasm_statement SET sql = 'DROP FUNCTION f'",
                    "INSERT INTO t SELECT sql FROM wasm_statement",
                ] {
                    let sql = format!("CREATE {trigger} BEGIN {action}; END");
                    connection.batch(&sql).unwrap();
                    let result = connection.query(statement, &[]);
                    // Without rows, nothing is read, changed or deleted. Some versions let that pass.
                    if action.starts_with("INSERT INTO wasm_statement") {
                        let error = result.expect_err(&sql);
                        assert!(error.message().contains(" use"), "{sql}: {error:?}");
                    }
                    connection.batch("DROP TRIGGER g").unwrap();
                }
            }
            connection.batch("CREATE VIEW v AS SELECT * FROM wasm_statement").unwrap();
            check_error(connection.query("SELECT * FROM v", &[]), "unsafe use of");
            connection.batch("DROP VIEW v").unwrap();
            check_error(
                connection.batch("CREATE VIRTUAL TABLE v USING wasm_statement"),
                "no such module: wasm_statement",
            );
            // The program's own statements do.
            create(&connection, "f", 2, "").unwrap();
        }
        assert_eq!(connection.integer("SELECT f()"), Ok(2));
    });
}

/// A file's table of this name gets what is inserted without a schema; with `temp` it does not.
#[test]
fn a_table_of_its_name_hides_it() {
    on_each(|library, path| {
        Connection::bare(library, path).batch("CREATE TABLE wasm_statement(sql, p1)").unwrap();
        let connection = Connection::open(library, path);
        create(&connection, "f", 1, "").unwrap();
        check_error(connection.integer("SELECT f()"), "no such function: f");
        assert_eq!(connection.integer("SELECT count(*) FROM wasm_statement"), Ok(1));
        let sql = INSERT.replace("wasm_statement", "temp.wasm_statement");
        let create = "CREATE FUNCTION f LANGUAGE wasm AS ? EXPORT f";
        connection.query(&sql, &[ValueRef::Text(create), ValueRef::Text(&wat(2))]).unwrap();
        assert_eq!(connection.integer("SELECT f()"), Ok(2));
        // Where both are taken, nothing happens.
        connection
            .batch("DROP TABLE wasm_statement; CREATE TEMP TABLE wasm_statement(sql)")
            .unwrap();
        let sql = "INSERT INTO main.wasm_statement(sql) VALUES ('DROP FUNCTION f')";
        check_error(connection.query(sql, &[]), "temporary table");
        assert_eq!(connection.integer("SELECT f() + count(*) FROM temp.wasm_statement"), Ok(2));
    });
}

#[test]
fn what_is_around_it_goes_on() {
    on_each(|library, path| {
        let connection = Connection::open(library, path);
        connection
            .batch("CREATE TABLE t(x); INSERT INTO t VALUES (10), (20), (30); CREATE TABLE u(x)")
            .unwrap();
        let mut reader = connection.prepare("SELECT x FROM t ORDER BY x").unwrap();
        assert!(reader.step().unwrap());
        create(&connection, "d", 1, "DETERMINISTIC").unwrap();
        assert!(reader.step().unwrap());
        assert_eq!(reader.column(0), Value::Integer(20));
        drop(reader);
        connection.query("SELECT 1 FROM wasm_functions LIMIT 0", &[]).unwrap();
        connection.batch("CREATE INDEX i ON t(d(x))").unwrap();
        // An index is rebuilt, and none is dropped.
        create(&connection, "d", 2, "DETERMINISTIC CASCADE REINDEX").unwrap();
        assert_eq!(connection.integer("SELECT count(*) FROM t WHERE d(x) = 2"), Ok(3));
        assert_eq!(connection.value("PRAGMA integrity_check"), Ok("ok".into()));
        for begin in ["", "BEGIN"] {
            connection.batch(begin).unwrap();
            let before = stored(&connection);
            check_error(
                insert(&connection, "DROP FUNCTION d CASCADE REINDEX", ""),
                "index \"i\" depends on function \"d\", and no index can be dropped",
            );
            check_error(insert(&connection, "DROP FUNCTION d", ""), "depends on it");
            assert_eq!(stored(&connection), before);
        }
        connection.batch("COMMIT; DROP INDEX i").unwrap();
        insert(&connection, "DROP FUNCTION d", "").unwrap();
        if version(library) < (3, 35) {
            return;
        }
        let mut writer = connection.prepare("INSERT INTO u SELECT x FROM t RETURNING x").unwrap();
        assert!(writer.step().unwrap());
        check_error(
            create(&connection, "f", 1, ""),
            "another statement of this connection that writes is still running",
        );
        while writer.step().unwrap() {}
        drop(writer);
        create(&connection, "f", 1, "").unwrap();
        assert_eq!(connection.integer("SELECT f() + count(*) FROM u"), Ok(4));
    });
}

/// Definitions as rows of a query, as a migration tool may have them.
#[test]
fn rows_of_a_query_are_statements() {
    on_each(|library, path| {
        let connection = Connection::open(library, path);
        connection.batch("CREATE TABLE migration(sql, module)").unwrap();
        for value in 1..=5 {
            let sql = format!("CREATE FUNCTION f{value} LANGUAGE wasm AS ? EXPORT f");
            let values = [ValueRef::Text(&sql), ValueRef::Text(&wat(value))];
            connection.query("INSERT INTO migration VALUES (?, ?)", &values).unwrap();
        }
        connection.batch("INSERT INTO wasm_statement(sql, p1) SELECT * FROM migration").unwrap();
        assert_eq!(connection.changes(), 5);
        assert_eq!(connection.integer("SELECT f1() + f2() + f3() + f4() + f5()"), Ok(15));
    });
}

const OK: c_int = 0;
const DENY: c_int = 1;
const ACTION_INSERT: c_int = 18;

/// Denies that anything is inserted into the table that `data` names.
unsafe extern "C" fn deny_insert(
    data: *mut c_void,
    action: c_int,
    table: *const c_char,
    _: *const c_char,
    _: *const c_char,
    _: *const c_char,
) -> c_int {
    if action != ACTION_INSERT {
        return OK;
    }
    // SAFETY: SQLite gives the table's name, and `data` is the text that was given for it.
    let (table, denied) = unsafe { (CStr::from_ptr(table), CStr::from_ptr(data.cast())) };
    if table == denied { DENY } else { OK }
}

#[test]
fn an_authorizer_decides() {
    on_each(|library, path: &Path| {
        let connection = Connection::open(library, path);
        for denied in [c"wasm_statement", c"commensal_module", c"commensal_object"] {
            connection.authorize(deny_insert, denied);
            connection.batch("BEGIN").unwrap();
            check_error(create(&connection, "f", 1, ""), "not authorized");
            connection.batch("COMMIT").unwrap();
            assert!(stored(&connection).is_empty());
        }
        connection.authorize(deny_insert, c"");
        create(&connection, "f", 1, "").unwrap();
        connection.authorize(deny_insert, c"wasm_statement");
        check_error(create(&connection, "f", 2, ""), "not authorized");
        assert_eq!(connection.integer("SELECT f()"), Ok(1));
    });
}

/// A statement that reads keeps its place in an index by a key, which the new version computes otherwise.
#[test]
fn nothing_is_rebuilt_under_a_statement_that_reads() {
    on_each(|library, path: &Path| {
        let connection = Connection::open(library, path);
        connection.create("f", &wat(1), "DETERMINISTIC").unwrap();
        connection
            .batch(
                "CREATE TABLE t(x); CREATE INDEX i ON t(f(x)); INSERT INTO t VALUES (1), (2), (3)",
            )
            .unwrap();
        let mut reading = connection.prepare("SELECT x FROM t WHERE f(x) > 0").unwrap();
        assert!(reading.step().unwrap());
        let more = "DETERMINISTIC CASCADE REINDEX";
        check_error(connection.create("f", &wat(2), more), "\"i\" cannot be rebuilt while");
        check_error(create(&connection, "f", 2, more), "\"i\" cannot be rebuilt while");
        assert!(reading.step().unwrap() && reading.step().unwrap() && !reading.step().unwrap());
        drop(reading);
        connection.create("f", &wat(2), more).unwrap();
        create(&connection, "f", 3, more).unwrap();
        assert_eq!(connection.integer("SELECT count(*) FROM t WHERE f(x) = 3"), Ok(3));
    });
}

/// A temporary table of the application gets no row.
#[test]
fn a_temporary_table_of_the_name_stays_empty() {
    on_each(|library, path: &Path| {
        let connection = Connection::open(library, path);
        connection.batch("CREATE TEMP TABLE wasm_statement(sql); BEGIN").unwrap();
        let insert = "INSERT INTO main.wasm_statement(sql) VALUES ('DROP FUNCTION IF EXISTS f')";
        check_error(connection.batch(insert), "a temporary table or view");
        assert_eq!(connection.integer("SELECT count(*) FROM temp.wasm_statement"), Ok(0));
        connection.batch("COMMIT").unwrap();
    });
}

const IGNORE: c_int = 2;
const ACTION_PRAGMA: c_int = 19;

/// Has SQLite ignore PRAGMA database_list, which then gives no rows.
unsafe extern "C" fn ignore_databases(
    _: *mut c_void,
    action: c_int,
    pragma: *const c_char,
    _: *const c_char,
    _: *const c_char,
    _: *const c_char,
) -> c_int {
    // SAFETY: SQLite gives the pragma's name.
    let is_list = || unsafe { CStr::from_ptr(pragma) } == c"database_list";
    if action == ACTION_PRAGMA && is_list() { IGNORE } else { OK }
}

/// What was not looked at does not count as looked at.
#[test]
fn an_authorizer_that_hides_databases_is_named() {
    on_each(|library, path: &Path| {
        let connection = Connection::open(library, path);
        connection.create("f", &wat(1), "DETERMINISTIC").unwrap();
        connection
            .batch("CREATE TABLE t(x); CREATE INDEX i ON t(f(x)); INSERT INTO t VALUES (1)")
            .unwrap();
        connection.authorize(ignore_databases, c"");
        let replaced = connection.create("f", &wat(2), "DETERMINISTIC CASCADE REINDEX");
        check_error(replaced, "PRAGMA database_list");
        assert_eq!(connection.integer("SELECT count(*) FROM t WHERE f(x) = 1"), Ok(1));
        assert_eq!(connection.integer("SELECT f(1)"), Ok(1));
    });
}
