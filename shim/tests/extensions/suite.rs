//! Suites: generated statements for an extension, whose answers are compared with those of the same extension compiled
//! for this machine. Its names get a prefix, because many are those of built-in functions; native, they replace those.
//!
//! `COMMENSAL_SUITE_STATEMENTS` is the number of statements for each extension; `cargo xtask long suites` asks for more
//! than a test does.

use crate::inputs::{Input, Random};
use crate::native::Native;
use crate::{guest, is_no_text};

/// The number of statements for each extension, if nobody says another one.
const STATEMENTS: usize = 30;

/// The number of statements for each query on an interpreter in a debug build.
const INTERPRETED: usize = 2;

/// Queries, with `P_` before the names of the extension.
pub(crate) type Queries = &'static [(&'static str, &'static [Input])];

pub(crate) struct Suite<'a> {
    pub(crate) name: &'a str,
    pub(crate) queries: Queries,
    /// Whether engines without virtual tables are skipped.
    pub(crate) only_tables: bool,
    /// The names of virtual tables. Queries with them are skipped on engines without virtual tables.
    pub(crate) tables: &'a [&'a str],
}

impl Suite<'_> {
    /// Asks the guest and the native extension the same.
    pub(crate) fn compare(&self, wasm: &[u8], native: Native) {
        let name = self.name;
        let mut guests = guest::load_with(wasm, ", prefix = 'x_'");
        guests.retain(|guest| !(self.only_tables && guest.has_no_tables()));
        let statements = std::env::var("COMMENSAL_SUITE_STATEMENTS").ok();
        let statements = statements.and_then(|number| number.parse().ok()).unwrap_or(STATEMENTS);
        let generated = self.queries.iter().filter(|(_, kinds)| !kinds.is_empty()).count().max(1);
        let mut asked = 0;
        for (sql, kinds) in self.queries {
            let mut random = Random::new(sql);
            let times = if kinds.is_empty() { 1 } else { usize::div_ceil(statements, generated) };
            for question in 0..times {
                let values: Vec<_> = kinds.iter().map(|kind| kind.value(&mut random)).collect();
                let expected = native.ask(&sql.replace("P_", ""), &values);
                for guest in &guests {
                    let is_of_table = self.tables.iter().any(|table| sql.contains(table));
                    if guest.is_interpreted() && question >= INTERPRETED
                        || guest.has_no_tables() && is_of_table
                    {
                        continue;
                    }
                    let Some(answer) = guest.ask(&sql.replace("P_", "x_"), &values) else {
                        continue;
                    };
                    let at = format!("{name} {}: {sql} {values:?}", guest.name());
                    if is_no_text(&expected) && answer != expected {
                        let error = answer.unwrap_err();
                        assert!(error.contains("not valid UTF-8"), "{at}: {error}");
                    } else {
                        let expected = expected.clone().map_err(|error| error.replace("P_", "x_"));
                        assert_eq!(answer, expected, "{at}");
                    }
                    asked += 1;
                }
            }
        }
        assert!(asked >= statements, "{name}: {asked}");
        println!(
            "figure: a C extension beside the native one | {name} | {asked} statements; the same answers"
        );
    }
}
