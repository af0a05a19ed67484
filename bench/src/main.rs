//! What functions in WebAssembly cost: `cargo run --release -p commensal-bench`.
//!
//! Everything that is compared runs in this one process, on the same engine and the same tables, in
//! interleaved rounds, so that what else the machine does meets all of them alike.
//! The ratios are the result; the times belong to the machine.

mod calls;
mod definitions;
mod functions;
mod measure;
mod sqlite;
mod turso;

use std::process::ExitCode;

/// How much is measured.
#[derive(Clone, Copy)]
struct Size {
    /// Rows of the tables that functions are called over.
    rows: u32,
    /// Times each variant of a query runs.
    rounds: usize,
    /// Modules in a file of many definitions; each has ten functions.
    modules: u32,
    /// Times a file is opened, or a first call is made.
    starts: usize,
}

const FULL: Size = Size { rows: 1_000_000, rounds: 21, modules: 100, starts: 41 };
/// Shows that the benchmark works. Its figures mean nothing.
const QUICK: Size = Size { rows: 1_000, rounds: 3, modules: 2, starts: 1 };

/// How anything here ends.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

const USAGE: &str = "usage: commensal-bench [--quick | --query ENGINE SQL]
  --quick             few rows and rounds: shows that it works, its figures mean nothing
  --query ENGINE SQL  runs one query over the tables again and again, for a profiler";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => run(FULL),
        ["--quick"] => run(QUICK),
        ["--query", engine @ ("sqlite" | "turso"), sql] => calls::repeat(engine, sql, FULL),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("commensal-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(size: Size) -> Outcome {
    println!("commensal {}", env!("CARGO_PKG_VERSION"));
    if cfg!(debug_assertions) {
        println!("A debug build: its figures mean nothing. Use --release.");
    }
    calls::run(size)?;
    definitions::run(size)
}
