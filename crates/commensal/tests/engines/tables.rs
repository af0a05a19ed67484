//! Table functions and virtual tables, beyond what cases in SQL can show.

use std::path::Path;

use commensal::{Connection, Database, Feature, Value};

use crate::limits::interrupted;
use crate::support::{Random, check_error, connect, integer, memory, open, options, soak, value};

/// CREATE EXTENSION from a file of guests/.
pub(crate) fn extension(connection: &Connection, name: &str, file: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guests").join(file);
    let module = std::fs::read(path).expect("the guest is there");
    let sql = format!("CREATE OR REPLACE EXTENSION {name} LANGUAGE wasm AS ?");
    let source = match file.ends_with(".wat") {
        true => Value::Text(String::from_utf8(module).expect("WAT is text")),
        false => Value::Blob(module),
    };
    connection.execute(&sql, (source,)).expect("the extension can be made");
}

/// Whether the engine has virtual tables of definitions.
fn has_virtual_tables() -> bool {
    crate::ENGINE.features().contains(&Feature::VirtualTables)
}

#[test]
fn virtual_tables_are_there_after_reopening() {
    if !has_virtual_tables() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.db");
    {
        let connection = connect(&open(&path));
        extension(&connection, "tables", "prebuilt/tables.wasm");
        connection.execute_batch("CREATE VIRTUAL TABLE t USING csv('a,b\n1,x\n2,y')").unwrap();
    }
    let database = open(&path);
    for connection in [connect(&database), connect(&database)] {
        assert_eq!(value(&connection, "SELECT b FROM t WHERE a = '2'").unwrap(), "y".into());
    }
    let plain = Database::open(&path, options().load_catalog(false)).unwrap();
    check_error(value(&connect(&plain), "SELECT b FROM t"), "no such module: csv");
}

#[test]
fn another_connection_sees_a_new_table_and_its_module() {
    if !has_virtual_tables() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder.path().join("t.db"));
    let (one, two) = (connect(&database), connect(&database));
    assert_eq!(integer(&two, "SELECT 1").unwrap(), 1);
    extension(&one, "tables", "prebuilt/tables.wasm");
    one.execute_batch("CREATE VIRTUAL TABLE t USING csv('a\n1')").unwrap();
    assert_eq!(integer(&two, "SELECT count(*) FROM t").unwrap(), 1);
    extension(&one, "series", "wat/series.wat");
    assert_eq!(integer(&two, "SELECT sum(value) FROM series(1, 3)").unwrap(), 6);
    one.execute_batch("DROP TABLE t; DROP EXTENSION tables").unwrap();
    check_error(integer(&two, "SELECT count(*) FROM t"), "no such table: t");
}

/// A new version takes effect at the next execution. A running statement keeps its own.
#[test]
fn a_prepared_statement_follows_the_catalog() {
    let database = memory();
    let connection = connect(&database);
    extension(&connection, "x", "wat/series.wat");
    let mut statement = connection.prepare("SELECT count(*) FROM series(1, 10)").unwrap();
    let mut count = || statement.query(())?.next()?.expect("one row").get::<i64>(0);
    assert_eq!(count().unwrap(), 10);
    extension(&connection, "x", "wat/cursors.wat");
    check_error(count(), "no such table");
    extension(&connection, "x", "wat/series.wat");
    assert_eq!(count().unwrap(), 10);
}

#[test]
fn a_scan_that_is_reset_closes_its_cursor() {
    let database = memory();
    let connection = connect(&database);
    extension(&connection, "x", "wat/cursors.wat");
    for _ in 0..3 {
        let mut statement = connection.prepare("SELECT value FROM cursors(1000000)").unwrap();
        let mut rows = statement.query(()).unwrap();
        for expected in 1..=10 {
            assert_eq!(rows.next().unwrap().unwrap().get::<i64>(0).unwrap(), expected);
        }
        drop(rows);
        drop(statement);
        assert_eq!(integer(&connection, "SELECT open_cursors()").unwrap(), 0);
    }
}

#[test]
fn a_cursor_that_never_ends_can_be_interrupted() {
    let database = memory();
    let connection = connect(&database);
    extension(&connection, "x", "evil/table_never_ends.wat");
    let error = interrupted(&connection, "SELECT count(*) FROM table_never_ends");
    assert_eq!(error.kind(), commensal::ErrorKind::Interrupted);
    assert_eq!(integer(&connection, "SELECT value FROM table_never_ends LIMIT 1").unwrap(), 42);
}

/// A fault costs the instance. The next statement has a new one. A statement that was running fails,
/// because its cursor no longer exists.
#[test]
fn a_lost_instance_is_connected_again() {
    if !has_virtual_tables() {
        return;
    }
    let database = memory();
    let connection = connect(&database);
    extension(&connection, "tables", "prebuilt/tables.wasm");
    extension(&connection, "x", "evil/vtab_update_traps.wat");
    connection.execute_batch("CREATE VIRTUAL TABLE t USING vtab_update_traps").unwrap();
    for _ in 0..2 {
        check_error(connection.execute("INSERT INTO t VALUES (1)", ()), "update(): trap");
        assert_eq!(integer(&connection, "SELECT a FROM t").unwrap(), 42);
    }
    // Within a transaction the table cannot claim to have what was written.
    connection.execute_batch("BEGIN; CREATE TABLE u(a)").unwrap();
    check_error(connection.execute("INSERT INTO t VALUES (1)", ()), "update(): trap");
    check_error(connection.execute_batch("COMMIT"), "its instance was lost within the transaction");
}

/// The sorted rows of two tables.
fn rows(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query(()).unwrap_or_else(|e| panic!("{sql}: {e}"));
    let mut all = Vec::new();
    while let Some(row) = rows.next().unwrap_or_else(|e| panic!("{sql}: {e}")) {
        let values = (0..columns).map(|i| format!("{:?}", row.get::<Value>(i).unwrap()));
        all.push(values.collect::<Vec<_>>().join("|"));
    }
    all
}

/// Random queries return the same from a table whose guest uses the constraints as from an ordinary one.
#[test]
fn random_queries_are_answered_as_by_an_ordinary_table() {
    if !has_virtual_tables() {
        return;
    }
    let database = memory();
    let connection = connect(&database);
    extension(&connection, "tables", "prebuilt/tables.wasm");
    let mut random = Random::new(1);
    let word = |random: &mut Random| ["", "a", "A", "b", "ab", "10", "9", "é"][random.below(8)];
    let mut csv = "a,b,c\n".to_owned();
    connection.execute_batch("CREATE TABLE o(a TEXT, b TEXT, c TEXT)").unwrap();
    for _ in 0..60 {
        let fields = [(); 3].map(|()| word(&mut random));
        csv.push_str(&format!("{}\n", fields.map(|f| format!("\"{f}\"")).join(",")));
        connection
            .execute("INSERT INTO o VALUES (?, ?, ?)", (fields[0], fields[1], fields[2]))
            .unwrap();
    }
    connection.execute_batch(&format!("CREATE VIRTUAL TABLE v USING csv('{csv}')")).unwrap();
    for round in 0..400 * soak() {
        let query = query(&mut random, word);
        let (virtual_rows, ordinary) = (query.replace('@', "v"), query.replace('@', "o"));
        let (virtual_rows, ordinary) =
            (rows(&connection, &virtual_rows), rows(&connection, &ordinary));
        assert_eq!(virtual_rows, ordinary, "round {round}: {query}");
    }
}

/// A query over `@`, whose rows have a definite order.
fn query(random: &mut Random, word: impl Fn(&mut Random) -> &'static str) -> String {
    let term = |random: &mut Random, table: &str| {
        let column = ["a", "b", "c", "rowid"][random.below(4)];
        let operator = ["=", "<", "<=", ">", ">=", "<>", "IS", "IN", "LIKE", "BETWEEN"];
        let literal = |random: &mut Random| match random.below(6) {
            0 => random.below(70).to_string(),
            1 => "NULL".to_owned(),
            2 => format!("{}.5", random.below(70)),
            _ => format!("'{}'", word(random)),
        };
        let (first, second) = (literal(random), literal(random));
        let collation = ["", "", "", " COLLATE NOCASE"][random.below(4)];
        match operator[random.below(operator.len())] {
            "IN" => format!("{table}.{column}{collation} IN ({first}, {second})"),
            "BETWEEN" => format!("{table}.{column} BETWEEN {first} AND {second}"),
            operator => format!("{table}.{column}{collation} {operator} {first}"),
        }
    };
    let mut conditions = vec![term(random, "x")];
    for _ in 0..random.below(3) {
        let joined = [" AND ", " OR ", " AND NOT "][random.below(3)];
        conditions.push(format!("{joined}{}", term(random, "x")));
    }
    let conditions = conditions.concat();
    match random.below(5) {
        0 => format!("SELECT count(*), min(x.a), max(x.rowid) FROM @ x WHERE {conditions}"),
        1 => {
            let on = ["x.a = y.b", "x.rowid = y.rowid + 1", "x.c < y.c"][random.below(3)];
            let join = ["JOIN", "LEFT JOIN"][random.below(2)];
            format!(
                "SELECT x.rowid, y.rowid FROM @ x {join} @ y ON {on} WHERE ({conditions}) ORDER BY 1, 2"
            )
        }
        2 => {
            format!("SELECT x.rowid, x.* FROM @ x WHERE {conditions} ORDER BY x.rowid DESC LIMIT 7")
        }
        3 => format!(
            "SELECT x.b, count(*) FROM @ x WHERE ({conditions}) AND EXISTS (SELECT 1 FROM @ y WHERE \
             y.a = x.b) GROUP BY x.b ORDER BY 1"
        ),
        _ => format!("SELECT x.rowid, x.a FROM @ x WHERE {conditions} ORDER BY x.rowid"),
    }
}

/// SQLite opens a table that was never made while it prepares a statement, and does not protect its schema meanwhile. If
/// the schema is out of date then, nothing may read the file, or SQLite uses what it has freed.
#[test]
fn a_table_is_opened_although_another_connection_changed_the_schema() {
    if !has_virtual_tables() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.db");
    {
        let connection = connect(&open(&path));
        extension(&connection, "eponymous", "wat/eponymous.wat");
        let mut sql = "CREATE TABLE t(x); CREATE TABLE l(x); INSERT INTO t VALUES (1);".to_owned();
        for i in 0..20 {
            sql += &format!(
                "CREATE TRIGGER tr{i} AFTER UPDATE ON t BEGIN INSERT INTO l VALUES (new.x + {i});
                 DELETE FROM l WHERE x = 5; END; CREATE TABLE t{i}(a UNIQUE, b);"
            );
        }
        connection.execute_batch(&sql).unwrap();
    }
    for round in 0..3 {
        // A Database of its own has not compiled the module.
        let (one, other) = (open(&path), open(&path));
        let (one, other) = (connect(&one), connect(&other));
        assert_eq!(integer(&one, "SELECT count(*) FROM t"), Ok(1));
        other.execute_batch(&format!("CREATE TABLE z{round}(x)")).unwrap();
        one.execute("UPDATE t SET x = (SELECT max(n) FROM both)", ()).unwrap();
        assert_eq!(integer(&one, "SELECT x FROM t"), Ok(3));
        assert_eq!(value(&one, "PRAGMA integrity_check"), Ok("ok".into()));
    }
}
