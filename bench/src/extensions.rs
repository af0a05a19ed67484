//! SQLite's own extensions `sha1` and `regexp` over real text: compiled for this machine and loaded, and
//! as guests from the same source.
//!
//! Both register the same names, so each has its own connection with the same tables. The sources are
//! not ours: `COMMENSAL_SQLITE_SOURCES` names them, and `scripts/c-extensions` gets them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use commensal::WasmtimeRuntime;
use commensal::core::ValueRef;
use commensal::core::settings::Settings;
use commensal_shim::Build;
use rusqlite::Connection;

use crate::size::{Outcome, Size};
use crate::{calls, functions, measure};

const EXTENSIONS: [&str; 2] = ["sha1", "regexp"];

/// Real text: the documents of this repository, a paragraph a row.
const DOCUMENTS: &[&str] = &[
    include_str!("../../ARCHITECTURE.md"),
    include_str!("../../docs/catalog.md"),
    include_str!("../../docs/extension.md"),
    include_str!("../../docs/limits.md"),
    include_str!("../../docs/migrate-turso.md"),
    include_str!("../../docs/sdk-rust.md"),
    include_str!("../../docs/shell.md"),
    include_str!("../../docs/sql.md"),
];
/// The names of airports with their cities.
const AIRPORTS: &str = include_str!("../../examples/airports/airports.csv");

/// The table of paragraphs has this many times fewer rows, because paragraphs are long.
const ROWS_PER_PARAGRAPH: u32 = 20;

struct Case {
    title: &'static str,
    table: &'static str,
    /// The query, with a place for the call, which returns a number or a text.
    query: &'static str,
    call: &'static str,
}

const CASES: &[Case] = &[
    Case {
        title: "sha1 of paragraphs: count(sha1(t))",
        table: "paragraphs",
        query: "SELECT count({}) FROM paragraphs",
        call: "sha1(t)",
    },
    Case {
        title: "sha1 of names of airports: count(sha1(t))",
        table: "airports",
        query: "SELECT count({}) FROM airports",
        call: "sha1(t)",
    },
    Case {
        title: "paragraphs that match: sum(t REGEXP …)",
        table: "paragraphs",
        query: "SELECT sum({}) FROM paragraphs",
        call: r"t REGEXP '(guest|host)s? (is|are|has|have) [a-z]+ed\b'",
    },
    Case {
        title: "names of airports that match: sum(t REGEXP …)",
        table: "airports",
        query: "SELECT sum({}) FROM airports",
        call: r"t REGEXP '^[A-Z][a-z]+ (Muni|Count|Reg).*, [A-Z][a-z]+$'",
    },
];

/// Whole-query times of all cases. Without the sources, only prints a line to standard error.
pub(crate) fn run(size: Size) -> Outcome {
    let Some(sources) = std::env::var_os("COMMENSAL_SQLITE_SOURCES") else {
        eprintln!(
            "C extensions are not measured: COMMENSAL_SQLITE_SOURCES is not set, scripts/c-extensions \
             gives its value"
        );
        return Ok(());
    };
    let (version, folder) = newest(Path::new(&sources))?;
    let native = Connection::open_in_memory()?;
    let guest = Connection::open_in_memory()?;
    let mut settings = Settings::default();
    settings.runtime = Some(Arc::new(WasmtimeRuntime::new()));
    let commensal = commensal::rusqlite::install(&guest, settings)?;
    let libraries = tempfile::tempdir()?;
    for extension in EXTENSIONS {
        let source = folder.join("ext/misc").join(extension).with_extension("c");
        functions::load(&native, &compiled(&source, libraries.path(), extension)?)?;
        let built = Build { sources: vec![source], ..Build::default() }.run()?;
        let create = format!("CREATE EXTENSION {extension} LANGUAGE wasm AS ?1");
        commensal.execute(&create, Some(ValueRef::Blob(&built.wasm)))?;
    }
    println!("\nC extensions of SQLite {version} over text, {} rounds:", size.rounds);
    let connections = [&native, &guest];
    for connection in connections {
        fill(connection, size)?;
    }
    for case in CASES {
        run_case(connections, case, size)?;
    }
    Ok(())
}

/// The newest version of the sources. Each has its own folder.
fn newest(sources: &Path) -> Outcome<(String, PathBuf)> {
    let mut versions = Vec::new();
    for entry in fs::read_dir(sources)? {
        let version = entry?.file_name().to_string_lossy().into_owned();
        let numbers: Option<Vec<u32>> = version.split('.').map(|part| part.parse().ok()).collect();
        if let Some(numbers) = numbers {
            versions.push((numbers, version));
        }
    }
    let newest = versions.into_iter().max().map(|(_, version)| version);
    let version = newest.ok_or_else(|| format!("{}: no version is there", sources.display()))?;
    let folder = sources.join(&version);
    Ok((version, folder))
}

/// Builds the extension's library, against the header of the SQLite that loads it. SQLite derives the name
/// of the entry point from the name of the file.
fn compiled(source: &Path, folder: &Path, name: &str) -> Outcome<PathBuf> {
    let library = folder.join(name).with_extension(std::env::consts::DLL_EXTENSION);
    let status = Command::new("cc")
        .args(["-O2", "-DNDEBUG", "-fPIC", "-shared", "-w", "-I", env!("COMMENSAL_SQLITE_INCLUDE")])
        .arg(source)
        .arg("-o")
        .arg(&library)
        .status()?;
    match status.success() {
        true => Ok(library),
        false => Err(format!("{} cannot be compiled", source.display()).into()),
    }
}

/// Makes the tables: the texts, repeated up to the number of rows.
fn fill(connection: &Connection, size: Size) -> Outcome {
    let paragraphs: Vec<String> = DOCUMENTS
        .iter()
        .flat_map(|document| document.split("\n\n"))
        .map(|paragraph| paragraph.trim().to_owned())
        .filter(|paragraph| !paragraph.is_empty())
        .collect();
    let airports: Vec<String> = AIRPORTS
        .lines()
        .skip(1)
        .map(|line| line.split(',').skip(1).take(2).collect::<Vec<_>>().join(", "))
        .collect();
    let rows = size.rows as usize;
    fill_table(connection, "paragraphs", &paragraphs, rows / ROWS_PER_PARAGRAPH as usize)?;
    fill_table(connection, "airports", &airports, rows)
}

fn fill_table(connection: &Connection, table: &str, texts: &[String], rows: usize) -> Outcome {
    connection.execute_batch(&format!("CREATE TABLE {table}(t TEXT); BEGIN"))?;
    let mut insert = connection.prepare(&format!("INSERT INTO {table} VALUES (?1)"))?;
    for text in texts.iter().cycle().take(rows) {
        insert.execute([text])?;
    }
    Ok(connection.execute_batch("COMMIT")?)
}

fn run_case(connections: [&Connection; 2], case: &Case, size: Size) -> Outcome {
    check_same_results(connections, case)?;
    let mut statements = Vec::new();
    for connection in connections {
        statements.push(connection.prepare(&case.query.replace("{}", case.call))?);
    }
    let times = measure::interleaved(statements.len(), size.rounds, |variant| {
        let query = || Ok(statements[variant].query_row((), |row| row.get::<_, i64>(0))?);
        Ok(measure::time(query)?.0)
    })?;
    let (rows, bytes): (u32, f64) = connections[0].query_row(
        &format!("SELECT count(*), avg(octet_length(t)) FROM {}", case.table),
        (),
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let title = format!("{}, {bytes:.0} bytes a row", case.title);
    let names = ["C, loaded", "Wasm"].map(str::to_owned);
    calls::print(&title, &names, &times, 0, Size { rows, ..size });
    Ok(())
}

/// Checks that both return the same value in each row, and not the same value for all rows.
fn check_same_results(connections: [&Connection; 2], case: &Case) -> Outcome {
    let sql = format!("SELECT {} FROM {} ORDER BY rowid", case.call, case.table);
    let mut results = Vec::new();
    for connection in connections {
        let mut statement = connection.prepare(&sql)?;
        let rows = statement.query_map((), |row| row.get::<_, rusqlite::types::Value>(0))?;
        results.push(rows.collect::<Result<Vec<_>, _>>()?);
    }
    if results[0] != results[1] {
        return Err(format!("{} differs between C and Wasm", case.call).into());
    }
    if results[0].iter().all(|value| *value == results[0][0]) {
        return Err(format!("{} is the same for all rows", case.call).into());
    }
    Ok(())
}
