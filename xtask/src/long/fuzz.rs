//! Fuzzing: counted runs, whose figures go into docs/reliability.md, and libFuzzer, which looks for inputs
//! that reach new code.

use std::path::PathBuf;
use std::process::Stdio;

use super::tools::{Done, cargo, install, nightly, output};
use crate::command::{Outcome, root};
use crate::reliability;

/// Runs each target as often as `crates/fuzzing` says. It needs no special compiler.
pub(super) fn counted(_: u64) -> Outcome {
    let fuzzing = ["--workspace", "--all-features", "--bin", "commensal-fuzzing"];
    // Optimized, with overflow checks; dependencies are built as for tests. Only wasmi 2.0.0 has no debug
    // assertions, because some of them fail for valid modules. What counts is how it behaves in use.
    let wasmi = ["--config", "profile.dev.package.wasmi.debug-assertions=false"];
    cargo(&["build", "--locked"])
        .args(fuzzing)
        .args(wasmi)
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "2")
        .done()?;
    cargo(&["build", "--locked", "--manifest-path", "fuzz/smith/Cargo.toml"]).done()?;
    let (mut figures, mut failed) = (String::new(), Vec::new());
    let list =
        String::from_utf8(run("target/debug/commensal-fuzzing").arg("--list").output()?.stdout)?;
    for line in list.lines() {
        let [name, count] = line.split('\t').collect::<Vec<_>>()[..] else {
            return Err(format!("commensal-fuzzing --list says {line}").into());
        };
        let mut target = run("target/debug/commensal-fuzzing");
        target.args([name, count]);
        let mut smith = None;
        if name == "differential" {
            let mut modules = run("fuzz/smith/target/debug/commensal-smith")
                .arg(count)
                .stdout(Stdio::piped())
                .spawn()?;
            target.stdin(modules.stdout.take().ok_or("no modules")?);
            smith = Some(modules);
        }
        match output(&mut target) {
            Ok(output) => figures += &output,
            Err(error) => failed.push(format!("{name}: {error}")),
        }
        if let Some(mut smith) = smith {
            smith.wait()?;
        }
    }
    if !failed.is_empty() {
        return Err(failed.join("; ").into());
    }
    reliability::record("fuzz", &figures)
}

/// Runs each target for this many minutes, from its seeds and the findings of earlier runs.
pub(super) fn guided(minutes: u64) -> Outcome {
    nightly(&[])?;
    install("fuzz")?;
    let output = cargo(&["+nightly", "fuzz", "list"]).stdout(Stdio::piped()).output()?;
    if !output.status.success() {
        return Err("cargo fuzz list failed, see above".into());
    }
    let seconds = format!("-max_total_time={}", minutes * 60);
    for target in String::from_utf8(output.stdout)?.lines() {
        let (corpus, seeds) = (format!("fuzz/corpus/{target}"), format!("fuzz/seeds/{target}"));
        std::fs::create_dir_all(root().join(&corpus))?;
        let mut arguments = vec!["+nightly", "fuzz", "run", target, &corpus];
        if root().join(&seeds).is_dir() {
            arguments.push(&seeds);
        }
        arguments.extend(["--", &seconds]);
        match target {
            "ddl" => arguments.push("-dict=fuzz/ddl.dict"),
            // Without debug assertions, as in `counted`.
            "differential" => arguments.insert(3, "--release"),
            _ => {}
        }
        cargo(&arguments).done()?;
    }
    Ok(())
}

/// Runs a program that was built here.
fn run(path: &str) -> std::process::Command {
    let path: PathBuf = root().join(path);
    let mut process =
        std::process::Command::new(path.with_extension(std::env::consts::EXE_EXTENSION));
    process.current_dir(root());
    process
}
