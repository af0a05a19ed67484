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

/// A table whose name, column, row and default set the title of a terminal window.
const HOSTILE: &str = "CREATE TABLE \"t\x1b]0;owned\x07\"(\"c\x1b[2J\" DEFAULT '\u{9b}2J'); \
                       INSERT INTO \"t\x1b]0;owned\x07\" VALUES('v\x1b[8m\u{9b}8m\x7f')";

const HOSTILE_PRINTS: &[&[&str]] = &[
    &["--mode", "list", "--header"],
    &["--mode", "line"],
    &["--mode", "csv", "--header"],
    &["--mode", "json"],
    &["--mode", "jsonl"],
    &["--mode", "table"],
];

/// Every command that prints what is in the file.
const COMMANDS: &[&str] = &[
    "SELECT * FROM pragma_table_info('t\x1b]0;owned\x07'), \"t\x1b]0;owned\x07\"",
    ".tables",
    ".schema",
    ".dump",
    ".echo on",
    "SELECT 'e\x1b[2J'",
    ".print \x1b[2J",
    ".functions",
];

#[test]
fn control_characters_are_escaped_when_they_would_reach_a_terminal() {
    let folder = Folder::new();
    folder.succeed(&["a.db", HOSTILE]);
    for options in HOSTILE_PRINTS {
        let raw = folder.succeed(&[*options, &["a.db"], COMMANDS].concat());
        assert!(raw.contains("CREATE TABLE \"t\x1b]0;owned\x07\""), "{options:?}");
        let shown =
            folder.succeed(&[&["--escape", "ascii"], *options, &["a.db"], COMMANDS].concat());
        let controls: Vec<_> = shown.matches(|c: char| c.is_control() && c != '\n').collect();
        assert!(controls.is_empty(), "{options:?}: {shown:?}");
        assert!(shown.contains("CREATE TABLE \"t^[]0;owned^G\""), "{options:?}: {shown:?}");
    }
}

/// Runs with a terminal at the other end, through `script` of util-linux.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_gets_no_control_characters() {
    let folder = Folder::new();
    folder.succeed(&["a.db", HOSTILE]);
    let commensal = env!("CARGO_BIN_EXE_commensal");
    for options in HOSTILE_PRINTS {
        let words: Vec<_> = options
            .iter()
            .chain(&["a.db"])
            .chain(COMMANDS)
            .chain(&["SELECT \"nope\x1b[2J\""])
            .map(|word| format!("'{}'", word.replace('\'', "'\\''")))
            .collect();
        let command = format!("{commensal} {}", words.join(" "));
        let output = std::process::Command::new("script")
            .current_dir(folder.path(""))
            .env("NO_COLOR", "1")
            .env("XDG_CACHE_HOME", crate::NO_CACHES)
            .args(["-qec", &command, "/dev/null"])
            .stdin(std::process::Stdio::null())
            .output()
            .expect("util-linux is installed");
        let shown = String::from_utf8(output.stdout).unwrap();
        let controls: Vec<_> =
            shown.matches(|c: char| c.is_control() && !matches!(c, '\n' | '\r')).collect();
        assert!(controls.is_empty(), "{options:?}: {shown:?}");
        assert!(shown.contains("CREATE TABLE \"t^[]0;owned^G\""), "{options:?}: {shown:?}");
        assert!(shown.contains("nope^["), "{options:?}: {shown:?}");
    }
}

/// A database that is attached to one in memory, or copied from it, is a file.
#[test]
fn a_database_in_memory_can_be_saved() {
    let folder = Folder::new();
    for database in [&[][..], &[":memory:"]] {
        let sql = "ATTACH 'n.db' AS n; CREATE TABLE n.t(a); INSERT INTO n.t VALUES(1); \
                   CREATE TABLE m(a); VACUUM INTO 'saved.db';";
        let outcome = folder.run_with_input(database, sql.as_bytes());
        assert_eq!((outcome.stderr.as_str(), outcome.code), ("", 0));
        assert_eq!(folder.succeed(&["n.db", "SELECT a FROM t"]), "1\n");
        assert_eq!(folder.succeed(&["saved.db", "SELECT count(*) FROM m"]), "0\n");
        for name in ["n.db", "saved.db"] {
            std::fs::remove_file(folder.path(name)).unwrap();
        }
    }
}
