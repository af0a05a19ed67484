//! An application with a function library in its database: the program of docs/embedding.md.
//!
//! `cargo run -p commensal --example embedding`

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use commensal::{Connection, Database, ErrorKind, Limits, Options, Result, WasmtimeRuntime};

/// The application contains this module. It could also come from a file or from a user.
const GEO: &[u8] = include_bytes!("../../../guests/prebuilt/geo.wasm");

fn open() -> Result<Database> {
    // No guest gets more than this. A definition can ask for less.
    let mut limits = Limits::default();
    limits.call_timeout = Duration::from_millis(500);
    limits.memory_bytes_max = 16 << 20;
    let options = Options::new().runtime(Arc::new(WasmtimeRuntime::new())).limits(limits);
    // For a file: Database::open("places.db", options)
    let database = Database::open_in_memory(options)?;
    let connection = database.connect()?;
    connection.execute("CREATE EXTENSION IF NOT EXISTS geo LANGUAGE wasm AS ?", (GEO,))?;
    connection.execute_batch(
        "CREATE TABLE places(name TEXT, latitude REAL, longitude REAL);
         INSERT INTO places VALUES ('Berlin', 52.52, 13.405), ('Paris', 48.8566, 2.3522);",
    )?;
    Ok(database)
}

/// Names of the places within this many kilometres, with their distance, nearest first.
fn near(connection: &Connection, at: (f64, f64), km: f64) -> Result<Vec<(String, f64)>> {
    let mut statement = connection.prepare(
        "SELECT name, haversine_km(latitude, longitude, ?1, ?2) AS km FROM places
         WHERE km < ?3 ORDER BY km",
    )?;
    let mut rows = statement.query((at.0, at.1, km))?;
    let mut places = Vec::new();
    while let Some(row) = rows.next()? {
        places.push((row.get(0)?, row.get(1)?));
    }
    Ok(places)
}

fn main() -> Result<()> {
    let database = &open()?;
    // Threads share the database. Each has its own connection.
    thread::scope(|scope| -> Result<()> {
        let points = [(52.5, 13.4), (48.9, 2.4)];
        let threads = points.map(|at| scope.spawn(move || near(&database.connect()?, at, 100.0)));
        for thread in threads {
            println!("{:?}", thread.join().expect("the thread does not panic")?);
        }
        Ok(())
    })?;
    // If a guest fails or exceeds a limit, that is an ordinary error, and the connection continues.
    match near(&database.connect()?, (91.0, 0.0), 100.0) {
        Err(error) if error.kind() == ErrorKind::Guest => println!("refused: {error}"),
        other => println!("not expected: {other:?}"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_runs() {
        main().unwrap();
        let connection = open().unwrap().connect().unwrap();
        let places = near(&connection, (52.5, 13.4), 1000.0).unwrap();
        let names: Vec<&str> = places.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["Berlin", "Paris"]);
        assert!(places[0].1 < 3.0, "{places:?}");
        let error = near(&connection, (91.0, 0.0), 100.0).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Guest, "{error}");
    }

    /// The documentation page shows this file up to its tests.
    #[test]
    fn the_page_shows_the_program() {
        let (program, _) = include_str!("embedding.rs").split_once("\n#[cfg(test)]").unwrap();
        let page = include_str!("../../../docs/embedding.md");
        assert!(page.contains(program), "docs/embedding.md shows another program");
    }
}
