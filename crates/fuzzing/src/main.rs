//! Counted runs of fuzz targets.
//!
//! `commensal-fuzzing TARGET [COUNT [SEED]]` runs this many inputs. `differential` reads modules from standard
//! input, each after its length in four bytes, as `fuzz/smith` writes them. `commensal-fuzzing TARGET
//! --input FILE` repeats one input that libFuzzer or a counted run has found. `--list` prints the targets with
//! the counts of a long run.

use std::error::Error;
use std::io::{ErrorKind, Read, stdin};
use std::time::Instant;

use commensal_fuzzing::{TARGETS, Target, target};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if arguments == ["--list"] {
        for target in TARGETS {
            println!("{}\t{}", target.name, target.executions);
        }
        return Ok(());
    }
    let Some(target) = arguments.first().and_then(|name| target(name)) else {
        return Err(
            "usage: commensal-fuzzing --list | TARGET [COUNT [SEED]] | TARGET --input FILE".into(),
        );
    };
    if let [_, "--input", file] = arguments[..] {
        println!("accepted: {}", target.run_one(&std::fs::read(file)?));
        return Ok(());
    }
    let number = |at: usize, otherwise| match arguments.get(at) {
        Some(text) => text.parse::<u64>().map_err(|_| format!("{text} is not a number")),
        None => Ok(otherwise),
    };
    let (count, seed) = (number(1, target.executions)?, number(2, 1)?);
    let start = Instant::now();
    let (executions, accepted) = match target.mutates {
        true => (count, target.run_many(seed, count)),
        false => run_modules(target)?,
    };
    let seconds = start.elapsed().as_secs();
    println!(
        "figure: `{}` | {} | {executions} executions, {accepted} accepted, {seconds} s; no fault",
        target.name, target.what
    );
    match executions < count || accepted == 0 {
        true => Err(format!("there were {executions} inputs of {count}").into()),
        false => Ok(()),
    }
}

/// Runs the modules of standard input. Returns their number, and how many of them were compared.
fn run_modules(target: &Target) -> Result<(u64, u64), Box<dyn Error>> {
    let (mut modules, mut compared) = (0, 0);
    let mut input = stdin().lock();
    let mut len = [0; 4];
    loop {
        match input.read_exact(&mut len) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(error.into()),
        }
        let mut module = vec![0; u32::from_le_bytes(len) as usize];
        input.read_exact(&mut module)?;
        modules += 1;
        compared += u64::from(target.run_one(&module));
    }
    Ok((modules, compared))
}
