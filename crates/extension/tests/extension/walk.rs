//! The random walk through the extension: DDL inside a SELECT, in transactions, savepoints and failed
//! statements, on one connection and on two.

use std::path::Path;

use commensal::core::ddl;
use commensal::{Result, Value};
use commensal_conformance::walk::{Driver, compile_all, walk};

use crate::connection::{Connection, Statement};
use crate::library::{Library, libraries};

impl Driver for Connection {
    type Prepared<'c> = Statement<'c>;

    fn execute(&self, sql: &str) -> Result<()> {
        if ddl::parse(sql)?.is_some() {
            return self.exec(sql, &[]).map(drop);
        }
        self.batch(sql)
    }

    fn prepare(&self, sql: &str) -> Result<Statement<'_>> {
        self.prepare(sql).or_else(|_| {
            // Another connection has made the function.
            self.query("SELECT wasm_refresh()", &[])?;
            self.prepare(sql)
        })
    }

    fn integer(prepared: &mut Statement<'_>) -> Result<i64> {
        match prepared.first()? {
            Value::Integer(value) => Ok(value),
            other => panic!("{other:?}"),
        }
    }
}

fn open(library: &'static Library, path: &Path, journal: &str) -> Connection {
    let connection = Connection::open(library, path);
    let pragmas = format!("PRAGMA journal_mode = {journal}; PRAGMA busy_timeout = 0");
    connection.batch(&pragmas).unwrap();
    connection
}

fn run(seed: u64, journal: &str, connections: usize) {
    let soak = std::env::var("COMMENSAL_SOAK").map_or(1, |times| times.parse().unwrap());
    for library in libraries() {
        let directory = tempfile::tempdir().unwrap();
        let compiled = open(library, &directory.path().join("compiled.db"), journal);
        compile_all(&compiled);
        let path = directory.path().join("walk.db");
        let connections: Vec<_> = (0..connections).map(|_| open(library, &path, journal)).collect();
        walk(seed, &connections, 2000 * soak);
        let first = &connections[0];
        assert_eq!(first.value("PRAGMA integrity_check").unwrap(), "ok".into());
        let lost = "SELECT count(*) FROM commensal_module WHERE sha256 NOT IN (SELECT sha256 FROM \
                    commensal_object)";
        assert_eq!(first.integer(lost), Ok(0));
    }
}

#[test]
fn one_connection() {
    run(1, "DELETE", 1);
    run(2, "WAL", 1);
}

#[test]
fn two_connections() {
    run(3, "DELETE", 2);
    run(4, "WAL", 2);
}
