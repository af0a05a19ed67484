//! SQL that nests deeply does not overflow the stack of Turso, which parses and compiles by recursion. An
//! overflow ends the process, so each attack runs in its own process, on threads with small stacks.

use std::path::Path;
use std::process::Command;

use commensal::{Connection, ErrorKind};

use crate::support::{check_error, connect, integer, memory, open};

/// Set in the attacked process: the size of its stack in bytes.
const ATTACKED: &str = "COMMENSAL_TEST_NESTING";
/// Set in a process that opens a file: its path.
const OPENED: &str = "COMMENSAL_TEST_NESTING_FILE";

/// Runs this test in separate processes with stacks of these sizes, which run `attack`.
fn attack(test: &str, attack: fn(&str)) {
    if let Ok(bytes) = std::env::var(ATTACKED) {
        let bytes = bytes.parse().unwrap();
        let thread = std::thread::Builder::new().stack_size(bytes);
        let subject = std::env::var(OPENED).unwrap_or_default();
        thread.spawn(move || attack(&subject)).unwrap().join().unwrap();
        println!("survived");
        return;
    }
    for bytes in [512 << 10, 2 << 20] {
        run(test, bytes, None);
    }
}

fn run(test: &str, stack: usize, file: Option<&Path>) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture"]).env(ATTACKED, stack.to_string());
    if let Some(file) = file {
        command.env(OPENED, file);
    }
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("survived"),
        "{} with {stack} bytes: {text} {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
}

fn around(before: &str, middle: &str, after: &str, count: usize) -> String {
    format!("{}{middle}{}", before.repeat(count), after.repeat(count))
}

fn chain(count: usize, link: impl Fn(usize) -> String) -> String {
    (1..=count).map(link).collect()
}

/// Statements that nest `count` times, each in another way.
fn statements(count: usize) -> Vec<String> {
    vec![
        format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(count)),
        format!("SELECT 1{}", " EXCEPT SELECT 1".repeat(count)),
        format!("SELECT * FROM {}", around("(SELECT * FROM ", "t", ")", count)),
        format!("SELECT * FROM {}", around("(SELECT 1 UNION SELECT * FROM ", "t", ")", count)),
        format!("SELECT * FROM {}", around("(", "t", ")", count)),
        format!("SELECT * FROM {}", around("(SELECT * FROM t, LATERAL ", "(SELECT 1)", ")", count)),
        format!("SELECT {}", around("(SELECT ", "1", ")", count)),
        format!("SELECT 1 WHERE {}", around("EXISTS (SELECT 1 WHERE ", "1", ")", count)),
        format!("SELECT 1 WHERE {}", around("1 IN (SELECT a FROM t WHERE ", "1", ")", count)),
        format!("SELECT {}", around("(", "1", ")", count)),
        format!("SELECT a{} FROM t", "[1".repeat(count)),
        format!("SELECT {} FROM t", around("abs(", "a", ")", count)),
        format!("SELECT {} FROM t", around("CASE WHEN a THEN ", "a", " END", count)),
        format!("SELECT {} FROM t", around("CASE a WHEN ", "a", " THEN 1 END", count)),
        format!("SELECT {} FROM t", around("CAST(", "a", " AS TEXT)", count)),
        format!("SELECT {} a FROM t", "NOT ".repeat(count)),
        format!("SELECT {} a FROM t", "- ".repeat(count)),
        format!("SELECT a FROM t WHERE a{}", " AND a = 1".repeat(count)),
        format!("SELECT a FROM t WHERE a{}", " OR a LIKE 1".repeat(count)),
        format!("SELECT a{} FROM t", " || a".repeat(count)),
        format!("SELECT a{} FROM t", " COLLATE nocase".repeat(count)),
        format!("SELECT a{} FROM t", " IS DISTINCT FROM a".repeat(count)),
        format!("SELECT a IN (1{}) FROM t", ", a + 1".repeat(count)),
        format!("SELECT CASE{} END FROM t", " WHEN a = 1 THEN 2".repeat(count)),
        format!("SELECT 1 FROM t t0{}", chain(count, |i| format!(" JOIN t t{i} USING (a)"))),
        format!("SELECT 1 FROM t GROUP BY a{}", ", a + 1".repeat(count)),
        format!("INSERT INTO t VALUES (1){}", ", (2)".repeat(count)),
        format!("INSERT INTO t SELECT * FROM {}", around("(SELECT * FROM ", "t", ")", count)),
        format!("INSERT INTO k VALUES (1){}", " ON CONFLICT (a) DO NOTHING".repeat(count)),
        format!("UPDATE t SET a = {}", around("(SELECT a + ", "1", " FROM t)", count)),
        format!(
            "DELETE FROM t WHERE a IN {}",
            around("(SELECT a FROM t WHERE a IN ", "(1)", ")", count)
        ),
        format!(
            "WITH c0 AS (SELECT 1 a){} SELECT * FROM c{count}",
            chain(count, |i| format!(", c{i} AS (SELECT * FROM c{})", i - 1))
        ),
        format!(
            "WITH c0(a) AS (SELECT 1){} SELECT count(*) FROM c{count}",
            chain(count, |i| format!(
                ", c{i}(a) AS NOT MATERIALIZED (SELECT x.a FROM c{0} x, c{0} y)",
                i - 1
            ))
        ),
        format!(
            "SELECT sum(a) OVER w{count} FROM t WINDOW w0 AS (){}",
            chain(count, |i| format!(", w{i} AS (w{})", i - 1))
        ),
        format!("SELECT json('{}')", around("[", "", "]", count)),
        format!("SELECT json_extract('{{}}', '${}')", ".a".repeat(count)),
        format!("SELECT '{}' LIKE '{}'", "a".repeat(40), "%a".repeat(count)),
        format!("SELECT 1 AS {}", "x".repeat(count)),
        format!("EXPLAIN SELECT * FROM {}", around("(SELECT * FROM ", "t", ")", count)),
        format!("CREATE TABLE g{count}(a{})", chain(count, |i| format!(", c{i} AS (a{})", " + 1"))),
        format!("CREATE TABLE h{count}(a CHECK ({}))", around("abs(", "a", ")", count)),
        format!("CREATE INDEX i{count} ON t({})", around("abs(", "a", ")", count)),
        format!(
            "CREATE VIEW v{count} AS SELECT * FROM {}",
            around("(SELECT * FROM ", "t", ")", count)
        ),
        format!(
            "CREATE TRIGGER r{count} AFTER DELETE ON k BEGIN SELECT 1; SELECT * FROM {}; END",
            around("(SELECT * FROM ", "t", ")", count)
        ),
    ]
}

fn prepared() -> Connection {
    let connection = connect(&memory());
    connection.execute_batch("CREATE TABLE t(a); CREATE TABLE k(a PRIMARY KEY)").unwrap();
    connection
}

fn nest(_: &str) {
    let connection = prepared();
    for count in [20_000, 150] {
        for sql in statements(count) {
            let result = connection.execute_batch(&sql);
            let shown = &sql[..sql.len().min(80)];
            if let Err(error) = &result {
                let is_limit = error.kind() == ErrorKind::Limit;
                assert!(!is_limit || error.message().contains("_max)"), "{shown}: {error}");
                assert!(!error.message().contains("panicked"), "{shown}: {error}");
            }
            // The connection still works.
            assert_eq!(integer(&connection, "SELECT 1").unwrap(), 1, "{shown}");
        }
    }
    // Statements within the limits work.
    let sql = format!("SELECT count(*) FROM {}", around("(SELECT * FROM ", "t", ")", 100));
    assert!(integer(&connection, &sql).is_ok());
    let sql = format!("SELECT count(*) FROM (SELECT 1{})", " UNION ALL SELECT 1".repeat(400));
    assert_eq!(integer(&connection, &sql).unwrap(), 401);
}

#[test]
fn statements_do_not_overflow_the_stack() {
    attack("nesting::statements_do_not_overflow_the_stack", nest);
}

/// A file in which views and triggers use each other, made by SQLite.
fn use_schema(path: &str) {
    let connection = connect(&open(Path::new(path)));
    let run = |sql: &str| connection.execute_batch(sql);
    let limits = ["sql_levels_max", "sql_expansions_max"];
    for (sql, limit) in [
        ("SELECT * FROM v399", limits[0]),
        ("SELECT * FROM w399", limits[0]),
        ("SELECT * FROM w30", limits[1]),
        ("CREATE VIEW x AS SELECT * FROM v399", limits[0]),
        ("INSERT INTO t0 VALUES (1)", limits[0]),
        ("INSERT INTO u370 VALUES (1)", limits[1]),
    ] {
        assert_eq!(check_error(run(sql), limit).kind(), ErrorKind::Limit, "{sql}");
    }
    for sql in [
        "SELECT * FROM v40",
        "SELECT * FROM w8",
        "INSERT INTO t360 VALUES (1)",
        "INSERT INTO u390 VALUES (1)",
        "DROP VIEW v399",
        "DROP TABLE u0",
    ] {
        run(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    assert_eq!(integer(&connection, "SELECT count(*) FROM u399").unwrap(), 512);
}

#[test]
fn views_and_triggers_do_not_overflow_the_stack() {
    const TEST: &str = "nesting::views_and_triggers_do_not_overflow_the_stack";
    if std::env::var(ATTACKED).is_ok() {
        attack(TEST, use_schema);
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for stack in [512 << 10, 2 << 20] {
        let path = folder.path().join(format!("{stack}.db"));
        let sqlite = rusqlite::Connection::open(&path).unwrap();
        sqlite
            .execute_batch(
                "BEGIN; CREATE TABLE t0(a); CREATE TABLE u0(a);
                 CREATE VIEW v0 AS SELECT a FROM t0; CREATE VIEW w0 AS SELECT a FROM t0",
            )
            .unwrap();
        for i in 1..400 {
            let last = i - 1;
            sqlite
                .execute_batch(&format!(
                    "CREATE VIEW v{i} AS SELECT a FROM v{last};
                     CREATE VIEW w{i} AS SELECT x.a FROM w{last} x, w{last} y;
                     CREATE TABLE t{i}(a);
                     CREATE TRIGGER r{i} AFTER INSERT ON t{last} BEGIN
                       INSERT INTO t{i} VALUES (new.a); END;
                     CREATE TABLE u{i}(a);
                     CREATE TRIGGER s{i} AFTER INSERT ON u{last} BEGIN
                       INSERT INTO u{i} VALUES (new.a); INSERT INTO u{i} VALUES (new.a); END"
                ))
                .unwrap();
        }
        sqlite.execute_batch("COMMIT").unwrap();
        drop(sqlite);
        run(TEST, stack, Some(&path));
    }
}

fn cascade(_: &str) {
    let connection = prepared();
    connection
        .execute_batch(
            "PRAGMA foreign_keys = ON;
             CREATE TABLE f(i INTEGER PRIMARY KEY, p REFERENCES f ON DELETE CASCADE);
             CREATE INDEX fp ON f(p);
             INSERT INTO f VALUES (0, NULL);
             WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 1000)
               INSERT INTO f SELECT x, x - 1 FROM c",
        )
        .unwrap();
    connection.execute("DELETE FROM f WHERE i = 1", ()).unwrap();
    assert_eq!(integer(&connection, "SELECT count(*) FROM f").unwrap(), 1);
    let check = crate::support::value(&connection, "PRAGMA integrity_check").unwrap();
    assert_eq!(check, "ok".into());
}

#[test]
fn cascades_do_not_overflow_the_stack() {
    attack("nesting::cascades_do_not_overflow_the_stack", cascade);
}

fn open_file(path: &str) {
    let result = commensal::Database::open(Path::new(path), crate::support::options());
    let error = check_error(result.map(drop), "_max)");
    assert!(error.message().contains("cannot open"), "{error}");
}

#[test]
fn files_do_not_overflow_the_stack() {
    const TEST: &str = "nesting::files_do_not_overflow_the_stack";
    if std::env::var(ATTACKED).is_ok() {
        attack(TEST, open_file);
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let deep = |count| around("(SELECT * FROM ", "t", ")", count);
    let schemas: [(&str, Vec<String>); 6] = [
        (
            "unions",
            vec![format!("CREATE VIEW v AS SELECT 1{}", " UNION ALL SELECT 1".repeat(20_000))],
        ),
        ("subselects", vec![format!("CREATE VIEW v AS SELECT * FROM {}", deep(5000))]),
        (
            "trigger",
            vec![format!(
                "CREATE TRIGGER v AFTER INSERT ON t BEGIN SELECT * FROM {}; END",
                deep(5000)
            )],
        ),
        (
            "index",
            vec![format!("CREATE INDEX v ON t(a) WHERE a IN {}", around("(", "1", ")", 50_000))],
        ),
        ("table", vec![format!("CREATE TABLE v(a CHECK ({}))", around("(", "1", ")", 50_000))]),
        (
            "stars",
            (0..40)
                .map(|i| match i {
                    0 => "CREATE VIEW v0 AS SELECT * FROM t".to_owned(),
                    _ => format!("CREATE VIEW v{i} AS SELECT * FROM v{0} x, v{0} y", i - 1),
                })
                .collect(),
        ),
    ];
    for (name, schema) in schemas {
        for journal in ["delete", "wal"] {
            let path = folder.path().join(format!("{name}-{journal}.db"));
            let sqlite = rusqlite::Connection::open(&path).unwrap();
            sqlite.execute_batch("CREATE TABLE t(a)").unwrap();
            sqlite.pragma_update(None, "journal_mode", journal).unwrap();
            sqlite.pragma_update(None, "writable_schema", true).unwrap();
            for (i, sql) in schema.iter().enumerate() {
                let kind = sql.split(' ').nth(1).unwrap().to_lowercase();
                let row = (kind, format!("v{i}"), sql, i64::from(!sql.starts_with("CREATE V")) * 2);
                let insert = "INSERT INTO sqlite_schema VALUES (?1, ?2, 't', ?4, ?3)";
                sqlite.execute(insert, row).unwrap();
            }
            // Left with its log, as a killed process leaves it.
            let copy = folder.path().join(format!("{name}-{journal}-copy.db"));
            std::fs::copy(&path, &copy).unwrap();
            if journal == "wal" {
                let log = |path: &Path| format!("{}-wal", path.display());
                std::fs::copy(log(&path), log(&copy)).unwrap();
            }
            run(TEST, 512 << 10, Some(&copy));
        }
    }
}

#[test]
fn schemas_within_the_limits_are_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.db");
    let sqlite = rusqlite::Connection::open(&path).unwrap();
    sqlite.execute_batch("CREATE TABLE t(a); BEGIN").unwrap();
    // Several pages, texts on overflow pages, and no text at all.
    for i in 0..500 {
        let comment = "x".repeat(i * 37);
        let sql = format!(
            "CREATE TABLE t{i}(a UNIQUE, b) /* {comment} */; CREATE VIEW v{i} AS SELECT * FROM t{i} /* {comment} */"
        );
        sqlite.execute_batch(&sql).unwrap();
    }
    sqlite.execute_batch("COMMIT").unwrap();
    drop(sqlite);
    let database = open(&path);
    let connection = connect(&database);
    assert_eq!(integer(&connection, "SELECT count(*) FROM v499").unwrap(), 0);
}

/// A view of some hundred columns, or an alias of a long list, is a short text that can be used often.
#[test]
fn what_views_and_aliases_multiply_is_bounded() {
    let connection = connect(&memory());
    let list = |count: usize, of: &dyn Fn(usize) -> String| {
        (0..count).map(of).collect::<Vec<_>>().join(", ")
    };
    let columns = list(500, &|i| format!("x + {i} AS c{i}"));
    connection.execute_batch("CREATE TABLE t(x); INSERT INTO t VALUES (1)").unwrap();
    connection.execute(&format!("CREATE VIEW v AS SELECT {columns} FROM t"), ()).unwrap();
    let views = |uses: usize| format!("SELECT {}", list(uses, &|_| "(SELECT c7 FROM v)".into()));
    assert_eq!(integer(&connection, &views(60)).unwrap(), 8);
    let ctes = |uses: usize| {
        format!("WITH w AS (SELECT {columns} FROM t) {}", views(uses).replace(" v)", " w)"))
    };
    assert_eq!(integer(&connection, &ctes(60)).unwrap(), 8);
    let alias = |uses: usize| {
        format!(
            "SELECT coalesce({}) AS a FROM t ORDER BY {}",
            list(1000, &|_| "x".into()),
            list(uses, &|i| format!("a + {i}"))
        )
    };
    assert_eq!(integer(&connection, &alias(60)).unwrap(), 1);
    let ordinals = |count: usize| {
        let columns = list(1000, &|_| "x".into());
        format!("SELECT coalesce({columns}) FROM t ORDER BY {}", list(count, &|_| "1".into()))
    };
    assert_eq!(integer(&connection, &ordinals(50)).unwrap(), 1);
    for sql in [views(80), ctes(80), alias(110), ordinals(150)] {
        let error = check_error(integer(&connection, &sql), "(sql_tokens_max)");
        assert_eq!(error.kind(), ErrorKind::Limit);
    }
    // The statement's own text counts once, however long it is.
    let rows = list(70_000, &|i| format!("({i})"));
    connection.execute(&format!("INSERT INTO t VALUES {rows}"), ()).unwrap();
    assert_eq!(integer(&connection, "SELECT count(*) FROM t").unwrap(), 70_001);
}

/// The engine compares each term, and each window, with all others while it compiles, and nothing stops it. The
/// application's own statement may have as many as it likes; a view may come from anybody.
#[test]
fn a_view_of_too_many_terms_or_windows_is_refused() {
    let connection = connect(&memory());
    connection.execute_batch("CREATE TABLE t(x); INSERT INTO t VALUES (1)").unwrap();
    let list = |count: usize, of: &dyn Fn(usize) -> String| {
        (0..count).map(of).collect::<Vec<_>>().join(", ")
    };
    let order =
        |terms: usize| format!("SELECT x FROM t ORDER BY {}", list(terms, &|i| format!("x + {i}")));
    let windows = |count: usize| {
        format!("SELECT {} FROM t", list(count, &|i| format!("sum(x) OVER (ORDER BY x + {i})")))
    };
    let joins = |count: usize| {
        let join = format!("(SELECT count(*) FROM {})", list(11, &|i| format!("t AS t{i}")));
        format!("SELECT {}", list(count, &|_| join.clone()))
    };
    for (name, honest, excessive) in [
        ("terms", order(1000), order(40_000)),
        ("windows", windows(20), windows(1000)),
        ("joins", joins(2), joins(30)),
    ] {
        connection.execute(&format!("CREATE VIEW {name} AS {honest}"), ()).unwrap();
        connection.execute(&format!("CREATE VIEW too_many_{name} AS {excessive}"), ()).unwrap();
        let count = |view: &str| integer(&connection, &format!("SELECT count(*) FROM {view}"));
        assert_eq!(count(name).unwrap(), 1);
        let error =
            check_error(count(&format!("too_many_{name}")), "too much to compile with Turso");
        assert_eq!(error.kind(), ErrorKind::Limit);
    }
}
