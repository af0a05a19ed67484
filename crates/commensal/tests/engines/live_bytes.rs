//! `live_bytes_max` is a ceiling: whatever guests do, all instances of a Database together never exceed
//! it.

use std::path::Path;
use std::sync::Arc;

use commensal::core::live::INSTANCE_BYTES;
use commensal::{
    Capabilities, Connection, Database, Error, ErrorKind, Limits, Options, WasmiRuntime,
};

use crate::support::{check_error, connect, constant, create, integer, module, options, value};

const PAGE: u64 = 65_536;

/// The runtimes, with a Database whose instances may have this many bytes together.
fn databases(live_bytes_max: u64) -> [Database; 2] {
    let wasmi = Options::new().engine(crate::ENGINE).runtime(Arc::new(WasmiRuntime::new()));
    [options(), wasmi].map(|options| {
        // Idle instances have no other limit, so that it cannot matter.
        let options = options.live_bytes_max(live_bytes_max).cache_bytes_max(u64::MAX);
        Database::open_in_memory(options).unwrap()
    })
}

/// `f(pages)` grows memory and writes to the last page of it; returns the pages before, or -1. `f(-1)`
/// traps if memory cannot grow by a page.
fn grower() -> String {
    module(
        r#"(func (export "f") (param i32 i32) (result i32) (local $pages i32)
          (local.set $pages (i32.load offset=8 (local.get 1)))
          (if (i32.eq (local.get $pages) (i32.const -1))
            (then (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable)))
            (else
              (local.set $pages (memory.grow (local.get $pages)))
              (if (i32.ne (local.get $pages) (i32.const -1))
                (then (i32.store8 (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 1))
                  (i32.const 1))))))
          (i64.store (i32.const 520) (i64.extend_i32_s (local.get $pages)))
          (i32.const 512))"#,
    )
}

#[track_caller]
fn check_limit(error: &Error, live_bytes_max: u64) {
    assert_eq!(error.kind(), ErrorKind::Limit);
    let limit = format!("live_bytes_max = {live_bytes_max}");
    assert!(error.message().contains(&limit), "{error}");
    assert!(error.message().contains("raise live_bytes_max"), "{error}");
}

fn two_rows(connection: &Connection) {
    connection.execute_batch("CREATE TABLE t(x); INSERT INTO t VALUES (1), (2)").unwrap();
}

/// Forty cursors of one guest that grows only after it was accounted for, because its first row is small.
#[test]
fn forty_cursors_stay_below_the_ceiling() {
    const CEILING: u64 = 20 << 20;
    for database in databases(CEILING) {
        let connections = [connect(&database), connect(&database)];
        create(&connections[0], "grow", &grower(), "").unwrap();
        let sql = "SELECT grow(iif(x = 1, 0, 31)) FROM (SELECT 1 AS x UNION ALL SELECT 2 UNION ALL SELECT 2)";
        let mut statements: Vec<_> =
            (0..40).map(|i| connections[i % 2].prepare(sql).unwrap()).collect();
        let mut cursors = Vec::new();
        for statement in &mut statements {
            let mut rows = statement.query(()).unwrap();
            assert_eq!(rows.next().unwrap().unwrap().get::<i64>(0).unwrap(), 1);
            cursors.push(rows);
        }
        // Two MiB each: about nine fit beside forty of a page each.
        let mut grown = 0;
        for rows in &mut cursors {
            grown += u64::from(rows.next().unwrap().unwrap().get::<i64>(0).unwrap() == 1);
        }
        assert!((5..=9).contains(&grown), "{grown}");
        let held = 40 * (PAGE + INSTANCE_BYTES) + grown * 31 * PAGE;
        assert!(held <= CEILING, "{held}");
        assert!(database.live_bytes() >= held && database.live_bytes() <= CEILING);
        // The others fail. Once the cursors end, their room is free again.
        drop(cursors);
        drop(statements);
        let row = "SELECT grow(iif(x = 1, 0, 200)) FROM (SELECT 1 AS x UNION ALL SELECT 2)";
        let mut statement = connections[1].prepare(row).unwrap();
        let mut rows = statement.query(()).unwrap();
        rows.next().unwrap();
        assert!(rows.next().unwrap().unwrap().get::<i64>(0).unwrap() > 0);
        drop(rows);
        drop(statement);
        drop(connections);
        assert_eq!(database.live_bytes(), 0);
    }
}

#[test]
fn a_trap_after_a_refusal_names_the_ceiling() {
    const CEILING: u64 = 3 << 20;
    for database in databases(CEILING) {
        let connection = connect(&database);
        create(&connection, "grow", &grower(), "").unwrap();
        two_rows(&connection);
        connection.execute_batch("BEGIN; INSERT INTO t VALUES (3)").unwrap();
        assert_eq!(integer(&connection, "SELECT grow(44)").unwrap(), 1);
        // The same number again does not fit; the guest learns of it and continues.
        assert_eq!(integer(&connection, "SELECT grow(44)").unwrap(), -1);
        assert_eq!(integer(&connection, "SELECT grow(1)").unwrap(), 45);
        let error = check_error(value(&connection, "SELECT grow(1), grow(-1), grow(-1)"), "grow()");
        check_limit(&error, CEILING);
        // The fault took the instance. The transaction is still open.
        assert_eq!(integer(&connection, "SELECT grow(44)").unwrap(), 1);
        connection.execute_batch("COMMIT").unwrap();
        assert_eq!(integer(&connection, "SELECT count(*) FROM t").unwrap(), 3);
        // The arguments do not fit because of the ceiling, not because of the guest's own limit.
        let error = value(&connection, "SELECT grow(zeroblob(4000000))").expect_err("too large");
        check_limit(&error, CEILING);
    }
}

/// What a module declares counts before it exists: memory, exported or not, and tables.
#[test]
fn an_instance_that_does_not_fit_is_not_made() {
    const CEILING: u64 = 2 << 20;
    for database in databases(CEILING) {
        let connection = connect(&database);
        let hidden = |declares: &str| {
            format!(
                r#"(module {declares} (global (export "x") i32 (i32.const 0))
                (func (export "commensal_scratch") (param i32) (result i32) (i32.const 1024))
                (func (export "f") (param i32 i32) (result i32) (i32.const 0)))"#
            )
        };
        let large = hidden(r#"(memory (export "memory") 40)"#);
        let elements = hidden(r#"(memory (export "memory") 1) (table 100000 funcref)"#);
        create(&connection, "large", &large, "").unwrap();
        create(&connection, "elements", &elements, "").unwrap();
        create(&connection, "second", &elements, "WITH (timeout_ms = 77)").unwrap();
        let error = check_error(value(&connection, "SELECT large()"), "large()");
        check_limit(&error, CEILING);
        // 1.6 MB of elements. Two such instances, which differ in policy, do not fit.
        assert_eq!(value(&connection, "SELECT elements()").unwrap(), commensal::Value::Null);
        let error = check_error(value(&connection, "SELECT elements(), second()"), "()");
        check_limit(&error, CEILING);
        assert_eq!(value(&connection, "SELECT second()").unwrap(), commensal::Value::Null);
    }
}

/// Idle instances of any connection are dropped before anything is refused.
#[test]
fn idle_instances_make_room() {
    let one = PAGE + INSTANCE_BYTES + 1024;
    for database in databases(2 * one) {
        let connections = [connect(&database), connect(&database)];
        for (name, value) in [("f", 1), ("g", 2), ("h", 3)] {
            create(&connections[0], name, &constant(value), "").unwrap();
        }
        let connection = &connections[1];
        assert_eq!(integer(&connections[0], "SELECT f() + g()").unwrap(), 3);
        assert_eq!(integer(connection, "SELECT h()").unwrap(), 3);
        let error = value(connection, "SELECT f() + g() + h()").expect_err("three do not fit");
        check_limit(&error, 2 * one);
        assert_eq!(integer(connection, "SELECT g() + h()").unwrap(), 5);
    }
}

/// Each instance costs the host something besides its memory. Here it has no memory.
#[test]
fn an_instance_without_memory_counts_too() {
    let empty = r#"(module (memory (export "memory") 0)
        (func (export "commensal_scratch") (param i32) (result i32) (i32.const 8))
        (func (export "f") (param i32 i32) (result i32) (i32.const 0)))"#;
    for database in databases(INSTANCE_BYTES - 1) {
        let connection = connect(&database);
        create(&connection, "f", empty, "").unwrap();
        let error = check_error(value(&connection, "SELECT f()"), "f()");
        check_limit(&error, INSTANCE_BYTES - 1);
        assert_eq!(database.live_bytes(), 0);
    }
}

/// What the engine holds for a guest's statements counts until it is given back, whatever the guest's own memory is.
#[test]
fn rows_and_bound_values_of_statements_count() {
    const CEILING: u64 = 30 << 20;
    const NOMEM: i64 = 7;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guests/evil/sql_holds.wat");
    let guest = std::fs::read_to_string(path).expect("the guest is there");
    let databases = [options(), options().runtime(Arc::new(WasmiRuntime::new()))].map(|options| {
        let mut limits = Limits::default();
        limits.sql_value_bytes_max = 1 << 30;
        let options = options.grant(Capabilities::all()).limits(limits).live_bytes_max(CEILING);
        Database::open_in_memory(options.cache_bytes_max(0)).unwrap()
    });
    for database in databases {
        let connection = connect(&database);
        for function in ["sql_holds_row", "sql_resets", "sql_holds_bound", "sql_error_length"] {
            let sql =
                format!("CREATE FUNCTION {function} LANGUAGE wasm AS ? WITH (allow = 'sql_read')");
            connection.execute(&sql, (guest.as_str(),)).unwrap();
        }
        let of_forty = |function: &str, sql: &str, code: i64| {
            let sql = format!(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
                 SELECT count(*) FROM n WHERE {function}('{sql}' || substr(i, 1, 0)) = {code}"
            );
            integer(&connection, &sql).unwrap()
        };
        // Fifteen rows of 2 MB fit at most.
        connection
            .execute_batch("CREATE TABLE big(x); INSERT INTO big VALUES (hex(zeroblob(1000000)))")
            .unwrap();
        let row = "SELECT x, 1 FROM big UNION ALL SELECT 2, 2";
        // On Turso, a guest must not return while a statement waits.
        if crate::ENGINE.name() == "sqlite" {
            let refused = of_forty("sql_holds_row", row, NOMEM);
            assert!((24..30).contains(&refused), "{refused} were refused");
        }
        assert_eq!(of_forty("sql_resets", row, NOMEM), 0);
        let bound = of_forty("sql_holds_bound", "SELECT ?", NOMEM);
        assert!((8..20).contains(&bound), "{bound} were refused");
        let long =
            "SELECT sql_error_length('SELECT * FROM json_each(''{}'', hex(zeroblob(100000)))')";
        assert!((1..5000).contains(&integer(&connection, long).unwrap()));
        assert_eq!(database.live_bytes(), 0);
    }
}

/// Compiled code has a ceiling, too. Code that no instance uses makes room and is compiled again.
#[test]
fn compiled_code_is_dropped_or_refused() {
    let wasmi = options().runtime(Arc::new(WasmiRuntime::new()));
    let database = Database::open_in_memory(wasmi.code_bytes_max(35_000)).unwrap();
    let connection = connect(&database);
    // The interpreter's code is about as large as the module.
    let of = |number: i64| {
        module(&format!(
            r#"(data (i32.const 0) "{}")
            (func (export "f") (param i32 i32) (result i32)
              (i64.store (i32.const 512) (i64.const 1)) (i64.store (i32.const 520) (i64.const {number}))
              (i32.const 512))"#,
            "x".repeat(10_000)
        ))
    };
    for number in 0..6 {
        create(&connection, &format!("f{number}"), &of(number), "").unwrap();
    }
    for number in (0..6).chain(0..6) {
        assert_eq!(integer(&connection, &format!("SELECT f{number}()")).unwrap(), number);
    }
    assert_eq!(integer(&connection, "SELECT f0() + f1() + f2()").unwrap(), 3);
    let error = check_error(value(&connection, "SELECT f0() + f1() + f2() + f3()"), "f3()");
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert!(error.message().contains("code_bytes_max = 35000"), "{error}");
    assert_eq!(integer(&connection, "SELECT f3() + f4()").unwrap(), 7);
}
