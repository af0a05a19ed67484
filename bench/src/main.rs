//! The cost of functions in WebAssembly: `cargo run --release -p commensal-bench`.
//!
//! All variants run in this one process, on the same SQLite, connection and table. Their rounds are
//! interleaved, so that other work of the machine slows all of them alike. The ratios are the result; the
//! times depend on the machine.

mod calls;
mod collations;
mod conventions;
mod definitions;
mod extensions;
mod functions;
mod guards;
mod measure;
mod size;
mod tables;
mod turso;
mod work;

use std::path::Path;
use std::process::ExitCode;

use crate::size::{Outcome, Size};

const FULL: Size = Size { rows: 1_000_000, rounds: 21, modules: 100, starts: 41 };
/// Shows that the benchmark works. Its figures mean nothing.
const QUICK: Size = Size { rows: 1_000, rounds: 3, modules: 2, starts: 1 };

const USAGE: &str =
    "usage: commensal-bench [--quick | --only PART | --query SQL | --query-turso SQL | --extension FILE]
  --quick           few rows and rounds: shows that it works, its figures mean nothing
  --only PART       measures calls, turso, tables, collations, guards, work, extensions
                    or definitions alone
  --query SQL       runs one query over the tables again and again, for a profiler
  --query-turso SQL the same on Turso
  --extension FILE  measures the loadable extension in this file, too";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => run(FULL, None),
        ["--quick"] => run(QUICK, None),
        ["--only", part] => run_only(part, FULL),
        ["--extension", file] => run(FULL, Some(Path::new(file))),
        ["--query", sql] => calls::repeat(sql, FULL),
        ["--query-turso", sql] => turso::repeat(sql, FULL),
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

fn heading() {
    println!("SQLite {}, commensal {}", rusqlite::version(), env!("CARGO_PKG_VERSION"));
    if cfg!(debug_assertions) {
        println!("A debug build: its figures mean nothing. Use --release.");
    }
}

/// Measures one part.
fn run_only(part: &str, size: Size) -> Outcome {
    let part = match part {
        "calls" => |size| calls::run(size, None),
        "turso" => turso::run,
        "tables" => tables::run,
        "collations" => collations::run,
        "guards" => guards::run,
        "work" => work::run,
        "extensions" => extensions::run,
        "definitions" => |size| definitions::run(size, None),
        _ => return Err(format!("there is no part {part}").into()),
    };
    heading();
    part(size)
}

fn run(size: Size, extension: Option<&Path>) -> Outcome {
    heading();
    calls::run(size, None)?;
    if extension.is_some() {
        println!("\nThe same, with the extension loaded:");
        calls::run(size, extension)?;
    }
    conventions::run(size)?;
    turso::run(size)?;
    tables::run(size)?;
    collations::run(size)?;
    guards::run(size)?;
    work::run(size)?;
    extensions::run(size)?;
    definitions::run(size, extension)
}
