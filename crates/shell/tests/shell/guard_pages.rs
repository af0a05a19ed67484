//! Guard pages, and code that checks memory accesses where they are off or impossible.

use std::process::Command;

use crate::{Folder, NO_CACHES};

const SOURCE: &str = r#"CREATE FUNCTION load LANGUAGE wasm AS '(module (memory (export "memory") 1)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 1024))
  (data (i32.const 512) "\01")
  (func (export "load") (param i32 i32) (result i32)
    (i64.store (i32.const 520)
      (i64.load8_u (i32.wrap_i64 (i64.load offset=8 (local.get 1)))))
    (i32.const 512)))'"#;

const TRAP: &str = "load(): trap: out of bounds memory access";

#[test]
fn both_ways_say_the_same() {
    let folder = Folder::new();
    folder.succeed(&["a.db", SOURCE]);
    for options in [&[][..], &["--no-guard-pages"], &["--fuel", "100000"]] {
        let run = |sql: &str| folder.run(&[options, &["a.db", sql]].concat());
        assert_eq!(run("SELECT load(512)").stdout, "1\n");
        for address in ["65536", "4294967295"] {
            let outcome = run(&format!("SELECT load({address})"));
            assert!(outcome.code == 1 && outcome.stderr.contains(TRAP), "{outcome:?}");
        }
    }
}

/// A process with a limit on addresses says once why it does without guard pages, and works.
#[cfg(target_os = "linux")]
#[test]
fn without_addresses_code_checks() {
    let folder = Folder::new();
    folder.succeed(&["a.db", SOURCE]);
    let run = |options: &str, sql: &str| {
        let script = format!("ulimit -v 3000000; exec \"$0\" {options} a.db '{sql}'");
        let mut shell = Command::new("sh");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_commensal")]);
        let output = shell.current_dir(folder.path("")).env("XDG_CACHE_HOME", NO_CACHES).output();
        let output = output.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (text(output.stdout), text(output.stderr), output.status.code())
    };
    let (stdout, stderr, code) = run("", "SELECT load(512), load(0)");
    assert_eq!((stdout.as_str(), code), ("1|0\n", Some(0)));
    assert_eq!(stderr.matches("ulimit -v").count(), 1, "{stderr}");
    let (_, stderr, code) = run("", "SELECT load(65536)");
    assert!(code == Some(1) && stderr.contains(TRAP), "{stderr}");
    let silent = run("--no-guard-pages", "SELECT load(512)");
    assert_eq!(silent, ("1\n".to_owned(), String::new(), Some(0)));
}
