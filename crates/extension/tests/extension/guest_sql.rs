//! SQL of guests on libraries that give no protection: what a guest must not reach there, directly, through
//! full-text search, R-trees, views and triggers, or through the functions of a program.

use std::path::Path;
use std::process::Command;

use commensal::Value;

use crate::build::{extension, folder, run, tree};
use crate::connection::Connection;
use crate::library::Library;
use crate::sql::{check_error, on_each};

/// A connection with guests that run statements: `reads` and `read_error`, `writes` and `write_error`.
fn connection(library: &'static Library, path: &Path) -> Connection {
    let connection = Connection::bare(library, path);
    connection.load(extension(), Some("sqlite3_commensal_config_init")).unwrap();
    connection.query("SELECT wasm_config('allow', 'sql_read,sql_write')", &[]).unwrap();
    connection.query("SELECT wasm_config('locked', 1)", &[]).unwrap();
    for sql in guests() {
        connection.query(&sql, &[]).unwrap();
    }
    connection
}

/// The SQL that creates the guests, for any driver.
fn guests() -> Vec<String> {
    let module = std::fs::read(tree().join("guests/prebuilt/query.wasm")).unwrap();
    let hex: String = module.iter().map(|byte| format!("{byte:02x}")).collect();
    [
        ("reads", "query_value", "sql_read"),
        ("read_error", "query_error", "sql_read"),
        ("writes", "run_statement", "sql_read,sql_write"),
        ("write_error", "query_error", "sql_read,sql_write"),
    ]
    .map(|(name, export, allow)| {
        format!(
            "SELECT wasm_exec('CREATE FUNCTION {name} LANGUAGE wasm AS ? EXPORT ''{export}'' \
             WITH (allow = ''{allow}'')', X'{hex}')"
        )
    })
    .to_vec()
}

/// The error of a statement when a guest runs it; empty if there is none.
fn error_of(connection: &Connection, guest: &str, sql: &str) -> String {
    let call = format!("SELECT coalesce({guest}({}), '')", quoted(sql));
    match connection.value(&call).unwrap() {
        Value::Text(error) => error,
        other => panic!("{sql}: {other:?}"),
    }
}

fn quoted(sql: &str) -> String {
    format!("'{}'", sql.replace('\'', "''"))
}

#[track_caller]
fn refused(connection: &Connection, guest: &str, sql: &str) {
    let error = error_of(connection, guest, sql);
    let is_refusal = error.starts_with("23: ") || error.contains("unsafe use of");
    assert!(is_refusal, "{}: {sql}: {error:?}", connection.library.version());
}

#[track_caller]
fn works(connection: &Connection, guest: &str, sql: &str) {
    let error = error_of(connection, guest, sql);
    assert_eq!(error, "", "{}: {sql}", connection.library.version());
}

#[test]
fn full_text_search_reads_and_does_not_write() {
    on_each(|library, path| {
        let connection = connection(library, path);
        connection
            .batch(
                "CREATE VIRTUAL TABLE f4 USING fts4(a, tokenize=porter);
                 CREATE VIRTUAL TABLE f5 USING fts5(a);
                 CREATE VIRTUAL TABLE r USING rtree(id, x0, x1);
                 INSERT INTO f4 VALUES ('one two'); INSERT INTO f5 VALUES ('one two');
                 INSERT INTO r VALUES (1, 2, 3);
                 CREATE TABLE docs(id INTEGER PRIMARY KEY, a);
                 CREATE VIRTUAL TABLE outer5 USING fts5(a, content='docs', content_rowid='id');
                 CREATE VIEW search AS SELECT a FROM f5 WHERE f5 MATCH 'one' ORDER BY bm25(f5)",
            )
            .unwrap();
        for sql in [
            "SELECT snippet(f4), offsets(f4) FROM f4 WHERE f4 MATCH 'one'",
            "SELECT highlight(f5, 0, '<', '>') FROM f5 WHERE f5 MATCH 'one' ORDER BY rank",
            "SELECT id FROM r WHERE x0 > 1",
            "SELECT * FROM outer5('one')",
        ] {
            works(&connection, "read_error", sql);
        }
        for sql in [
            // The program may have registered these names before.
            "SELECT * FROM search",
            "SELECT snippet(+f4) FROM f4",
            "SELECT optimize(f4) FROM f4",
            "INSERT INTO f4(f4) VALUES ('optimize')",
            "INSERT INTO f5(f5) VALUES ('rebuild')",
            "INSERT INTO f5(f5, rank) VALUES ('merge', 500)",
            "DELETE FROM r",
            "SELECT fts3_tokenizer('simple')",
            "SELECT fts5(NULL)",
        ] {
            refused(&connection, "read_error", sql);
        }
        works(&connection, "write_error", "INSERT INTO f5(f5) VALUES ('optimize')");
        works(&connection, "write_error", "INSERT INTO r VALUES (2, 3, 4)");
        works(&connection, "write_error", "CREATE VIRTUAL TABLE mine USING fts5(b)");
        works(&connection, "write_error", "ALTER TABLE mine RENAME TO yours");
        works(&connection, "write_error", "DROP TABLE yours");
        assert_eq!(connection.integer("SELECT count(*) FROM r"), Ok(2));
    });
}

/// Full-text search runs its own statements, over what the file contains.
#[test]
fn full_text_search_reads_nothing_but_plain_tables() {
    on_each(|library, path| {
        let connection = connection(library, path);
        connection
            .batch(
                "CREATE TABLE t(a, b); CREATE INDEX t_a ON t(a);
                 INSERT INTO t VALUES (1, 2), (3, 4);
                 CREATE TABLE made(a, b AS (a + 1));
                 CREATE VIEW v AS SELECT optimize AS a FROM pragma_optimize(65538);
                 CREATE VIRTUAL TABLE by_view USING fts5(a, content='v');
                 CREATE VIRTUAL TABLE by_pragma USING fts5(optimize, content='pragma_optimize', content_rowid='arg');
                 CREATE VIRTUAL TABLE by_generated USING fts4(content='made', b);
                 CREATE VIRTUAL TABLE words USING fts5vocab('by_view', 'row');
                 CREATE VIRTUAL TABLE hidden USING fts5(a); INSERT INTO hidden VALUES ('x');
                 PRAGMA writable_schema = ON",
            )
            .unwrap();
        for sql in [
            "SELECT a FROM by_view",
            "SELECT a FROM by_view WHERE rowid = 1",
            "SELECT optimize FROM by_pragma WHERE rowid = 65538",
            "SELECT optimize FROM by_pragma",
            "SELECT b FROM by_generated",
            "SELECT * FROM words",
            "SELECT * FROM (SELECT a FROM by_view)",
        ] {
            refused(&connection, "read_error", sql);
        }
        let statistics = "SELECT count(*) FROM sqlite_master WHERE name LIKE 'sqlite_stat%'";
        assert_eq!(connection.integer(statistics), Ok(0), "{}", library.version());
        // The program may write its schema. A guest may not.
        refused(&connection, "write_error", "UPDATE sqlite_master SET sql = sql");
        refused(&connection, "write_error", "DELETE FROM sqlite_master WHERE name = 'v'");
        for module in ["fts4(a, uncompress=readfile)", "fts5vocab(a, row)", "zipfile('x')", "csv"] {
            let sql = format!("CREATE VIRTUAL TABLE z USING {module}");
            refused(&connection, "write_error", &sql);
        }
        works(&connection, "read_error", "SELECT a FROM hidden WHERE hidden MATCH 'x'");
    });
}

/// The actions of the file's triggers are checked, too.
#[test]
fn triggers_give_no_more() {
    on_each(|library, path| {
        let connection = connection(library, path);
        connection
            .batch(
                "CREATE TABLE t(a); CREATE TABLE log(x);
                 CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO log SELECT random(); END;
                 CREATE TABLE u(a);
                 CREATE TRIGGER h AFTER INSERT ON u BEGIN INSERT INTO t VALUES (new.a); END;
                 CREATE TABLE c(a);
                 CREATE TRIGGER i AFTER INSERT ON c BEGIN DELETE FROM commensal_object; END",
            )
            .unwrap();
        for table in ["t", "u", "c"] {
            refused(&connection, "write_error", &format!("INSERT INTO {table} VALUES (1)"));
        }
        connection.batch("INSERT INTO u VALUES (1)").unwrap();
        assert_eq!(connection.integer("SELECT count(*) FROM log"), Ok(1));
        assert_eq!(connection.integer("SELECT reads('SELECT count(*) FROM t')"), Ok(1));
        let nested = "SELECT reads('SELECT writes(''DELETE FROM t'')')";
        check_error(connection.integer(nested), "capability \"sql_write\"");
    });
}

/// The limit on values is the guest's. Definitions and values of the program's own statements may be larger.
#[test]
fn a_limit_of_values_ends_with_the_guest() {
    on_each(|library, path| {
        let connection = connection(library, path);
        connection.query("SELECT wasm_config('sql_value_bytes_max', 1000)", &[]).unwrap();
        let long = error_of(&connection, "read_error", "SELECT length(hex(zeroblob(600)))");
        assert_eq!(
            long,
            "18: string or blob too big: a value in this statement can have 1000 bytes (sql_value_bytes_max)"
        );
        works(&connection, "read_error", "SELECT length(hex(zeroblob(400)))");
        // A definition that was not needed before is read within a guest's statement.
        let other = Connection::bare(library, path);
        other.load(extension(), None).unwrap();
        other.create("fresh", &crate::sql::wat(9), "").unwrap();
        assert_eq!(connection.integer("SELECT reads('SELECT wasm_call(''fresh'')')"), Ok(9));
        assert_eq!(connection.integer("SELECT length(hex(zeroblob(600)))"), Ok(1200));
    });
}

/// The stock command has functions that read and write files, and old versions let everybody call them.
#[test]
fn the_commands_own_functions() {
    let directory = tempfile::tempdir().unwrap();
    let (secret, stolen) = (directory.path().join("secret"), directory.path().join("stolen"));
    std::fs::write(&secret, "a secret").unwrap();
    let read = format!("readfile('{}')", secret.display());
    let write = format!("writefile('{}', 'x')", stolen.display());
    let load = format!("load_extension('{}')", extension().display());
    let mut script = format!(".load {} sqlite3_commensal_config_init\n", extension().display());
    script += "SELECT wasm_config('allow', 'sql_read,sql_write') IS NULL;\n";
    script += "SELECT wasm_config('locked', 1) IS NULL;\n";
    for sql in guests() {
        script += &format!("{sql} IS NULL;\n");
    }
    script += "CREATE TABLE t(a);\n";
    let directory_of = directory.path().display();
    let attacks = [
        format!("SELECT {read}"),
        format!("SELECT {write}"),
        format!("SELECT {load}"),
        format!("SELECT a FROM (SELECT {write} AS a)"),
        format!("SELECT name FROM sqlite_master ORDER BY {write}"),
        format!("SELECT 1 WHERE {read} IS NOT NULL"),
        format!("SELECT max({read}) OVER ()"),
        format!("WITH a(x) AS (VALUES ({read})) SELECT x FROM a"),
        format!("SELECT value FROM json_each(json_array({write}))"),
        format!("SELECT * FROM fsdir('{directory_of}')"),
        format!("SELECT * FROM zipfile('{}')", secret.display()),
        "SELECT * FROM sqlite_dbpage".to_owned(),
        "SELECT * FROM dbstat".to_owned(),
        "SELECT * FROM completion('S')".to_owned(),
        "SELECT edit('x', 'true')".to_owned(),
        "SELECT shell_add_schema('x')".to_owned(),
        "SELECT fts3_tokenizer('simple')".to_owned(),
        "SELECT rtreecheck('t')".to_owned(),
        "SELECT wasm_exec('DROP FUNCTION reads')".to_owned(),
        "SELECT wasm_config('fuel', 1)".to_owned(),
        "SELECT count(*) FROM wasm_statement".to_owned(),
        "SELECT wasm_refresh()".to_owned(),
    ];
    let writing = [
        format!("INSERT INTO t VALUES ({write})"),
        format!("UPDATE t SET a = {write}"),
        format!("DELETE FROM t WHERE {write}"),
        format!("CREATE TABLE u AS SELECT {read}"),
        format!("CREATE TEMP VIEW v AS SELECT {write}"),
        format!("CREATE TEMP TRIGGER g AFTER INSERT ON t BEGIN SELECT {write}; END"),
        format!("CREATE TEMP TABLE t(a AS ({write}))"),
        format!("CREATE VIRTUAL TABLE z USING zipfile('{}')", stolen.display()),
        "INSERT INTO wasm_statement(sql) VALUES ('DROP FUNCTION reads')".to_owned(),
        "INSERT INTO temp.wasm_statement(sql) SELECT 'DROP FUNCTION reads'".to_owned(),
    ];
    for attack in &attacks {
        script += &format!("SELECT read_error({}) IS NULL;\n", quoted(attack));
    }
    for attack in attacks.iter().chain(&writing) {
        script += &format!("SELECT write_error({}) IS NULL;\n", quoted(attack));
    }
    // The application's own statements, and its use of views, work as before.
    script += "INSERT INTO t VALUES (5);\n";
    script += "SELECT reads('SELECT a FROM t') <> 5;\n";
    script += &format!("SELECT CAST({read} AS TEXT) <> 'a secret';\n");
    let file = directory.path().join("script.sql");
    std::fs::write(&file, script).unwrap();
    let mut command = Command::new("sqlite3");
    let read = format!(".read {}", file.display());
    let output = run(command.current_dir(folder()).arg(directory.path().join("t.db")).arg(read));
    let wrong: Vec<_> = output.lines().enumerate().filter(|(_, line)| *line != "0").collect();
    assert!(wrong.is_empty(), "{wrong:?}\n{output}");
    assert_eq!(output.lines().count(), 2 + 4 + 2 * attacks.len() + writing.len() + 2, "{output}");
    assert!(!stolen.exists());
}

/// Where a program chooses connections by what SQLite says of a statement, guests write only under one that writes.
#[test]
fn guests_write_where_sqlite_expects_it() {
    on_each(|library, path| {
        let connection = connection(library, path);
        connection.batch("CREATE TABLE t(a); CREATE TABLE log(a)").unwrap();
        let write = "write_error('INSERT INTO t VALUES (1)')";
        works(&connection, "write_error", "INSERT INTO t VALUES (0)");
        connection.query("SELECT wasm_config('writes_under_reads', 0)", &[]).unwrap();
        // SQL cannot loosen it again.
        let loosen = connection.query("SELECT wasm_config('writes_under_reads', 1)", &[]);
        check_error(loosen, "can only be tightened here");
        for begin in ["", "BEGIN IMMEDIATE"] {
            connection.batch(begin).unwrap();
            for sql in [
                format!("SELECT {write}"),
                format!("SELECT a FROM (SELECT {write} AS a) ORDER BY a"),
                format!("VALUES ({write})"),
            ] {
                let Value::Text(error) = connection.value(&sql).unwrap() else { panic!("{sql}") };
                assert!(error.contains("only under a statement that writes"), "{sql}: {error}");
            }
            // Reading is possible, and so is writing where SQLite knows of it.
            works(&connection, "write_error", "SELECT count(*) FROM t");
            for sql in [
                format!("INSERT INTO log VALUES ({write})"),
                format!("INSERT INTO log SELECT {write}"),
                format!("UPDATE log SET a = {write} WHERE rowid = 1"),
                format!("DELETE FROM log WHERE {write} IS NOT NULL AND rowid = 1"),
            ] {
                connection.batch(&sql).unwrap();
            }
            let errors = "SELECT count(*) FROM log WHERE a IS NOT NULL";
            assert_eq!(connection.integer(errors), Ok(0));
        }
        connection.batch("COMMIT").unwrap();
        // One per row of log that there was.
        assert!(connection.integer("SELECT count(*) FROM t").unwrap() >= 9);
    });
}
