//! `--prefix` and `--without`: the names of what an extension registers.

use std::path::Path;

use commensal_shim::Build;

use crate::guest;

fn build(prefix: Option<&str>, without: &[&str]) -> Result<Vec<u8>, String> {
    let build = Build {
        sources: vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/extensions/table.c")],
        prefix: prefix.map(str::to_owned),
        without: without.iter().map(|&name| name.to_owned()).collect(),
        ..Build::default()
    };
    build.run().map(|built| built.wasm).map_err(|error| error.to_string())
}

fn answer(guest: &guest::Guest, sql: &str) -> String {
    let answer = guest.ask(sql, &[]).unwrap();
    answer.map(|values| values.join(" ")).unwrap_or_else(|error| error)
}

/// Functions, tables, and the functions that a table has an implementation of its own for, which the extension
/// knows under its own names.
#[test]
fn names_get_a_prefix_when_built_and_when_created() {
    const STATEMENTS: &[&str] = &[
        "SELECT P_near(1, 2)",
        "CREATE VIRTUAL TABLE s USING P_store(a, b, c)",
        "INSERT INTO s(a) VALUES (1), (2), (3)",
        "SELECT a, plan, P_stored(a) FROM s WHERE P_near(a, 2)",
        "SELECT a, P_stored(a) FROM s",
        "UPDATE s SET b = P_stored(a)",
        "SELECT b FROM s",
        "DROP TABLE s",
    ];
    let plain = build(None, &[]).unwrap();
    let built = build(Some("q_"), &[]).unwrap();
    let under_own_names = guest::load(&plain);
    for (wasm, with) in [(&built, ""), (&plain, ", prefix = 'q_'")] {
        for (guest, plain) in guest::load_with(wasm, with).iter().zip(&under_own_names) {
            if guest.has_no_tables() {
                continue;
            }
            let mut answers = 0;
            for sql in STATEMENTS {
                let (asked, expected) = (sql.replace("P_", "q_"), sql.replace("P_", ""));
                let (answer, expected) = (answer(guest, &asked), answer(plain, &expected));
                assert_eq!(answer, expected, "{}: {asked}", guest.name());
                answers += usize::from(answer.contains("Integer"));
            }
            assert!(answers > 1, "most of these fail");
            assert_eq!(answer(guest, "SELECT near(1, 2)"), "no such function: near");
        }
    }
}

#[test]
fn what_is_left_out_is_not_there() {
    for guest in guest::load(&build(None, &["near", "STORED"]).unwrap()) {
        for sql in ["SELECT stored(1)", "SELECT near(1)"] {
            assert!(answer(&guest, sql).starts_with("no such function"), "{}: {sql}", guest.name());
        }
    }
    let error = build(None, &["near", "far"]).unwrap_err();
    assert!(error.contains("sqlite3_table_init registers no far, but "), "{error}");
    let error = build(Some("a b"), &[]).unwrap_err();
    assert!(error.contains("prefix has to be"), "{error}");
}
