//! The catalog consists of tables, and anybody who can write the file may have written them.

use std::path::PathBuf;
use std::time::Duration;

use commensal::{Connection, Database, ErrorKind, Feature, Limits, Value};
use tempfile::TempDir;

use crate::support::{
    check_error, check_sound, connect, constant, create, integer, open, options, quick, value,
};

/// A file with the functions `f` and `g`, and a way to write it without Commensal's statements.
struct File {
    _directory: TempDir,
    path: PathBuf,
}

impl File {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("t.db");
        let (_, connection) = quick(&path, crate::JOURNALS[0], Duration::ZERO);
        create(&connection, "f", &constant(1), "").unwrap();
        create(&connection, "g", &constant(2), "").unwrap();
        connection.execute_batch("CREATE TABLE t(x); INSERT INTO t VALUES (3)").unwrap();
        Self { _directory: directory, path }
    }

    fn tampered(sql: &str) -> Self {
        let file = Self::new();
        let database = Database::open(&file.path, options().load_catalog(false)).unwrap();
        connect(&database).execute_batch(sql).unwrap();
        file
    }

    fn connect(&self) -> Connection {
        connect(&open(&self.path))
    }
}

/// Whatever was written, the database opens, everything else works, and `f` reports the problem.
#[test]
fn tampering_stops_nothing_else() {
    for (sql, message) in [
        (
            "UPDATE commensal_module SET wasm = x'0061736d01000000'",
            "f(): its definition cannot be used: the stored module has another hash",
        ),
        (
            "UPDATE commensal_module SET wasm = x'00'",
            "f(): its definition cannot be used: the stored module has another hash",
        ),
        ("UPDATE commensal_module SET wasm = 'text'", "f(): its definition cannot be used: "),
        ("UPDATE commensal_module SET manifest = '{'", "f(): its definition cannot be used: "),
        (
            r#"UPDATE commensal_module SET manifest = '{"abi":1}'"#,
            "f(): its definition cannot be used: the manifest in the catalog is not the module's own",
        ),
        (
            "UPDATE commensal_module SET manifest = x'ff'",
            "f(): its definition cannot be used: the catalog's row of its module cannot be read",
        ),
        (
            "DELETE FROM commensal_module WHERE sha256 IN (SELECT sha256 FROM commensal_object WHERE \
             name = 'f')",
            "f(): its definition cannot be used: its module is not in the file",
        ),
        (
            "UPDATE commensal_object SET sha256 = zeroblob(32) WHERE name = 'f'",
            "f(): its definition cannot be used: its module is not in the file",
        ),
        (
            "UPDATE commensal_object SET options = 'garbage' WHERE name = 'f'",
            "f(): its definition cannot be used: its options cannot be read",
        ),
        (
            "UPDATE commensal_object SET options = CAST(x'ff' AS TEXT) WHERE name = 'f'",
            "f(): its definition cannot be used: its options cannot be read",
        ),
        (
            r#"UPDATE commensal_object SET options = '{"allow":"everything"}' WHERE name = 'f'"#,
            "unknown capability \"everything\"",
        ),
        (
            "UPDATE commensal_object SET export = 'no such' WHERE name = 'f'",
            "f(): the module has no export \"no such\"",
        ),
        (
            "UPDATE commensal_object SET export = 'memory' WHERE name = 'f'",
            "f(): the module has no export \"memory\"",
        ),
        (
            "UPDATE commensal_object SET export = 'commensal_scratch' WHERE name = 'f'",
            "f(): the export \"commensal_scratch\" has the type",
        ),
        ("UPDATE commensal_object SET kind = 'extension' WHERE name = 'f'", "no such function: f"),
        ("UPDATE commensal_object SET kind = 'other' WHERE name = 'f'", "no such function: f"),
        ("UPDATE commensal_object SET sha256 = 'x' WHERE name = 'f'", "no such function: f"),
        ("UPDATE commensal_object SET name = x'66' WHERE name = 'f'", "no such function: f"),
        (
            "UPDATE commensal_object SET name = 'f' || char(0) WHERE name = 'f'",
            "no such function: f",
        ),
        ("UPDATE commensal_object SET name = '' WHERE name = 'f'", "no such function: f"),
        (
            "UPDATE commensal_object SET name = CAST(x'ff' AS TEXT) WHERE name = 'f'",
            "no such function: f",
        ),
        (
            "UPDATE commensal_object SET name = printf('%.300c', 'f') WHERE name = 'f'",
            "no such function: f",
        ),
        (
            "UPDATE commensal_meta SET version = 2",
            "no such function: f: the file's catalog has version 2",
        ),
        (
            "UPDATE commensal_meta SET version = 'x'",
            "no such function: f: the catalog's version cannot",
        ),
        ("DELETE FROM commensal_meta", "no such function: f"),
        ("DROP TABLE commensal_meta", "no such function: f"),
        ("DROP TABLE commensal_module", "no such function: f"),
        ("DROP TABLE commensal_object", "no such function: f"),
        (
            "ALTER TABLE commensal_object RENAME COLUMN options TO other",
            "no such function: f: the catalog of functions cannot be read: commensal_object has other \
             columns",
        ),
    ] {
        let file = File::tampered(sql);
        let connection = file.connect();
        let error = check_error(value(&connection, "SELECT f()"), message);
        assert_ne!(error.kind(), ErrorKind::Fault, "{sql}: {error:?}");
        assert_eq!(integer(&connection, "SELECT x FROM t").unwrap(), 3, "{sql}");
        // SQL alone can repair it.
        let repair = "DROP TABLE IF EXISTS commensal_object; DROP TABLE IF EXISTS commensal_module; \
                      DROP TABLE IF EXISTS commensal_meta";
        connection.execute_batch(repair).unwrap();
        create(&connection, "f", &constant(5), "").unwrap();
        assert_eq!(integer(&connection, "SELECT f()").unwrap(), 5, "{sql}");
        check_sound(&connection);
    }
}

/// A catalog without one of its tables counts as missing: CREATE completes it.
#[test]
fn a_missing_table_is_made_again() {
    for table in ["commensal_meta", "commensal_module", "commensal_object"] {
        let file = File::tampered(&format!("DROP TABLE {table}"));
        let connection = file.connect();
        create(&connection, "f", &constant(5), "").unwrap();
        create(&connection, "g", &constant(6), "").unwrap();
        assert_eq!(integer(&connection, "SELECT f() + g()").unwrap(), 11, "{table}");
        assert_eq!(value(&connection, "PRAGMA integrity_check").unwrap(), "ok".into());
    }
}

/// Changes that others make to the tables while the connection is open are noticed, too.
#[test]
fn tampering_is_noticed_by_an_open_connection() {
    let file = File::new();
    let connection = file.connect();
    let mut prepared = connection.prepare("SELECT f()").unwrap();
    prepared.execute(()).unwrap();
    connection.execute_batch("DROP TABLE commensal_module").unwrap();
    check_error(prepared.execute(()), "no such function: f");
    connection
        .execute_batch("CREATE TABLE commensal_module(sha256, bytes, manifest, wasm)")
        .unwrap();
    check_error(prepared.execute(()), "f(): its definition cannot be used: its module is not");
    connection.execute_batch("DROP TABLE commensal_object").unwrap();
    check_error(prepared.execute(()), "no such function: f");
}

/// With views in place of tables, and with triggers, reading or writing the catalog can call a function.
/// That ends in an error or an answer, not in endless recursion.
#[test]
fn a_catalog_that_calls_functions_does_not_recurse() {
    let object =
        "ALTER TABLE commensal_object RENAME TO real_object; CREATE VIEW commensal_object AS ";
    for sql in [
        format!("{object} SELECT *, rowid FROM real_object WHERE f() = 1"),
        format!("{object} SELECT *, f() AS rowid FROM real_object"),
        format!("{object} SELECT *, rowid FROM real_object, (SELECT status FROM wasm_functions)"),
        "ALTER TABLE commensal_meta RENAME TO real_meta; CREATE VIEW commensal_meta AS SELECT * FROM \
         real_meta WHERE f() = 1"
            .to_owned(),
        "ALTER TABLE commensal_meta RENAME TO real_meta; CREATE VIEW commensal_meta AS SELECT *, \
         (SELECT count(*) FROM wasm_modules) FROM real_meta"
            .to_owned(),
        "ALTER TABLE commensal_module RENAME TO real_module; CREATE VIEW commensal_module AS SELECT \
         sha256, bytes, manifest, iif(f() = 1, wasm, wasm) AS wasm FROM real_module"
            .to_owned(),
    ] {
        // The connection knows the functions already, so the view can call one.
        let file = File::new();
        let connection = file.connect();
        connection.execute_batch(&sql).unwrap();
        for connection in [connection, file.connect()] {
            let message = match value(&connection, "SELECT f()") {
                // The connection has not looked at the catalog since.
                Ok(value) => value.as_ref().class().to_string(),
                Err(error) => error.message().to_owned(),
            };
            let expected = ["no such function: f", "is not an ordinary table", "integer"];
            assert!(expected.iter().any(|text| message.contains(text)), "{sql}: {message}");
            assert_eq!(integer(&connection, "SELECT x FROM t").unwrap(), 3);
            // Neither does this statement.
            let listed = value(&connection, "SELECT count(*) FROM wasm_modules");
            assert!(listed.is_ok() || message != "integer", "{sql}: {listed:?}");
        }
    }
    let file = File::tampered(
        "CREATE TRIGGER a AFTER INSERT ON commensal_object BEGIN SELECT f(); INSERT INTO t VALUES \
         (f()); END; CREATE TRIGGER b AFTER UPDATE ON commensal_meta BEGIN SELECT f() + g(); END",
    );
    let connection = file.connect();
    create(&connection, "h", &constant(9), "").unwrap();
    assert_eq!(integer(&connection, "SELECT h() + (SELECT sum(x) FROM t)").unwrap(), 13);
}

/// What exceeds the limits is a problem of its definition only, and CREATE refuses it.
#[test]
fn a_catalog_is_read_within_its_limits() {
    let file = File::new();
    let mut few = Limits::default();
    // `f` with its declaration.
    few.catalog_objects_max = 3;
    let mut short = Limits::default();
    short.catalog_bytes_max = 100;
    let mut flat = Limits::default();
    flat.catalog_values_max = 2;
    for (limits, message) in [
        (few, "catalog_objects_max = 3"),
        (short, "catalog_bytes_max = 100"),
        (flat, "catalog_values_max = 2"),
    ] {
        let database = Database::open(&file.path, options().limits(limits)).unwrap();
        let connection = connect(&database);
        let manifest = r#"(@custom "commensal" "{\22abi\22:1,\22info\22:{\22a\22:[1,2,3,4]}}")"#;
        let source = constant(7);
        let source = format!("{} {manifest})", source.trim_end().strip_suffix(')').unwrap());
        check_error(create(&connection, "h", &source, ""), message);
        check_error(value(&connection, "SELECT h()"), "no such function: h");
        assert_eq!(integer(&connection, "SELECT x FROM t"), Ok(3));
    }
    // Within the default limits, nothing is wrong.
    let connection = file.connect();
    assert_eq!(integer(&connection, "SELECT f() * 10 + g()"), Ok(12));
}

/// A call of a function that was not read reports the reason. The first such function is registered; for
/// others the engine's own error has the reason.
#[test]
fn what_was_not_read_says_so() {
    let file = File::tampered(
        "INSERT INTO commensal_object(kind, name, sha256) SELECT 'function', 'h' || x || x, sha256 FROM \
         commensal_object, t WHERE name = 'f' UNION ALL SELECT 'function', 'far', sha256 FROM \
         commensal_object WHERE name = 'f' UNION ALL SELECT 'extension', 'e', sha256 FROM commensal_object \
         WHERE name = 'f'",
    );
    let mut limits = Limits::default();
    limits.catalog_objects_max = 2;
    let database = Database::open(&file.path, options().limits(limits)).unwrap();
    let connection = connect(&database);
    let problem =
        "catalog_objects_max = 2, which the host can raise: \"h33\" and all after it were not read";
    for name in ["h33", "far"] {
        let error = check_error(value(&connection, &format!("SELECT {name}()")), problem);
        assert!(error.message().contains(name), "{error:?}");
    }
    let status =
        "SELECT status LIKE '%catalog_objects_max = 2,%' FROM wasm_functions WHERE name = 'h33'";
    assert_eq!(integer(&connection, status), Ok(1));
    check_error(value(&connection, "SELECT x FROM nowhere"), problem);
    check_error(value(&connection, "SELECT nocolumn FROM t"), "nocolumn");
    assert_eq!(integer(&connection, "SELECT x FROM t"), Ok(3));
    // An extension whose definition exceeds the limits.
    let file = File::tampered(
        "UPDATE commensal_object SET kind = 'extension', name = 'e' WHERE name = 'f'",
    );
    let connection = file.connect();
    let error = check_error(value(&connection, "SELECT f()"), "no such function: f");
    assert!(error.message().contains("the extension \"e\" cannot be used"), "{error:?}");
}

/// Triggers of the file that undo or change what CREATE and DROP write, without an error.
#[test]
fn triggers_that_undo_a_change_are_named() {
    let replace = "CREATE OR REPLACE FUNCTION f LANGUAGE wasm AS ? EXPORT 'f'";
    let create = "CREATE FUNCTION h LANGUAGE wasm AS ? EXPORT 'f'";
    let drop = "DROP FUNCTION f";
    for (trigger, statement) in [
        ("BEFORE INSERT ON commensal_object BEGIN SELECT RAISE(IGNORE); END", create),
        ("BEFORE INSERT ON commensal_module BEGIN SELECT RAISE(IGNORE); END", create),
        ("BEFORE UPDATE ON commensal_object BEGIN SELECT RAISE(IGNORE); END", replace),
        ("BEFORE UPDATE ON commensal_meta BEGIN SELECT RAISE(IGNORE); END", create),
        ("BEFORE DELETE ON commensal_object BEGIN SELECT RAISE(IGNORE); END", drop),
        ("BEFORE UPDATE ON commensal_meta BEGIN SELECT RAISE(IGNORE); END", drop),
        (
            "AFTER INSERT ON commensal_object BEGIN DELETE FROM commensal_object WHERE name = \
             NEW.name; END",
            create,
        ),
        (
            "AFTER INSERT ON commensal_object BEGIN UPDATE commensal_object SET export = 'memory'; END",
            create,
        ),
        (
            "AFTER INSERT ON commensal_object BEGIN UPDATE commensal_object SET options = \
             '{\"allow\":\"log\"}'; END",
            create,
        ),
        (
            "AFTER UPDATE ON commensal_object BEGIN UPDATE commensal_object SET deterministic = 1; END",
            replace,
        ),
        (
            "AFTER INSERT ON commensal_module BEGIN UPDATE commensal_module SET wasm = x'00'; END",
            create,
        ),
        (
            "AFTER INSERT ON commensal_module BEGIN UPDATE commensal_module SET manifest = '{'; END",
            create,
        ),
        (
            "AFTER UPDATE ON commensal_meta BEGIN UPDATE commensal_meta SET generation = x'00'; END",
            create,
        ),
        (
            "AFTER DELETE ON commensal_object BEGIN INSERT INTO commensal_object(kind, name, sha256) \
             VALUES (OLD.kind, OLD.name, OLD.sha256); END",
            drop,
        ),
    ] {
        let file = File::tampered(&format!("CREATE TRIGGER evil {trigger}"));
        let connection = file.connect();
        for begin in ["", "BEGIN"] {
            connection.execute_batch(begin).unwrap();
            let parameters = statement.matches('?').count();
            let wat = constant(7);
            let result = match parameters {
                0 => connection.execute(statement, ()),
                _ => connection.execute(statement, (wat.as_str(),)),
            };
            let error =
                check_error(result, "triggers on the catalog's tables changed it: \"evil\"");
            assert_eq!(error.kind(), ErrorKind::Catalog, "{trigger}: {error:?}");
            // Nothing of the statement stays, and nothing else is lost.
            assert_eq!(integer(&connection, "SELECT f() * 10 + g()"), Ok(12), "{trigger}");
            assert_eq!(integer(&connection, "SELECT x FROM t"), Ok(3), "{trigger}");
            check_error(value(&connection, "SELECT h()"), "no such function: h");
            if !begin.is_empty() {
                connection.execute_batch("COMMIT").unwrap();
            }
        }
        connection.execute_batch("DROP TRIGGER evil").unwrap();
        connection.execute(create, (constant(7).as_str(),)).unwrap();
        assert_eq!(integer(&connection, "SELECT f() * 100 + g() * 10 + h()"), Ok(127));
        check_sound(&connection);
    }
}

/// A table that ignores conflicts, in place of the catalog's.
#[test]
fn a_constraint_that_ignores_a_change_is_told() {
    let file = File::tampered(
        "CREATE TABLE old AS SELECT * FROM commensal_object; DROP TABLE commensal_object; CREATE TABLE \
         commensal_object(kind, name, sha256 UNIQUE ON CONFLICT IGNORE, export, deterministic, options, \
         PRIMARY KEY(kind, name)); INSERT INTO commensal_object SELECT * FROM old",
    );
    let connection = file.connect();
    let message = match crate::ENGINE.name() {
        "sqlite" => "the definition of \"h\" is not as it was written: a trigger or a constraint",
        // It does not ignore conflicts that the clause of an upsert does not name.
        _ => "UNIQUE constraint failed",
    };
    check_error(create(&connection, "h", &constant(1), ""), message);
    assert_eq!(integer(&connection, "SELECT f() * 10 + g()"), Ok(12));
    assert_eq!(integer(&connection, "SELECT x FROM t"), Ok(3));
}

/// A table with the name of an introspection table hides that table and nothing else.
#[test]
fn a_table_named_as_an_introspection_table() {
    if crate::ENGINE.name() != "sqlite" {
        let connection = File::new().connect();
        let error = connection.execute("CREATE TABLE wasm_functions(x)", ()).unwrap_err();
        assert_eq!(error.message(), "table wasm_functions already exists");
        return;
    }
    let file = File::tampered("CREATE TABLE wasm_functions(x); CREATE TABLE wasm_stats(x)");
    let connection = file.connect();
    assert_eq!(integer(&connection, "SELECT count(*) FROM wasm_functions").unwrap(), 0);
    assert_eq!(integer(&connection, "SELECT f()").unwrap(), 1);
    create(&connection, "f", &constant(4), "").unwrap();
    assert_eq!(integer(&connection, "SELECT f()").unwrap(), 4);
}

/// Commensal's own names, and those of built-ins, keep their meaning, whatever a file contains.
#[test]
fn a_file_takes_no_name_that_belongs_to_others() {
    for name in ["abs", "wasm_exec", "run_wasm"] {
        let file = File::tampered(&format!(
            "UPDATE commensal_object SET name = '{name}' WHERE name = 'f'"
        ));
        let connection = file.connect();
        let sql = "SELECT count(*) FROM wasm_functions WHERE status LIKE 'shadowed%'";
        assert_eq!(integer(&connection, sql).unwrap(), 1, "{name}");
        let called = value(&connection, &format!("SELECT {name}(-5)"));
        assert_ne!(called, Ok(Value::Integer(1)), "{name}");
    }
}

#[test]
fn seven_thousand_bogus_rows() {
    let file = File::tampered(
        "INSERT INTO commensal_object(kind, name, sha256, options) WITH RECURSIVE n(i) AS (SELECT 1 \
         UNION ALL SELECT i + 1 FROM n WHERE i < 7000) SELECT iif(i % 2, 'function', 'extension'), \
         'bogus' || i, randomblob(32), iif(i % 3, '{}', 'x') FROM n",
    );
    let connection = file.connect();
    assert_eq!(integer(&connection, "SELECT f() + g()").unwrap(), 3);
    check_error(value(&connection, "SELECT bogus6999()"), "bogus6999(): its definition cannot be");
    assert_eq!(integer(&connection, "SELECT count(*) FROM wasm_functions").unwrap(), 3502);
    assert_eq!(integer(&connection, "SELECT count(*) FROM wasm_modules").unwrap(), 7002);
    assert_eq!(integer(&connection, "SELECT count(*) FROM wasm_extensions").unwrap(), 3500);
    create(&connection, "f", &constant(7), "").unwrap();
    assert_eq!(integer(&connection, "SELECT f()").unwrap(), 7);
}

#[test]
fn without_its_catalog_a_file_defines_nothing() {
    let file = File::new();
    let database = Database::open(&file.path, options().load_catalog(false)).unwrap();
    let connection = connect(&database);
    check_error(value(&connection, "SELECT f()"), "no such function: f");
    assert_eq!(integer(&connection, "SELECT count(*) FROM wasm_functions").unwrap(), 0);
    for sql in [
        "CREATE FUNCTION h LANGUAGE wasm AS '(module)'",
        "CREATE OR REPLACE FUNCTION f LANGUAGE wasm AS '(module)'",
        "DROP FUNCTION f",
        "DROP EXTENSION IF EXISTS f",
    ] {
        let error = check_error(connection.execute(sql, ()), "load_catalog");
        assert_eq!(error.kind(), ErrorKind::Denied);
        assert!(error.offset().is_some(), "{error:?}");
    }
    assert_eq!(integer(&connection, "SELECT x FROM t").unwrap(), 3);
}

/// The contents of a file grant nothing and raise no limit.
#[test]
fn options_in_a_file_only_tighten() {
    let file = File::tampered(
        r#"UPDATE commensal_object SET
           options = '{"timeout_ms":99999999,"memory_mb":4000,"allow":"sql_write,random,clock"}'"#,
    );
    let connection = file.connect();
    assert_eq!(integer(&connection, "SELECT f()").unwrap(), 1);
    if !crate::ENGINE.features().contains(&Feature::FunctionList) {
        return;
    }
    // A function that asks for nothing is innocuous. This one asks and gets nothing.
    for (name, innocuous) in [("f", 0), ("abs", 1)] {
        let sql = "SELECT flags & 0x200000 <> 0 FROM pragma_function_list WHERE name = ?";
        let flag = connection.query_row(sql, (name,), |row| row.get(0));
        assert_eq!(flag, Ok(Value::Integer(innocuous)), "{name}");
    }
}

/// The same statements in the same order, as in a dump, in one text.
#[test]
fn a_restored_dump_has_its_functions() {
    let file = File::new();
    let connection = file.connect();
    let quoted = |sql: &str| -> Vec<String> {
        let mut statement = connection.prepare(sql).unwrap();
        let mut rows = statement.query(()).unwrap();
        let mut all = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            all.push(row.get(0).unwrap());
        }
        all
    };
    let mut dump = quoted("SELECT sql FROM sqlite_schema WHERE type = 'table' AND sql IS NOT NULL");
    dump.extend(quoted(
        "SELECT 'INSERT INTO commensal_meta VALUES(1,' || version || ',' || quote(generation) || ')' \
         FROM commensal_meta",
    ));
    dump.extend(quoted(
        "SELECT 'INSERT INTO commensal_module VALUES(' || quote(sha256) || ',' || bytes || ',' || \
         quote(manifest) || ',' || quote(wasm) || ')' FROM commensal_module",
    ));
    dump.extend(quoted(
        "SELECT 'INSERT INTO commensal_object VALUES(' || quote(kind) || ',' || quote(name) || ',' || \
         quote(sha256) || ',' || quote(export) || ',1,' || quote(options) || ')' FROM commensal_object",
    ));
    if crate::ENGINE.features().contains(&Feature::FunctionIndexes) {
        dump.push("CREATE INDEX i ON t(f(x))".to_owned());
    }
    let dump = format!("BEGIN; {}; COMMIT", dump.join(";\n"));
    let database = crate::support::memory();
    let restored = connect(&database);
    restored.execute_batch(&dump).unwrap();
    assert_eq!(integer(&restored, "SELECT f() + g()").unwrap(), 3);
}

fn create_new(connection: &Connection, name: &str) -> commensal::Result<u64> {
    connection.execute(
        &format!("CREATE FUNCTION {name} LANGUAGE wasm AS ? EXPORT 'f'"),
        (constant(9).as_str(),),
    )
}

/// What a program without Commensal writes statement by statement is seen from the last one on, although a connection
/// looked in between.
#[test]
fn a_catalog_filled_by_hand_is_seen_by_whoever_looked_before() {
    let file = File::new();
    let texts = |sql: &str| {
        let Value::Text(all) = value(&file.connect(), sql).unwrap() else { panic!("{sql}") };
        all.split(";;").map(str::to_owned).collect::<Vec<_>>()
    };
    let rows = [
        ("commensal_meta", "id, version, generation"),
        ("commensal_module", "sha256, bytes, manifest, wasm"),
        ("commensal_object", "kind, name, sha256, export, deterministic, options"),
    ];
    let rows = rows.map(|(table, columns)| {
        let values = columns.replace(", ", ") || ', ' || quote(");
        texts(&format!(
            "SELECT group_concat('INSERT INTO {table} VALUES(' || quote({values}) || ')', ';;') FROM {table}"
        ))
    });
    let schema = |kind: &str| {
        texts(&format!(
            "SELECT group_concat(sql, ';;') FROM sqlite_master WHERE type = '{kind}' AND name LIKE 'commensal%'"
        ))
    };
    let rows = rows.concat();
    let (tables, triggers) = (schema("table"), schema("trigger"));
    assert_eq!((tables.len(), triggers.len()), (3, 5));
    // Triggers come last in a dump, and before the rows in what `commensal sql --plain` prints.
    let as_dumped = [&tables[..], &rows, &triggers].concat();
    let as_printed = [&tables[..], &triggers, &rows].concat();
    for statements in [as_dumped, as_printed] {
        let path = file.path.with_extension("new");
        let _ = std::fs::remove_file(&path);
        let (database, watcher) = quick(&path, crate::JOURNALS[0], Duration::ZERO);
        watcher.execute_batch("CREATE TABLE t(x)").unwrap();
        let plain = Database::open(&path, options().load_catalog(false)).unwrap();
        let writer = connect(&plain);
        for statement in statements {
            writer.execute_batch(&statement).unwrap();
            let _ = value(&watcher, "SELECT count(*) FROM wasm_functions");
        }
        drop(writer);
        let listed = integer(&watcher, "SELECT count(*) FROM wasm_functions");
        assert_eq!(listed, Ok(2));
        check_error(create_new(&watcher, "f"), "function \"f\" already exists");
        assert_eq!(integer(&watcher, "SELECT f()"), Ok(1));
        watcher.execute("DROP FUNCTION g", ()).unwrap();
        drop((watcher, database, plain));
    }
}

/// CREATE without OR REPLACE replaces no row, not even one that was written without a new generation.
#[test]
fn a_row_that_no_snapshot_knows_is_not_replaced() {
    let file = File::new();
    let connection = file.connect();
    assert_eq!(integer(&connection, "SELECT f()"), Ok(1));
    let plain = Database::open(&file.path, options().load_catalog(false)).unwrap();
    let writer = connect(&plain);
    writer
        .execute_batch(
            "UPDATE commensal_object SET name = 'h' WHERE name = 'g';
             UPDATE commensal_object SET name = 'g' WHERE name = 'h'",
        )
        .unwrap();
    assert_eq!(integer(&connection, "SELECT g()"), Ok(2));
    writer
        .execute_batch(
            "CREATE TABLE kept AS SELECT * FROM commensal_meta;
             INSERT INTO commensal_object SELECT kind, 'h', sha256, export, deterministic, options
               FROM commensal_object WHERE name = 'g';
             UPDATE commensal_meta SET generation = (SELECT generation FROM kept)",
        )
        .unwrap();
    check_error(create_new(&connection, "h"), "function \"h\" already exists");
    assert_eq!(integer(&connection, "SELECT h()"), Ok(2));
}
