//! Built-in functions that a definition replaces, because the host permits it by name.

use commensal::{Connection, Database, ErrorKind, Options, Replaceable};

use crate::support::{check_error, connect, integer, options, value};

/// An extension whose `lower()` and `like()` return 7 and 8.
const OTHER: &str = r#"(module
  (memory (export "memory") 2)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 1024))
  (data (i32.const 512) "\01")
  (data (i32.const 544) "\01")
  (func (export "lower") (param i32 i32) (result i32)
    (i64.store (i32.const 520) (i64.const 7)) (i32.const 512))
  (func (export "like") (param i32 i32) (result i32)
    (i64.store (i32.const 552) (i64.const 8)) (i32.const 544))
  (@custom "commensal"
    "{\"abi\":1}\n"
    "{\"function\":{\"name\":\"lower\",\"export\":\"lower\",\"params\":[\"text\"],\"deterministic\":true}}\n"
    "{\"function\":{\"name\":\"like\",\"export\":\"like\",\"params\":[\"text\",\"text\"],\"deterministic\":true}}\n"))"#;

const CREATE: &str = "CREATE EXTENSION other LANGUAGE wasm AS ?1";

fn permitting(names: &str) -> Options {
    options().replaceable(names.parse().unwrap())
}

fn status(connection: &Connection) -> String {
    let sql = "SELECT group_concat(name || ' ' || deterministic || ' ' || status, ', ') \
               FROM (SELECT * FROM wasm_functions ORDER BY name)";
    match value(connection, sql).unwrap() {
        commensal::Value::Text(text) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_the_functions_that_the_host_names_are_replaced() {
    let database = Database::open_in_memory(permitting("Lower")).unwrap();
    let connection = connect(&database);
    let error = check_error(
        connection.execute(CREATE, (OTHER,)),
        "extension \"other\": its function like() conflicts with the built-in function like(); WITH (without \
         = 'like') leaves out what conflicts",
    );
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(integer(&connection, "SELECT lower('A') = 'a'"), Ok(1));
    connection.execute(&format!("{CREATE} WITH (without = 'like')"), (OTHER,)).unwrap();
    assert_eq!(integer(&connection, "SELECT lower('A')"), Ok(7));
    assert_eq!(integer(&connection, "SELECT upper('a') = 'A'"), Ok(1));
    assert_eq!(status(&connection), "lower 0 ok");
    // Without the definition, the built-in one is back, in SQLite on other connections.
    connection.execute("DROP EXTENSION other", ()).unwrap();
    assert_eq!(integer(&connect(&database), "SELECT lower('A') = 'a'"), Ok(1));
    let again = integer(&connection, "SELECT lower('A') = 'a'");
    match crate::ENGINE.name() {
        "sqlite" => {
            let error = "a definition replaced the built-in lower(), and is gone: SQLite's own is there again once";
            check_error(again, error);
        }
        _ => assert_eq!(again, Ok(1)),
    }
    connection.execute(&format!("{CREATE} WITH (without = 'like')"), (OTHER,)).unwrap();
    assert_eq!(integer(&connection, "SELECT lower('A')"), Ok(7));
}

#[test]
fn without_the_permission_the_built_in_function_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let database = Database::open(&path, permitting("lower,like")).unwrap();
    let connection = connect(&database);
    connection.execute(CREATE, (OTHER,)).unwrap();
    assert_eq!(integer(&connection, "SELECT lower('A') + \"like\"('a', 'b')"), Ok(15));
    let operator = if crate::ENGINE.name() == "sqlite" { 8 } else { 0 };
    assert_eq!(integer(&connection, "SELECT 'a' LIKE 'b'"), Ok(operator));
    drop((connection, database));
    for (names, expected, shown) in [
        (
            "",
            1,
            "like 1 shadowed by another function of its name, lower 1 shadowed by another function of its name",
        ),
        ("like", 1, "like 0 ok, lower 1 shadowed by another function of its name"),
        ("lower", 7, "like 1 shadowed by another function of its name, lower 0 ok"),
    ] {
        let database = Database::open(&path, permitting(names)).unwrap();
        let connection = connect(&database);
        let sql = "SELECT CASE lower('A') WHEN 'a' THEN 1 ELSE lower('A') END";
        assert_eq!(integer(&connection, sql), Ok(expected), "{names}");
        assert_eq!(status(&connection), shown);
    }
}

/// What an index keeps was computed by one function, and the index is read by whoever opens the file.
#[test]
fn nothing_stored_depends_on_a_replaced_function() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let database = Database::open(&path, permitting("lower,like")).unwrap();
    let connection = connect(&database);
    connection
        .execute_batch("CREATE TABLE t(a TEXT); CREATE INDEX i ON t(a) WHERE a LIKE 'x%'")
        .unwrap();
    let error = check_error(
        connection.execute(CREATE, (OTHER,)),
        "extension \"other\" cannot replace the built-in like(), lower(): the index \"i\" depends on it",
    );
    assert_eq!(error.kind(), ErrorKind::InUse);
    connection.execute("DROP INDEX i", ()).unwrap();
    connection.execute(CREATE, (OTHER,)).unwrap();
    assert!(connection.execute("CREATE INDEX i ON t(lower(a))", ()).is_err());
    drop((connection, database));
    // Made where nothing was replaced.
    let database = Database::open(&path, options()).unwrap();
    let connection = connect(&database);
    connection
        .execute_batch("CREATE TABLE u(a TEXT CHECK (a = lower(a))); INSERT INTO u VALUES ('a')")
        .unwrap();
    drop((connection, database));
    let database = Database::open(&path, permitting("lower,like")).unwrap();
    let connection = connect(&database);
    assert_eq!(integer(&connection, "SELECT lower('A') = 'a'"), Ok(1));
    connection.execute("INSERT INTO u VALUES ('b')", ()).unwrap();
    assert_eq!(integer(&connection, "SELECT \"like\"('a', 'b')"), Ok(8));
}

#[test]
fn functions_that_commensal_calls_are_never_replaced() {
    for name in ["typeof", "LENGTH", "substr", "load_extension"] {
        let error = name.parse::<Replaceable>().unwrap_err().to_string();
        assert!(error.contains("cannot be replaced"), "{error}");
    }
}
