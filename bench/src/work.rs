//! Functions that do real work: the same Rust source as a closure of rusqlite and as a guest, with guard pages and
//! with checks in the code. Whole queries, per row, on short and on long texts.

use std::sync::Arc;

use commensal::WasmtimeRuntime;
use commensal::core::ValueRef;
use commensal::core::settings::Settings;
use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ToSql;

use crate::measure::{self, readable};
use crate::size::{Outcome, Size};

#[expect(unreachable_pub, reason = "they are written as crates of their own")]
#[path = "../../guests/examples/digest/src/lib.rs"]
mod digest;
#[expect(unreachable_pub, reason = "they are written as crates of their own")]
#[path = "../../guests/examples/text/src/distance.rs"]
mod distance;
#[expect(unreachable_pub, reason = "they are written as crates of their own")]
#[path = "../../guests/examples/geo/src/lib.rs"]
mod geo;
#[expect(unreachable_pub, reason = "they are written as crates of their own")]
#[path = "../../guests/examples/text/src/pattern.rs"]
mod pattern;
#[expect(unreachable_pub, reason = "they are written as crates of their own")]
#[path = "../../guests/examples/text/src/slug.rs"]
mod slug;

/// The guests that are made of these sources.
const GUESTS: [(&str, &[u8]); 3] = [
    ("digest", include_bytes!("../../guests/prebuilt/digest.wasm")),
    ("geo", include_bytes!("../../guests/prebuilt/geo.wasm")),
    ("text", include_bytes!("../../guests/prebuilt/text.wasm")),
];

/// What is measured: a query, whose functions are those of the guests, and what it is.
const QUERIES: &[(&str, &str)] = &[
    ("sum(haversine_km(a, b, b, a))", "haversine_km, four reals"),
    ("sum(length(slugify(t)))", "slugify"),
    ("sum(levenshtein(t, 'the quick brown fox'))", "levenshtein, by 19 characters"),
    ("sum(regex_match('[0-9]+ of (x|y|z){2}', t))", "regex_match"),
    ("sum(length(regex_replace('[aeiou]+', t, '_')))", "regex_replace"),
    ("sum(length(sha256(t)))", "sha256"),
    ("sum(length(blake3(t)))", "blake3"),
];

/// The lengths of the texts in characters, and how many rows there are at most.
const TEXTS: [(u32, u32); 2] = [(53, 20_000), (10_000, 200)];

/// What is compared, in this order.
const VARIANTS: [&str; 3] = ["native", "guard pages", "checks in code"];

fn error(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> rusqlite::Error {
    rusqlite::Error::UserFunctionError(error.into())
}

/// The text of an argument, without a copy.
fn text<'a>(context: &'a Context<'_>, index: usize) -> rusqlite::Result<&'a str> {
    context.get_raw(index).as_str().map_err(error)
}

/// Registers the sources as closures.
fn add_native(connection: &Connection) -> rusqlite::Result<()> {
    fn add<T: ToSql>(
        connection: &Connection,
        name: &str,
        arguments: i32,
        function: impl Fn(&Context<'_>) -> rusqlite::Result<T> + Send + std::panic::UnwindSafe + 'static,
    ) -> rusqlite::Result<()> {
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
        connection.create_scalar_function(name, arguments, flags, function)
    }
    add(connection, "haversine_km", 4, |c| {
        let place = |index| c.get::<f64>(index);
        geo::haversine_km(place(0)?, place(1)?, place(2)?, place(3)?)
            .map_err(|e| error(e.to_string()))
    })?;
    add(connection, "slugify", 1, |c| Ok(slug::slugify(text(c, 0)?)))?;
    add(connection, "levenshtein", 2, |c| Ok(distance::levenshtein(text(c, 0)?, text(c, 1)?)))?;
    add(connection, "regex_match", 2, |c| {
        pattern::regex_match(text(c, 0)?, text(c, 1)?).map_err(error)
    })?;
    add(connection, "regex_replace", 3, |c| {
        pattern::regex_replace(text(c, 0)?, text(c, 1)?, text(c, 2)?).map_err(error)
    })?;
    add(connection, "sha256", 1, |c| digest::sha256(ValueRef::Text(text(c, 0)?)).map_err(error))?;
    add(connection, "blake3", 1, |c| digest::blake3(ValueRef::Text(text(c, 0)?)).map_err(error))
}

/// Puts the guests into a connection.
fn add_guests(connection: &Connection, guard_pages: bool) -> Outcome {
    let mut settings = Settings::default();
    settings.runtime = Some(Arc::new(WasmtimeRuntime::new()));
    settings.guard_pages = guard_pages;
    let commensal = commensal::rusqlite::install(connection, settings)?;
    for (name, module) in GUESTS {
        let sql = format!("CREATE EXTENSION {name} LANGUAGE wasm AS ?");
        commensal.execute(&sql, Some(ValueRef::Blob(module)))?;
    }
    Ok(())
}

pub(crate) fn run(size: Size) -> Outcome {
    let mut connections = Vec::new();
    for variant in 0..VARIANTS.len() {
        let connection = Connection::open_in_memory()?;
        match variant {
            0 => add_native(&connection)?,
            _ => add_guests(&connection, variant == 1)?,
        }
        connections.push(connection);
    }
    for (length, rows) in TEXTS {
        // Long texts have fewer rows at any size.
        let rows = rows.min(size.rows / (TEXTS[0].1 / rows)).max(1);
        println!(
            "\nThe same Rust source natively and as a guest, {rows} rows, texts of {length} characters, per row:"
        );
        println!(
            "{:<32} {:>11} {:>13} {:>7} {:>16} {:>7}",
            "", VARIANTS[0], VARIANTS[1], "ratio", VARIANTS[2], "ratio"
        );
        let line = "Crème brûlée, dolor sit amet; ".repeat(400);
        for connection in &connections {
            connection.execute_batch(&format!(
                "DROP TABLE IF EXISTS work;
                 CREATE TABLE work(a REAL, b REAL, t TEXT);
                 WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
                   INSERT INTO work SELECT i % 90, i * 7 % 90,
                     substr(printf('Lorem %d of xyz: ', i * 7919 % 10007) || '{line}', 1, {length}) FROM n"
            ))?;
        }
        for (expression, what) in QUERIES {
            if length != TEXTS[0].0 && expression.contains("haversine") {
                continue;
            }
            compare(&connections, expression, what, rows, size)?;
        }
    }
    Ok(())
}

/// Measures one query in all connections.
fn compare(
    connections: &[Connection],
    expression: &str,
    what: &str,
    rows: u32,
    size: Size,
) -> Outcome {
    let sql = format!("SELECT {expression} FROM work");
    let (mut statements, mut answers) = (Vec::new(), Vec::new());
    for connection in connections {
        let mut statement = connection.prepare(&sql)?;
        answers.push(statement.query_row((), |row| row.get::<_, f64>(0))?);
        statements.push(statement);
    }
    // Sines differ in their last digit from one library to another.
    if answers.iter().any(|answer| (answer - answers[0]).abs() > answers[0].abs() * 1e-12) {
        return Err(format!("{expression} gives different answers: {answers:?}").into());
    }
    let times = measure::interleaved(VARIANTS.len(), size.rounds.min(11), |variant| {
        let query = || Ok(statements[variant].query_row((), |row| row.get::<_, f64>(0))?);
        Ok(measure::time(query)?.0)
    })?;
    let each = |variant| readable(times.best_ns(variant) / f64::from(rows));
    println!(
        "{:<32} {:>11} {:>13} {:>7.2} {:>16} {:>7.2}",
        what,
        each(0),
        each(1),
        times.ratio(1, 0),
        each(2),
        times.ratio(2, 0)
    );
    Ok(())
}
