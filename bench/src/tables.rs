//! Table functions: whole queries over their rows, per row.

use rusqlite::Connection;

use crate::size::{Outcome, Size};
use crate::{calls, measure};

/// One query in all its variants. `{}` stands for the table function's prefix, `#` for the rows.
struct Case {
    title: &'static str,
    query: &'static str,
}

const CASES: &[Case] = &[
    Case {
        title: "rows alone: count(*) FROM series",
        query: "SELECT count(*) FROM {}series(1, #)",
    },
    Case {
        title: "a value of each row: sum(value) FROM series",
        query: "SELECT sum(value) FROM {}series(1, #)",
    },
    Case {
        title: "a scan for each row of another: 4 rows each",
        query: "SELECT sum(b.value) FROM {}series(1, # / 4) a, {}series(a.value, a.value + 3) b",
    },
];

const VARIANTS: [(&str, &str); 2] = [("C", "c_"), ("Wasm", "guest_")];

/// Whole-query times of all cases.
pub(crate) fn run(size: Size) -> Outcome {
    let connection = calls::connection(size, None)?;
    println!("\nTable functions of {} rows, {} rounds:", size.rows, size.rounds);
    for case in CASES {
        run_case(&connection, case, size)?;
    }
    Ok(())
}

fn run_case(connection: &Connection, case: &Case, size: Size) -> Outcome {
    let query = case.query.replace('#', &size.rows.to_string());
    let mut statements = VARIANTS
        .iter()
        .map(|(_, prefix)| connection.prepare(&query.replace("{}", prefix)))
        .collect::<Result<Vec<_>, _>>()?;
    let mut results = Vec::new();
    for statement in &mut statements {
        results.push(statement.query_row((), |row| row.get::<_, i64>(0))?);
    }
    if results[0] != results[1] {
        return Err(format!("{query} gives {results:?}").into());
    }
    let times = measure::interleaved(statements.len(), size.rounds, |variant| {
        let query = || Ok(statements[variant].query_row((), |row| row.get::<_, i64>(0))?);
        Ok(measure::time(query)?.0)
    })?;
    calls::print(case.title, &VARIANTS.map(|(name, _)| name.to_owned()), &times, 0, size);
    Ok(())
}
