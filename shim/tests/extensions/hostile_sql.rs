//! A virtual table that runs statements in each of its methods: about itself, about the table that is being
//! read, about the schema. SQLite may answer anything. The connection and the file must survive.

use std::path::Path;
use std::sync::Arc;

use commensal::core::runtime::Runtime;
use commensal::{Capabilities, Connection, Database, Options, WasmiRuntime, WasmtimeRuntime};

const METHODS: &[&str] = &[
    "create",
    "connect",
    "disconnect",
    "destroy",
    "best_index",
    "open",
    "close",
    "filter",
    "next",
    "column",
    "update",
    "begin",
    "sync",
    "commit",
    "rollback",
    "rename",
];

const STATEMENTS: &[&str] = &[
    "DROP TABLE v",
    "SELECT * FROM v",
    "INSERT INTO v VALUES (1)",
    "ALTER TABLE v RENAME TO w",
    "DROP TABLE t",
    "DELETE FROM t",
    "CREATE TABLE u(x)",
    "UPDATE t SET x = x + 1",
    "COMMIT",
];

/// What an application does, whatever the result.
const APPLICATION: &[&str] = &[
    "SELECT count(*) FROM v",
    "SELECT t.x, v.answer FROM t, v",
    "INSERT INTO v VALUES (2)",
    "BEGIN",
    "INSERT INTO t VALUES (7)",
    "INSERT INTO v VALUES (3)",
    "ROLLBACK",
    "BEGIN",
    "INSERT INTO v SELECT x FROM t",
    "COMMIT",
    "ALTER TABLE v RENAME TO w",
    "ALTER TABLE w RENAME TO v",
    "DROP TABLE v",
];

fn open(path: &Path, runtime: &Arc<dyn Runtime>) -> (Database, Connection) {
    let options = Options::new().runtime(Arc::clone(runtime)).grant(Capabilities::all());
    let database = Database::open(path, options).unwrap();
    let connection = database.connect().unwrap();
    (database, connection)
}

fn create(connection: &Connection, wasm: &[u8]) {
    let sql = "CREATE EXTENSION h LANGUAGE wasm AS ?1 WITH (allow = 'sql_read,sql_write')";
    connection.execute(sql, (wasm,)).unwrap();
    // The first use compiles the module.
    let _ = connection.execute_batch("CREATE VIRTUAL TABLE temp.first USING hostile_sql");
}

fn text(connection: &Connection, sql: &str) -> String {
    connection.query_row(sql, (), |row| row.get(0)).unwrap()
}

pub(crate) fn check(wasm: &[u8]) {
    let runtimes: [Arc<dyn Runtime>; 2] =
        [Arc::new(WasmtimeRuntime::new()), Arc::new(WasmiRuntime::new())];
    // Compiled code is kept as long as something uses it.
    let memory = Path::new(":memory:");
    let _kept = runtimes.each_ref().map(|runtime| {
        let (database, connection) = open(memory, runtime);
        create(&connection, wasm);
        (database, connection)
    });
    for (number, method) in METHODS.iter().enumerate() {
        // One runtime is enough for what depends only on SQLite.
        let runtime = &runtimes[usize::from(number % 8 == 7)];
        for statement in STATEMENTS {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("test.db");
            let at = format!("{statement} within {method}");
            {
                let (_database, connection) = open(&path, runtime);
                connection
                    .execute_batch("CREATE TABLE t(x); INSERT INTO t VALUES (1), (2)")
                    .unwrap();
                let create =
                    "CREATE EXTENSION h LANGUAGE wasm AS ?1 WITH (allow = 'sql_read,sql_write')";
                connection.execute(create, (wasm,)).unwrap();
                let create =
                    format!("CREATE VIRTUAL TABLE v USING hostile_sql('{method}', '{statement}')");
                let _ = connection.execute_batch(&create);
                for sql in APPLICATION {
                    let _ = connection.execute_batch(sql);
                }
                if !connection.is_autocommit() {
                    connection.execute_batch("ROLLBACK").unwrap();
                }
                connection.execute_batch("CREATE TABLE IF NOT EXISTS kept(x)").unwrap();
                connection.execute("INSERT INTO kept VALUES (?1)", (number as i64,)).unwrap();
                assert_eq!(text(&connection, "PRAGMA integrity_check"), "ok", "{at}");
            }
            // The file must be neither open nor locked.
            let (_database, connection) = open(&path, runtime);
            connection
                .execute_batch("BEGIN IMMEDIATE; INSERT INTO kept VALUES (0); COMMIT")
                .unwrap();
            assert_eq!(text(&connection, "SELECT CAST(count(*) AS TEXT) FROM kept"), "2", "{at}");
        }
    }
}

/// What guests are told: each entry is a method, a statement and the table's answer.
pub(crate) const ANSWERS: &[(&str, &str, &str)] = &[
    ("filter", "SELECT 1", "0 -"),
    ("filter", "INSERT INTO t VALUES (9)", "0 -"),
    ("filter", "DROP TABLE v", "6 database table is locked"),
    // It can be prepared, but not run.
    ("filter", "SELECT answer FROM v", "1 hostile_sql: called while it runs"),
    (
        "filter",
        "COMMIT",
        "23 COMMIT is not for guests: the transaction belongs to whoever called the guest",
    ),
    ("column", "SELECT nonsense", "1 no such column: nonsense"),
    (
        "best_index",
        "SELECT 1",
        "1 SQL cannot run here: not in a collation, in what only frees, nor while a statement is prepared or ends",
    ),
];

pub(crate) fn check_answers(wasm: &[u8]) {
    let runtime: Arc<dyn Runtime> = Arc::new(WasmtimeRuntime::new());
    for (method, statement, answer) in ANSWERS {
        let folder = tempfile::tempdir().unwrap();
        let (_database, connection) = open(&folder.path().join("test.db"), &runtime);
        connection.execute_batch("CREATE TABLE t(x)").unwrap();
        create(&connection, wasm);
        let create = format!("CREATE VIRTUAL TABLE v USING hostile_sql('{method}', '{statement}')");
        connection.execute_batch(&create).unwrap();
        let got = text(&connection, "SELECT answer FROM v LIMIT 1");
        assert_eq!(got, *answer, "{statement} within {method}");
    }
}
