//! Files that Turso shares with SQLite: one after the other, never at once, and not every file.

use std::path::Path;
use std::process::Command;

use commensal::{
    Capabilities, Connection, Database, ENGINES, Engine, ErrorKind, Sqlite, Turso, Value,
};

use crate::support::{
    Random, check_error, check_sound, connect, constant, create, integer, options, soak, times,
    value,
};

fn open(path: &Path, engine: &'static dyn Engine) -> commensal::Result<Database> {
    Database::open(path, options().engine(engine))
}

fn on(path: &Path, engine: &'static dyn Engine) -> Connection {
    connect(&open(path, engine).unwrap())
}

/// Each engine finds what the other defined, changed or rolled back.
#[test]
fn the_engines_take_turns() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.db");
    let names = ["f", "g", "h"];
    let mut expected: [Option<i64>; 3] = [None; 3];
    let mut random = Random::new(11);
    for step in 0..60 * soak() {
        let connection = on(&path, ENGINES[random.below(2)]);
        let name = random.below(names.len());
        let version = step as i64;
        match random.below(5) {
            0..2 => {
                create(&connection, names[name], &constant(version), "").unwrap();
                expected[name] = Some(version);
            }
            2 => {
                let sql = format!("DROP FUNCTION IF EXISTS {}", names[name]);
                connection.execute(&sql, ()).unwrap();
                expected[name] = None;
            }
            3 => {
                connection.execute_batch("BEGIN").unwrap();
                create(&connection, names[name], &constant(-1), "").unwrap();
                assert_eq!(integer(&connection, &format!("SELECT {}()", names[name])), Ok(-1));
                // Closing rolls it back, like ROLLBACK.
                if random.below(2) == 0 {
                    connection.execute_batch("ROLLBACK").unwrap();
                }
            }
            _ => {
                let sql = format!("DELETE FROM commensal_object WHERE name = '{}'", names[name]);
                if expected.iter().any(Option::is_some) {
                    connection.execute_batch(&sql).unwrap();
                    expected[name] = None;
                }
            }
        }
        drop(connection);
        let connection = on(&path, ENGINES[random.below(2)]);
        for (name, expected) in names.iter().zip(expected) {
            let answer = integer(&connection, &format!("SELECT {name}()"));
            match expected {
                Some(version) => assert_eq!(answer, Ok(version), "step {step}"),
                None => drop(check_error(answer, &format!("no such function: {name}"))),
            }
        }
    }
    let connection = on(&path, &Sqlite);
    create(&connection, "f", &constant(1), "").unwrap();
    check_sound(&connection);
}

/// Locks do not keep the engines of one process apart.
#[test]
fn a_process_has_a_file_open_with_one_engine() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.db");
    for [first, second] in [[&Sqlite as &'static dyn Engine, &Turso], [&Turso, &Sqlite]] {
        let database = open(&path, first).unwrap();
        let connection = connect(&database);
        drop(database);
        let error = check_error(open(&path, second), "this process has it open with");
        assert_eq!(error.kind(), ErrorKind::InUse);
        #[cfg(unix)]
        {
            let link = directory.path().join(format!("link-{first}"));
            std::os::unix::fs::symlink(&path, &link).unwrap();
            check_error(open(&link, second), "this process has it open with");
        }
        // Another one with the same engine is allowed.
        assert_eq!(integer(&on(&path, first), "SELECT 1"), Ok(1));
        drop(connection);
        assert_eq!(integer(&on(&path, second), "SELECT 1"), Ok(1));
    }
}

/// Set in the process that this test starts: the database to open.
const OTHER_PROCESS: &str = "COMMENSAL_TEST_SECOND_PROCESS";

#[test]
fn a_second_process_is_kept_out() {
    let test = "files::a_second_process_is_kept_out";
    if let Ok(path) = std::env::var(OTHER_PROCESS) {
        let error = check_error(open(Path::new(&path), &Turso), "another process");
        assert!(error.message().contains("shared.db"), "{error:?}");
        let sqlite = open(Path::new(&path), &Sqlite);
        let read = sqlite.and_then(|sqlite| value(&sqlite.connect()?, "SELECT count(*) FROM t"));
        check_error(read, "locked");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("shared.db");
    let connection = on(&path, &Turso);
    connection.execute_batch("CREATE TABLE t(x)").unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact"])
        .env(OTHER_PROCESS, &path)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(integer(&connection, "SELECT count(*) FROM t"), Ok(0));
}

/// A journal of SQLite's says what is not committed, and Turso would not look at it.
#[test]
fn a_rollback_journal_keeps_turso_out() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.db");
    create(&on(&path, &Sqlite), "f", &constant(1), "").unwrap();
    let journal = directory.path().join("t.db-journal");
    std::fs::write(&journal, "").unwrap();
    assert_eq!(integer(&on(&path, &Turso), "SELECT f()"), Ok(1));
    std::fs::write(&journal, "something").unwrap();
    let error = check_error(open(&path, &Turso), "t.db-journal");
    assert!(error.message().contains("open the file with SQLite once"), "{error:?}");
    std::fs::remove_file(&journal).unwrap();
    assert_eq!(integer(&on(&path, &Turso), "SELECT f()"), Ok(1));
}

/// Turso refuses what it cannot open, and the file does not change.
#[test]
fn a_schema_with_functions_is_refused() {
    for sql in [
        "CREATE INDEX i ON t(f(x))",
        "CREATE INDEX i ON t(x) WHERE f(x) > 1",
        "CREATE TABLE g(x, y AS (f(x)))",
        "CREATE TABLE g(x, y AS (f(x)) STORED)",
    ] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("t.db");
        let connection = on(&path, &Sqlite);
        create(&connection, "f", &times(2), "DETERMINISTIC").unwrap();
        connection.execute_batch("CREATE TABLE t(x); INSERT INTO t VALUES (1), (2)").unwrap();
        connection.execute_batch(sql).unwrap();
        drop(connection);
        match open(&path, &Turso).and_then(|turso| {
            let connection = turso.connect()?;
            integer(&connection, "SELECT sum(f(x)) FROM t")
        }) {
            // A partial index does not matter as long as nothing is written.
            Ok(sum) => assert_eq!(sum, 6, "{sql}"),
            Err(error) => assert!(error.message().starts_with("cannot open"), "{sql}: {error:?}"),
        }
        let connection = on(&path, &Sqlite);
        assert_eq!(integer(&connection, "SELECT sum(f(x)) FROM t"), Ok(6), "{sql}");
        check_sound(&connection);
    }
}

/// A definition takes precedence over a function that only Turso has, also in statements prepared before.
#[test]
fn a_definition_goes_before_turso_s_own_functions() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.db");
    let database = open(&path, &Turso).unwrap();
    let (a, b) = (connect(&database), connect(&database));
    let mut prepared = b.prepare("SELECT reverse('ab')").unwrap();
    let mut first = || {
        let mut rows = prepared.query(()).unwrap();
        rows.next().unwrap().unwrap().get::<Value>(0).unwrap()
    };
    assert_eq!(first(), Value::from("ba"));
    create(&a, "reverse", &constant(7), "").unwrap();
    assert_eq!(first(), Value::from(7));
    assert_eq!(integer(&b, "SELECT reverse('ab')"), Ok(7));
    a.execute("DROP FUNCTION reverse", ()).unwrap();
    assert_eq!(first(), Value::from("ba"));
    // Others are conflicts, as everywhere.
    check_error(create(&a, "upper", &constant(7), ""), "the built-in function upper()");
}

/// A guest does not see SQLite's text that is not UTF-8 as text.
#[test]
fn text_of_any_bytes_from_sqlite() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.db");
    let connection = on(&path, &Sqlite);
    create(&connection, "f", &constant(1), "").unwrap();
    connection
        .execute_batch("CREATE TABLE t(x); INSERT INTO t VALUES (CAST(x'61ff' AS TEXT))")
        .unwrap();
    drop(connection);
    let connection = on(&path, &Turso);
    match value(&connection, "SELECT x FROM t") {
        Ok(Value::Text(text)) => assert!(text.starts_with('a')),
        Ok(other) => panic!("{other:?}"),
        Err(error) => assert_eq!(error.kind(), ErrorKind::Engine),
    }
    assert_eq!(integer(&connection, "SELECT f()"), Ok(1));
}

/// A file whose pages are damaged anywhere gives errors or wrong rows, and ends no program.
#[test]
fn damaged_files_panic_nowhere() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.db");
    {
        let connection = on(&path, &Sqlite);
        connection.execute_batch("PRAGMA page_size = 1024; CREATE TABLE t(x UNIQUE, y)").unwrap();
        for name in ["f", "g", "h"] {
            create(&connection, name, &constant(1), "").unwrap();
        }
        let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
                    INSERT INTO t SELECT i, hex(zeroblob(i)) FROM n";
        connection.execute_batch(rows).unwrap();
    }
    let sound = std::fs::read(&path).unwrap();
    let damaged = directory.path().join("damaged.db");
    let mut random = Random::new(5);
    let (mut panics, mut rows) = (0, 0);
    for _ in 0..40 * soak() {
        let mut bytes = sound.clone();
        for _ in 0..1 + random.below(8) {
            // Page 1 says whether it is a database at all.
            let at = 100 + random.below(bytes.len() - 100);
            bytes[at] = random.below(256) as u8;
        }
        for engine in ENGINES {
            std::fs::write(&damaged, &bytes).unwrap();
            let Ok(database) = open(&damaged, *engine) else { continue };
            let Ok(connection) = database.connect() else { continue };
            for sql in [
                "SELECT count(*) FROM wasm_functions",
                "SELECT f(), x, y FROM t ORDER BY y",
                "INSERT INTO t VALUES (g(), 'new')",
                "DROP FUNCTION f",
                "PRAGMA integrity_check",
            ] {
                match connection.execute(sql, ()) {
                    Err(error) => panics += usize::from(error.message().contains("panicked")),
                    Ok(_) => rows += 1,
                }
            }
            let again = create(&connection, "k", &constant(2), "");
            panics += usize::from(again.is_err_and(|e| e.message().contains("panicked")));
        }
    }
    assert!(rows > 100 && panics > 0, "{rows} statements succeeded, {panics} panics were caught");
    drop(open(&path, &Turso).unwrap());
}

/// Turso takes a collation's name for a locale, and would look things up and write in the order of that.
#[test]
fn turso_leaves_alone_what_sqlite_ordered_by_the_name_of_a_locale() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.db");
    let connection = on(&path, &Sqlite);
    let order = include_str!("../../../../guests/wat/order_locale.wat");
    connection.execute("CREATE EXTENSION orders LANGUAGE wasm AS ?", (order,)).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE t(x TEXT COLLATE rev PRIMARY KEY); CREATE TABLE plain(x);
             INSERT INTO t VALUES ('a'), ('bbb'), ('cc'); CREATE INDEX i ON plain(x COLLATE rev)",
        )
        .unwrap();
    drop(connection);
    let connection = on(&path, &Turso);
    for sql in [
        "SELECT x FROM t",
        "INSERT INTO t VALUES ('dddd')",
        "DELETE FROM t",
        "SELECT count(*) FROM plain",
        "CREATE VIEW v AS SELECT x FROM t",
        "ALTER TABLE t RENAME TO u",
    ] {
        check_error(value(&connection, sql), "an order of its own");
    }
    connection.execute_batch("DROP TABLE t").unwrap();
    check_error(value(&connection, "SELECT count(*) FROM plain"), "\"plain\" is ordered by");
    connection.execute_batch("DROP INDEX i").unwrap();
    assert_eq!(integer(&connection, "SELECT count(*) FROM plain"), Ok(0));
    drop(connection);
    check_sound(&on(&path, &Sqlite));
}

/// What Turso has ordered by a locale, before there was a definition of that name, SQLite puts in its order.
#[test]
fn sqlite_reorders_what_turso_ordered_by_a_locale() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.db");
    let connection = on(&path, &Turso);
    connection
        .execute_batch(
            "CREATE TABLE t(x TEXT, UNIQUE (x COLLATE rev));
             INSERT INTO t VALUES ('b'), ('aa'), ('ccc')",
        )
        .unwrap();
    drop(connection);
    let connection = on(&path, &Sqlite);
    let order = include_str!("../../../../guests/wat/order_locale.wat");
    connection.execute("CREATE EXTENSION orders LANGUAGE wasm AS ?", (order,)).unwrap();
    check_sound(&connection);
    let first = value(&connection, "SELECT x FROM t ORDER BY x COLLATE rev LIMIT 1");
    assert_eq!(first.unwrap(), "b".into());
}

/// Connections of two processes at once would be refused; these are of two libraries in one, whose locks do not meet.
fn plain(path: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(path).unwrap()
}

/// A connection of SQLite that is idle keeps its pages as long as the change counter stays.
#[test]
fn an_idle_sqlite_sees_what_turso_writes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.db");
    plain(&path)
        .execute_batch(
            "CREATE TABLE t(x, y); CREATE INDEX i ON t(x); INSERT INTO t VALUES ('0', 1)",
        )
        .unwrap();
    let counter = |path: &Path| std::fs::read(path).unwrap()[24..28].to_owned();
    let before = counter(&path);
    let turso = on(&path, &Turso);
    assert_ne!(counter(&path), before);
    turso.execute("INSERT INTO t VALUES ('B', 3)", ()).unwrap();
    drop(turso);
    let idle = plain(&path);
    idle.execute("INSERT INTO t VALUES ('A', 2)", ()).unwrap();
    let count = |sql: &str| idle.query_row(sql, (), |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM t NOT INDEXED"), 3);
    assert_eq!(count("SELECT count(*) FROM t INDEXED BY i WHERE x > ''"), 3);
    drop(idle);
    // A file with a log needs none of that.
    let before = counter(&path);
    drop(on(&path, &Turso));
    assert_eq!(counter(&path), before);
}

/// The log lies beside the file, wherever a link to it is; a log that is a link itself is not followed.
#[cfg(unix)]
#[test]
fn links_are_followed_to_the_file_and_no_further() {
    use std::os::unix::fs::symlink;
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let folder = path("folder");
    std::fs::create_dir(&folder).unwrap();
    let real = folder.join("real.db");
    symlink(&real, path("link.db")).unwrap();
    // It leads to nothing yet.
    check_error(open(&path("link.db"), &Turso), "cannot open");
    on(&real, &Turso).execute_batch("CREATE TABLE t(x)").unwrap();
    let by_link = on(&path("link.db"), &Turso);
    by_link.execute("INSERT INTO t VALUES (1)", ()).unwrap();
    assert!(folder.join("real.db-wal").exists() && !path("link.db-wal").exists());
    drop(by_link);
    assert_eq!(integer(&on(&real, &Turso), "SELECT count(*) FROM t").unwrap(), 1);

    std::fs::write(path("victim"), "precious").unwrap();
    std::fs::remove_file(folder.join("real.db-wal")).unwrap();
    symlink(path("victim"), folder.join("real.db-wal")).unwrap();
    check_error(open(&real, &Turso), "real.db-wal\" is no file");
    assert_eq!(std::fs::read(path("victim")).unwrap(), b"precious");
}

/// The engine looks at the file for its encoding and its pointer map, and SQLite may have them in the log.
#[test]
fn a_log_that_changes_the_format_is_refused() {
    for change in ["PRAGMA encoding = 'UTF-16'", "PRAGMA auto_vacuum = 1"] {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let sqlite = plain(&path("a.db"));
        sqlite.query_row("PRAGMA journal_mode = wal", (), |_| Ok(())).unwrap();
        sqlite.execute_batch(&format!("{change}; CREATE TABLE t(x); VACUUM")).unwrap();
        // As if the process had been stopped.
        for suffix in ["", "-wal"] {
            std::fs::copy(path(&format!("a.db{suffix}")), path(&format!("b.db{suffix}"))).unwrap();
        }
        let before = std::fs::read(path("b.db")).unwrap();
        let error = check_error(open(&path("b.db"), &Turso), "cannot open");
        assert!(
            error.message().contains("its log changes the encoding or auto_vacuum"),
            "{change}: {}",
            error.message()
        );
        assert_eq!(std::fs::read(path("b.db")).unwrap(), before);
        let restored = plain(&path("b.db"));
        assert_eq!(restored.query_row("SELECT count(*) FROM t", (), |row| row.get(0)), Ok(0));
    }
}

/// A guest of numbers may have a statement from its start, and then the host does not enter it. The engine must not have
/// that statement at the end of the application's.
#[test]
fn what_a_guest_keeps_from_its_start_loses_nothing() {
    const GUEST: &str = r#"(module
        (import "commensal" "sql_prepare" (func $prepare (param i32 i32) (result i64)))
        (memory (export "memory") 1)
        (data (i32.const 64) "SELECT x FROM t")
        (func (export "_initialize") (drop (call $prepare (i32.const 64) (i32.const 15))))
        (func (export "same") (param i64) (result i64) (local.get 0))
        (@custom "commensal" "{\"abi\":1}{\"function\":{\"name\":\"same\",\"call\":\"native\",\"params\":[\"integer\"],\"returns\":\"integer\"}}"))"#;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.db");
    let open = || {
        let options = options().engine(&Turso).grant(Capabilities::all());
        Database::open(&path, options).unwrap()
    };
    let database = open();
    let connection = connect(&database);
    connection.execute_batch("CREATE TABLE t(x); CREATE TABLE kept(x)").unwrap();
    let create = format!("CREATE EXTENSION e LANGUAGE wasm AS '{GUEST}' WITH (allow = 'sql_read')");
    connection.execute(&create, ()).unwrap();
    for statement in ["INSERT INTO kept VALUES (same(NULL))", "INSERT INTO kept VALUES (1)"] {
        connection.execute(statement, ()).unwrap();
    }
    drop((connection, database));
    assert_eq!(integer(&connect(&open()), "SELECT count(*) FROM kept").unwrap(), 2);
}

/// A file with plain SQL in it may say that its collation is called like one of the engine's.
#[test]
fn a_file_replaces_no_collation_of_the_engine() {
    const GUEST: &str = r#"(module
        (memory (export "memory") 1)
        (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
        (data (i32.const 512) "\01\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00")
        (func (export "equal") (param i32 i32) (result i32) (i32.const 512))
        (@custom "commensal" "{\"abi\":1}{\"collation\":{\"name\":\"case\",\"compare\":\"equal\"}}"))"#;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.db");
    let connection = on(&path, &Turso);
    let create = format!("CREATE EXTENSION e LANGUAGE wasm AS '{GUEST}' WITH (prefix = 'a_')");
    connection.execute(&create, ()).unwrap();
    connection.execute_batch("CREATE TABLE t(x); INSERT INTO t VALUES ('anna'), ('bert')").unwrap();
    drop(connection);
    let forged = plain(&path);
    forged.execute_batch("DROP TRIGGER commensal_object_update").unwrap();
    forged.execute("UPDATE commensal_object SET options = '{\"prefix\":\"no\"}'", ()).unwrap();
    drop(forged);
    let connection = on(&path, &Turso);
    let sql = "SELECT count(*) FROM t WHERE x = 'ANNA' COLLATE nocase";
    assert_eq!(integer(&connection, sql).unwrap(), 1);
    let status = value(&connection, "SELECT status FROM wasm_functions WHERE name = 'nocase'");
    assert_ne!(status.unwrap(), Value::Text("ok".to_owned()));
}

/// Old versions of SQLite left the size in the header as it was, and the engine would cut the file to it.
#[test]
fn a_file_whose_header_has_another_size_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.db");
    let rows = "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50) \
                INSERT INTO t SELECT zeroblob(1000) FROM n";
    plain(&path).execute_batch(&format!("CREATE TABLE t(x); {rows}")).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[24..28].copy_from_slice(&99_u32.to_be_bytes());
    bytes[28..32].copy_from_slice(&2_u32.to_be_bytes());
    std::fs::write(&path, &bytes).unwrap();
    let error = check_error(open(&path, &Turso), "cannot open");
    assert!(error.message().contains("its header says another size"), "{}", error.message());
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    plain(&path).execute("INSERT INTO t VALUES (1)", ()).unwrap();
    assert_eq!(integer(&on(&path, &Turso), "SELECT count(*) FROM t").unwrap(), 51);
}

/// The engine writes to what it opens.
#[test]
fn what_is_no_database_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.db");
    plain(&path).execute_batch("CREATE TABLE t(x)").unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[..6].copy_from_slice(b"XQLite");
    std::fs::write(&path, &bytes).unwrap();
    check_error(open(&path, &Turso), "is not a database");
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

/// The engine reads a whole row, whatever a statement takes from it.
#[test]
fn large_rows_of_a_catalog_are_not_read_on_turso() {
    const BYTES: usize = 300_000_000;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.db");
    let connection = on(&path, &Turso);
    create(&connection, "f", &times(2), "").unwrap();
    connection.execute_batch("CREATE TABLE t(x); INSERT INTO t VALUES (1)").unwrap();
    drop(connection);
    for column in ["options", "export"] {
        let forged = plain(&path);
        let sql = format!("UPDATE commensal_object SET {column} = CAST(zeroblob({BYTES}) AS TEXT)");
        forged.execute(&sql, ()).unwrap();
        drop(forged);
        let connection = on(&path, &Turso);
        assert_eq!(integer(&connection, "SELECT x FROM t").unwrap(), 1);
        let error = check_error(value(&connection, "SELECT f(1)"), "cannot be read: a row of");
        assert_eq!(error.kind(), ErrorKind::Limit);
        check_error(create(&connection, "g", &times(2), ""), "cannot be read: a row of");
        drop(connection);
        plain(&path)
            .execute(&format!("UPDATE commensal_object SET {column} = '{{}}'"), ())
            .unwrap();
    }
}

/// What views make the engine compile is bounded, however they are written.
#[test]
fn views_cost_no_more_on_turso() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.db");
    let joins: String = (1..12).map(|i| format!(" JOIN t AS t{i} ON t0.window")).collect();
    let columns: Vec<_> = (0..1_990).map(|i| format!("c{i}")).collect();
    let all =
        |count: usize, of: &str| vec![format!("SELECT * FROM {of}"); count].join(" UNION ALL ");
    plain(&path)
        .execute_batch(&format!(
            "CREATE TABLE t(a, window); CREATE VIEW j AS SELECT 1 FROM t AS t0 {joins}; \
             CREATE VIEW joined AS {}; CREATE TABLE w({}); CREATE VIEW w1 AS {}; CREATE VIEW w2 AS {}; \
             CREATE TABLE narrow(a, b); INSERT INTO narrow VALUES (1, 2); CREATE VIEW parts AS {}",
            all(300, "j"),
            columns.join(","),
            all(400, "w"),
            all(12, "w1"),
            all(100, "narrow")
        ))
        .unwrap();
    let connection = on(&path, &Turso);
    check_error(connection.execute("SELECT * FROM joined", ()), "orders");
    check_error(connection.execute("SELECT c1 FROM w2", ()), "columns");
    assert_eq!(integer(&connection, "SELECT count(*) FROM parts").unwrap(), 100);
}
