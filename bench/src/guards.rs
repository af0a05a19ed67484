//! Guests' functions with guard pages and with code that checks memory accesses: whole queries, per row, and
//! what compiling costs.

use std::sync::Arc;

use commensal::core::ValueRef;
use commensal::core::runtime::{CompileOptions, Guard, Metering, Runtime};
use commensal::{Connection, Database, Options, WasmtimeRuntime};

use crate::functions;
use crate::measure::{self, readable};
use crate::size::{Outcome, Size};

/// The number of rows at the full size.
const ROWS_MAX: u32 = 50_000;

/// `slugify`, `regex_match` and others: guests/examples/text.
const TEXT: &[u8] = include_bytes!("../../guests/prebuilt/text.wasm");

/// What the variants are, in their order.
const VARIANTS: [(&str, Guard); 2] =
    [("checks in code", Guard::Code), ("guard pages", Guard::Pages)];

const QUERIES: &[(&str, &str)] = &[
    ("sum(guest_add(a, a))", "guest_add(a, a), two integers"),
    ("sum(guest_byte_sum(t))", "guest_byte_sum(t), a loop over 80 bytes"),
    ("sum(length(slugify(t)))", "slugify(t), 80 bytes"),
    ("sum(regex_match('[0-9]+ of (x|y|z)+', t))", "regex_match(pattern, t), 80 bytes"),
    ("sum(levenshtein(t, 'the quick brown fox'))", "levenshtein(t, u), 80 by 19 characters"),
];

fn connection(rows: u32, guard: Guard) -> Outcome<(Database, Connection)> {
    let options =
        Options::new().runtime(Arc::new(WasmtimeRuntime::new())).guard_pages(guard == Guard::Pages);
    let database = Database::open_in_memory(options)?;
    let connection = database.connect()?;
    for (name, module) in [("text", TEXT), ("bench", functions::GUEST)] {
        let sql = format!("CREATE EXTENSION {name} LANGUAGE wasm AS ?");
        connection.execute(&sql, [ValueRef::Blob(module)])?;
    }
    connection.execute_batch(&format!(
        "CREATE TABLE texts(a INTEGER, t TEXT);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
           INSERT INTO texts SELECT i, substr(printf('Lorem ipsum dolor sit amet, %d of xyz, consectetur \
             adipiscing elit, sed do eiusmod tempor', i * 7919 % 10007), 1, 80) FROM n"
    ))?;
    Ok((database, connection))
}

pub(crate) fn run(size: Size) -> Outcome {
    let rows = size.rows.min(ROWS_MAX);
    let mut connections = Vec::new();
    for (_, guard) in VARIANTS {
        connections.push(connection(rows, guard)?);
    }
    println!("\nChecks in code and guard pages, whole queries over {rows} rows, per row:");
    println!("{:<44} {:>12} {:>12} {:>8}", "", "in code", "pages", "ratio");
    for (expression, what) in QUERIES {
        let sql = format!("SELECT {expression} FROM texts");
        let mut statements = Vec::new();
        let mut answers = Vec::new();
        for (_, connection) in &connections {
            answers.push(connection.query_row(&sql, (), |row| row.get::<i64>(0))?);
            statements.push(connection.prepare(&sql)?);
        }
        if answers[0] != answers[1] {
            return Err(format!("{expression} gives different answers").into());
        }
        let times = measure::interleaved(VARIANTS.len(), size.rounds, |variant| {
            let query = || {
                let mut rows = statements[variant].query(())?;
                Ok(rows.next()?.is_some())
            };
            Ok(measure::time(query)?.0)
        })?;
        println!(
            "{:<44} {:>9.1} ns {:>9.1} ns {:>8.2}",
            what,
            times.best_ns(0) / f64::from(rows),
            times.best_ns(1) / f64::from(rows),
            times.ratio(1, 0)
        );
    }
    compile(size)
}

/// Compiling a large module.
fn compile(size: Size) -> Outcome {
    let runtime = WasmtimeRuntime::new();
    let mut bytes = [0; VARIANTS.len()];
    let times = measure::interleaved(VARIANTS.len(), size.rounds.min(3), |variant| {
        let options =
            CompileOptions { guard: VARIANTS[variant].1, ..CompileOptions::new(Metering::None) };
        let (time, compiled) = measure::time(|| Ok(runtime.compile(TEXT, options)?))?;
        bytes[variant] = compiled.serialize().map_or(0, |code| code.len());
        Ok(time)
    })?;
    for (variant, (name, _)) in VARIANTS.iter().enumerate() {
        println!(
            "{:<44} {:>12}, {:.1} MB of code, ratio {:.2}",
            format!("compiling a module of 1.1 MB, {name}"),
            readable(times.best_ns(variant)),
            bytes[variant] as f64 / 1e6,
            times.ratio(variant, 0)
        );
    }
    Ok(())
}
