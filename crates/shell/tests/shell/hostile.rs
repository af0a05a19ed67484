//! Hostile files in the shell: the same files as for the facade and the extension, with their definitions
//! and without.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Arc;

use commensal::{Options, WasmtimeRuntime};
use commensal_conformance::hostile::{cases, make_base};

/// What a user looks at in an unknown file, and the answer that must come last.
const SCRIPT: &str = ".tables\n.schema\n.dump\nSELECT 'the number ' || x FROM t;\n";

/// The memory that the shell may have beyond what its runtime reserves, in KiB as `ulimit` takes it. A file
/// that makes it use more ends it.
const MEMORY_KIB: u64 = 16 << 20;

#[test]
fn each_file_can_be_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("base.db");
    make_base(&base, Options::new().runtime(Arc::new(WasmtimeRuntime::new())));
    let mut failed = Vec::new();
    for case in cases() {
        let path = folder.path().join(format!("{}.db", case.name));
        case.make(&base, &path);
        for options in [&[][..], &["--no-wasm"]] {
            // A minute of processor time ends it. None of the files needs that.
            let limits = format!("ulimit -t 60; ulimit -v {MEMORY_KIB}; exec \"$@\"");
            let mut shell = Command::new("sh")
                .args(["-c", &limits, "sh", env!("CARGO_BIN_EXE_commensal")])
                .args(options)
                .arg(&path)
                .env("XDG_CACHE_HOME", crate::NO_CACHES)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            // It may end before it has read everything. Its status tells.
            let _ = shell.stdin.take().unwrap().write_all(SCRIPT.as_bytes());
            let output = shell.wait_with_output().unwrap();
            let text = String::from_utf8_lossy(&output.stdout);
            let errors = String::from_utf8_lossy(&output.stderr);
            // Errors of single commands are answers. A signal or a panic is not.
            let is_well = output.status.code().is_some_and(|code| code <= 1)
                && text.lines().last() == Some("the number 3")
                && !errors.contains("panicked");
            if !is_well {
                let end: String = errors.chars().take(500).collect();
                failed.push(format!("{} {options:?}: {}: {end}", case.name, output.status));
            }
        }
        std::fs::remove_file(&path).unwrap();
    }
    assert_eq!(failed, [""; 0]);
}

/// Files without an end are refused at the limit of what they stand for.
#[cfg(unix)]
#[test]
fn endless_files_are_read_to_a_limit() {
    let folder = crate::Folder::new();
    folder.write("m.wat", "(module)");
    for (arguments, message) in [
        (
            &["pack", "m.wat", "/dev/zero", "-o", "m.wasm"][..],
            "more than 1048576 bytes, the most that a manifest may have",
        ),
        (&["inspect", "/dev/zero"], "more than 33554432 bytes, the most that a module may have"),
        (&["test", "/dev/zero"], "more than 67108864 bytes, the most that are read"),
        (
            &[":memory:", ".import /dev/zero t"],
            "the row has more than 268435456 bytes, the most that a row may have",
        ),
    ] {
        let outcome = folder.run(arguments);
        let output = outcome.stdout + &outcome.stderr;
        assert!(outcome.code != 0 && output.contains(message), "{arguments:?}: {output}");
    }
}

/// Test files are data: they read no other files and no environment.
#[test]
fn test_files_reach_nothing_else() {
    let folder = crate::Folder::new();
    folder.write("self.slt", "include self.slt\n");
    folder.write(
        "environment.slt",
        "control substitution on\n\nquery T\nSELECT '$HOME'\n----\n$HOME\n",
    );
    for (file, message) in [
        ("self.slt", "self.slt:1: other files are not included: name them, too"),
        ("environment.slt", "environment.slt: variables are not substituted: the files are data"),
    ] {
        let outcome = folder.run(&["test", file]);
        assert!(outcome.code == 1 && outcome.stderr.contains(message), "{}", outcome.stderr);
    }
    // The variable was not replaced.
    assert!(folder.run(&["test", "environment.slt"]).stdout.contains("1 passed, 1 failed"));
}

/// Names that repeat are made unique in one pass, and too many are refused before that.
#[test]
fn a_header_of_many_names_is_no_work() {
    let folder = crate::Folder::new();
    for (count, message) in [
        (30_000, "too many columns on t"),
        (40_000, "the header has 40000 fields; a table has at most 32767 columns"),
    ] {
        folder.write("wide.csv", vec!["a"; count].join(","));
        let outcome = folder.run(&[":memory:", ".import wide.csv t"]);
        assert!(outcome.code != 0 && outcome.stderr.contains(message), "{}", outcome.stderr);
    }
}

/// Opening a pipe would wait for its other end.
#[cfg(unix)]
#[test]
fn a_pipe_is_no_source_of_a_definition() {
    let folder = crate::Folder::new();
    let made = Command::new("mkfifo").arg(folder.path("pipe")).status().unwrap();
    assert!(made.success());
    let outcome = folder.run(&[":memory:", "CREATE FUNCTION f LANGUAGE wasm AS file://pipe"]);
    assert!(outcome.stderr.contains("\"pipe\" is not a file"), "{}", outcome.stderr);
}
