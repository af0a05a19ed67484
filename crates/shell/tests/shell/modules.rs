//! `inspect`, `sql` and `pack`, on modules in text format.

use crate::Folder;

const MODULE: &str = r#"(module
  (import "commensal" "log" (func (param i32 i32 i32)))
  (memory (export "memory") 1)
  (func (export "commensal_scratch") (param i32) (result i32) i32.const 0)
  (func (export "one") (param i32 i32) (result i32) i32.const 0)
  (func (export "two") (param i32 i32) (result i32) i32.const 0))"#;

const MANIFEST: &str = r#"{"abi":1,"info":{"version":"1.2.0"}}
{"function":{"name":"uno","export":"one","params":["text","integer?"],"returns":"text","deterministic":true}}
"#;

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("m.wat", MODULE);
    folder.write("manifest.json", MANIFEST);
    folder
}

/// Logs, with an escape character, and returns NULL.
const LOGGING: &str = r#"(module
  (import "commensal" "log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "hello\1b")
  (func (export "commensal_scratch") (param i32) (result i32) i32.const 1024)
  (func (export "f") (param i32 i32) (result i32)
    (call $log (i32.const 2) (i32.const 0) (i32.const 6)) (i32.const 0)))"#;

/// The square of an integer.
const SQUARE: &str = r#"(module
  (memory (export "memory") 1)
  (func (export "commensal_scratch") (param i32) (result i32) i32.const 1024)
  (func (export "square") (param i32) (param $argv i32) (result i32)
    (i64.store (i32.const 0) (i64.const 1))
    (i64.store (i32.const 8) (i64.mul (i64.load offset=8 (local.get $argv))
                                      (i64.load offset=8 (local.get $argv))))
    (i32.const 0)))"#;

fn assert_lines(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(text.lines().any(|found| found == *line), "{line} in {text}");
    }
}

#[test]
fn inspect_tells_what_is_there() {
    let folder = folder();
    folder.succeed(&["pack", "m.wat", "manifest.json", "-o", "m.wasm"]);
    let text = folder.succeed(&["inspect", "m.wasm"]);
    assert_lines(
        &text,
        &[
            "abi        Commensal",
            "imports",
            "  commensal.log (func (param i32 i32 i32)), needs the capability log",
            "exports",
            "  memory (memory 1)",
            "  one (func (param i32 i32) (result i32))",
            "manifest",
            "  version: \"1.2.0\"",
            "  function uno(text, integer?) -> text, deterministic",
        ],
    );
    let json = folder.succeed(&["inspect", "--json", "m.wasm"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["abi"], "Commensal");
    assert_eq!(json["imports"][0]["capability"], "log");
    assert_eq!(json["exports"][0]["name"], "memory");
    assert_eq!(json["manifest"][1]["function"]["name"], "uno");
    assert_eq!(json["problems"], serde_json::json!([]));
    assert_eq!(json["bytes"], std::fs::metadata(folder.path("m.wasm")).unwrap().len());
}

#[test]
fn inspect_tells_what_would_be_refused() {
    let folder = Folder::new();
    folder.write(
        "import.wat",
        r#"(module (import "env" "abort" (func)) (memory (export "memory") 1)
        (func (export "commensal_scratch") (param i32) (result i32) i32.const 0))"#,
    );
    folder.write("garbage.wasm", "garbage");
    folder.write("syntax.wat", "(module\n  (fun))");
    for (file, in_text, expected) in [
        ("import.wat", true, "env.abort"),
        ("garbage.wasm", false, "Error: garbage.wasm: "),
        ("syntax.wat", false, "line 2, column 4"),
        ("missing.wasm", false, "No such file"),
    ] {
        let text = folder.run(&["inspect", file]);
        let message = if in_text { &text.stdout } else { &text.stderr };
        assert!(message.contains(expected), "{expected} in {text:?}");
        assert_eq!(text.code, 1);
        let json = folder.run(&["inspect", "--json", file]);
        let value: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
        let problem = value["problems"][0].as_str().unwrap();
        assert!(problem.contains(expected.trim_start_matches("Error: ")), "{problem}");
        assert_eq!((json.stderr.as_str(), json.code), ("", 1));
    }
}

#[test]
fn sql_prints_the_statement() {
    let folder = folder();
    folder.succeed(&["pack", "m.wat", "manifest.json", "-o", "my geo.wasm"]);
    for (arguments, start, end) in [
        (&["my geo.wasm"][..], "CREATE EXTENSION \"my_geo\" LANGUAGE wasm AS X'0061736d", "';\n"),
        (&["my geo.wasm", "--name", "geo"], "CREATE EXTENSION \"geo\" LANGUAGE wasm AS X'", "';\n"),
        (&["m.wat", "--export", "one"], "CREATE FUNCTION \"one\" LANGUAGE wasm AS X'", "';\n"),
        (
            &["m.wat", "--export", "one", "--name", "eins"],
            "CREATE FUNCTION \"eins\" ",
            "' EXPORT 'one';\n",
        ),
        (
            &["m.wat", "--export", "one", "--file"],
            "CREATE FUNCTION \"one\" LANGUAGE wasm AS ",
            "file://m.wat';\n",
        ),
    ] {
        let arguments: Vec<_> = ["sql"].iter().chain(arguments).copied().collect();
        let sql = folder.succeed(&arguments);
        assert!(sql.starts_with(start) && sql.ends_with(end), "{arguments:?}: {sql}");
    }
    for (arguments, expected) in [
        (["sql", "m.wat", "--name=x"], "choose one with --export: one, two"),
        (["sql", "m.wat", "--export=three"], "three"),
    ] {
        let outcome = folder.run(&arguments);
        assert!(outcome.stderr.contains(expected), "{outcome:?}");
        assert_eq!((outcome.stdout.as_str(), outcome.code), ("", 1));
    }
}

/// What is no file is written to, and a link stays one.
#[cfg(unix)]
#[test]
fn pack_replaces_files_only() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = folder();
    folder.succeed(&["pack", "m.wat", "manifest.json", "-o", "m.wasm"]);
    let packed = std::fs::read(folder.path("m.wasm")).unwrap();
    for name in ["empty.wasm", "missing.wasm"] {
        let link = folder.path(&format!("to-{name}"));
        symlink(name, &link).unwrap();
        if name == "empty.wasm" {
            folder.write(name, "");
            let mode = std::fs::Permissions::from_mode(0o640);
            std::fs::set_permissions(folder.path(name), mode).unwrap();
        }
        folder.succeed(&["pack", "m.wat", "manifest.json", "-o", &format!("to-{name}")]);
        assert!(link.is_symlink());
        assert_eq!(std::fs::read(folder.path(name)).unwrap(), packed);
    }
    let mode = std::fs::metadata(folder.path("empty.wasm")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    let pipe = folder.path("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::read(pipe).unwrap()
    });
    folder.succeed(&["pack", "m.wat", "manifest.json", "-o", "pipe"]);
    assert_eq!(reader.join().unwrap(), packed);
    assert!(
        std::fs::read_dir(folder.path("."))
            .unwrap()
            .all(|entry| { !entry.unwrap().file_name().to_string_lossy().contains("tmp") })
    );
}

#[test]
fn pack_adds_and_replaces() {
    let folder = folder();
    folder.succeed(&["pack", "m.wat", "manifest.json", "-o", "m.wasm"]);
    let packed = std::fs::read(folder.path("m.wasm")).unwrap();
    // In place, with the same result.
    folder.succeed(&["pack", "m.wasm", "manifest.json"]);
    assert_eq!(std::fs::read(folder.path("m.wasm")).unwrap(), packed);
    folder
        .write("wrong.json", r#"{"abi":1}{"function":{"name":"f","export":"three","params":[]}}"#);
    for (arguments, expected) in [
        (["pack", "m.wasm", "wrong.json"], "three"),
        (["pack", "m.wat", "manifest.json"], "-o"),
        (["pack", "m.wasm", "missing.json"], "missing.json"),
    ] {
        let outcome = folder.run(&arguments);
        assert!(outcome.stderr.contains(expected), "{outcome:?}");
        assert_eq!(outcome.code, 1);
    }
    assert_eq!(std::fs::read(folder.path("m.wasm")).unwrap(), packed);
}

#[test]
fn functions_are_stored_called_listed_dumped_and_restored() {
    let folder = Folder::new();
    // The result record is not at 0, which would be NULL.
    folder.write(
        "square.wat",
        SQUARE
            .replace("(i32.const 0)", "(i32.const 16)")
            .replace("(i32.const 8)", "(i32.const 24)"),
    );
    let create = folder.succeed(&["sql", "square.wat", "--name", "sq"]);
    let create = create.replace(";\n", " DETERMINISTIC;\n");
    let made = folder.run_with_input(&["a.db"], create.as_bytes());
    assert_eq!((made.stderr.as_str(), made.code), ("", 0));
    folder.succeed(&["a.db", "CREATE TABLE t(a, b AS (sq(a)) STORED); CREATE INDEX i ON t(sq(a)); INSERT INTO t(a) VALUES(3)"]);
    assert_eq!(
        folder.succeed(&["a.db", ".functions", ".extensions", ".tables"]),
        "sq|any...|||1|ok\nt\n"
    );
    let dump = folder.succeed(&["a.db", ".dump"]);
    let restored = folder.run_with_input(&["b.db"], dump.as_bytes());
    assert_eq!((restored.stderr.as_str(), restored.code), ("", 0));
    assert_eq!(folder.succeed(&["b.db", "SELECT a, b, sq(5) FROM t WHERE sq(a) = 9"]), "3|9|25\n");
    assert_eq!(folder.succeed(&["b.db", ".dump"]), dump);
    let without = folder.run(&["--no-wasm", "b.db", "SELECT sq(5)"]);
    assert!(without.stderr.contains("no such function: sq"), "{without:?}");
}

#[test]
fn options_reach_the_guests() {
    let folder = Folder::new();
    folder.write("log.wat", LOGGING);
    let sql = "CREATE FUNCTION f LANGUAGE wasm AS file://log.wat WITH (allow = 'log'); SELECT f()";
    let refused = folder.run(&[":memory:", sql]);
    assert!(refused.stderr.contains("needs the capability \"log\""), "{refused:?}");
    let granted = folder.run(&["--allow", "log", ":memory:", sql]);
    assert_eq!(
        (granted.stdout.as_str(), granted.stderr.as_str(), granted.code),
        ("\n", "Log (Warn): hello^[\n", 0)
    );
    folder.write(
        "loop.wat",
        r#"(module (memory (export "memory") 1)
          (func (export "commensal_scratch") (param i32) (result i32) i32.const 1024)
          (func (export "f") (param i32 i32) (result i32) (loop (br 0)) (i32.const 0)))"#,
    );
    let sql = "CREATE FUNCTION f LANGUAGE wasm AS file://loop.wat; SELECT f()";
    for (option, value, expected) in
        [("--timeout-ms", "50", "timeout_ms = 50"), ("--fuel", "10000", "10000")]
    {
        let outcome = folder.run(&[option, value, ":memory:", sql]);
        assert!(outcome.stderr.contains(expected), "{outcome:?}");
        assert_eq!(outcome.code, 1);
    }
}

/// What a guest prints through WASI is logged if that is granted. Clock and randomness work.
#[test]
fn wasi_reaches_what_is_granted() {
    const WASI: &str = include_str!("../../../../guests/wat/wasi.wat");
    let folder = Folder::new();
    folder.write("wasi.wat", WASI);
    let create = |name: &str| {
        format!(
            "CREATE FUNCTION {name} LANGUAGE wasm AS file://wasi.wat WITH (allow = 'log,clock,random');"
        )
    };
    let sql = ["print", "clock", "draw"].map(create).concat()
        + "SELECT print(1), print(2), clock(0) > 1700000000000000000, clock(1) > 0, clock(2), \
           draw() = draw()";
    let silent = folder.run(&["--allow", "clock,random", ":memory:", &sql]);
    assert_eq!((silent.stdout.as_str(), silent.stderr.as_str()), ("12|12|1|1|-28|0\n", ""));
    let granted = folder.run(&["--allow", "log,clock,random", ":memory:", &sql]);
    assert_eq!(granted.stdout, silent.stdout);
    assert_eq!(granted.stderr, "Log (Info): hello world\nLog (Warn): hello world\n");
}

/// Programs and Python modules in the folder of the sources do not run, whatever PATH says.
#[cfg(unix)]
#[test]
fn cc_runs_nothing_of_the_folder() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new();
    folder.write("x.c", "int sqlite3_x_init(void) { return 0; }");
    let ran = folder.path("ran");
    let script = format!("#!/bin/sh\ntouch '{}'\n", ran.display());
    for name in ["clang", "cc", "gcc", "zig", "python3", "python", "wasm-ld", "wasm-opt", "lld"] {
        for at in [name.to_owned(), format!("bin/{name}")] {
            std::fs::create_dir_all(folder.path("bin")).unwrap();
            folder.write(&at, &script);
            let executable = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(folder.path(&at), executable).unwrap();
        }
    }
    let module = format!("open({:?}, 'w')\n", ran.to_str().unwrap());
    for name in ["ziglang.py", "os.py", "io.py", "site.py", "sitecustomize.py", "usercustomize.py"]
    {
        folder.write(name, &module);
    }
    let path = std::env::var("PATH").unwrap();
    let search = format!("bin:.::{path}");
    for named in [None, Some("zig cc"), Some("python3 -m ziglang cc"), Some("clang -v")] {
        let mut command = folder.command(&["cc", "x.c", "-o", "x.wasm"]);
        if let Some(named) = named {
            command.args(["--compiler", named]);
        }
        // It does not matter here whether there is a compiler.
        let output = command.env("PATH", &search).env("PYTHONPATH", ":.").output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!ran.exists(), "{named:?}: {stderr}");
        assert!(!output.status.success() || folder.path("x.wasm").exists(), "{named:?}");
    }
    // The output would show it.
    let status = std::process::Command::new(folder.path("bin/clang")).status().unwrap();
    assert!(status.success() && ran.exists());
}

/// Without a compiler, the error says what to install. Missing sources are named.
#[test]
fn cc_says_what_to_install() {
    let folder = Folder::new();
    folder.write("x.c", "int sqlite3_x_init(void) { return 0; }");
    let outcome = folder.run(&["cc", "x.c", "-o", "x.wasm", "--compiler", "no-such-compiler"]);
    assert_eq!(outcome.code, 1);
    for part in ["no-such-compiler", "is not there", "wasi-libc", "Zig", "WASI_SDK_PATH"] {
        assert!(outcome.stderr.contains(part), "{part}: {}", outcome.stderr);
    }
    assert!(!folder.path("x.wasm").exists());
}

/// What has 64 bits on the author's machine and 32 in WebAssembly. The build succeeds, and says where to look.
#[test]
fn cc_names_the_lines_that_need_64_bits() {
    const SOURCE: &str = r#"#include "sqlite3ext.h"
SQLITE_EXTENSION_INIT1
#include <stdio.h>
#define HOUR 3600000000000LL
static const long long day = 24 * HOUR;
static int other(void *p) { return p != 0; }
static void f(sqlite3_context *c, int n, sqlite3_value **v) {
  char *text = sqlite3_mprintf("%d", day), more[9];
  snprintf(more, 9, "%d", day);
  sqlite3_result_text(c, text, -1, sqlite3_free);
}
int sqlite3_wide_init(sqlite3 *db, char **error, const sqlite3_api_routines *api) {
  SQLITE_EXTENSION_INIT2(api);
  unsigned long bits = 1UL << 40;
  sqlite3_create_function(db, "a", 0, SQLITE_UTF8, (void*)HOUR, f, 0, 0);
  sqlite3_create_function(db, "b", 0, SQLITE_UTF8, (void *) day, f, 0, 0);
  sqlite3_create_function(db, "c", 0, SQLITE_UTF8, (void*)db, f, 0, 0);
  if (!db) return ((int (*)(int))other)(0) + (int)bits;
  return SQLITE_OK;
}
"#;
    let folder = Folder::new();
    folder.write("wide.c", SOURCE);
    let outcome = folder.run(&["cc", "wide.c", "-o", "wide.wasm"]);
    let stderr = &outcome.stderr;
    for (line, what) in [
        (9, "format specifies type 'int'"),
        (14, "shift count >= width of type"),
        (15, "an integer of 64 bits becomes a pointer"),
        (16, "an integer of 64 bits becomes a pointer"),
        (18, "converts to incompatible function type"),
    ] {
        let place = format!("wide.c:{line}:");
        let is_named = |message: &str| message.contains(&place) && message.contains(what);
        assert!(stderr.lines().any(is_named), "{place} {what}: {stderr}");
    }
    assert!(!stderr.contains("wide.c:17") && !stderr.contains("wide.c:8"), "{stderr}");
}

/// What a compiler makes of a function of numbers is a guest with a manifest, without memory or an allocator.
#[test]
fn a_plain_function_becomes_a_guest_by_its_manifest() {
    let folder = Folder::new();
    folder.write(
        "add.wat",
        "(module (func (export \"add\") (param i64 i64) (result i64) (i64.add (local.get 0) (local.get 1))))",
    );
    folder.write(
        "add.json",
        r#"{"abi":1}
{"function":{"name":"plus","export":"add","call":"native","params":["integer","integer"],"returns":"integer"}}"#,
    );
    folder.succeed(&["pack", "add.wat", "add.json", "-o", "add.wasm"]);
    let inspected = folder.succeed(&["inspect", "add.wasm"]);
    assert!(inspected.contains("plus(integer, integer)"), "{inspected}");
    let create = "CREATE EXTENSION plain LANGUAGE wasm AS file://add.wasm";
    assert_eq!(folder.succeed(&[":memory:", create, "SELECT plus(40, 2)"]), "42\n");
}
