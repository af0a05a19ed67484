//! Modules of other ABIs: `inspect`, `sql`, and the functions that libSQL has stored in a file.

use crate::Folder;

/// A guest in the tree.
fn guest(path: &str) -> Vec<u8> {
    let path = format!("{}/../../guests/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).expect("the guest is in the tree")
}

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("generic.wat", guest("wat/turso_generic.wat"));
    folder.write("typed.wat", guest("wat/turso_typed.wat"));
    folder.write("extension.wat", guest("wat/turso_extension.wat"));
    folder.write("libsql.wasm", guest("prebuilt/libsql.wasm"));
    folder
}

#[test]
fn inspect_says_which_abi_a_module_has() {
    let folder = folder();
    for (file, abi, line) in [
        ("generic.wat", "Turso", "  translated_from: \"Turso\""),
        ("typed.wat", "Turso", "  function y_mixed(text, integer?, integer) -> integer"),
        ("extension.wat", "Turso", "  function x_typed(text) -> integer"),
        ("libsql.wasm", "libSQL", "  function lb_repeat(any, integer?)"),
    ] {
        let text = folder.succeed(&["inspect", file]);
        let abi_line = format!("abi        {abi}");
        for line in [abi_line.as_str(), line] {
            assert!(text.lines().any(|found| found == line), "{line} in {text}");
        }
        let json = folder.succeed(&["inspect", "--json", file]);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!((&json["abi"], &json["problems"]), (&abi.into(), &serde_json::json!([])));
    }
}

#[test]
fn sql_prints_the_statement_with_the_module_as_it_is() {
    let folder = folder();
    for (arguments, expected) in [
        (
            &["sql", "extension.wat"][..],
            "CREATE EXTENSION \"extension\" LANGUAGE wasm AS X'0061736d",
        ),
        (
            &["sql", "libsql.wasm", "--export", "lb_fib"],
            "CREATE FUNCTION \"lb_fib\" LANGUAGE wasm AS X'0061736d",
        ),
    ] {
        let sql = folder.succeed(arguments);
        assert!(sql.starts_with(expected), "{arguments:?}: {}", &sql[..80]);
    }
    let sql = folder.succeed(&["sql", "libsql.wasm", "--export", "lb_fib"]);
    let result = folder.succeed(&["t.db", &sql, "SELECT lb_fib(10)"]);
    assert_eq!(result, "55\n");
    let outcome = folder.run(&["sql", "libsql.wasm"]);
    assert!(outcome.stderr.contains("choose one with --export: lb_concat, lb_fib"), "{outcome:?}");
}

#[test]
fn what_libsql_has_stored_is_imported_with_one_command() {
    let folder = folder();
    folder.succeed(&[
        "t.db",
        "CREATE TABLE libsql_wasm_func_table(name text PRIMARY KEY, body text) WITHOUT ROWID",
        "INSERT INTO libsql_wasm_func_table VALUES
           ('answer', '(module (func (export \"answer\") (result i64) (i64.const 42)))')",
    ]);
    assert_eq!(folder.succeed(&["import-libsql", "t.db"]), "functions created: 1\n");
    assert_eq!(folder.succeed(&["t.db", "SELECT answer()"]), "42\n");
    // The second time, there is nothing left to do.
    assert_eq!(folder.succeed(&["import-libsql", "t.db"]), "functions created: 0\n");
    folder.succeed(&[
        "t.db",
        "INSERT INTO libsql_wasm_func_table VALUES ('wrong', 'no module'), ('also', 'none')",
    ]);
    folder.succeed(&["plain.db", "CREATE TABLE t(x)"]);
    for (file, expected) in [
        ("t.db", "t.db: \"also\" in libsql_wasm_func_table: not a WebAssembly module"),
        ("plain.db", "plain.db: has no table libsql_wasm_func_table"),
        ("missing.db", "missing.db: there is no such file"),
    ] {
        let outcome = folder.run(&["import-libsql", file]);
        assert!(outcome.stderr.contains(expected), "{outcome:?}");
        assert_eq!((outcome.stdout.as_str(), outcome.code), ("", 1));
    }
    assert!(!folder.path("missing.db").exists());
}
