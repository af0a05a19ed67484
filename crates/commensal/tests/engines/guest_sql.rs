//! What SQL of guests may call and reach in an application's connection. That is decided by what a function
//! is, within the guest's time, and again whenever it may have changed.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use commensal::core::settings::Settings;
use commensal::{Capabilities, ValueRef, WasmtimeRuntime, rusqlite::install};
use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

/// A connection with the guests `query_value` and `query_error`, which run a statement that reads.
fn connection(timeout_ms: u64) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    let mut settings = Settings::default();
    settings.runtime = Some(Arc::new(WasmtimeRuntime::new()));
    settings.granted = Capabilities::all();
    settings.limits.call_timeout = Duration::from_secs(60);
    let commensal = install(&connection, settings).unwrap();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guests/prebuilt/query.wasm");
    let module = std::fs::read(path).unwrap();
    let sql = format!(
        "CREATE EXTENSION query LANGUAGE wasm AS ? WITH (allow = 'sql_read', timeout_ms = {timeout_ms})"
    );
    commensal.execute(&sql, Some(ValueRef::Blob(&module))).unwrap();
    connection
}

/// The error of a guest's statement; empty if there is none.
fn error(connection: &Connection, sql: &str) -> String {
    let ask = "SELECT coalesce(query_error(?1), '')";
    connection.query_row(ask, [sql], |row| row.get(0)).unwrap()
}

#[track_caller]
fn works(connection: &Connection, sql: &str) {
    assert_eq!(error(connection, sql), "", "{sql}");
}

#[track_caller]
fn refused(connection: &Connection, sql: &str, expected: &str) {
    let error = error(connection, sql);
    assert!(error.starts_with("23: ") && error.contains(expected), "{sql}: {error}");
}

/// Names of full-text search mean the application's function if it registered one, and the table's own if the
/// first argument is one of its columns. No function of the application runs.
#[test]
fn names_of_full_text_search_mean_what_sqlite_calls() {
    let connection = connection(10_000);
    connection
        .execute_batch(
            "CREATE VIRTUAL TABLE f5 USING fts5(a); INSERT INTO f5 VALUES ('one two');
             CREATE VIRTUAL TABLE f3 USING fts3(a); INSERT INTO f3 VALUES ('one two');
             CREATE TABLE t(x); INSERT INTO t VALUES ('x');
             CREATE VIEW hidden AS SELECT +f5 AS hidden FROM f5;
             CREATE VIEW by_view AS SELECT snippet(f5, 0, '', '', '', 3), snippet(x) FROM f5, t",
        )
        .unwrap();
    let calls = Arc::new(AtomicUsize::new(0));
    let names: [(&str, &[i32]); 7] = [
        ("snippet", &[-1, 1]),
        ("bm25", &[-1]),
        ("highlight", &[-1]),
        ("offsets", &[1]),
        ("matchinfo", &[1, 2]),
        ("match", &[2]),
        ("optimize", &[1]),
    ];
    for registered in [false, true] {
        if registered {
            for (name, counts) in names {
                for count in counts {
                    let calls = Arc::clone(&calls);
                    let count_call = move |_: &Context<'_>| {
                        calls.fetch_add(1, Relaxed);
                        Ok(1)
                    };
                    let flags = FunctionFlags::SQLITE_UTF8;
                    connection.create_scalar_function(name, *count, flags, count_call).unwrap();
                }
            }
        }
        // These are the tables' own, whatever the application has registered.
        for sql in [
            "SELECT highlight(f5, 0, '<', '>') || bm25(f5) FROM f5 WHERE f5 MATCH 'one'",
            "SELECT snippet(f5, 0, '<', '>', '...', 5) FROM t JOIN f5('one') ORDER BY bm25(f5), rank LIMIT 1",
            "SELECT offsets(f3), length(matchinfo(f3)) FROM f3 WHERE f3 MATCH 'two'",
        ] {
            works(&connection, sql);
        }
        if registered {
            // The application's has the exact number of arguments, but the table is asked anyway.
            works(&connection, "SELECT snippet(f3) FROM f3 WHERE f3 MATCH 'two'");
        }
        for (sql, name) in [
            ("SELECT snippet('x')", "snippet()"),
            ("SELECT snippet(x) FROM t", "snippet()"),
            ("SELECT bm25(1, 2)", "bm25()"),
            ("SELECT bm25(f3) FROM f3", "bm25()"),
            ("SELECT offsets(f5) FROM f5", "offsets()"),
            ("SELECT matchinfo(value, 'x') FROM json_each('[1]')", "matchinfo()"),
            // Its memory grows with the format.
            ("SELECT matchinfo(f3, 'pcx') FROM f3 WHERE f3 MATCH 'two'", "matchinfo()"),
            ("SELECT snippet(name) FROM pragma_table_list", "snippet()"),
            ("SELECT snippet(f5, 0, '', '', '', 5), snippet(x) FROM f5, t", "snippet()"),
            ("SELECT snippet(x, f5) FROM f5, t", "snippet()"),
            // SQLite compiles these as if the sign or operator were missing, and asks no table.
            ("SELECT snippet(+f5) FROM f5", "snippet()"),
            ("SELECT snippet(f5 COLLATE nocase) FROM f5", "snippet()"),
            ("SELECT snippet(likely(f5)) FROM f5", "snippet()"),
            ("SELECT snippet(f5 AND true) FROM f5", "snippet()"),
            ("SELECT snippet(y) FROM (SELECT +f5 AS y FROM f5)", "snippet()"),
            ("SELECT snippet(f5) FROM (SELECT +f5 AS f5 FROM f5)", "snippet()"),
            ("SELECT snippet(hidden) FROM hidden", "snippet()"),
            ("SELECT snippet(coalesce(f5, 1)) FROM f5", "snippet()"),
            ("SELECT x FROM t WHERE x MATCH 'x'", "match()"),
            ("SELECT a FROM f5 WHERE 'x' MATCH a", "match()"),
            ("SELECT optimize(f3) FROM f3", "optimize()"),
            ("SELECT optimize(x) FROM t", "optimize()"),
            ("SELECT * FROM by_view", "snippet()"),
        ] {
            refused(&connection, sql, name);
        }
        assert_eq!(calls.load(Relaxed), 0);
    }
    // The application's own statements use what it registered.
    connection.execute_batch("SELECT snippet(x) FROM t").unwrap();
    assert_eq!(calls.load(Relaxed), 1);
}

/// What was found out for one statement is not reused when it may have changed.
#[test]
fn what_is_known_follows_every_change() {
    let connection = connection(10_000);
    let register = |name: &str, flags: FunctionFlags| {
        let flags = flags | FunctionFlags::SQLITE_UTF8;
        connection.create_scalar_function(name, 0, flags, |_| Ok(1)).unwrap();
    };
    let harmless = FunctionFlags::SQLITE_INNOCUOUS;
    register("own", harmless);
    for _ in 0..2 {
        works(&connection, "SELECT own(), abs(1)");
    }
    register("own", FunctionFlags::empty());
    refused(&connection, "SELECT own(), abs(1)", "own()");
    register("own", harmless);
    works(&connection, "SELECT own()");
    register("own", FunctionFlags::SQLITE_DIRECTONLY);
    let error_of = error(&connection, "SELECT own()");
    assert!(error_of.contains("unsafe use of own()"), "{error_of}");
    connection.remove_function("own", 0).unwrap();
    assert!(error(&connection, "SELECT own()").contains("no such function"));
    register("later", FunctionFlags::empty());
    refused(&connection, "SELECT later()", "later()");
    // A built-in function that the application replaces.
    works(&connection, "SELECT abs(1)");
    let flags = FunctionFlags::SQLITE_UTF8;
    connection.create_scalar_function("abs", 1, flags, |_| Ok(1)).unwrap();
    refused(&connection, "SELECT abs(1)", "abs()");

    // Tables: the one behind another changes, and its transaction is rolled back.
    let search = "SELECT a FROM f WHERE f MATCH 'one'";
    connection
        .execute_batch(
            "CREATE TABLE docs(id INTEGER PRIMARY KEY, a); INSERT INTO docs VALUES (1, 'one two');
             CREATE VIEW evil AS SELECT 1 AS id, later() AS a;
             CREATE VIRTUAL TABLE f USING fts5(a, content='docs', content_rowid='id');
             INSERT INTO f(f) VALUES ('rebuild')",
        )
        .unwrap();
    for _ in 0..2 {
        works(&connection, search);
    }
    let change = "ALTER TABLE docs RENAME TO kept; ALTER TABLE evil RENAME TO docs";
    connection
        .execute_batch(&format!(
            "BEGIN; {}",
            change.replace(
                "ALTER TABLE evil RENAME TO docs",
                "CREATE VIEW docs AS SELECT 1 AS id, later() AS a"
            )
        ))
        .unwrap();
    refused(&connection, search, "not for guests");
    connection.execute_batch("ROLLBACK").unwrap();
    works(&connection, search);
    connection
        .execute_batch("SAVEPOINT s; CREATE TRIGGER g AFTER INSERT ON f_config BEGIN SELECT 1; END")
        .unwrap();
    refused(&connection, search, "not for guests");
    connection.execute_batch("ROLLBACK TO s; RELEASE s").unwrap();
    works(&connection, search);
    connection.execute_batch("DROP TABLE f; CREATE VIRTUAL TABLE f USING fts5(a, content='evil', content_rowid='id')").unwrap();
    refused(&connection, "SELECT a FROM f", "not for guests");
}

/// The guest's time also ends while its statement is examined, however many tables there are.
#[test]
fn an_examination_ends_with_the_guests_time() {
    const TABLES: usize = 300;
    let mut connection = connection(500);
    let mut sql = String::from("BEGIN;");
    for number in 0..TABLES {
        sql += &format!("CREATE VIRTUAL TABLE f{number} USING fts4(a);");
    }
    // The statement does not name the table, so it could be any.
    sql += "CREATE VIEW v AS SELECT a FROM f7; COMMIT";
    connection.execute_batch(&sql).unwrap();
    let seen = Arc::new(Mutex::new(HashSet::new()));
    let noted = Arc::clone(&seen);
    let watch = move |context: AuthContext<'_>| {
        if let AuthAction::Read { table_name, .. } = context.action
            && table_name.starts_with('f')
            && !table_name.contains('_')
            && noted.lock().unwrap().insert(table_name.to_owned())
        {
            std::thread::sleep(Duration::from_millis(50));
        }
        Authorization::Allow
    };
    connection.authorizer(Some(watch)).unwrap();
    let ask = "SELECT query_value('SELECT count(*) FROM v')";
    let answer = connection.query_row(ask, [], |row| row.get::<_, i64>(0));
    connection.authorizer(None::<fn(AuthContext<'_>) -> Authorization>).unwrap();
    let message = answer.unwrap_err().to_string();
    assert!(message.contains("timeout"), "{message}");
    let seen = seen.lock().unwrap().len();
    assert!(seen < TABLES, "{seen} tables were looked at");
    // The connection still works.
    works(&connection, "SELECT a FROM f7");
}

/// SQLite compiles views, triggers and foreign keys by recursion, mostly without its own limit. A file can have
/// long chains of them, which are refused before SQLite sees the statement. This holds even for a guest that
/// may only read, because its statement is compiled as well.
#[test]
fn long_ways_through_a_schema_do_not_overflow_the_stack() {
    const STEPS: usize = 2000;
    let attack = || {
        let connection = connection(60_000);
        let mut sql = String::from("ATTACH ':memory:' AS other; BEGIN; CREATE TABLE n(a);");
        for schema in ["main", "other"] {
            sql += &format!("CREATE VIEW {schema}.v0 AS SELECT 1 AS a;");
            sql +=
                &format!("CREATE TABLE {schema}.t0(a); CREATE TABLE {schema}.k0(a PRIMARY KEY);");
        }
        for (schema, i) in (1..=STEPS).flat_map(|i| [("main", i), ("other", i)]) {
            let last = i - 1;
            sql += &format!(
                "CREATE VIEW {schema}.v{i} AS SELECT a FROM v{last};
                 CREATE TABLE {schema}.t{i}(a);
                 CREATE TRIGGER {schema}.g{i} AFTER INSERT ON t{i} BEGIN INSERT INTO t{last} VALUES (1); END;
                 CREATE TABLE {schema}.k{i}(a PRIMARY KEY REFERENCES k{last} ON DELETE CASCADE);"
            );
        }
        connection.execute_batch(&(sql + "COMMIT; PRAGMA foreign_keys = on")).unwrap();
        for sql in [
            format!("SELECT * FROM v{STEPS}"),
            format!("SELECT a FROM (SELECT a FROM n), other.v{STEPS}"),
            format!("SELECT * FROM pragma_table_info('v{STEPS}')"),
            format!("PRAGMA table_info(v{STEPS})"),
            format!("INSERT INTO t{STEPS} VALUES (1)"),
            format!("INSERT INTO other.t{STEPS} VALUES (1)"),
            "DELETE FROM k0".to_owned(),
        ] {
            let error = error(&connection, &sql);
            assert!(error.starts_with("1: ") && error.contains("sql_levels_max"), "{sql}: {error}");
        }
        works(&connection, "SELECT * FROM v90");
        works(&connection, "SELECT a FROM n");
        refused(&connection, "INSERT INTO t90 VALUES (1)", "sql_write");
    };
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(attack).unwrap();
    thread.join().unwrap();
}

/// Additions of a SQLite with more compile options: functions that only compute, and virtual tables that show
/// the file and other statements.
#[test]
fn functions_and_tables_of_compile_options() {
    let connection = connection(10_000);
    let has = |option: &str| {
        let sql = "SELECT sqlite_compileoption_used(?1)";
        connection.query_row(sql, [option], |row| row.get::<_, bool>(0)).unwrap()
    };
    for (option, sql) in [
        ("ENABLE_MATH_FUNCTIONS", "SELECT sqrt(2), pow(2, 3), mod(7, 4), ln(2), atan2(1, 1), pi()"),
        ("ENABLE_GEOPOLY", "SELECT geopoly_area('[[0,0],[2,0],[2,2],[0,0]]')"),
    ] {
        assert!(has(option), "{option}: see .cargo/config.toml");
        works(&connection, sql);
    }
    for (option, sql) in [
        ("ENABLE_DBSTAT_VTAB", "SELECT name FROM dbstat"),
        ("ENABLE_STMTVTAB", "SELECT sql FROM sqlite_stmt"),
    ] {
        assert!(has(option), "{option}: see .cargo/config.toml");
        // SQLite itself refuses the first, Commensal the second.
        let error = error(&connection, sql);
        assert!(error.contains("virtual table"), "{sql}: {error}");
    }
}
