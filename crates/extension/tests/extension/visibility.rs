//! When a connection sees the definitions of others, and when SQLite learns of them.

use commensal::{Value, ValueRef};

use crate::build::extension;
use crate::connection::Connection;
use crate::sql::{check_error, on_each, wat};

/// The text of the page `docs/extension.md`, in its order.
#[test]
fn without_reopening() {
    on_each(|library, path| {
        let (a, b) = (Connection::open(library, path), Connection::open(library, path));
        // A new name is unknown while a statement is prepared, unless something has made it known.
        a.create("f", &wat(1), "").unwrap();
        check_error(b.prepare("SELECT f()").map(drop), "no such function: f");
        assert_eq!(b.integer("SELECT wasm_refresh()"), Ok(1));
        assert_eq!(b.integer("SELECT f()"), Ok(1));
        // A scan of an introspection table does.
        a.create("g", &wat(2), "").unwrap();
        assert_eq!(b.integer("SELECT count(*) FROM wasm_functions"), Ok(2));
        assert_eq!(b.integer("SELECT g()"), Ok(2));
        // A call of any function of ours does.
        a.create("h", &wat(3), "").unwrap();
        assert_eq!(b.integer("SELECT f()"), Ok(1));
        assert_eq!(b.integer("SELECT h()"), Ok(3));
        // Another version, and a drop: both take effect at the next statement.
        let mut prepared = b.prepare("SELECT f()").unwrap();
        a.create("f", &wat(4), "").unwrap();
        assert_eq!(prepared.first(), Ok(Value::Integer(4)));
        a.exec("DROP FUNCTION f", &[]).unwrap();
        check_error(prepared.first(), "no such function: f");
        // In an earlier snapshot, nothing changes.
        b.batch("PRAGMA journal_mode = WAL; BEGIN").unwrap();
        assert_eq!(b.integer("SELECT g() + (SELECT count(*) FROM commensal_object)"), Ok(4));
        a.create("g", &wat(5), "").unwrap();
        assert_eq!(b.integer("SELECT g()"), Ok(2));
        b.batch("COMMIT").unwrap();
        assert_eq!(b.integer("SELECT g()"), Ok(5));
        // A connection that is opened later has everything.
        assert_eq!(Connection::open(library, path).integer("SELECT g() + h()"), Ok(8));
    });
}

/// SQLite knows a dropped name until it can be told.
#[test]
fn a_dropped_name_goes_when_nothing_runs() {
    on_each(|library, path| {
        let connection = Connection::open(library, path);
        connection.create("f", &wat(1), "").unwrap();
        connection.exec("DROP FUNCTION f", &[]).unwrap();
        let listed = "SELECT count(*) FROM pragma_function_list WHERE name = 'f'";
        assert_eq!(connection.integer(listed), Ok(1));
        let mut running = connection.prepare("SELECT 1 UNION SELECT 2").unwrap();
        assert!(running.step().unwrap());
        assert_eq!(connection.integer("SELECT count(*) FROM wasm_functions"), Ok(0));
        assert_eq!(connection.integer(listed), Ok(1));
        running.reset();
        assert_eq!(connection.integer("SELECT count(*) FROM wasm_functions"), Ok(0));
        assert_eq!(connection.integer(listed), Ok(0));
    });
}

/// A rollback to a savepoint tells nobody, so SQLite keeps the flags of what was undone until it is told.
#[test]
fn flags_are_those_of_before_once_the_catalog_was_looked_at() {
    on_each(|library, path| {
        let connection = Connection::open(library, path);
        connection.create("f", &wat(1), "").unwrap();
        connection.batch("CREATE TABLE t(x); BEGIN; SAVEPOINT a").unwrap();
        connection.create("f", &wat(1), "DETERMINISTIC").unwrap();
        connection.batch("ROLLBACK TO a").unwrap();
        connection.integer("SELECT count(*) FROM wasm_functions").unwrap();
        connection.integer("SELECT count(*) FROM wasm_functions").unwrap();
        check_error(
            connection.batch("CREATE INDEX i ON t(f(x))"),
            "non-deterministic functions prohibited in index expressions",
        );
        connection.batch("COMMIT").unwrap();
    });
}

/// Nothing tells of a change as long as a connection does not read the file, as `COMPAT.md` says.
#[test]
fn a_collation_is_new_once_main_was_read() {
    on_each(|library, path| {
        let (a, b) = (Connection::open(library, path), Connection::open(library, path));
        let ascending = include_str!("../../../../guests/wat/order1.wat");
        let descending = include_str!("../../../../guests/wat/order2.wat");
        let replace = |wat: &str| {
            let create = "CREATE OR REPLACE EXTENSION e LANGUAGE wasm AS ?";
            a.exec(create, &[ValueRef::Text(wat)]).unwrap();
        };
        replace(ascending);
        a.batch("CREATE TABLE t(x); INSERT INTO t VALUES ('a')").unwrap();
        assert_eq!(b.integer("SELECT count(*) FROM wasm_extensions"), Ok(1));
        let constants = "SELECT 'a' < 'bb' COLLATE by_length";
        let of_main = "SELECT count(*) FROM t WHERE x < 'bb' COLLATE by_length";
        assert_eq!((b.integer(constants), b.integer(of_main)), (Ok(1), Ok(1)));
        replace(descending);
        assert_eq!(b.integer(constants), Ok(1));
        assert_eq!(b.integer(of_main), Ok(0));
        assert_eq!(b.integer(constants), Ok(0));
        replace(ascending);
        assert_eq!(b.integer(constants), Ok(0));
        assert_eq!(b.integer("SELECT count(*) FROM t"), Ok(1));
        assert_eq!(b.integer(constants), Ok(1));
    });
}

/// SQLite keeps the columns of a table function until it can be told of others. Until then the old columns
/// are an error and not wrong rows, as `COMPAT.md` says.
#[test]
fn new_columns_of_a_table_function_are_there_once_sqlite_is_told() {
    on_each(|library, path| {
        let (a, b) = (Connection::open(library, path), Connection::open(library, path));
        let series = include_str!("../../../../guests/wat/series.wat");
        let renamed = series.replace("{\\\"name\\\":\\\"value\\\"", "{\\\"name\\\":\\\"number\\\"");
        assert_ne!(series, renamed);
        let create = |wat: &str| {
            let sql = "CREATE OR REPLACE EXTENSION series LANGUAGE wasm AS ?";
            a.exec(sql, &[ValueRef::Text(wat)]).unwrap();
        };
        create(series);
        b.integer("SELECT wasm_refresh()").unwrap();
        assert_eq!(b.integer("SELECT sum(value) FROM series(1, 3)"), Ok(6));
        let mut prepared = b.prepare("SELECT sum(value) FROM series(1, 3)").unwrap();
        create(&renamed);
        check_error(prepared.first(), "other columns");
        check_error(b.integer("SELECT sum(value) FROM series(1, 3)"), "other columns");
        check_error(b.integer("SELECT sum(number) FROM series(1, 3)"), "no such column: number");
        // While a statement runs SQLite cannot be told.
        let mut running = b.prepare("SELECT 1 UNION SELECT 2").unwrap();
        assert!(running.step().unwrap());
        b.integer("SELECT count(*) FROM wasm_functions").unwrap();
        check_error(b.integer("SELECT sum(number) FROM series(1, 3)"), "no such column: number");
        running.reset();
        b.integer("SELECT count(*) FROM wasm_functions").unwrap();
        assert_eq!(b.integer("SELECT sum(number) FROM series(1, 3)"), Ok(6));
        check_error(b.integer("SELECT sum(value) FROM series(1, 3)"), "no such column: value");
        check_error(prepared.first(), "no such column: value");
    });
}

/// SQLite was told that a function is deterministic or harmless. If that no longer holds, the function is
/// not called until SQLite could be told.
#[test]
fn promises_are_kept_or_the_call_fails() {
    on_each(|library, path| {
        let connection = Connection::open(library, path);
        for (before, after, text) in [
            ("DETERMINISTIC", "", "f() is no longer deterministic"),
            ("", "WITH (allow = 'log')", "f() now asks for capabilities"),
        ] {
            connection.create("f", &wat(1), before).unwrap();
            connection.query("SELECT 1 FROM wasm_functions LIMIT 0", &[]).unwrap();
            assert_eq!(connection.integer("SELECT f()"), Ok(1));
            connection.create("f", &wat(2), after).unwrap();
            check_error(connection.integer("SELECT f()"), text);
            assert_eq!(connection.integer("SELECT wasm_call('f')"), Ok(2));
            connection.query("SELECT 1 FROM wasm_functions LIMIT 0", &[]).unwrap();
            assert_eq!(connection.integer("SELECT f()"), Ok(2));
        }
        // In the other direction it works, and an index has to wait.
        connection.create("g", &wat(1), "").unwrap();
        connection.create("g", &wat(2), "DETERMINISTIC").unwrap();
        assert_eq!(connection.integer("SELECT g()"), Ok(2));
        connection.batch("CREATE TABLE t(x)").unwrap();
        let index = "CREATE INDEX i ON t(g(x))";
        check_error(connection.batch(index), "non-deterministic functions prohibited");
        connection.query("SELECT 1 FROM wasm_functions LIMIT 0", &[]).unwrap();
        connection.batch(index).unwrap();
    });
}

/// Loading never keeps a file from opening, whatever is in it.
#[test]
fn any_file_can_be_opened() {
    on_each(|library, path| {
        for sql in [
            "CREATE TABLE commensal_meta(x)",
            "CREATE TABLE wasm_functions(x); CREATE VIEW wasm_modules AS SELECT 1",
            "CREATE VIEW v AS SELECT wasm_exec('DROP FUNCTION f') AS x",
        ] {
            Connection::bare(library, path).batch(sql).unwrap();
            let connection = Connection::bare(library, path);
            connection.load(extension(), None).unwrap();
            connection.load(extension(), Some("sqlite3_commensal_init")).unwrap();
            assert_eq!(connection.integer("SELECT 1"), Ok(1));
            assert!(connection.close());
        }
    });
}

#[test]
fn a_file_with_a_thousand_functions() {
    on_each(|library, path| {
        let connection = Connection::open(library, path);
        for i in 0..10 {
            connection.create(&format!("f{i}"), &wat(i), "").unwrap();
        }
        // As a dump would restore them.
        let copies = "WITH n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 999) \
                      INSERT INTO commensal_object(kind, name, sha256, export) \
                      SELECT kind, 'f' || i, sha256, export FROM n JOIN commensal_object \
                      ON name = 'f' || (i % 10)";
        connection.batch(copies).unwrap();
        let connection = Connection::open(library, path);
        assert_eq!(connection.integer("SELECT f1() + f999() + wasm_call('f42')"), Ok(12));
        assert_eq!(connection.integer("SELECT count(*) FROM wasm_functions"), Ok(1000));
    });
}
