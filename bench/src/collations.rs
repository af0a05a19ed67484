//! Sorting text by a collation: whole queries, per row.

#![expect(unsafe_code, reason = "the collation in C is registered by C")]

use std::ffi::c_int;
use std::sync::Arc;

use commensal::WasmtimeRuntime;
use commensal::core::ValueRef;
use commensal::core::settings::Settings;
use rusqlite::Connection;

use crate::measure;
use crate::size::{Outcome, Size};

/// The number of texts to sort at the full size.
const TEXTS_MAX: u32 = 200_000;

/// `natural_sort`: guests/examples/natural.
const GUEST: &[u8] = include_bytes!("../../guests/prebuilt/natural.wasm");

unsafe extern "C" {
    /// See native/collation.c.
    fn commensal_bench_register_collation(db: *mut libsqlite3_sys::sqlite3) -> c_int;
}

fn connection(texts: u32) -> Outcome<Connection> {
    let connection = Connection::open_in_memory()?;
    connection.execute_batch(&format!(
        "CREATE TABLE files(name TEXT);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {texts})
           INSERT INTO files SELECT printf('Image %d of %d.png', i * 7919 % 1009, i * 104729 % {texts})
             FROM n"
    ))?;
    // SAFETY: the connection is open, and its SQLite is the one whose header the C code was compiled with.
    let code = unsafe { commensal_bench_register_collation(connection.handle()) };
    if code != libsqlite3_sys::SQLITE_OK {
        return Err(format!("the collation in C cannot be registered: code {code}").into());
    }
    let mut settings = Settings::default();
    settings.runtime = Some(Arc::new(WasmtimeRuntime::new()));
    let commensal = commensal::rusqlite::install(&connection, settings)?;
    let sql = "CREATE EXTENSION natural LANGUAGE wasm AS ?1";
    commensal.execute(sql, Some(ValueRef::Blob(GUEST)))?;
    Ok(connection)
}

pub(crate) fn run(size: Size) -> Outcome {
    let texts = size.rows.min(TEXTS_MAX);
    let connection = connection(texts)?;
    let order = |collation: &str| -> Outcome<Vec<String>> {
        let sql = format!("SELECT name FROM files ORDER BY name COLLATE {collation}");
        let mut statement = connection.prepare(&sql)?;
        Ok(statement.query_map((), |row| row.get(0))?.collect::<Result<_, _>>()?)
    };
    if order("c_natural")? != order("natural_sort")? {
        return Err("the two collations give different orders".into());
    }
    let variants = [("C", "c_natural"), ("Wasm", "natural_sort")];
    let mut statements = Vec::new();
    for (_, collation) in variants {
        let sql = format!(
            "SELECT count(*) FROM (SELECT name FROM files ORDER BY name COLLATE {collation} LIMIT -1 \
             OFFSET 1)"
        );
        statements.push(connection.prepare(&sql)?);
    }
    let times = measure::interleaved(variants.len(), size.rounds, |variant| {
        let query = || Ok(statements[variant].query_row((), |row| row.get::<_, i64>(0))?);
        Ok(measure::time(query)?.0)
    })?;
    println!("\nSorting {texts} texts of 20 bytes by numbers in them, per text:");
    println!("{:<28} {:>12} {:>12} {:>10}", "", "median", "best", "ratio to C");
    for (variant, (name, _)) in variants.iter().enumerate() {
        println!(
            "{name:<28} {:>9.1} ns {:>9.1} ns {:>10.2}",
            times.median_ns(variant) / f64::from(texts),
            times.best_ns(variant) / f64::from(texts),
            times.ratio(variant, 0)
        );
    }
    Ok(())
}
