//! `commensal test`

use crate::Folder;

const GOOD: &str = "\
statement ok
CREATE TABLE t(a, b)

statement count 2
INSERT INTO t VALUES(1, 'a  b'), (NULL, '')

query IT
SELECT * FROM t
----
1 a  b
NULL (empty)

connection other
query I
SELECT count(*) FROM t
----
2

query error no such column: nope
SELECT nope

query RB
SELECT -0.0, x'0aff'
----
-0.0 X'0AFF'

query T
SELECT char(0, 9, 10, 27) || '\\n'
----
\\0\\t\\n\\u{1b}\\n

onlyif nothing
statement ok
not run at all

skipif wasmtime
statement ok
nor this

onlyif sqlite
query ?
SELECT 1.0
----
1.0
";

#[test]
fn counts_records() {
    let folder = Folder::new();
    folder.write("good.slt", GOOD);
    assert_eq!(folder.succeed(&["test", "good.slt", "good.slt"]), "16 passed, 0 failed\n");
}

#[cfg(feature = "wasmi")]
#[test]
fn the_runtime_is_a_label() {
    let folder = Folder::new();
    folder.write(
        "one.slt",
        "onlyif wasmi\nstatement ok\nSELECT 1\n\nonlyif wasmtime\nstatement ok\nSELEC\n",
    );
    assert_eq!(folder.succeed(&["test", "--runtime", "wasmi", "one.slt"]), "1 passed, 0 failed\n");
}

#[test]
fn failures_name_file_and_line() {
    let folder = Folder::new();
    folder.write("good.slt", GOOD);
    folder.write(
        "bad.slt",
        "query I\nSELECT 1\n----\n2\n\nquery T\nSELECT 1\n----\n1\n\nquery T\nSELECT 'a  b'\n----\na b\n\n\
         statement ok\nSELEC\n\nsystem ok\necho hello\n\nstatement ok\nSELECT 1\n",
    );
    folder.write("broken.slt", "statement perhaps\nSELECT 1\n");
    let files = ["bad.slt", "broken.slt", "missing.slt", "good.slt"];
    // White space and the types of columns matter only with `--strict`.
    let usual = folder.run(&[&["test"], &files[..]].concat());
    assert_eq!((usual.stdout.as_str(), usual.code), ("11 passed, 5 failed\n", 1));
    let outcome = folder.run(&[&["test", "--strict"], &files[..]].concat());
    assert_eq!((outcome.stdout.as_str(), outcome.code), ("9 passed, 7 failed\n", 1));
    for expected in [
        "bad.slt:1: query result mismatch",
        "-   2\n+   1",
        "bad.slt:6: query columns mismatch",
        "bad.slt:11: query result mismatch",
        "bad.slt:16: statement failed: near \"SELEC\": syntax error",
        "bad.slt:19: system records are not run",
        "broken.slt:1: invalid line",
        "missing.slt: No such file",
    ] {
        assert!(outcome.stderr.contains(expected), "{expected} in {}", outcome.stderr);
    }
}
