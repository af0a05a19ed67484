//! Files whose catalog has any content. Opening such a file must work, and its own data must be there. An
//! error in a definition must affect only that definition.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use commensal::{Connection, Database, Options};
use tempfile::TempDir;

use crate::answers::{MODULE, check, read};
use crate::model::constant;
use crate::script::{Script, Scripted};

/// The catalog's tables.
const TABLES: &[&str] = &["commensal_object", "commensal_module", "commensal_meta"];

/// Columns of all the tables. A statement with a column that its table does not have fails.
const COLUMNS: &[&str] = &[
    "kind",
    "name",
    "sha256",
    "export",
    "deterministic",
    "options",
    "bytes",
    "manifest",
    "wasm",
    "version",
    "generation",
    "id",
    "rowid",
];

/// Expressions that columns are set to.
const VALUES: &[&str] = &[
    "NULL",
    "0",
    "1",
    "-1",
    "2",
    "9223372036854775807",
    "1.5",
    "1e999",
    "''",
    "x''",
    "x'00'",
    "'{}'",
    "'['",
    "'function'",
    "'extension'",
    "'f'",
    "'F'",
    "'like'",
    "'a' || char(0) || 'b'",
    "CAST(x'ff' AS TEXT)",
    "zeroblob(32)",
    "zeroblob(100000)",
    "hex(zeroblob(5000))",
    "'{\"allow\":\"sql_write\"}'",
    "'{\"timeout_ms\":-1}'",
    "'{\"prefix\":\"a_\",\"without\":\"g\"}'",
    "'{\"abi\":1}'",
    "'{\"abi\":2}'",
    "name",
    "sha256",
    "manifest",
    "wasm",
    "substr(wasm, 1, 40)",
    "options || 'x'",
    "manifest || '{'",
    "replace(manifest, 'f', 'g')",
    "randomblob(0)",
    "upper(name)",
    "kind || ' '",
    "'sqlite_x'",
    "'commensal_object'",
];

/// Changes of the schema.
const SHAPES: &[&str] = &[
    "DROP TABLE {t}",
    "ALTER TABLE {t} RENAME COLUMN {c} TO other",
    "ALTER TABLE {t} DROP COLUMN {c}",
    "ALTER TABLE {t} ADD COLUMN more DEFAULT 5",
    "ALTER TABLE {t} RENAME TO moved",
    "CREATE TABLE {t}({c}, x)",
    "CREATE VIEW {t} AS SELECT 1 AS {c}",
    "CREATE VIEW {t} AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 50) SELECT i AS {c} FROM n",
    "CREATE TRIGGER any AFTER UPDATE ON {t} BEGIN DELETE FROM {t}; END",
    "CREATE TABLE pragma_function_list(name, builtin)",
    "CREATE TABLE wasm_functions(name)",
];

/// Queries to run after each change; true for those that call a definition.
const QUERIES: &[(&str, bool)] = &[
    ("SELECT * FROM wasm_functions", false),
    ("SELECT * FROM wasm_modules", false),
    ("SELECT * FROM wasm_extensions", false),
    ("SELECT p()", true),
    ("SELECT q()", true),
    ("SELECT f(1), agg(2)", true),
    ("SELECT * FROM tf(1)", true),
];

/// A file, and its bytes before each input changes them.
struct File {
    _folder: TempDir,
    path: PathBuf,
    bytes: Vec<u8>,
}

impl File {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("catalog.db");
        let connection = open(&path, true).expect("a new file");
        connection
            .execute_batch(
                "CREATE TABLE own(a, b); INSERT INTO own VALUES (1, 'x'), (2, NULL), (3, x'00')",
            )
            .expect("a table");
        for (definition, module) in [
            ("FUNCTION p", constant(1)),
            ("FUNCTION q", constant(2)),
            ("EXTENSION e", MODULE.to_owned()),
        ] {
            let create = format!("CREATE {definition} LANGUAGE wasm AS ?1");
            connection.execute(&create, (module.as_str(),)).expect("a definition");
        }
        drop(connection);
        let bytes = std::fs::read(&path).expect("the file");
        Self { _folder: folder, path, bytes }
    }
}

fn open(path: &Path, load: bool) -> commensal::Result<Connection> {
    let options = Options::new().runtime(Arc::new(Scripted)).load_catalog(load);
    Database::open(path, options)?.connect()
}

/// Runs one script of changes. Returns true if a definition can still be called.
///
/// # Panics
/// The file cannot be opened, or its own data is missing.
pub fn run(data: &[u8]) -> bool {
    thread_local! {
        static FILE: RefCell<Option<File>> = const { RefCell::new(None) };
    }
    FILE.with_borrow_mut(|file| {
        let file = file.get_or_insert_with(File::new);
        std::fs::write(&file.path, &file.bytes).expect("the file is written");
        change(file, &mut Script::new(data));
        let connection = open(&file.path, true).expect("any file can be opened");
        check(&connection);
        let mut is_accepted = false;
        for &(sql, calls) in QUERIES {
            Script::set(data);
            is_accepted |= read(&connection, sql) && calls;
        }
        check(&connection);
        is_accepted
    })
}

/// Runs the changes, some of which fail.
fn change(file: &File, script: &mut Script) {
    let connection = open(&file.path, false).expect("the file is one");
    connection
        .execute_batch("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; PRAGMA ignore_check_constraints = ON")
        .expect("settings");
    for _ in 0..8 {
        if script.is_at_end() {
            break;
        }
        let (table, column) = (script.one_of(TABLES), script.one_of(COLUMNS));
        let kind = script.byte();
        let sql = match kind % 8 {
            0..4 => format!("UPDATE {table} SET {column} = {}", value(script)),
            4 => format!("UPDATE {table} SET {column} = {} WHERE rowid = 1", value(script)),
            5 => format!(
                "INSERT OR REPLACE INTO {table} SELECT * FROM (SELECT * FROM {table} LIMIT {})",
                kind / 8
            ),
            6 => format!("DELETE FROM {table} WHERE {column} IS NOT {}", value(script)),
            _ => script.one_of(SHAPES).replace("{t}", table).replace("{c}", column),
        };
        let _ = connection.execute_batch(&sql);
    }
}

fn value(script: &mut Script) -> String {
    match script.byte() {
        0 => {
            let bytes = (0..script.byte() % 40).map(|_| script.byte());
            let digits: String = bytes.map(|byte| format!("{byte:02x}")).collect();
            format!("CAST(x'{digits}' AS TEXT)")
        }
        1 => i64::from(script.number().cast_signed()).to_string(),
        _ => script.one_of(VALUES).to_owned(),
    }
}
