//! Attached files with other definitions than `main`, and with other objects in place of their
//! catalogs.

use commensal::{Database, ErrorKind};

use crate::collations::{CREATE, order};
use crate::support::{check_error, connect, create, integer, memory, open, options, times, value};

/// An index of an attached file is not written with another function than the one it was made with.
#[test]
fn an_attached_file_with_another_definition_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let made = |name: &str, factor: i64| {
        let connection = connect(&open(&path(name)));
        create(&connection, "f", &times(factor), "DETERMINISTIC").unwrap();
        connection.execute_batch("CREATE TABLE t(x); CREATE INDEX i ON t(f(x))").unwrap();
        connection.execute_batch("INSERT INTO t VALUES (1), (2), (3)").unwrap();
    };
    made("one.db", 1);
    made("same.db", 1);
    made("other.db", -1);
    let attach = |connection: &commensal::Connection, name: &str| {
        connection.execute("ATTACH ? AS a", (path(name).to_str(),)).map(drop)
    };
    let database = open(&path("one.db"));
    let connection = connect(&database);
    let error = check_error(attach(&connection, "other.db"), "index \"i\"");
    assert_eq!(error.kind(), ErrorKind::InUse);
    assert!(error.message().contains("database \"a\" depends on the function \"f\""), "{error:?}");
    check_error(connection.execute("INSERT INTO a.t VALUES (4)", ()), "no such table");
    attach(&connection, "same.db").unwrap();
    connection.execute_batch("INSERT INTO a.t VALUES (4); DETACH a").unwrap();

    // It is attached first and defined later.
    let connection = connect(&memory());
    attach(&connection, "other.db").unwrap();
    check_error(create(&connection, "f", &times(1), "DETERMINISTIC"), "index \"i\"");
    check_error(value(&connection, "SELECT f(1)"), "no such function");
    create(&connection, "f", &times(-1), "DETERMINISTIC").unwrap();
    connection.execute_batch("INSERT INTO a.t VALUES (4)").unwrap();
    for name in ["same.db", "other.db"] {
        let connection = connect(&open(&path(name)));
        assert_eq!(
            integer(&connection, "SELECT count(*) FROM t INDEXED BY i WHERE f(x) IN (4, -4)"),
            Ok(1)
        );
        assert_eq!(value(&connection, "PRAGMA integrity_check").unwrap(), "ok".into());
    }
}

/// Within a transaction a file cannot be detached, and after it was attached, others may change it.
#[test]
fn an_attached_file_stays_unused_whenever_it_does_not_fit() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let open = |name: &str| connect(&open(&path(name)));
    let define = |connection: &commensal::Connection, factor: i64| {
        create(connection, "f", &times(factor), "DETERMINISTIC").unwrap();
    };
    let attach = |connection: &commensal::Connection, name: &str| {
        connection.execute("ATTACH ? AS a", (path(name).to_str(),)).map(drop)
    };
    let insert = |connection: &commensal::Connection| {
        connection.execute("INSERT INTO a.t VALUES (4)", ()).map(drop)
    };
    let reason = "the index \"i\" of the attached database \"a\" depends on the function \"f\"";
    let other = open("other.db");
    define(&other, -1);
    other.execute_batch("CREATE TABLE t(x); CREATE INDEX i ON t(f(x))").unwrap();

    // The transaction began before.
    for (begin, end) in [("BEGIN", "COMMIT"), ("SAVEPOINT s", "RELEASE s"), ("BEGIN", "ROLLBACK")] {
        let connection = open("main.db");
        connection.execute_batch("DROP FUNCTION IF EXISTS f").unwrap();
        define(&connection, 1);
        connection.execute(begin, ()).unwrap();
        check_error(attach(&connection, "other.db"), reason);
        check_error(insert(&connection), reason);
        check_error(connection.execute("REINDEX a.i", ()), reason);
        connection.execute(end, ()).unwrap();
        check_error(insert(&connection), reason);
        connection.execute("DETACH a", ()).unwrap();
        assert_eq!(integer(&connection, "SELECT f(2)"), Ok(2));
    }

    // Another connection makes the index, or the definition in `main`, after the file was attached.
    let (connection, empty) = (open("main.db"), open("empty.db"));
    empty.execute_batch("CREATE TABLE t(x)").unwrap();
    attach(&connection, "empty.db").unwrap();
    insert(&connection).unwrap();
    define(&empty, -1);
    insert(&connection).unwrap();
    empty.execute_batch("CREATE INDEX i ON t(f(x))").unwrap();
    check_error(insert(&connection), reason);
    check_error(value(&connection, "SELECT x FROM a.t WHERE f(x) = -4"), reason);
    empty.execute_batch("DROP INDEX i").unwrap();
    insert(&connection).unwrap();

    let (connection, main) = (open("late.db"), open("late.db"));
    attach(&connection, "other.db").unwrap();
    assert_eq!(integer(&connection, "SELECT count(*) FROM a.t"), Ok(0));
    define(&main, 1);
    check_error(insert(&connection), reason);
    assert_eq!(value(&other, "PRAGMA integrity_check").unwrap(), "ok".into());
}

/// Somebody has locked an attached file: what does not use it does not wait.
#[test]
fn a_locked_file_keeps_nothing_else_from_running() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let (main, other) = (connect(&open(&path("main.db"))), connect(&open(&path("other.db"))));
    other.execute_batch("CREATE TABLE t(x)").unwrap();
    create(&main, "f", &times(1), "DETERMINISTIC").unwrap();
    let options = options().busy_timeout(std::time::Duration::from_secs(600));
    let connection = connect(&Database::open(path("main.db"), options).unwrap());
    connection.execute("ATTACH ? AS a", (path("other.db").to_str(),)).unwrap();
    connection.execute_batch("CREATE TABLE t(x); CREATE INDEX a.i ON t(f(x))").unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    connection.execute("INSERT INTO main.t VALUES (1)", ()).unwrap();
    create(&main, "f", &times(-1), "DETERMINISTIC").unwrap();
    assert_eq!(integer(&connection, "SELECT f(x) FROM main.t"), Ok(-1));
    assert_eq!(value(&connection, "PRAGMA busy_timeout").unwrap(), 600_000.into());
    other.execute_batch("COMMIT").unwrap();
    connection.execute("INSERT INTO a.t VALUES (1)", ()).unwrap();
    assert_eq!(integer(&connection, "SELECT count(*) FROM a.t WHERE f(x) = -1"), Ok(1));
    assert_eq!(value(&connection, "PRAGMA a.integrity_check").unwrap(), "ok".into());
    // Nor does one that was damaged.
    drop(other);
    std::fs::write(path("other.db"), [b'x'; 8192]).unwrap();
    create(&main, "f", &times(2), "DETERMINISTIC").unwrap();
    assert_eq!(integer(&connection, "SELECT f(2)"), Ok(4));
    connection.execute("INSERT INTO main.t VALUES (2)", ()).unwrap();
    check_error(connection.execute("INSERT INTO a.t VALUES (2)", ()), "");
}

/// A rebuild that cannot be committed leaves no transaction open.
#[test]
fn a_rebuild_that_waits_in_vain_leaves_no_transaction_open() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let (main, reader) = (connect(&open(&path("main.db"))), connect(&open(&path("other.db"))));
    create(&main, "f", &times(1), "DETERMINISTIC").unwrap();
    let options = options().busy_timeout(std::time::Duration::ZERO);
    let connection = connect(&Database::open(path("main.db"), options).unwrap());
    connection.execute("ATTACH ? AS a", (path("other.db").to_str(),)).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE a.t(x); CREATE INDEX a.i ON t(f(x)); INSERT INTO a.t VALUES (1)",
        )
        .unwrap();
    connection.execute_batch("CREATE TABLE main.t(x)").unwrap();
    create(&main, "f", &times(-1), "DETERMINISTIC").unwrap();
    reader.execute_batch("BEGIN").unwrap();
    assert_eq!(integer(&reader, "SELECT count(*) FROM t"), Ok(1));
    check_error(connection.execute("INSERT INTO main.t VALUES (1)", ()), "cannot be rebuilt");
    assert!(connection.is_autocommit());
    reader.execute_batch("COMMIT").unwrap();
    connection.execute("INSERT INTO main.t VALUES (1)", ()).unwrap();
    assert!(connection.is_autocommit());
    assert_eq!(integer(&main, "SELECT count(*) FROM t"), Ok(1));
    assert_eq!(integer(&connection, "SELECT count(*) FROM a.t WHERE f(x) = -1"), Ok(1));
}

/// What a file calls the condition of an index is not what SQLite takes it for, a text is not UTF-8, or the file was
/// attached before there was a definition.
#[test]
fn an_attached_file_of_any_content_is_rebuilt_and_runs_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let made = |name: &str, change: &str| {
        let connection = connect(&open(&path(name)));
        create(&connection, "f", &times(1), "DETERMINISTIC").unwrap();
        connection
            .execute_batch(&format!(
                "CREATE TABLE t(a); CREATE INDEX i ON t(f(a)); INSERT INTO t VALUES (4); \
                 DROP TABLE commensal_object; DROP TABLE commensal_module; DROP TABLE commensal_meta; \
                 CREATE TABLE other(x); PRAGMA writable_schema = 1; UPDATE sqlite_master SET {change}"
            ))
            .unwrap();
    };
    let query = "SELECT wasm_exec(''DROP FUNCTION g'')";
    made(
        "hidden.db",
        &format!("sql = sql || char(0) || ' WHERE 1 UNION ALL {query}' WHERE name = 'i'"),
    );
    made("constant.db", "sql = sql || ' WHERE 1' WHERE name = 'i'");
    made("encoding.db", "sql = sql || CAST(x'2d2de9' AS TEXT) WHERE name = 'other'");
    made("plain.db", "sql = sql");
    for name in ["hidden.db", "constant.db", "encoding.db", "plain.db"] {
        for is_first in [false, true] {
            let copy = path("copy.db");
            std::fs::copy(path(name), &copy).unwrap();
            let connection = connect(&memory());
            create(&connection, "g", &times(3), "").unwrap();
            let attach = || connection.execute("ATTACH ? AS a", (copy.to_str(),)).map(drop);
            let define = || create(&connection, "f", &times(-1), "DETERMINISTIC");
            match is_first {
                true => attach().and_then(|()| define()).unwrap(),
                false => define().and_then(|()| attach()).unwrap(),
            };
            let sql = "SELECT count(*) FROM a.t WHERE f(a) = -4";
            assert_eq!(integer(&connection, sql), Ok(1), "{name} {is_first}");
            assert_eq!(integer(&connection, "SELECT g(2)"), Ok(6), "{name}");
            assert_eq!(
                value(&connection, "PRAGMA a.integrity_check").unwrap(),
                "ok".into(),
                "{name}"
            );
        }
    }
}

/// What an extension declares may change although its module stays the same.
#[test]
fn another_selection_of_an_extension_is_another_version() {
    const GUEST: &str = r#"(module
        (func (export "f") (param i64) (result i64) (local.get 0))
        (func (export "p_f") (param i64) (result i64) (i64.sub (i64.const 0) (local.get 0)))
        (memory (export "memory") 1)
        (@custom "commensal" "{\"abi\":1}{\"function\":{\"name\":\"f\",\"call\":\"native\",\"params\":[\"integer\"],\"returns\":\"integer\",\"deterministic\":true}}{\"function\":{\"name\":\"p_f\",\"call\":\"native\",\"params\":[\"integer\"],\"returns\":\"integer\",\"deterministic\":true}}"))"#;
    let directory = tempfile::tempdir().unwrap();
    let database = open(&directory.path().join("main.db"));
    let (writer, connection) = (connect(&database), connect(&database));
    writer.execute("CREATE EXTENSION e LANGUAGE wasm AS ?", (GUEST,)).unwrap();
    connection
        .execute_batch(
            "CREATE TEMP TABLE t(x); CREATE INDEX temp.i ON t(p_f(x)); INSERT INTO t VALUES (7)",
        )
        .unwrap();
    let again =
        "CREATE OR REPLACE EXTENSION e LANGUAGE wasm AS ? WITH (prefix = 'p_', without = 'p_f')";
    writer.execute(again, (GUEST,)).unwrap();
    assert_eq!(integer(&connection, "SELECT p_f(7)"), Ok(7));
    assert_eq!(integer(&connection, "SELECT count(*) FROM t WHERE p_f(x) = 7"), Ok(1));
}

/// Rows of a catalog, as `commensal sql --plain` prints them, are definitions like others.
#[test]
fn definitions_that_rows_make_in_a_transaction_are_looked_at() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let other = connect(&open(&path("other.db")));
    create(&other, "f", &times(-1), "DETERMINISTIC").unwrap();
    other.execute_batch("CREATE TABLE t(x); CREATE INDEX i ON t(f(x))").unwrap();
    let source = connect(&open(&path("source.db")));
    create(&source, "f", &times(1), "DETERMINISTIC").unwrap();
    let connection = connect(&open(&path("main.db")));
    create(&connection, "g", &times(3), "").unwrap();
    for (file, schema) in [("other.db", "a"), ("source.db", "s")] {
        connection.execute(&format!("ATTACH ? AS {schema}"), (path(file).to_str(),)).unwrap();
    }
    connection
        .execute_batch(
            "BEGIN; INSERT INTO main.commensal_module SELECT * FROM s.commensal_module; \
             INSERT INTO main.commensal_object SELECT * FROM s.commensal_object",
        )
        .unwrap();
    check_error(connection.execute("INSERT INTO a.t VALUES (9)", ()), "the index \"i\"");
    connection.execute_batch("ROLLBACK").unwrap();
    assert_eq!(value(&other, "PRAGMA integrity_check").unwrap(), "ok".into());
}

/// What an attached file would compute otherwise is not made there.
#[test]
fn nothing_is_made_in_an_attached_file_with_other_functions() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let other = connect(&open(&path("other.db")));
    create(&other, "f", &times(-1), "DETERMINISTIC").unwrap();
    other.execute_batch("CREATE TABLE t(x); INSERT INTO t VALUES (1)").unwrap();
    let connection = connect(&memory());
    create(&connection, "f", &times(1), "DETERMINISTIC").unwrap();
    connection.execute("ATTACH ? AS a", (path("other.db").to_str(),)).unwrap();
    for sql in [
        "CREATE INDEX a.i ON t(f(x))",
        "CREATE UNIQUE INDEX IF NOT EXISTS \"A\".i ON t(x) WHERE f(x) > 0",
        "CREATE TABLE a.u(x, y AS (f(x)) STORED)",
        "ALTER TABLE a.t ADD COLUMN y AS (f(x))",
        "ALTER TABLE t ADD y CHECK (f(y) > 3)",
    ] {
        let error = check_error(connection.execute(sql, ()), "the attached database \"a\" has");
        assert_eq!(error.kind(), ErrorKind::InUse, "{sql}");
    }
    connection
        .execute_batch(
            "CREATE INDEX a.i ON t(x); CREATE TABLE here(x); CREATE INDEX j ON here(f(x)); \
             ALTER TABLE here ADD y AS (f(x)); SELECT f(x) FROM a.t; \
             CREATE TABLE a.u AS SELECT f(x) FROM t",
        )
        .unwrap();
}

/// The same function in a definition with another name. SQLite finds it by the function's own name.
#[test]
fn a_definition_of_another_name_is_another_all_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let extension = |factor: i64, function: &str| {
        let manifest = format!(
            "{{\\\"abi\\\":1}}\\n{{\\\"function\\\":{{\\\"name\\\":\\\"{function}\\\",\\\"export\\\":\\\"f\\\",\
             \\\"params\\\":[\\\"integer\\\"],\\\"deterministic\\\":true}}}}\\n"
        );
        times(factor).replacen("(data", &format!("(@custom \"commensal\" \"{manifest}\") (data"), 1)
    };
    let made = |name: &str, define: &dyn Fn(&commensal::Connection)| {
        let connection = connect(&open(&path(name)));
        define(&connection);
        connection.execute_batch("CREATE TABLE t(x); CREATE INDEX i ON t(f(x))").unwrap();
        connection.execute_batch("INSERT INTO t VALUES (1), (2), (3)").unwrap();
    };
    let create_extension = |connection: &commensal::Connection, name: &str, wat: &str| {
        let sql = format!("CREATE EXTENSION {name} LANGUAGE wasm AS ?");
        connection.execute(&sql, (wat,)).map(drop)
    };
    made("alpha.db", &|c| create_extension(c, "alpha", &extension(1, "f")).unwrap());
    made("beta.db", &|c| create_extension(c, "beta", &extension(-1, "f")).unwrap());
    made("renamed.db", &|c| create_extension(c, "renamed", &extension(1, "f")).unwrap());
    made("function.db", &|c| create(c, "f", &times(-1), "DETERMINISTIC").unwrap());
    let attach = |connection: &commensal::Connection, name: &str| {
        connection.execute("ATTACH ? AS a", (path(name).to_str(),)).map(drop)
    };
    for (main, other, refused) in [
        ("alpha.db", "beta.db", Some("the extension \"alpha\"")),
        ("beta.db", "alpha.db", Some("the extension \"beta\"")),
        ("alpha.db", "function.db", Some("the extension \"alpha\"")),
        ("function.db", "alpha.db", Some("the function \"f\"")),
        ("alpha.db", "renamed.db", None),
    ] {
        let connection = connect(&open(&path(main)));
        let attached = attach(&connection, other);
        match refused {
            None => attached.unwrap(),
            Some(what) => {
                let error = check_error(attached, "the index \"i\" of the attached database \"a\"");
                assert!(error.message().contains(what), "{main}, {other}: {error:?}");
                check_error(connection.execute("INSERT INTO a.t VALUES (4)", ()), "no such table");
            }
        }
    }
    // It is attached first and defined later. Other definitions of the file do not matter.
    let connection = connect(&memory());
    attach(&connection, "beta.db").unwrap();
    check_error(create_extension(&connection, "alpha", &extension(1, "f")), "index \"i\"");
    check_error(create(&connection, "f", &times(1), "DETERMINISTIC"), "index \"i\"");
    create_extension(&connection, "alpha", &extension(1, "g")).unwrap();
    create(&connection, "h", &times(1), "DETERMINISTIC").unwrap();
}

/// An object in place of an attached file's catalog is read as carefully as in `main`. If it cannot be
/// read, it counts as another definition. Nothing of it runs.
#[test]
fn the_catalog_of_an_attached_file_is_bounded() {
    let endless = "CREATE VIEW commensal_object AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 \
                   FROM n) SELECT 'x' AS kind, 'x' AS name, x'00' AS sha256, 'x' AS export, 0 AS \
                   deterministic, '{}' AS options FROM n";
    let rows = "INSERT INTO commensal_object(kind, name, sha256) SELECT 'function', 'more' || value, \
                zeroblob(32) FROM generated";
    for (sql, expected) in [
        ("SELECT 1", None),
        (endless, Some("commensal_object is not an ordinary table")),
        (
            "CREATE TABLE commensal_object(kind, name, sha256, export, deterministic, \
             options AS (zeroblob(900000000)))",
            Some("commensal_object has a generated column"),
        ),
        ("CREATE TABLE commensal_object(kind, name)", Some("commensal_object has other columns")),
        (
            "CREATE TABLE commensal_object(kind, name, sha256, export, deterministic, options, \
             PRIMARY KEY(kind, name)) WITHOUT ROWID",
            Some("rowid"),
        ),
        ("ROWS", Some("catalog_objects_max = 3")),
        (
            "CREATE TABLE commensal_object AS SELECT 'function' AS kind, 'x' AS name, zeroblob(32) AS \
             sha256, NULL AS export, 0 AS deterministic, '{}' AS options",
            None,
        ),
        (
            "UPDATE commensal_object SET export = printf('%.*c', 5000, 'x') WHERE name = 'f'",
            Some("of which that file has another definition"),
        ),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        for name in ["one.db", "other.db"] {
            let connection = connect(&open(&path(name)));
            create(&connection, "f", &times(1), "DETERMINISTIC").unwrap();
            connection.execute_batch("CREATE TABLE t(x); CREATE INDEX i ON t(f(x))").unwrap();
        }
        let plain = Database::open(path("other.db"), options().load_catalog(false)).unwrap();
        let change = plain.connect().unwrap();
        if sql == "ROWS" {
            let series = "WITH RECURSIVE generated(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM \
                          generated WHERE value < 3)";
            change.execute_batch(&format!("{series} {rows}")).unwrap();
        } else {
            if sql.starts_with("CREATE") {
                change.execute_batch("DROP TABLE commensal_object").unwrap();
            }
            change.execute_batch(sql).unwrap();
        }
        let mut limits = commensal::Limits::default();
        limits.catalog_objects_max = 3;
        let database = Database::open(path("one.db"), options().limits(limits)).unwrap();
        let connection = connect(&database);
        let attached = connection.execute("ATTACH ? AS a", (path("other.db").to_str(),)).map(drop);
        match expected {
            None => attached.unwrap(),
            Some(expected) => {
                let error = check_error(attached, expected);
                assert_eq!(error.kind(), ErrorKind::InUse, "{sql}: {error:?}");
                assert!(error.message().contains("\"f\""), "{sql}: {error:?}");
                check_error(connection.execute("INSERT INTO a.t VALUES (4)", ()), "no such table");
            }
        }
        assert_eq!(integer(&connection, "SELECT f(3)"), Ok(3), "{sql}");
    }
}

/// How many rows of `t` have this value of `f`, by its index and without.
fn found(
    connection: &commensal::Connection,
    schema: &str,
    value: i64,
) -> [commensal::Result<i64>; 2] {
    ["INDEXED BY i", "NOT INDEXED"].map(|how| {
        let sql = format!("SELECT count(*) FROM {schema}.t {how} WHERE f(x) = {value}");
        integer(connection, &sql)
    })
}

const TABLE: &str = "CREATE TABLE o.t(x, y AS (f(x)) UNIQUE); CREATE INDEX o.i ON t(f(x)); \
                     CREATE TABLE o.k(x PRIMARY KEY, y, UNIQUE (y, x)) WITHOUT ROWID; \
                     CREATE INDEX o.j ON k(f(x)) WHERE f(x) > 0; \
                     INSERT INTO o.t VALUES (1), (2), (3); INSERT INTO o.k VALUES (1, 2), (3, 4)";

/// Indexes that the connection which replaces a definition cannot see.
#[test]
fn indexes_elsewhere_follow_definitions_that_others_replace() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let database = open(&path("main.db"));
    let (writer, connection) = (connect(&database), connect(&database));
    create(&writer, "f", &times(1), "DETERMINISTIC").unwrap();
    connection.execute("ATTACH ? AS other", (path("other.db").to_str(),)).unwrap();
    for schema in ["temp", "other"] {
        connection.execute_batch(&TABLE.replace("o.", &format!("{schema}."))).unwrap();
    }
    let check = |factor: i64| {
        for schema in ["temp", "other"] {
            assert_eq!(found(&connection, schema, 2 * factor), [Ok(1), Ok(1)], "{schema} {factor}");
            let sql = format!("PRAGMA {schema}.integrity_check");
            assert_eq!(value(&connection, &sql).unwrap(), "ok".into());
        }
    };
    check(1);
    create(&writer, "f", &times(-1), "DETERMINISTIC").unwrap();
    check(-1);
    // A statement that was prepared before follows at once, because a file is attached. Without one, it finds the
    // new version when it calls it.
    let alone = connect(&database);
    alone.execute_batch(&TABLE.replace("o.", "temp.")).unwrap();
    let mut prepared = connection.prepare("INSERT INTO temp.t VALUES (20)").unwrap();
    let mut prepared_alone = alone.prepare("INSERT INTO temp.t VALUES (20)").unwrap();
    create(&writer, "f", &times(-2), "DETERMINISTIC").unwrap();
    prepared.execute(()).unwrap();
    check_error(prepared_alone.execute(()), "say REINDEX");
    prepared_alone.execute(()).unwrap();
    check(-2);
    // It is dropped and comes back.
    writer.execute_batch("DROP FUNCTION f").unwrap();
    check_error(integer(&connection, "SELECT f(1)"), "no such function");
    create(&writer, "f", &times(5), "DETERMINISTIC").unwrap();
    check(5);
    // Within a transaction nothing can be rebuilt for good.
    connection.execute_batch("BEGIN").unwrap();
    create(&writer, "f", &times(7), "DETERMINISTIC").unwrap();
    let error = check_error(integer(&connection, "SELECT f(2)"), "say REINDEX");
    assert_eq!(error.kind(), ErrorKind::InUse);
    for sql in ["SELECT count(*) FROM temp.t WHERE x = 1", "INSERT INTO other.t VALUES (8)"] {
        check_error(connection.execute_batch(sql), "was made with another version");
    }
    connection.execute_batch("SAVEPOINT s; ROLLBACK TO s; COMMIT").unwrap();
    check(7);
    // A rollback takes back the connection's own change with what it rebuilt.
    connection.execute_batch("BEGIN").unwrap();
    create(&connection, "f", &times(9), "DETERMINISTIC CASCADE REINDEX").unwrap();
    check(9);
    connection.execute_batch("ROLLBACK").unwrap();
    check(7);
}

/// What cannot be rebuilt is not used.
#[test]
fn an_index_elsewhere_that_no_longer_can_be_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let database = open(&directory.path().join("main.db"));
    let (writer, connection) = (connect(&database), connect(&database));
    create(&writer, "f", &times(1), "DETERMINISTIC").unwrap();
    connection
        .execute_batch(
            "CREATE TEMP TABLE t(x CHECK (f(x) > 0)); CREATE INDEX i ON t(x) WHERE f(x) > 1;
             CREATE UNIQUE INDEX u ON t(f(x)); INSERT INTO t VALUES (1), (2), (3)",
        )
        .unwrap();
    create(&writer, "f", &times(0), "DETERMINISTIC").unwrap();
    let failing = "SELECT count(*) FROM t";
    check_error(integer(&connection, failing), "it cannot be rebuilt: UNIQUE constraint failed");
    check_error(integer(&connection, failing), "the index \"temp\".");
    connection.execute_batch("DROP INDEX u").unwrap();
    // A constraint that no longer holds is no index.
    assert_eq!(integer(&connection, "SELECT count(*) FROM t WHERE f(x) > 1"), Ok(0));
    check_error(connection.execute("INSERT INTO t VALUES (4)", ()), "CHECK");
}

/// A file without definitions, whose indexes were made with what `main` had before.
#[test]
fn an_attached_file_of_an_earlier_version_is_rebuilt() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let connection = connect(&open(&path("main.db")));
    let attach = || connection.execute("ATTACH ? AS o", (path("o.db").to_str(),));
    create(&connection, "f", &times(1), "DETERMINISTIC").unwrap();
    attach().unwrap();
    connection.execute_batch(TABLE).unwrap();
    connection.execute_batch("DETACH o").unwrap();
    create(&connection, "f", &times(-1), "DETERMINISTIC").unwrap();
    attach().unwrap();
    assert_eq!(found(&connection, "o", -2), [Ok(1), Ok(1)]);
    assert_eq!(value(&connection, "PRAGMA o.integrity_check").unwrap(), "ok".into());
    connection.execute_batch("DETACH o").unwrap();
    create(&connection, "f", &times(0), "DETERMINISTIC").unwrap();
    check_error(attach(), "it cannot be rebuilt");
    check_error(value(&connection, "SELECT * FROM o.t"), "no such table");
}

/// As with functions, for what is ordered by a collation.
#[test]
fn orders_elsewhere_follow_collations_that_others_replace() {
    let directory = tempfile::tempdir().unwrap();
    let database = open(&directory.path().join("main.db"));
    let (writer, connection) = (connect(&database), connect(&database));
    let replace = |sign| writer.execute(CREATE, (order(sign).as_str(),)).unwrap();
    replace(1);
    connection
        .execute_batch(
            "CREATE TEMP TABLE t(x TEXT COLLATE by_length PRIMARY KEY, y) WITHOUT ROWID;
             CREATE INDEX i ON t(y, x); CREATE INDEX j ON t(y COLLATE by_length);
             INSERT INTO t VALUES ('a', 'dddd'), ('bb', 'ccc'), ('ccc', 'bb'), ('dddd', 'a')",
        )
        .unwrap();
    for (sign, last) in [(-1, "a"), (1, "dddd"), (-1, "a")] {
        replace(sign);
        let sql = "SELECT group_concat(x) FROM t WHERE x >= 'xxx'";
        let expected = if sign > 0 { "ccc,dddd" } else { "ccc,bb,a" };
        assert_eq!(value(&connection, sql).unwrap(), expected.into());
        let sql = "SELECT x FROM t ORDER BY x DESC LIMIT 1";
        assert_eq!(value(&connection, sql).unwrap(), last.into());
        assert_eq!(value(&connection, "PRAGMA temp.integrity_check").unwrap(), "ok".into());
    }
}
