//! Without a runtime, and read-only.

use commensal::{Database, ErrorKind, Options, Value};

use crate::support::{check_error, connect, constant, create, integer, open, options, value};

#[test]
fn without_a_runtime_everything_else_works() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.db");
    create(&connect(&open(&path)), "f", &constant(1), "").unwrap();
    let database = Database::open(&path, Options::new().engine(crate::ENGINE)).unwrap();
    let connection = connect(&database);
    connection.execute_batch("CREATE TABLE t(x); INSERT INTO t VALUES (2)").unwrap();
    assert_eq!(integer(&connection, "SELECT abs(x) FROM t").unwrap(), 2);
    for error in [
        create(&connection, "g", &constant(1), "").unwrap_err(),
        value(&connection, "SELECT f()").unwrap_err(),
        value(&connection, "SELECT f() FROM t").unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::NoRuntime, "{error:?}");
        assert!(error.message().starts_with("no WASM runtime registered"), "{error:?}");
    }
    let sql = "SELECT name || status FROM wasm_functions";
    assert_eq!(value(&connection, sql).unwrap(), "fok".into());
    // Dropping runs no module.
    connection.execute("DROP FUNCTION f", ()).unwrap();
    check_error(value(&connection, "SELECT f()"), "no such function: f");
}

#[test]
fn a_database_for_reading_only_is_called_and_not_changed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.db");
    create(&connect(&open(&path)), "f", &constant(1), "").unwrap();
    let database = Database::open(&path, options().read_only(true)).unwrap();
    let connection = connect(&database);
    assert_eq!(value(&connection, "SELECT f()").unwrap(), Value::Integer(1));
    for result in [
        create(&connection, "f", &constant(2), ""),
        create(&connection, "g", &constant(2), ""),
        connection.execute("DROP FUNCTION f", ()).map(drop),
    ] {
        let error = check_error(result, "attempt to write a readonly database");
        assert_eq!((error.kind(), error.engine_code()), (ErrorKind::Engine, Some(8)));
        assert!(connection.is_autocommit());
    }
    assert_eq!(value(&connection, "SELECT f()").unwrap(), Value::Integer(1));
}

#[test]
fn a_missing_file_is_an_error_where_it_may_not_be_made() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("missing.db");
    let error = check_error(Database::open(&path, options().create(false)), "cannot open");
    assert!(error.message().contains("missing.db"), "{error:?}");
    assert!(!path.exists());
}
