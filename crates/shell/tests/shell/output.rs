//! Modes, options and dot commands that only print.

use crate::Folder;

#[test]
fn golden() {
    const SETUP: &str =
        "CREATE TABLE t(a, b); INSERT INTO t VALUES(1, 'x'), (2.5, NULL), (x'ff00', '')";
    for (options, sql, expected) in [
        (&[][..], &["SELECT 1, 'a|b', NULL"][..], "1|a|b|\n"),
        (&["--header"], &["SELECT 1 AS a"], "a\n1\n"),
        (&["--header", "--no-header"], &["SELECT 1 AS a"], "1\n"),
        (&["--nullvalue", "∅"], &["SELECT NULL"], "∅\n"),
        (
            &["--mode", "csv", "--header"],
            &["SELECT 1 AS a, 'x,\"y\"' AS b"],
            "a,b\n1,\"x,\"\"y\"\"\"\n",
        ),
        (
            &["--mode", "jsonl"],
            &[SETUP, "SELECT * FROM t"],
            concat!(
                "{\"a\":1,\"b\":\"x\"}\n",
                "{\"a\":2.5,\"b\":null}\n",
                "{\"a\":\"X'FF00'\",\"b\":\"\"}\n",
            ),
        ),
        (&["--mode", "json"], &["SELECT 1 WHERE 0"], "[]\n"),
        (&["--mode", "line"], &["SELECT 1 AS a, 2 AS bb"], " a = 1\nbb = 2\n"),
        (
            &["--mode", "table"],
            &["SELECT 7 AS n, 'ab' AS text"],
            concat!(
                "┌───┬──────┐\n",
                "│ n ┆ text │\n",
                "╞═══╪══════╡\n",
                "│ 7 ┆ ab   │\n",
                "└───┴──────┘\n",
            ),
        ),
        (&[], &["CREATE TABLE x(a); INSERT INTO x VALUES(1) RETURNING a"], "1\n"),
        (&[], &["SELECT 1; SELECT 2", "SELECT 3;"], "1\n2\n3\n"),
        (
            &[],
            &[".mode json", "SELECT 1 AS a", ".headers on", ".mode list", "SELECT 1 AS a"],
            "[{\"a\":1}]\na\n1\n",
        ),
        (&[], &[".nullvalue \"a b\"", "SELECT NULL"], "a b\n"),
        (&[], &[".print 'a  b' c"], "a  b c\n"),
        (&[], &[".echo on", "SELECT 1;"], "SELECT 1;\n1\n"),
        (&[], &["SELECT 1", ".quit", "SELECT 2"], "1\n"),
        (
            &[],
            &[
                "CREATE TABLE b(x); CREATE VIEW a AS SELECT 1; CREATE INDEX i ON b(x)",
                "ATTACH ':memory:' AS other; CREATE TABLE other.c(x); CREATE TABLE commensal_x(a)",
                ".tables",
                ".tables commensal%",
                ".schema b",
            ],
            "a\nb\nother.c\ncommensal_x\nCREATE TABLE b(x);\nCREATE INDEX i ON b(x);\n",
        ),
        (&["--no-wasm"], &["SELECT 1"], "1\n"),
    ] {
        let folder = Folder::new();
        let arguments: Vec<_> = options.iter().chain(&["test.db"]).chain(sql).copied().collect();
        assert_eq!(folder.succeed(&arguments), expected, "{arguments:?}");
    }
}

#[test]
fn input_is_run_statement_by_statement() {
    let folder = Folder::new();
    folder.write("inner.sql", "SELECT 'inner';\n.print done\n");
    let input = "SELECT 1;\n-- comment\n.print two\nSELECT ';\n.print no\n' || 3;\n.read inner.sql\nSELECT 4";
    let outcome = folder.run_with_input(&[], input.as_bytes());
    assert_eq!(outcome.stdout, "1\ntwo\n;\n.print no\n3\ninner\ndone\n4\n");
    assert_eq!((outcome.stderr.as_str(), outcome.code), ("", 0));
}

#[test]
fn a_database_is_kept_and_can_be_opened_for_reading() {
    let folder = Folder::new();
    // The name of a subcommand, as a path.
    folder.succeed(&["./test", "CREATE TABLE t(a); INSERT INTO t VALUES(1)"]);
    assert_eq!(folder.succeed(&["--readonly", "./test", "SELECT a FROM t"]), "1\n");
    let refused = folder.run(&["--readonly", "./test", "INSERT INTO t VALUES(2)"]);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("readonly"), "{}", refused.stderr);
}

#[test]
fn long_statements_take_linear_time() {
    let folder = Folder::new();
    let half = 4 << 20;
    let mut input = b"SELECT length('".to_vec();
    input.extend(b";\n".repeat(half));
    input.extend(b"');\nSELECT length(X'");
    input.extend(b"ab".repeat(half));
    input.extend(b"');\n");
    let outcome = folder.run_with_input(&[], &input);
    assert_eq!(outcome.stdout, format!("{}\n{half}\n", half * 2));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder = Folder::new();
    let sql = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c";
    let mut child = folder
        .command(&[":memory:", sql])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.stderr, output.status.code()), (vec![], Some(0)));
}
