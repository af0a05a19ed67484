//! Fuzz targets: functions that take bytes and panic if the host does something wrong.
//!
//! libFuzzer (`fuzz/`) and counted runs share them. Counted runs need no special compiler: a short one is
//! among the tests, a long one is `cargo xtask long fuzz`. They mutate the seeds in `fuzz/seeds` with their
//! own generator, so the same number gives the same inputs everywhere.

pub mod answers;
mod asks;
pub mod catalog;
pub mod ddl;
pub mod decoders;
pub mod definitions;
pub mod differential;
mod inputs;
mod model;
mod script;
pub mod sql;
mod target;
mod tokens;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use commensal::{Sqlite, Turso};
pub use inputs::Inputs;
pub use target::Target;

/// Inputs of a long run for a decoder.
const DECODER: u64 = 1_000_000;

/// Inputs of a long run for a target that runs a million in seconds.
const QUICK: u64 = 20_000_000;

/// Inputs of a long run for a target that takes sequences of statements.
const SEQUENCES: u64 = 50_000;

/// Modules or files of a long run.
const MODULES: u64 = 100_000;

const fn decoder(name: &'static str, what: &'static str, run: fn(&[u8]) -> bool) -> Target {
    Target {
        name,
        what,
        run,
        seeds: Vec::new,
        seeds_of: name,
        dictionary: &[],
        executions: DECODER,
        executions_short: 2000,
        mutates: true,
    }
}

/// All targets.
pub const TARGETS: &[Target] = &[
    Target { executions: QUICK, ..decoder("record", "16 bytes as a record", decoders::record) },
    Target {
        executions: QUICK,
        seeds: inputs::manifests,
        dictionary: decoders::MANIFEST_WORDS,
        ..decoder("manifest", "text as a manifest", decoders::manifest)
    },
    Target { seeds: inputs::modules, ..decoder("module", "bytes as a module", decoders::module) },
    Target {
        executions: QUICK,
        dictionary: ddl::WORDS,
        ..decoder("ddl", "text as a statement of Commensal's", ddl::run)
    },
    decoder("answers", "a guest's records, batches and plans", |data| answers::run(&Sqlite, data)),
    Target {
        seeds_of: "answers",
        ..decoder("answers_turso", "the same on Turso", |data| answers::run(&Turso, data))
    },
    decoder("sql", "a guest's calls of sql_* and other imports", sql::run),
    decoder("authorize", "tokens as a guest's SQL", sql::authorize),
    Target {
        executions: MODULES,
        executions_short: 200,
        ..decoder("catalog", "changed rows and tables of a catalog", catalog::run)
    },
    Target {
        executions: SEQUENCES,
        executions_short: 200,
        ..decoder("definitions", "CREATE, DROP and transactions beside a model", |data| {
            definitions::run(&Sqlite, data)
        })
    },
    Target {
        seeds_of: "definitions",
        // This engine takes ten times as long.
        executions: SEQUENCES / 5,
        executions_short: 30,
        ..decoder("definitions_turso", "the same on Turso", |data| definitions::run(&Turso, data))
    },
    Target {
        executions: MODULES,
        executions_short: 0,
        // A mutated module may never end, and may use a feature that one of the runtimes lacks.
        mutates: false,
        ..decoder(
            "differential",
            "a module from wasm-smith on both runtimes",
            differential::compare,
        )
    },
];

/// The target with this name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

impl Target {
    /// Runs the seeds and `count` mutations of them. Returns how many of all inputs were accepted.
    ///
    /// # Panics
    /// The host is wrong. The input is printed first, in hexadecimal.
    pub fn run_many(&self, seed: u64, count: u64) -> u64 {
        let mut inputs = Inputs::new(self, seed);
        let seeds = inputs.seeds().to_vec();
        let mut accepted = 0;
        for input in &seeds {
            accepted += u64::from(self.run_one(input));
        }
        for _ in 0..if self.mutates { count } else { 0 } {
            accepted += u64::from(self.run_one(inputs.next_input()));
        }
        accepted
    }

    /// Runs one input. Returns true if it was accepted.
    ///
    /// # Panics
    /// The host is wrong. The input is printed first, in hexadecimal.
    pub fn run_one(&self, input: &[u8]) -> bool {
        catch_unwind(AssertUnwindSafe(|| (self.run)(input))).unwrap_or_else(|panic| {
            let digits: String = input.iter().map(|byte| format!("{byte:02x}")).collect();
            eprintln!("{}: the input was {digits}", self.name);
            resume_unwind(panic)
        })
    }
}
