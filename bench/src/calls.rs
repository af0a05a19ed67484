//! Functions called for each row of a table: whole queries, per row.

use crate::measure::{self, Times};
use crate::sqlite::Sqlite;
use crate::turso::Turso;
use crate::{Outcome, Size};

/// One function in all its variants. In the expressions `{}` stands for the variant's prefix.
struct Case {
    title: &'static str,
    /// Around the call, with the table.
    query: &'static str,
    /// What engines themselves have for it.
    builtin: Option<&'static str>,
    call: &'static str,
}

const CASES: &[Case] = &[
    Case {
        title: "two integers to an integer: sum(f(a, b))",
        query: "SELECT sum({}) FROM numbers",
        builtin: Some("a + b"),
        call: "{}add(a, b)",
    },
    Case {
        title: "80 bytes of text to text: count(upper(t))",
        query: "SELECT count({}) FROM texts",
        builtin: Some("upper(t)"),
        call: "{}upper(t)",
    },
    Case {
        title: "80 bytes of text to an integer: sum(byte_sum(t))",
        query: "SELECT sum({}) FROM texts",
        builtin: None,
        call: "{}byte_sum(t)",
    },
];

/// A query that is prepared: gives the only value of its only row, an integer.
pub(crate) type Query<'c> = Box<dyn FnMut() -> Outcome<i64> + 'c>;

/// An engine with the tables and all functions.
pub(crate) trait Side {
    /// Its name and version.
    fn title(&self) -> String;

    /// Names of the variants of each function and their prefixes. The first is what others are
    /// compared with.
    fn variants(&self) -> &'static [(&'static str, &'static str)];

    /// Prepares a query that calls a variant; without one, none.
    fn prepare(&self, variant: Option<usize>, sql: &str) -> Outcome<Query<'_>>;
}

/// Fills the tables with `{rows}` rows.
pub(crate) const FILL: &str = "\
    CREATE TABLE numbers(a INTEGER, b INTEGER);
    CREATE TABLE texts(t TEXT);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
        INSERT INTO numbers SELECT i, i * 7919 % 1000003 FROM n;
    INSERT INTO texts SELECT substr(
        printf('%07d The quick brown fox jumps over the lazy dog, ', a) ||
        'and the lazy dog sleeps on, unmoved.', 1, 80) FROM numbers;";

/// Runs one query as often as others have rounds.
pub(crate) fn repeat(engine: &str, sql: &str, size: Size) -> Outcome {
    let side: Box<dyn Side> = match engine {
        "turso" => Box::new(Turso::new(size)?),
        _ => Box::new(Sqlite::new(size)?),
    };
    let guest = side.variants().len() - 1;
    let mut query = side.prepare(Some(guest), sql)?;
    let times = measure::interleaved(1, size.rounds, |_| Ok(measure::time(&mut query)?.0))?;
    let ns = times.median_ns(0) / f64::from(size.rows);
    println!("{ns:.1} ns per row, if it reads {} rows", size.rows);
    Ok(())
}

/// Whole-query times of all cases on all engines.
pub(crate) fn run(size: Size) -> Outcome {
    run_on(&Sqlite::new(size)?, size)?;
    run_on(&Turso::new(size)?, size)
}

fn run_on(side: &dyn Side, size: Size) -> Outcome {
    println!("\n{}: whole queries over {} rows, {} rounds:", side.title(), size.rows, size.rounds);
    let shortest = side.prepare(None, "SELECT min(octet_length(t)) FROM texts")?()?;
    assert_eq!(shortest, 80, "the texts have the length that the titles say");
    CASES.iter().try_for_each(|case| run_case(side, case, size))
}

fn run_case(side: &dyn Side, case: &Case, size: Size) -> Outcome {
    let mut names = Vec::new();
    let mut queries = Vec::new();
    if let Some(builtin) = case.builtin {
        names.push(format!("built-in {builtin}"));
        queries.push(side.prepare(None, &case.query.replace("{}", builtin))?);
    }
    let base = names.len();
    for (variant, (name, prefix)) in side.variants().iter().enumerate() {
        names.push((*name).to_owned());
        let call = case.call.replace("{}", prefix);
        if let Some(builtin) = case.builtin {
            check_same_results(side, case, variant, builtin, &call)?;
        }
        queries.push(side.prepare(Some(variant), &case.query.replace("{}", &call))?);
    }
    let results = queries.iter_mut().map(|query| query()).collect::<Outcome<Vec<i64>>>()?;
    if results.iter().any(|result| *result != results[0]) {
        return Err(format!("{}: the variants give {results:?}", case.title).into());
    }
    let times = measure::interleaved(queries.len(), size.rounds, |variant| {
        Ok(measure::time(&mut queries[variant])?.0)
    })?;
    print(case, &names, &times, base, size);
    Ok(())
}

/// A variant gives the same value as the built-in in each row.
fn check_same_results(
    side: &dyn Side,
    case: &Case,
    variant: usize,
    builtin: &str,
    call: &str,
) -> Outcome {
    let from = case.query.split_once(" FROM ").map_or(case.query, |(_, table)| table);
    let sql = format!("SELECT count(*) FROM {from} WHERE {builtin} IS NOT {call}");
    match side.prepare(Some(variant), &sql)?()? {
        0 => Ok(()),
        different => Err(format!("{builtin} and {call} differ in {different} rows").into()),
    }
}

fn print(case: &Case, names: &[String], times: &Times, base: usize, size: Size) {
    let rows = f64::from(size.rows);
    println!("\n{}", case.title);
    println!("{:<28} {:>12} {:>12} {:>14}", "", "median", "best", format!("to {}", names[base]));
    for (variant, name) in names.iter().enumerate() {
        println!(
            "{name:<28} {:>9.1} ns {:>9.1} ns {:>14.2}",
            times.median_ns(variant) / rows,
            times.best_ns(variant) / rows,
            times.ratio(variant, base)
        );
    }
}
