//! A disk that fails at each write of a statement that changes definitions: with an error, because it is
//! full in the middle of a write, or as if the process ended. Afterwards each definition is as before or as
//! intended, and all data is there.
#![cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
#![expect(unsafe_code, reason = "the layer stands in for functions of libc")]

mod layer;

use std::path::Path;
use std::sync::Arc;

use commensal::{
    Connection, Database, Engine, Options, Result, Sqlite, Turso, Value, WasmtimeRuntime,
};

use layer::Fault;

const FAULTS: [Fault; 3] = [Fault::Error, Fault::Full, Fault::Dead];

/// A module of some pages of the file, whose export `f` multiplies its argument.
fn module(factor: i64) -> String {
    let filling = char::from(b'a' + (factor % 26) as u8).to_string().repeat(20_000);
    format!(
        r#"(module (memory (export "memory") 2)
          (func (export "commensal_scratch") (param i32) (result i32) (i32.const 65536))
          (func (export "f") (param i32 i32) (result i32)
            (i64.store (i32.const 520)
              (i64.mul (i64.load offset=8 (local.get 1)) (i64.const {factor})))
            (i32.const 512))
          (data (i32.const 512) "\01") (data (i32.const 1024) "{filling}"))"#
    )
}

/// One statement that changes definitions, or several in a transaction.
struct Change {
    sql: &'static str,
    /// The result of [`state`] before and after it.
    before: &'static str,
    after: &'static str,
}

const BEFORE: &str = "kept 3, f 2, new absent, rows 40";

const CHANGES: &[Change] = &[
    Change {
        sql: "CREATE FUNCTION new LANGUAGE wasm AS ?1 EXPORT 'f'",
        before: BEFORE,
        after: "kept 3, f 2, new 5, rows 40",
    },
    Change {
        sql: "CREATE OR REPLACE FUNCTION f LANGUAGE wasm AS ?1 EXPORT 'f'",
        before: BEFORE,
        after: "kept 3, f 5, new absent, rows 40",
    },
    Change {
        sql: "DROP FUNCTION f",
        before: BEFORE,
        after: "kept 3, f absent, new absent, rows 40",
    },
    Change {
        sql: "BEGIN; INSERT INTO t SELECT zeroblob(3000) FROM t;
              CREATE FUNCTION new LANGUAGE wasm AS ?1 EXPORT 'f'; COMMIT",
        before: BEFORE,
        after: "kept 3, f 2, new 5, rows 80",
    },
];

/// Only for SQLite: an index that depends on a function, and is rebuilt.
const REINDEX: Change = Change {
    sql: "CREATE OR REPLACE FUNCTION kept LANGUAGE wasm AS ?1 EXPORT 'f' DETERMINISTIC CASCADE REINDEX",
    before: BEFORE,
    after: "kept 5, f 2, new absent, rows 40",
};

/// Only for SQLite: the same changes, and several at once, as rows of a statement that writes.
const INSERTED: &[Change] = &[
    Change {
        sql: "INSERT INTO wasm_statement(sql, p1) VALUES
              ('DROP FUNCTION f', NULL), ('CREATE FUNCTION new LANGUAGE wasm AS ? EXPORT ''f''', ?1),
              ('CREATE OR REPLACE FUNCTION kept LANGUAGE wasm AS ? EXPORT ''f'' DETERMINISTIC CASCADE REINDEX', ?1)",
        before: BEFORE,
        after: "kept 5, f absent, new 5, rows 40",
    },
    Change {
        sql: "BEGIN; INSERT INTO t SELECT zeroblob(3000) FROM t;
              INSERT INTO wasm_statement(sql, p1) VALUES
              ('CREATE FUNCTION new LANGUAGE wasm AS ? EXPORT ''f''', ?1); COMMIT",
        before: BEFORE,
        after: "kept 3, f 2, new 5, rows 80",
    },
];

fn open(engine: &'static dyn Engine, path: &Path) -> Result<Connection> {
    let options = Options::new().engine(engine).runtime(Arc::new(WasmtimeRuntime::new()));
    Database::open(path, options)?.connect()
}

/// Runs statements that end with a semicolon. One with a parameter gets the module.
fn run(connection: &Connection, sql: &str, module: &str) -> Result<()> {
    for statement in sql.split(';') {
        match statement.contains('?') {
            true => connection.execute(statement, (module,)).map(drop)?,
            false => connection.execute(statement, ()).map(drop)?,
        }
    }
    Ok(())
}

fn prepare(engine: &'static dyn Engine, path: &Path, journal: &str) {
    let connection = open(engine, path).unwrap();
    connection.execute_batch(&format!("PRAGMA journal_mode = {journal}")).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE t(x);
             WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 40)
             INSERT INTO t SELECT zeroblob(1000) FROM n",
        )
        .unwrap();
    run(
        &connection,
        "CREATE FUNCTION kept LANGUAGE wasm AS ?1 EXPORT 'f' DETERMINISTIC",
        &module(3),
    )
    .unwrap();
    run(&connection, "CREATE FUNCTION f LANGUAGE wasm AS ?1 EXPORT 'f'", &module(2)).unwrap();
    if engine.name() == "sqlite" {
        connection
            .execute_batch(
                "CREATE TABLE u(a); INSERT INTO u VALUES (1), (-1), (7);
                 CREATE INDEX by_kept ON u(kept(a))",
            )
            .unwrap();
    }
}

/// The results of the definitions, and the number of rows. Damaged data fails the test.
fn state(engine: &'static dyn Engine, connection: &Connection) -> Result<String> {
    let value = |sql: &str| connection.query_row::<Value>(sql, (), |row| row.get(0));
    let check = value("PRAGMA integrity_check")?;
    assert_eq!(check, "ok".into());
    for damage in [
        "SELECT count(*) FROM commensal_module WHERE sha256 NOT IN (SELECT sha256 FROM commensal_object)",
        "SELECT count(*) FROM commensal_object WHERE sha256 NOT IN (SELECT sha256 FROM commensal_module)",
        "SELECT count(*) FROM commensal_module WHERE bytes <> length(wasm)",
        "SELECT count(*) FROM wasm_functions WHERE status <> 'ok'",
    ] {
        assert_eq!(value(damage)?, 0.into(), "{damage}");
    }
    if engine.name() == "sqlite" {
        let found = value("SELECT count(*) FROM u INDEXED BY by_kept WHERE kept(a) = kept(7)")?;
        assert_eq!(found, 1.into());
    }
    let mut state = String::new();
    for name in ["kept", "f", "new"] {
        let listed = value(&format!("SELECT count(*) FROM wasm_functions WHERE name = '{name}'"))?;
        let answer = value(&format!("SELECT {name}(1)"));
        assert_eq!(listed == 1.into(), answer.is_ok(), "{name}: {answer:?}");
        match answer {
            Ok(Value::Integer(answer)) => state += &format!("{name} {answer}, "),
            _ => state += &format!("{name} absent, "),
        }
    }
    match value("SELECT count(*) FROM t")? {
        Value::Integer(rows) => Ok(state + &format!("rows {rows}")),
        other => panic!("{other:?}"),
    }
}

/// Makes each operation of a change fail in turn. Returns how many there were.
fn attack(engine: &'static dyn Engine, journal: &str, fault: Fault, change: &Change) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let original = folder.path().join("original.db");
    prepare(engine, &original, journal);
    let module = module(5);
    for left in 0.. {
        let what = format!("{engine:?}, {journal}, {fault:?} at {left}: {}", change.sql);
        let path = folder.path().join(format!("{left}.db"));
        std::fs::copy(&original, &path).unwrap();
        let connection = open(engine, &path).unwrap();
        layer::arm(fault, left);
        let result = run(&connection, change.sql, &module);
        if fault == Fault::Dead {
            // The process has ended, so what is in memory never reaches the file.
            drop(connection);
            let hit = layer::disarm();
            let state = state(engine, &open(engine, &path).unwrap()).expect(&what);
            assert!(state == change.before || state == change.after, "{what}: {state}");
            if result.is_ok() {
                assert_eq!(state, change.after, "{what}");
            }
            if !hit {
                return left;
            }
            continue;
        }
        let hit = layer::disarm();
        if !connection.is_autocommit() {
            connection.execute("ROLLBACK", ()).expect(&what);
        }
        let wanted = if result.is_ok() { change.after } else { change.before };
        assert_eq!(state(engine, &connection).expect(&what), wanted, "{what}: {result:?}");
        drop(connection);
        let reopened = open(engine, &path).unwrap();
        assert_eq!(state(engine, &reopened).expect(&what), wanted, "{what}, opened again");
        // It still works.
        run(&reopened, "CREATE OR REPLACE FUNCTION new LANGUAGE wasm AS ?1 EXPORT 'f'", &module)
            .expect(&what);
        drop(reopened);
        if !hit {
            assert!(result.is_ok(), "{what}: {result:?}");
            return left;
        }
    }
    unreachable!("the loop ends when nothing fails any more")
}

/// The process has only one layer, so there is only one test.
#[test]
fn each_write_of_a_change_may_fail() {
    for (engine, journals) in
        [(&Sqlite as &'static dyn Engine, &["DELETE", "WAL"][..]), (&Turso, &["WAL"])]
    {
        for (journal, fault) in journals.iter().flat_map(|journal| FAULTS.map(|f| (journal, f))) {
            let own = (engine.name() == "sqlite").then_some(&REINDEX);
            let mut total = 0;
            for change in CHANGES.iter().chain(own) {
                let operations = attack(engine, journal, fault, change);
                assert!(operations > 0, "{engine:?} {journal} {fault:?}: nothing was written");
                total += operations;
            }
            if engine.name() == "sqlite" {
                for change in INSERTED {
                    assert!(attack(engine, journal, fault, change) > 0);
                }
            }
            println!(
                "figure: {} | {engine:?}, {journal} | {total} times, at each operation of {} changes; no damage",
                fault.description(),
                CHANGES.iter().chain(own).count()
            );
        }
    }
}
