//! `cargo xtask long`: steps that take too long to run for every change.
//!
//! To add a step, add a line to [`STEPS`] and a function. A step installs the tools that it needs and that
//! are missing.

mod fuzz;
mod sanitizers;
mod tools;

use self::tools::{Done as _, cargo, install, output};
use crate::command::{Command, Outcome, root};
use crate::reliability;

pub(crate) const COMMAND: Command = Command {
    name: "long",
    help: "[--minutes N] [STEP...]\n    Runs the steps deny, soak, suites, fuzz, libfuzzer, address, thread, miri, worst and \
           bench, or the named ones;\n    libFuzzer has N minutes (5) for each target.",
    run,
};

/// The name of a step and its function, which takes the number of `--minutes`.
type Step = (&'static str, fn(u64) -> Outcome);

const STEPS: &[Step] = &[
    ("deny", deny),
    ("soak", soak),
    ("suites", suites),
    ("fuzz", fuzz::counted),
    ("libfuzzer", fuzz::guided),
    ("address", sanitizers::address),
    ("thread", sanitizers::thread),
    ("miri", sanitizers::miri),
    ("worst", worst),
    ("bench", bench),
];

fn run(arguments: &[String]) -> Outcome {
    let (minutes, steps) = parse(arguments)?;
    let mut failed = Vec::new();
    for (name, step) in steps {
        println!("\n== {name}");
        if let Err(error) = step(minutes) {
            eprintln!("{name}: {error}");
            failed.push(*name);
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("failed: {}", failed.join(", ")).into()) }
}

/// Reads the number of minutes and the steps, in their order.
fn parse(arguments: &[String]) -> Result<(u64, Vec<&'static Step>), String> {
    let (mut minutes, mut named) = (5, Vec::new());
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == "--minutes" {
            let number = rest.next().and_then(|n| n.parse().ok()).filter(|&n| n > 0);
            minutes = number.ok_or("--minutes needs a number, at least 1")?;
        } else if STEPS.iter().any(|(name, _)| name == argument) {
            named.push(argument.as_str());
        } else {
            let known: Vec<_> = STEPS.iter().map(|(name, _)| *name).collect();
            return Err(format!("there is no step \"{argument}\"; known are {}", known.join(", ")));
        }
    }
    let steps = STEPS.iter().filter(|(name, _)| named.is_empty() || named.contains(name));
    Ok((minutes, steps.collect()))
}

/// Licences, advisories, sources and duplicates of all dependencies, as configured in deny.toml.
fn deny(_: u64) -> Outcome {
    install("deny")?;
    cargo(&["deny", "--all-features", "check"]).done()?;
    let guests = ["--manifest-path", "guests/examples/Cargo.toml", "--config", "deny.toml"];
    cargo(&["deny"]).args(guests).arg("check").done()
}

/// The tests with random walks, kills, faults and threads, each fifty times as long. Their figures go into
/// docs/reliability.md.
fn soak(_: u64) -> Outcome {
    for test in ["sqlite", "turso", "faults", "walk", "extension"] {
        let mut tests =
            cargo(&["test", "--locked", "--all-features", "--workspace", "--test", test]);
        let output = output(tests.args(["--", "--nocapture"]).env("COMMENSAL_SOAK", "50"))?;
        reliability::record(test, &output)?;
    }
    Ok(())
}

/// C extensions against the same ones compiled for this machine: those of SQLite, sqlite-vec, sqlean's and others with
/// 200 statements each. Their figures go into docs/reliability.md.
fn suites(_: u64) -> Outcome {
    let mut tests =
        cargo(&["test", "--locked", "--all-features", "--workspace", "--test", "extensions"]);
    for script in ["scripts/c-extensions", "scripts/c-suites"] {
        let variable = output(&mut std::process::Command::new(root().join(script)))?;
        let (name, value) = variable
            .trim()
            .split_once('=')
            .ok_or_else(|| format!("{script} printed no variable"))?;
        tests.env(name, value);
    }
    let tests = tests.args(["--", "--nocapture"]).env("COMMENSAL_SUITE_STATEMENTS", "200");
    reliability::record("suites", &output(tests)?)
}

/// How long the costliest modules that the limits allow take to compile.
fn worst(_: u64) -> Outcome {
    let example =
        ["--package", "commensal-runtime-wasmtime", "--example", "compile_costs", "--", "check"];
    cargo(&["run", "--release", "--locked"]).args(example).done()
}

/// The benchmarks, with the release profile: fat link-time optimisation.
fn bench(_: u64) -> Outcome {
    cargo(&["run", "--release", "--locked", "--package", "commensal-bench"]).done()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_choose_steps() {
        let names = |arguments: &[&str]| {
            let arguments: Vec<_> = arguments.iter().map(|&a| a.to_owned()).collect();
            let (minutes, steps) = parse(&arguments)?;
            Ok((minutes, steps.iter().map(|(name, _)| *name).collect::<Vec<_>>()))
        };
        let all = STEPS.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        assert_eq!(names(&[]), Ok((5, all)));
        assert_eq!(names(&["worst", "--minutes", "2", "fuzz"]), Ok((2, vec!["fuzz", "worst"])));
        for wrong in [&["--minutes"][..], &["--minutes", "0"], &["nothing"]] {
            let problem: Result<_, String> = names(wrong);
            assert!(problem.is_err(), "{wrong:?}");
        }
    }
}
