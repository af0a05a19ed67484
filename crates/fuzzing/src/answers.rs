//! A guest's answers: records, batches of rows, plans. SQL must get values or an error, and the connection
//! must still work.

use std::sync::Arc;

use commensal::{Capabilities, Connection, Database, Engine, Options, Sqlite, Turso};

use crate::script::{Script, Scripted};

/// A module with every kind of declaration. [`Scripted`] answers for it.
pub(crate) const MODULE: &str = r#"(module
  (memory (export "memory") 1)
  (@custom "commensal"
    "{\"abi\":1}\n"
    "{\"function\":{\"name\":\"f\",\"params\":[\"...\"],\"subtype\":true}}\n"
    "{\"function\":{\"name\":\"g\",\"export\":\"f\",\"params\":[\"integer?\"],\"returns\":\"text\"}}\n"
    "{\"function\":{\"name\":\"asks\",\"params\":[\"...\"]}}\n"
    "{\"aggregate\":{\"name\":\"agg\",\"params\":[\"any?\"],\"init\":\"init\",\"step\":\"f\",\"inverse\":\"f\",\"value\":\"f\",\"finalize\":\"f\",\"drop\":\"f\"}}\n"
    "{\"table\":{\"name\":\"tf\",\"columns\":[{\"name\":\"a\",\"type\":\"text\"},{\"name\":\"b\"},{\"name\":\"n\",\"type\":\"integer\",\"hidden\":true}],\"open\":\"open\",\"next\":\"next\",\"close\":\"f\"}}\n"
    "{\"table\":{\"name\":\"vt\",\"nochange\":true,\"columns\":[{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\"}],\"connect\":\"connect\",\"disconnect\":\"f\",\"best_index\":\"best_index\",\"open\":\"open\",\"filter\":\"f\",\"next\":\"next\",\"close\":\"f\",\"update\":\"f\"}}\n"
    "{\"collation\":{\"name\":\"coll\",\"compare\":\"f\"}}\n")
  (func $s (export "commensal_scratch") (param i32) (result i32) (i32.const 0))
  (func $f (param i32 i32) (result i32) (i32.const 0))
  (export "f" (func $f)) (export "asks" (func $f)) (export "init" (func $f))
  (export "open" (func $f)) (export "next" (func $f)) (export "connect" (func $f))
  (export "best_index" (func $f)))"#;

/// Statements that call the guest. Turso has no virtual tables, so it runs only the first [`TURSO`] of them.
const STATEMENTS: &[&str] = &[
    "SELECT f(1, 'a', x'00ff', 2.5, NULL), f(f(1)), g(NULL)",
    "SELECT f(a), g(a) FROM own",
    "SELECT agg(a), agg(b) FROM own",
    "SELECT agg(a) FROM own GROUP BY b",
    "SELECT * FROM tf(3)",
    "SELECT tf.* FROM own, tf(own.a) WHERE tf.a > 'b'",
    "SELECT a FROM own ORDER BY b COLLATE coll",
    "SELECT agg(a) OVER (ORDER BY a ROWS 1 PRECEDING) FROM own",
    "SELECT rowid, * FROM tf(3)",
    "SELECT rowid, * FROM v WHERE a = 1 AND b > 'x' ORDER BY c LIMIT 20",
    "SELECT * FROM v WHERE a IN (1, 2, 3) OR rowid = 2 LIMIT 20",
    "SELECT v.a, w.b FROM v JOIN v AS w ON v.a = w.b LIMIT 20",
    "SELECT * FROM v WHERE a LIKE 'x%' AND b IS NOT NULL AND c MATCH 3 LIMIT 5 OFFSET 1",
    "UPDATE v SET a = f(b)",
    "INSERT INTO v(a, b) VALUES (1, 'x')",
    "DELETE FROM v WHERE a = 1",
];

/// The number of [`STATEMENTS`] that Turso can run.
const TURSO: usize = 7;

/// A database with such a guest, a table `own` and, on SQLite, a virtual table `v`.
pub(crate) fn connect(engine: &'static dyn Engine, granted: &str) -> Connection {
    let capabilities: Capabilities = granted.parse().expect("capabilities");
    let options = Options::new().engine(engine).runtime(Arc::new(Scripted)).grant(capabilities);
    let connection =
        Database::open_in_memory(options).and_then(|it| it.connect()).expect("a database");
    Script::set(&[]);
    let allow = match granted.is_empty() {
        true => String::new(),
        false => format!(" WITH (allow = '{granted}')"),
    };
    connection
        .execute_batch(
            "CREATE TABLE own(a, b); INSERT INTO own VALUES (1, 'x'), (2, NULL), (3, x'00')",
        )
        .expect("a table");
    let create = format!("CREATE EXTENSION scripted LANGUAGE wasm AS ?1{allow}");
    connection.execute(&create, (MODULE,)).expect("the extension is created");
    if engine.name() == "sqlite" {
        connection.execute_batch("CREATE VIRTUAL TABLE v USING vt").expect("the table is created");
    }
    connection
}

/// Reads all rows. Returns true if there was no error.
pub(crate) fn read(connection: &Connection, sql: &str) -> bool {
    let Ok(mut statement) = connection.prepare(sql) else { return false };
    let columns = statement.column_count();
    for _ in 0..100 {
        match statement.step() {
            Ok(true) => {}
            Ok(false) => return true,
            Err(_) => return false,
        }
        for column in 0..columns {
            let _ = statement.column(column);
        }
    }
    true
}

/// Checks that the database's own data is unchanged.
///
/// # Panics
/// The data has changed.
pub(crate) fn check(connection: &Connection) {
    Script::set(&[]);
    let own = connection
        .query_row("SELECT count(*) || ' ' || sum(a) FROM own", (), |row| row.get::<String>(0));
    assert_eq!(own.as_deref(), Ok("3 6"));
}

/// Runs one script. The first byte chooses the statement, the others are the guest's answers. Returns true if
/// the statement had no error.
///
/// # Panics
/// The connection no longer works.
pub fn run(engine: &'static dyn Engine, data: &[u8]) -> bool {
    thread_local! {
        static SQLITE: Connection = connect(&Sqlite, "");
        static TURSO_CONNECTION: Connection = connect(&Turso, "");
    }
    let Some((&which, answers)) = data.split_first() else { return false };
    let (connection, statements) = match engine.name() {
        "turso" => (&TURSO_CONNECTION, &STATEMENTS[..TURSO]),
        _ => (&SQLITE, STATEMENTS),
    };
    connection.with(|connection| {
        Script::set(answers);
        let is_accepted = read(connection, statements[usize::from(which) % statements.len()]);
        check(connection);
        is_accepted
    })
}
