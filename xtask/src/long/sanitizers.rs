//! Tests of the crates with unsafe code, under sanitizers and in Miri. Each compiles everything anew, in its
//! own folder in `target/`.

use std::process::Command as Process;

use super::tools::{cargo, host, nightly, output};
use crate::command::{Outcome, root};
use crate::reliability;

/// The crates with unsafe code, and those they depend on.
const PACKAGES: &[&str] = &[
    "commensal",
    "commensal-abi",
    "commensal-adaptor-sqlite",
    "commensal-adaptor-turso",
    "commensal-core",
    "commensal-sdk",
];

/// Their tests, without `faults`, which takes hours here.
const TESTS: &[&str] = &["record", "ddl", "guest", "manifest", "module", "sqlite", "turso"];

/// Runs the tests under AddressSanitizer, SQLite included.
pub(super) fn address(_: u64) -> Outcome {
    nightly(&[])?;
    // One test measures how much stack a call needs, and a sanitizer's frames are larger. Another one kills processes and
    // has to hit a write, which a slower process makes at other times.
    let skipped = ["a_small_stack_is_no_crash", "a_killed_process_leaves_a_sound_file"];
    // After a panic, the sanitizer forgets what it knew of a thread's stack, but not of a stack of our own, which deep
    // schemas need on Turso. So tests with panics run by themselves, on stacks of threads that are large enough.
    let mut tests = address_of(&["--skip", PANICS])?;
    tests.args(named("--skip", &skipped));
    let mut panics = address_of(&[PANICS])?;
    panics.env("RUST_MIN_STACK", (32 << 20).to_string());
    run("address", "AddressSanitizer", "SQLite and Turso included", &mut [tests, panics])
}

/// A part of the names of all tests in which something panics.
const PANICS: &str = "panic";

/// The tests under AddressSanitizer, with these arguments of theirs.
fn address_of(arguments: &[&str]) -> Outcome<Process> {
    let mut tests = sanitized("address")?;
    tests.args(["--all-features", "--lib"]).args(named("--package", PACKAGES));
    tests.args(named("--test", TESTS)).arg("--").args(arguments);
    // Engines and compiled code that a process has when it ends are not leaks. Local variables have to be on
    // the thread's stack, because the core measures how much of it is left.
    tests.env("ASAN_OPTIONS", "detect_leaks=0:detect_stack_use_after_return=0");
    Ok(tests)
}

/// Runs tests with many threads under ThreadSanitizer. It also compiles the standard library, because it
/// has to see how the library's locks order accesses.
pub(super) fn thread(_: u64) -> Outcome {
    nightly(&["rust-src"])?;
    let mut tests = sanitized("thread")?;
    // Without Turso, which would be most of what has to be compiled.
    tests.args(["-Zbuild-std", "--no-default-features", "--features", "sqlite,wasmi,wasmtime"]);
    tests.args(["--package", "commensal", "--test", "sqlite"]);
    tests.args(["--", "crowd::many_threads", "threads::", "visibility::"]);
    run("thread", "ThreadSanitizer", "SQLite and the standard library included", &mut [tests])
}

/// Runs in Miri what calls neither C nor compiled guests.
pub(super) fn miri(_: u64) -> Outcome {
    nightly(&["miri", "rust-src"])?;
    let mut tests = cargo(&["+nightly", "miri", "test", "--locked", "--lib", "--test", "record"]);
    tests
        .args(named("--package", &["commensal-abi", "commensal-sdk"]))
        .env("CARGO_TARGET_DIR", root().join("target/miri"))
        // The generated cases need random seeds from the operating system.
        .env("MIRIFLAGS", "-Zmiri-disable-isolation")
        .env("PROPTEST_CASES", "16");
    run("miri", "Miri", "records, and the SDK as it runs natively", &mut [tests])
}

/// `cargo test` with a sanitizer, for Rust and C.
fn sanitized(name: &str) -> Outcome<Process> {
    let target = host()?;
    let mut tests = cargo(&["+nightly", "test", "--locked", "--no-fail-fast", "--target", &target]);
    // With `--target`, build scripts and macros are compiled without the sanitizer.
    tests
        .env("RUSTFLAGS", format!("-Zsanitizer={name}"))
        .env(format!("CFLAGS_{}", target.replace('-', "_")), format!("-fsanitize={name}"))
        .env("CARGO_TARGET_DIR", root().join("target").join(name));
    Ok(tests)
}

/// The option, repeated for each name.
fn named<'a>(option: &'a str, names: &'a [&'a str]) -> impl Iterator<Item = &'a str> {
    names.iter().flat_map(move |name| [option, name])
}

/// Runs the tests and records how many passed. A finding fails them.
fn run(step: &str, tool: &str, what: &str, tests: &mut [Process]) -> Outcome {
    let mut passed = 0;
    for tests in tests {
        passed += passed_of(&output(tests)?);
    }
    reliability::record(step, &format!("figure: {tool} | {what} | {passed} tests; no finding\n"))
}

/// The number of tests that passed, from the output of `cargo test`.
fn passed_of(output: &str) -> u64 {
    let results = output.lines().filter_map(|line| line.strip_prefix("test result: ok. "));
    results.filter_map(|line| line.split(' ').next()?.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_that_passed_are_added_up() {
        let output = "running 2 tests\ntest a ... ok\ntest result: ok. 2 passed; 0 failed\n\
                      test result: FAILED. 7 passed; 1 failed\ntest result: ok. 40 passed; 0 failed\n";
        assert_eq!(passed_of(output), 42);
    }
}
