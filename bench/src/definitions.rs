//! A file with many definitions: the costs of writing them, opening the file, and calling the first
//! function.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use commensal::core::ValueRef;
use commensal::{Connection, Database, Options, WasmtimeRuntime};

use crate::functions;
use crate::measure::{self, readable};
use crate::size::{Outcome, Size};

/// The number of functions in each module.
const FUNCTIONS: u32 = 10;

/// Costs of definitions. With `extension`, opening is also measured with the loadable extension.
pub(crate) fn run(size: Size, extension: Option<&Path>) -> Outcome {
    let folder = tempfile::tempdir()?;
    let plain = folder.path().join("plain.db");
    let full = folder.path().join("functions.db");
    connect(&plain)?.1.execute("CREATE TABLE t(a)", ())?;
    define(&full, size)?;
    open("Opening a file", &plain, &full, size, |path| {
        let (database, connection) = connect(path)?;
        connection.query_row(FIRST_QUERY, (), |row| row.get::<i64>(0))?;
        Ok((database, connection))
    })?;
    if let Some(extension) = extension {
        let title = "Opening a file with SQLite, and loading the extension";
        open(title, &plain, &full, size, |path| {
            let connection = rusqlite::Connection::open(path)?;
            functions::load(&connection, extension)?;
            connection.query_row(FIRST_QUERY, (), |row| row.get::<_, i64>(0))?;
            Ok(connection)
        })?;
    }
    call(&full, size)
}

fn connect(path: &Path) -> Outcome<(Database, Connection)> {
    let options = Options::new().runtime(Arc::new(WasmtimeRuntime::new()));
    let database = Database::open(path, options)?;
    let connection = database.connect()?;
    Ok((database, connection))
}

/// Writes all definitions in one transaction.
fn define(path: &Path, size: Size) -> Outcome {
    let (_database, connection) = connect(path)?;
    connection.execute("CREATE TABLE t(a)", ())?;
    let (mut first, mut further) = (Duration::ZERO, Duration::ZERO);
    connection.execute("BEGIN", ())?;
    for module in 0..size.modules {
        let wasm = functions::guest_numbered(module);
        for function in 0..FUNCTIONS {
            let sql = format!(
                "CREATE FUNCTION f_{module}_{function} LANGUAGE wasm AS ?1 EXPORT 'guest_add'"
            );
            let create = || Ok(connection.execute(&sql, [ValueRef::Blob(&wasm)])?);
            let (time, _) = measure::time(create)?;
            *(if function == 0 { &mut first } else { &mut further }) += time;
        }
    }
    let (commit, _) = measure::time(|| Ok(connection.execute("COMMIT", ())?))?;
    let (modules, total) = (size.modules, size.modules * FUNCTIONS);
    let per = |time: Duration, count: u32| readable(time.as_nanos() as f64 / f64::from(count));
    println!(
        "\nCREATE FUNCTION, {total} of {modules} modules of {} KB in one transaction:",
        functions::GUEST.len() / 1000
    );
    println!("{:<52} {:>12}", "mean of all, with COMMIT", per(first + further + commit, total));
    println!("{:<52} {:>12}", "first of its module, which is compiled", per(first, modules));
    println!("{:<52} {:>12}", "further of its module", per(further, total - modules));
    Ok(())
}

/// A first query that calls no function.
const FIRST_QUERY: &str = "SELECT count(*) FROM t";

/// Opening the file, compared with a file without definitions. `connect` opens it and runs a first query.
fn open<T>(
    title: &str,
    plain: &Path,
    full: &Path,
    size: Size,
    connect: impl Fn(&Path) -> Outcome<T>,
) -> Outcome {
    let files: [PathBuf; 2] = [plain.to_owned(), full.to_owned()];
    let mut last = Vec::new();
    let times = measure::interleaved(files.len(), size.starts, |file| {
        let (time, opened) = measure::time(|| connect(&files[file]))?;
        // Closing is not part of opening.
        last.clear();
        last.push(opened);
        Ok(time)
    })?;
    let functions = size.modules * FUNCTIONS;
    println!("\n{title}, and a first query that calls no function, {} rounds:", size.starts);
    println!("{:<52} {:>12} {:>12}", "", "median", "best");
    let line = |what: &str, median: f64, best: f64| {
        println!("{what:<52} {:>12} {:>12}", readable(median), readable(best));
    };
    line("plain", times.median_ns(0), times.best_ns(0));
    line(&format!("with {functions} functions"), times.median_ns(1), times.best_ns(1));
    line("difference", times.difference_ns(1, 0), times.best_ns(1) - times.best_ns(0));
    Ok(())
}

/// The first call in a process, the first call of an instance, and a call with an idle instance.
fn call(path: &Path, size: Size) -> Outcome {
    const CALL: &str = "SELECT f_0_0(1, 2)";
    let (_database, warm) = connect(path)?;
    let (_other, uncached) = connect(path)?;
    uncached.execute("PRAGMA wasm_cache_size = 0", ())?;
    let statement = |connection: &Connection, sql: &str| {
        let query = || Ok(connection.query_row(sql, (), |row| row.get::<i64>(0))?);
        Ok(measure::time(query)?.0)
    };
    let times = measure::interleaved(3, size.starts * 5, |variant| match variant {
        0 => statement(&warm, "SELECT 1 + 2"),
        1 => statement(&warm, CALL),
        _ => statement(&uncached, CALL),
    })?;
    let first = measure::interleaved(1, size.starts, |_| {
        // Nothing else uses this module, so its code is dropped with the Database.
        let (_database, connection) = connect(path)?;
        statement(&connection, &CALL.replace("f_0", "f_1"))
    })?;
    println!("\nA statement with one call, from its text to its result:");
    let line = |what: &str, ns: f64| println!("{what:<52} {:>12}", readable(ns));
    line("no call: SELECT 1 + 2", times.median_ns(0));
    line("with an instance from the cache", times.median_ns(1));
    line("with a new instance", times.median_ns(2));
    line("instantiation: difference of the two", times.difference_ns(2, 1));
    line("first of a module: read, check, compile, instantiate", first.median_ns(0));
    Ok(())
}
