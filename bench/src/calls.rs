//! Functions called for each row of a table: whole queries, per row.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use crate::functions;
use crate::measure::{self, Times};
use crate::size::{Outcome, Size};

/// One function in all its variants. In the expressions `{}` stands for the variant's prefix.
struct Case {
    title: &'static str,
    /// The query, with a place for the call.
    query: &'static str,
    /// SQLite's own function, if there is one.
    builtin: Option<&'static str>,
    call: &'static str,
    /// Whether the call returns one value for all rows.
    aggregate: bool,
}

const CASES: &[Case] = &[
    Case {
        title: "two integers to an integer: sum(f(a, b))",
        query: "SELECT sum({}) FROM numbers",
        builtin: Some("a + b"),
        call: "{}add(a, b)",
        aggregate: false,
    },
    Case {
        title: "80 bytes of text to text: count(upper(t))",
        query: "SELECT count({}) FROM texts",
        builtin: Some("upper(t)"),
        call: "{}upper(t)",
        aggregate: false,
    },
    Case {
        title: "80 bytes of text to an integer: sum(byte_sum(t))",
        query: "SELECT sum({}) FROM texts",
        builtin: None,
        call: "{}byte_sum(t)",
        aggregate: false,
    },
    Case {
        title: "aggregate of two integers: dot(a, b)",
        query: "SELECT {} FROM numbers",
        builtin: Some("sum(a * b)"),
        call: "{}dot(a, b)",
        aggregate: true,
    },
    Case {
        title: "aggregate of 80 bytes of text: bytes(t)",
        query: "SELECT {} FROM texts",
        builtin: None,
        call: "{}bytes(t)",
        aggregate: true,
    },
    Case {
        title: "as many groups as rows: sum(dot(a, b)) of GROUP BY a",
        query: "SELECT sum(x) FROM (SELECT {} AS x FROM numbers GROUP BY a)",
        builtin: Some("sum(a * b)"),
        call: "{}dot(a, b)",
        aggregate: true,
    },
];

const VARIANTS: [(&str, &str); 3] =
    [("C", "c_"), ("Rust closure (rusqlite)", "rust_"), ("Wasm", "guest_")];

/// A connection with the tables and all functions, which stay until it is closed.
pub(crate) fn connection(size: Size, extension: Option<&Path>) -> Outcome<Connection> {
    let connection = Connection::open_in_memory()?;
    fill(&connection, size.rows)?;
    functions::register_c(&connection)?;
    functions::register_closures(&connection)?;
    match extension {
        Some(extension) => functions::load_guest(&connection, extension)?,
        None => functions::register_guest(&connection)?,
    }
    Ok(connection)
}

/// Runs one query as many times as the benchmark has rounds.
pub(crate) fn repeat(sql: &str, size: Size) -> Outcome {
    let connection = connection(size, None)?;
    let mut statement = connection.prepare(sql)?;
    let times = measure::interleaved(1, size.rounds, |_| {
        Ok(measure::time(|| Ok(statement.query_row((), |_| Ok(()))?))?.0)
    })?;
    let ns = times.median_ns(0) / f64::from(size.rows);
    println!("{ns:.1} ns per row, if it reads {} rows", size.rows);
    Ok(())
}

/// Whole-query times of all cases. With `extension`, the guest runs in the loadable extension.
pub(crate) fn run(size: Size, extension: Option<&Path>) -> Outcome {
    let connection = connection(size, extension)?;
    println!("\nWhole queries over {} rows, {} rounds:", size.rows, size.rounds);
    for case in CASES {
        run_case(&connection, case, size)?;
    }
    Ok(())
}

/// Makes the tables.
pub(crate) fn fill_sql(rows: u32) -> String {
    format!(
        "CREATE TABLE numbers(a INTEGER, b INTEGER);
         CREATE TABLE texts(t TEXT);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
           INSERT INTO numbers SELECT i, i * 7919 % 1000003 FROM n;
         INSERT INTO texts SELECT substr(
             printf('%07d The quick brown fox jumps over the lazy dog, ', a) ||
             'and the lazy dog sleeps on, unmoved.', 1, 80) FROM numbers;"
    )
}

fn fill(connection: &Connection, rows: u32) -> Outcome {
    connection.execute_batch(&fill_sql(rows))?;
    let len: i64 =
        connection.query_row("SELECT min(octet_length(t)) FROM texts", (), |row| row.get(0))?;
    assert_eq!(len, 80, "the texts have the length that the titles say");
    Ok(())
}

fn run_case(connection: &Connection, case: &Case, size: Size) -> Outcome {
    let mut names = Vec::new();
    let mut calls = Vec::new();
    if let Some(builtin) = case.builtin {
        names.push(format!("built-in {builtin}"));
        calls.push(builtin.to_owned());
    }
    let c = names.len();
    for (name, prefix) in VARIANTS {
        names.push(name.to_owned());
        calls.push(case.call.replace("{}", prefix));
    }
    check_same_results(connection, case, &calls)?;
    let times = time_queries(connection, case, &calls, size)?;
    print(case.title, &names, &times, c, size);
    Ok(())
}

/// Checks that all variants return the same value, in each row or for all rows.
fn check_same_results(connection: &Connection, case: &Case, calls: &[String]) -> Outcome {
    for call in &calls[1..] {
        let query = |call: &str| case.query.replace("{}", call);
        let sql = match case.aggregate {
            true => format!("SELECT ({}) IS NOT ({})", query(&calls[0]), query(call)),
            false => format!("{} WHERE {} IS NOT {call}", query("1"), calls[0]),
        };
        let different: Option<i64> = connection.query_row(&sql, (), |row| row.get(0))?;
        if different.unwrap_or(0) != 0 {
            return Err(format!("{} and {call} differ in {different:?} rows", calls[0]).into());
        }
    }
    Ok(())
}

fn time_queries(
    connection: &Connection,
    case: &Case,
    calls: &[String],
    size: Size,
) -> Outcome<Times> {
    let mut statements = calls
        .iter()
        .map(|call| connection.prepare(&case.query.replace("{}", call)))
        .collect::<Result<Vec<_>, _>>()?;
    measure::interleaved(statements.len(), size.rounds, |variant| {
        let query = || Ok(statements[variant].query_row((), |row| row.get::<_, i64>(0))?);
        let (time, _): (Duration, i64) = measure::time(query)?;
        Ok(time)
    })
}

pub(crate) fn print(title: &str, names: &[String], times: &Times, c: usize, size: Size) {
    let rows = f64::from(size.rows);
    println!("\n{title}");
    println!("{:<28} {:>12} {:>12} {:>10}", "", "median", "best", "ratio to C");
    for (variant, name) in names.iter().enumerate() {
        println!(
            "{name:<28} {:>9.1} ns {:>9.1} ns {:>10.2}",
            times.median_ns(variant) / rows,
            times.best_ns(variant) / rows,
            times.ratio(variant, c)
        );
    }
}
