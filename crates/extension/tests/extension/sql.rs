//! The SQL functions through which a program with its own driver uses Commensal.

use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};

use commensal::{Error, Result, Value, ValueRef};

use crate::build::{extension, tree};
use crate::connection::Connection;
use crate::library::{Library, libraries};

/// A module with three exports: `f` returns this number, `first` the first argument, `count` the number of
/// arguments.
pub(crate) fn wat(value: i64) -> String {
    format!(
        r#"(module (memory (export "memory") 1) (data (i32.const 512) "\01")
          (func (export "commensal_scratch") (param i32) (result i32) (i32.const 1024))
          (func (export "f") (param i32 i32) (result i32)
            (i64.store (i32.const 520) (i64.const {value})) (i32.const 512))
          (func (export "first") (param i32 i32) (result i32) (local.get 1))
          (func (export "count") (param i32 i32) (result i32)
            (i64.store (i32.const 520) (i64.extend_i32_u (local.get 0))) (i32.const 512)))"#
    )
}

/// Runs a test on each library, with its own file.
#[track_caller]
pub(crate) fn on_each(test: impl Fn(&'static Library, &Path)) {
    for library in libraries() {
        let directory = tempfile::tempdir().unwrap();
        test(library, &directory.path().join("t.db"));
    }
}

#[track_caller]
pub(crate) fn check_error<T>(result: Result<T>, text: &str) -> Error {
    match result {
        Ok(_) => panic!("succeeded instead of failing with: {text}"),
        Err(error) => {
            assert!(error.message().contains(text), "{error:?} does not say: {text}");
            error
        }
    }
}

fn integers<const N: usize>(connection: &Connection, sql: &str) -> [i64; N] {
    let rows = connection.query(sql, &[]).unwrap();
    std::array::from_fn(|i| match rows[0][i] {
        Value::Integer(value) => value,
        ref other => panic!("{sql}: {other:?}"),
    })
}

#[test]
fn wasm_exec_says_whether_there_was_something_to_do() {
    on_each(|library, path| {
        let connection = Connection::open(library, path);
        let source = wat(1);
        let source = [ValueRef::Text(&source)];
        let create = "CREATE FUNCTION IF NOT EXISTS f LANGUAGE wasm AS :source; -- and no more";
        assert_eq!(connection.exec(create, &source), Ok(true));
        assert_eq!(connection.exec(create, &source), Ok(false));
        assert_eq!(connection.integer("SELECT f()"), Ok(1));
        assert_eq!(connection.exec("DROP FUNCTION IF EXISTS f;;", &[]), Ok(true));
        assert_eq!(connection.exec("DROP FUNCTION IF EXISTS f", &[]), Ok(false));
        check_error(connection.integer("SELECT f()"), "no such function: f");
    });
}

#[test]
fn wasm_exec_refuses_what_is_not_one_statement_of_ours() {
    on_each(|library, path| {
        let connection = Connection::open(library, path);
        connection.batch("CREATE TABLE t(x)").unwrap();
        for (sql, text) in [
            ("SELECT wasm_exec()", "wrong number of arguments to function wasm_exec()"),
            ("SELECT wasm_exec(NULL)", "argument 1 has to be text, a statement, but is NULL"),
            ("SELECT wasm_exec(x'00')", "argument 1 has to be text, a statement, but is blob"),
            ("SELECT wasm_exec(CAST(x'ff' AS TEXT))", "not valid UTF-8"),
            ("SELECT wasm_exec('')", "wasm_exec() runs CREATE and DROP"),
            ("SELECT wasm_exec('DROP TABLE t')", "wasm_exec() runs CREATE and DROP"),
            ("SELECT wasm_exec('DROP FUNCTION IF EXISTS f; DROP TABLE t')", "another one follows"),
            ("SELECT wasm_exec('DROP FUNCTION IF EXISTS f' || char(0))", "a NUL character"),
            ("SELECT wasm_exec('DROP FUNCTION')", "expected the function's name"),
            ("SELECT wasm_exec('DROP FUNCTION f', 1)", "has 0 parameters, and 1 values were given"),
            ("SELECT wasm_exec('CREATE FUNCTION f LANGUAGE wasm AS ?')", "has 1 parameter, and 0"),
            ("SELECT wasm_exec('CREATE FUNCTION f LANGUAGE wasm AS ?', 1)", "source has to be"),
            ("SELECT wasm_exec('PRAGMA wasm_cache_size')", "wasm_exec() returns no rows"),
            (
                "SELECT wasm_exec('CREATE FUNCTION f LANGUAGE wasm AS file:///dev/zero')",
                "not permitted",
            ),
            (
                "INSERT INTO t SELECT wasm_exec('DROP FUNCTION IF EXISTS f')",
                "that writes is still running",
            ),
        ] {
            check_error(connection.query(sql, &[]), text);
        }
        assert_eq!(connection.integer("SELECT count(*) FROM sqlite_master"), Ok(1));
    });
}

/// A file's schema cannot change the catalog or the settings.
#[test]
fn a_schema_cannot_reach_what_changes_something() {
    on_each(|library, path| {
        let connection = Connection::open(library, path);
        connection.create("f", &wat(1), "").unwrap();
        for call in
            ["wasm_exec('DROP FUNCTION f')", "wasm_config('allow', 'clock')", "wasm_refresh()"]
        {
            let view = format!("CREATE VIEW v AS SELECT {call} AS x");
            let trigger = format!("CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT {call}; END");
            connection.batch("DROP VIEW IF EXISTS v; DROP TABLE IF EXISTS t").unwrap();
            connection.batch("CREATE TABLE t(x)").unwrap();
            connection.batch(&view).unwrap();
            check_error(connection.query("SELECT x FROM v", &[]), "unsafe use of");
            connection.batch(&trigger).unwrap();
            check_error(connection.query("INSERT INTO t VALUES (1)", &[]), "unsafe use of");
        }
        // In a schema that is not trusted, it cannot call functions that reach anything either.
        connection.batch("PRAGMA trusted_schema = OFF; DROP VIEW v").unwrap();
        connection.batch("CREATE VIEW v AS SELECT wasm_call('f') AS x, f() AS y").unwrap();
        check_error(connection.query("SELECT x FROM v", &[]), "unsafe use of");
        connection.batch("CREATE VIEW w AS SELECT f() AS y").unwrap();
        assert_eq!(connection.integer("SELECT y FROM w"), Ok(1));
    });
}

#[test]
fn definitions_follow_the_transaction() {
    on_each(|library, path| {
        let connection = Connection::open(library, path);
        connection.create("f", &wat(1), "").unwrap();
        let mut prepared = connection.prepare("SELECT f()").unwrap();
        let mut check = |expected: i64| {
            assert_eq!(prepared.first(), Ok(Value::Integer(expected)));
            assert_eq!(connection.integer("SELECT f()"), Ok(expected));
        };
        connection.batch("BEGIN; SAVEPOINT a").unwrap();
        connection.create("f", &wat(2), "").unwrap();
        connection.batch("SAVEPOINT b").unwrap();
        connection.create("f", &wat(3), "").unwrap();
        check(3);
        connection.batch("ROLLBACK TO b").unwrap();
        check(2);
        connection.batch("RELEASE a").unwrap();
        check(2);
        connection.batch("ROLLBACK").unwrap();
        check(1);
    });
}

/// Each call is a separate statement: its effect stays if the SELECT around it fails, and ends
/// with the transaction.
#[test]
fn a_select_around_it_is_no_unit() {
    on_each(|library, path| {
        let connection = Connection::open(library, path);
        connection
            .batch("CREATE TABLE t(name, x); INSERT INTO t VALUES ('f', 1), ('g', 0)")
            .unwrap();
        // The second row fails after the first one made its function, because abs() fails for this number.
        let sql = "SELECT wasm_exec('CREATE FUNCTION ' || name || ' LANGUAGE wasm AS ? EXPORT f', ?), \
                   abs(-9223372036854775807 - 1 + x) FROM t";
        let source = wat(7);
        let run =
            || check_error(connection.query(sql, &[ValueRef::Text(&source)]), "integer overflow");
        run();
        assert_eq!(connection.integer("SELECT f() + g()"), Ok(14));
        connection.batch("BEGIN").unwrap();
        connection.exec("DROP FUNCTION f", &[]).unwrap();
        connection.exec("DROP FUNCTION g", &[]).unwrap();
        run();
        assert_eq!(connection.integer("SELECT f() + g()"), Ok(14));
        connection.batch("ROLLBACK").unwrap();
        assert_eq!(connection.integer("SELECT f() + g()"), Ok(14));
        // A failed call is undone as a whole, and nothing else is.
        connection.batch("BEGIN; INSERT INTO t VALUES ('h', 1)").unwrap();
        check_error(
            connection.exec("CREATE FUNCTION h LANGUAGE wasm AS '(module)'", &[]),
            "memory",
        );
        connection.batch("COMMIT").unwrap();
        assert_eq!(integers(&connection, "SELECT count(*), f() FROM t"), [3, 7]);
    });
}

#[test]
fn rowids_and_the_readers_around_stay() {
    on_each(|library, path| {
        let connection = Connection::open(library, path);
        connection.batch("CREATE TABLE t(x); INSERT INTO t VALUES (10), (20), (30)").unwrap();
        let mut reader = connection.prepare("SELECT x FROM t ORDER BY x").unwrap();
        assert!(reader.step().unwrap());
        connection.create("f", &wat(1), "").unwrap();
        assert_eq!(connection.integer("SELECT last_insert_rowid()"), Ok(3));
        assert!(reader.step().unwrap());
        assert_eq!(reader.column(0), Value::Integer(20));
        // An index cannot be dropped while a statement reads. Without a reader it can.
        connection.create("d", &wat(1), "DETERMINISTIC").unwrap();
        connection.batch("CREATE INDEX i ON t(d(x))").unwrap();
        let drop = "DROP FUNCTION d CASCADE REINDEX";
        check_error(connection.exec(drop, &[]), "database table is locked");
        while reader.step().unwrap() {}
        assert_eq!(connection.exec(drop, &[]), Ok(true));
    });
}

#[test]
fn wasm_call_needs_no_registration() {
    on_each(|library, path| {
        let (a, b) = (Connection::open(library, path), Connection::open(library, path));
        a.create("f", &wat(1), "").unwrap();
        check_error(b.integer("SELECT f()"), "no such function: f");
        assert_eq!(b.integer("SELECT wasm_call('F')"), Ok(1));
        let mut prepared = b.prepare("SELECT wasm_call('f')").unwrap();
        a.create("f", &wat(2), "").unwrap();
        assert_eq!(prepared.first(), Ok(Value::Integer(2)));
        a.exec("DROP FUNCTION f", &[]).unwrap();
        check_error(prepared.first(), "no such function: f");
        drop(prepared);

        // Names from rows, more of them than a statement keeps bound at a time, repeated.
        for i in 0..100 {
            a.create(&format!("f{i}"), &wat(i), "").unwrap();
        }
        let numbers = "WITH n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 299)";
        let sql = format!("{numbers} SELECT sum(wasm_call('f' || (i % 100))) FROM n");
        assert_eq!(b.integer(&sql), Ok(3 * 4950));
        // One name for all rows, beside others.
        let sql =
            format!("{numbers} SELECT sum(wasm_call('f7') + wasm_call('f' || (i % 100))) FROM n");
        assert_eq!(b.integer(&sql), Ok(3 * 4950 + 300 * 7));
        for (sql, text) in [
            ("SELECT wasm_call()", "wrong number of arguments to function wasm_call()"),
            ("SELECT wasm_call(NULL)", "argument 1 has to be text"),
            ("SELECT wasm_call('abs', 1)", "no such function: abs"),
        ] {
            check_error(b.query(sql, &[]), text);
        }
    });
}

/// The application's own functions win, and `wasm_call` finds what they hide.
#[test]
fn wasm_call_reaches_what_is_hidden() {
    on_each(|library, path| {
        let connection = Connection::open(library, path);
        connection.create("f", &wat(1), "").unwrap();
        // Written by hand, because CREATE refuses the name of a built-in.
        connection.batch("UPDATE commensal_object SET name = 'abs'").unwrap();
        assert_eq!(integers(&connection, "SELECT abs(-5), wasm_call('abs', -5)"), [5, 1]);
        let status =
            connection.value("SELECT status FROM wasm_functions WHERE name = 'abs'").unwrap();
        assert_eq!(status, "shadowed by another function of its name".into());
    });
}

#[test]
fn run_wasm_stores_nothing() {
    on_each(|library, path| {
        let connection = Connection::open(library, path);
        let source = wat(5);
        let value = |sql: &str| {
            connection.query(sql, &[ValueRef::Text(&source)]).map(|rows| rows[0][0].clone())
        };
        assert_eq!(value("SELECT run_wasm(?, 'f')"), Ok(Value::Integer(5)));
        assert_eq!(value("SELECT run_wasm(?, 'first', 2.5)"), Ok(Value::Real(2.5)));
        assert_eq!(
            value("SELECT run_wasm(CAST(?1 AS BLOB), 'count', 1, 2, 3)"),
            Ok(Value::Integer(3))
        );
        let numbers = "WITH n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 199)";
        let sql = format!(
            "{numbers} SELECT sum(run_wasm(?, CASE WHEN i % 2 THEN 'f' ELSE 'first' END, i)) FROM n"
        );
        assert_eq!(value(&sql), Ok(Value::Integer(100 * 5 + (0..200).step_by(2).sum::<i64>())));
        // More modules than a statement keeps bound at a time.
        let sql = "WITH n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 69) \
                   SELECT sum(run_wasm(replace(?, 'i64.const 5', 'i64.const ' || i), 'f')) FROM n";
        assert_eq!(value(sql), Ok(Value::Integer(69 * 35)));
        for (sql, text) in [
            ("SELECT run_wasm(?, 'g')", "run_wasm(): the module has no export \"g\""),
            ("SELECT run_wasm(?, NULL)", "run_wasm(): argument 2 has to be text"),
            ("SELECT run_wasm(?)", "wrong number of arguments to function run_wasm()"),
            ("SELECT run_wasm(length(?), 'f')", "argument 1 has to be a module"),
            ("SELECT run_wasm('nonsense' || ?, 'f')", "run_wasm(): not a WebAssembly module"),
        ] {
            check_error(value(sql), text);
        }
        assert_eq!(connection.integer("SELECT count(*) FROM sqlite_master"), Ok(0));
        // A manifest gives the number of arguments.
        let text = std::fs::read(tree().join("guests/prebuilt/text.wasm")).unwrap();
        let run =
            |sql: &str| connection.query(sql, &[ValueRef::Blob(&text)]).map(|r| r[0][0].clone());
        assert_eq!(run("SELECT run_wasm(?, 'slugify', 'A B')"), Ok("a-b".into()));
        check_error(
            run("SELECT run_wasm(?, 'slugify')"),
            "wrong number of arguments to function slugify()",
        );
    });
}

#[test]
fn wasm_inspect_gives_json_whatever_it_is() {
    on_each(|library, path| {
        let connection = Connection::open(library, path);
        let field = |source: ValueRef<'_>, field: &str| {
            let sql = format!("SELECT json_extract(wasm_inspect(?), '$.{field}')");
            connection.query(&sql, &[source]).map(|rows| rows[0][0].clone())
        };
        let source = wat(1);
        assert_eq!(field(ValueRef::Text(&source), "abi"), Ok("Commensal".into()));
        assert_eq!(field(ValueRef::Text(&source), "exports[2].name"), Ok("f".into()));
        for (source, expected) in [
            (ValueRef::Text("(module)"), "the module has no memory"),
            (ValueRef::Blob(b"nonsense"), "not a WebAssembly module"),
            (ValueRef::Blob(b""), "the module is empty"),
        ] {
            match field(source, "problems[0]").unwrap() {
                Value::Text(problem) => assert!(problem.starts_with(expected), "{problem}"),
                other => panic!("{other:?}"),
            }
        }
        check_error(field(ValueRef::Null, "abi"), "has to be a module");
    });
}

/// SQL may tighten settings. Only a program that can load extensions may loosen them.
#[test]
fn settings_are_locked() {
    on_each(|library, path| {
        let connection = Connection::open(library, path);
        let other = Connection::open(library, path);
        let config = |sql: &str| connection.value(&format!("SELECT wasm_config({sql})"));
        assert_eq!(config("'call_timeout_ms', 50"), Ok(Value::Integer(50)));
        assert_eq!(config("'locked'"), Ok(Value::Integer(1)));
        for (sql, text) in [
            ("'call_timeout_ms', 51", "can only be tightened here"),
            ("'allow', 'clock'", "can only be tightened here"),
            ("'file_directory', '/'", "can only be tightened here"),
            ("'file_base', ''", "can only be tightened here"),
            ("'code_cache', 1", "can only be tightened here"),
            ("'code_cache', '/'", "can only be tightened here"),
            ("'guard_pages', 1", "can only be tightened here"),
            ("'guard_pages', NULL", "guard_pages has to be 1 or 0"),
            ("'locked', 0", "only the application can unlock settings"),
            ("'memory_bytes_max', -1", "has to be a positive integer"),
            ("'allow', 'everything'", "unknown capability"),
            ("'version', '2'", "version cannot be changed"),
            ("'nothing'", "there is no setting \"nothing\"; known are call_timeout_ms"),
            ("NULL", "argument 1 has to be text"),
        ] {
            check_error(config(sql), text);
        }
        let endless = r#"(module (memory (export "memory") 1)
            (func (export "commensal_scratch") (param i32) (result i32) (i32.const 1024))
            (func (export "f") (param i32 i32) (result i32) (loop (br 0)) (unreachable)))"#;
        connection.create("endless", endless, "").unwrap();
        check_error(config("'fuel', NULL), endless("), "exceeded the limit timeout_ms = 50");

        // Each connection has its own settings.
        assert_eq!(other.integer("SELECT wasm_config('call_timeout_ms')"), Ok(2000));
        // The host unlocks a connection that has Commensal already, and locks it again.
        connection.load(extension(), Some("sqlite3_commensal_config_init")).unwrap();
        let guests = tree().join("guests/prebuilt");
        let sql = "SELECT wasm_config('allow', 'clock'), wasm_config('file_directory', ?)";
        connection.query(sql, &[ValueRef::Text(guests.to_str().unwrap())]).unwrap();
        assert_eq!(config("'call_timeout_ms', 5000"), Ok(Value::Integer(5000)));
        assert_eq!(config("'locked', 1"), Ok(Value::Integer(1)));
        check_error(config("'allow', 'clock,random'"), "can only be tightened here");
        let create =
            "CREATE EXTENSION host LANGUAGE wasm AS file://host.wasm WITH (allow = 'clock')";
        assert_eq!(connection.exec(create, &[]), Ok(true));
        assert!(connection.integer("SELECT unix_seconds() > 1e9").is_ok_and(|now| now == 1));
        check_error(
            connection.exec("CREATE FUNCTION g LANGUAGE wasm AS file://../wat/text.wat", &[]),
            "outside of the directory",
        );
        assert_eq!(config("'allow', ''"), Ok("".into()));
        check_error(connection.integer("SELECT unix_seconds()"), "needs the capability \"clock\"");
        check_error(other.query("SELECT wasm_call('unix_seconds')", &[]), "needs the capability");
    });
}

/// The host lets SQL's modules keep their compiled code on disk, and SQL can end that.
#[cfg(unix)]
#[test]
fn the_host_names_the_code_cache() {
    on_each(|library, path| {
        let connection = Connection::open(library, path);
        let config = |sql: &str| connection.value(&format!("SELECT wasm_config({sql})"));
        assert_eq!(config("'code_cache'"), Ok(Value::Null));
        connection.load(extension(), Some("sqlite3_commensal_config_init")).unwrap();
        check_error(config("'code_cache', 'relative'"), "has to be absolute");
        check_error(config("'code_cache', 2"), "code_cache has to be 1, the path of a directory");
        let folder = tempfile::tempdir().unwrap();
        let caches = folder.path().join("caches");
        let caches = caches.to_str().unwrap();
        assert_eq!(config(&format!("'code_cache', '{caches}'")), Ok(caches.into()));
        assert_eq!(config("'locked', 1"), Ok(Value::Integer(1)));
        // Numbers of their own, because the process has the code of other modules already.
        static NUMBER: AtomicI64 = AtomicI64::new(7_000_000);
        let number = || NUMBER.fetch_add(1, Ordering::Relaxed);
        connection.create("f", &wat(number()), "").unwrap();
        let files = || std::fs::read_dir(caches).unwrap().count();
        assert_eq!(files(), 3, "the code, the facts and the secret");
        assert_eq!(config("'code_cache', NULL"), Ok(Value::Null));
        check_error(config(&format!("'code_cache', '{caches}'")), "can only be tightened here");
        connection.create("g", &wat(number()), "").unwrap();
        assert_eq!(files(), 3);
    });
}
