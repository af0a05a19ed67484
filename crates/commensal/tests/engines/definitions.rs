//! CREATE and DROP: sources of modules, dependents of functions, and other statements at the same
//! time.

use std::time::Duration;

use commensal::{Database, ErrorKind, Feature, FileAccess, Value};

use crate::support::{
    check_error, check_sound, connect, constant, create, echo, integer, memory, module, open,
    options, quick, value,
};

#[test]
fn the_source_is_a_parameter() {
    let database = memory();
    let connection = connect(&database);
    let sql = "CREATE OR REPLACE FUNCTION f LANGUAGE wasm AS :source";
    let mut statement = connection.prepare(sql).unwrap();
    assert_eq!((statement.parameter_count(), statement.parameter_index(":source")), (1, Some(1)));
    let error = check_error(statement.step(), "the parameter is NULL");
    assert_eq!((error.kind(), error.offset()), (ErrorKind::Argument, Some(sql.len() - 7)));
    // An error ends nothing: it is the same at the next step, and right after a value is bound.
    check_error(statement.step(), "the parameter is NULL");
    statement.execute([(":source", constant(1))]).unwrap();
    assert_eq!(integer(&connection, "SELECT f()"), Ok(1));
    let binary = "SELECT wasm FROM commensal_module";
    let wasm: Vec<u8> = connection.query_row(binary, (), |row| row.get(0)).unwrap();
    for source in [Value::Blob(wasm), constant(2).into()] {
        statement.execute((source,)).unwrap();
    }
    assert_eq!(integer(&connection, "SELECT f()"), Ok(2));
    for (source, message) in [
        (Value::Integer(1), "the parameter is integer"),
        (Value::Blob(Vec::new()), "the module is empty"),
        (Value::Text(String::new()), "the module is empty"),
        (Value::Text("(module (".to_owned()), "line 1, column 10"),
    ] {
        check_error(statement.execute((&source,)), message);
    }
    assert_eq!(integer(&connection, "SELECT f()"), Ok(2));
}

#[test]
fn files_are_read_from_where_the_application_says() {
    let outer = tempfile::tempdir().unwrap();
    let inner = outer.path().join("modules");
    std::fs::create_dir(&inner).unwrap();
    std::fs::write(outer.path().join("outside.wat"), constant(1)).unwrap();
    std::fs::write(inner.join("inside.wat"), constant(2)).unwrap();
    let absolute = |name: &str| inner.join(name).display().to_string();
    #[cfg(unix)]
    std::os::unix::fs::symlink(outer.path().join("outside.wat"), inner.join("link.wat")).unwrap();
    let directory = || FileAccess::Directory(inner.clone());
    let any = |base| FileAccess::Any { base };
    let outside = "is outside of the directory";
    let mut cases = vec![
        (FileAccess::Denied, "inside.wat".to_owned(), Some("file:// sources are not permitted")),
        (directory(), "inside.wat".to_owned(), None),
        (directory(), absolute("inside.wat"), None),
        (directory(), "../outside.wat".to_owned(), Some(outside)),
        (directory(), "../modules/inside.wat".to_owned(), Some(outside)),
        (directory(), "/etc/passwd".to_owned(), Some(outside)),
        (directory(), "missing.wat".to_owned(), Some("cannot be read")),
        (any(Some(inner.clone())), "inside.wat".to_owned(), None),
        (any(Some(inner.clone())), "../outside.wat".to_owned(), None),
        (any(None), absolute("inside.wat"), None),
    ];
    if cfg!(unix) {
        cases.push((directory(), "link.wat".to_owned(), Some(outside)));
        // It has no length and no end.
        cases.push((any(None), "/dev/zero".to_owned(), Some("is not a file")));
    }
    for (access, path, expected) in cases {
        let database = Database::open_in_memory(options().file_access(access)).unwrap();
        let connection = connect(&database);
        let create = "CREATE OR REPLACE FUNCTION f LANGUAGE wasm AS";
        for result in [
            connection.execute(&format!("{create} 'file://{path}'"), ()),
            connection.execute(&format!("{create} file://{path}"), ()),
            connection.execute(&format!("{create} ?"), (format!("file://{path}"),)),
        ] {
            match expected {
                None => assert!(result.is_ok(), "{path}: {result:?}"),
                Some(message) => {
                    let error = check_error(result, message);
                    assert_eq!(error.offset(), Some(create.len() + 1), "{path}");
                }
            }
        }
    }
}

#[test]
fn definitions_beside_running_statements() {
    for journal in crate::JOURNALS {
        let directory = tempfile::tempdir().unwrap();
        let (_database, connection) =
            quick(&directory.path().join("t.db"), journal, Duration::from_secs(5));
        connection.execute_batch("CREATE TABLE t(x); INSERT INTO t VALUES (1), (2)").unwrap();
        // A statement that reads continues.
        let mut reading = connection.prepare("SELECT x FROM t").unwrap();
        assert!(reading.step().unwrap());
        create(&connection, "f", &constant(1), "").unwrap();
        create(&connection, "f", &constant(2), "").unwrap();
        assert_eq!(integer(&connection, "SELECT f()"), Ok(2));
        assert!(reading.step().unwrap());
        assert!(!reading.step().unwrap());
        // A statement that writes is not cut off.
        let mut writing = connection.prepare("INSERT INTO t VALUES (3), (4) RETURNING x").unwrap();
        for transaction in ["SELECT 1", "BEGIN"] {
            connection.execute(transaction, ()).unwrap();
            assert!(writing.step().unwrap());
            for result in [
                create(&connection, "f", &constant(3), ""),
                connection.execute("DROP FUNCTION f", ()).map(drop),
            ] {
                let error = check_error(result, "a statement of this connection that writes");
                assert_eq!(error.kind(), ErrorKind::InUse);
            }
            assert!(writing.step().unwrap());
            assert!(!writing.step().unwrap());
            writing.reset();
        }
        connection.execute_batch("COMMIT").unwrap();
        assert_eq!(integer(&connection, "SELECT sum(x) FROM t"), Ok(17));
        create(&connection, "f", &constant(3), "").unwrap();
        assert_eq!(integer(&connection, "SELECT f()"), Ok(3));
        check_sound(&connection);
    }
}

#[test]
fn definitions_are_no_inserts_of_the_user() {
    let database = memory();
    let connection = connect(&database);
    connection.execute_batch("CREATE TABLE t(x)").unwrap();
    connection.execute("INSERT INTO t(rowid, x) VALUES (77, 1), (78, 1), (79, 1)", ()).unwrap();
    let check = || {
        assert_eq!((connection.last_insert_rowid(), connection.changes()), (79, 3));
    };
    check();
    create(&connection, "f", &constant(1), "").unwrap();
    check();
    create(&connection, "f", &constant(2), "").unwrap();
    check();
    connection.execute("SELECT f()", ()).unwrap();
    check();
    connection.execute("DROP FUNCTION f", ()).unwrap();
    check();
    connection.execute("CREATE FUNCTION f LANGUAGE wasm AS 'x'", ()).unwrap_err();
    check();
    assert_eq!(connection.execute("DELETE FROM t WHERE rowid = 78", ()), Ok(1));
    assert_eq!(connection.execute("DELETE FROM t WHERE rowid = 78", ()), Ok(0));
}

#[test]
fn vacuum_and_copies_keep_definitions() {
    let directory = tempfile::tempdir().unwrap();
    let (path, copy) = (directory.path().join("t.db"), directory.path().join("copy.db"));
    let database = open(&path);
    let connection = connect(&database);
    create(&connection, "f", &constant(1), "DETERMINISTIC").unwrap();
    create(&connection, "gone", &constant(2), "").unwrap();
    let depends = match crate::ENGINE.features().contains(&Feature::FunctionIndexes) {
        true => "CREATE TABLE t(x); CREATE INDEX i ON t(f(x))",
        false => "CREATE TABLE t(x CHECK (f(x) > 0))",
    };
    connection.execute_batch(depends).unwrap();
    connection.execute_batch("DROP FUNCTION gone").unwrap();
    let vacuum = connection.execute_batch("VACUUM");
    if !crate::ENGINE.features().contains(&Feature::Vacuum) {
        check_error(vacuum, "VACUUM is an experimental feature");
        return check_sound(&connection);
    }
    vacuum.unwrap();
    assert_eq!(integer(&connection, "SELECT f()"), Ok(1));
    check_sound(&connection);
    connection.execute("VACUUM INTO ?", (copy.to_str(),)).unwrap();
    let copied = connect(&open(&copy));
    assert_eq!(integer(&copied, "SELECT f()"), Ok(1));
    copied.execute("INSERT INTO t VALUES (1)", ()).unwrap();
    check_sound(&copied);
}

/// An error that SQLite reports is its own, whatever failed before.
#[test]
fn errors_are_those_of_their_statement() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.db");
    let connection = connect(&open(&path));
    create(&connection, "f", &constant(1), "").unwrap();
    connection.execute("UPDATE commensal_meta SET version = 99", ()).unwrap();
    let connection = connect(&open(&path));
    let overflow = "SELECT abs(-9223372036854775807 - 1)";
    check_error(value(&connection, overflow), "integer overflow");
    check_error(value(&connection, "SELECT f()"), "version 99");
    check_error(value(&connection, overflow), "integer overflow");
    // A guest's message is complete, although SQLite's texts end at a NUL.
    connection.execute("UPDATE commensal_meta SET version = 1", ()).unwrap();
    let failing = module(
        r#"(data (i32.const 600) "\00\00\00\00\05\00\00\00\70\02\00\00") (data (i32.const 624) "a\00bcd")
        (func (export "f") (param i32 i32) (result i32) (i32.const 600))"#,
    );
    create(&connection, "f", &failing, "").unwrap();
    let error = value(&connection, "SELECT f()").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Guest);
    assert!(error.message().starts_with('a') && error.message().ends_with("bcd"), "{error:?}");
    check_error(value(&connection, overflow), "integer overflow");
}

/// Compiled functions are not compiled again when something else changes.
#[test]
fn other_definitions_leave_instances_alone() {
    let database = memory();
    let connection = connect(&database);
    create(&connection, "f", &echo(), "").unwrap();
    assert_eq!(integer(&connection, "SELECT f(1)"), Ok(1));
    for name in ["a", "b", "c"] {
        create(&connection, name, &constant(1), "").unwrap();
        assert_eq!(integer(&connection, "SELECT f(2)"), Ok(2));
    }
    let sql = "SELECT instances FROM wasm_stats WHERE name = 'f'";
    assert_eq!(integer(&connection, sql), Ok(1));
}
