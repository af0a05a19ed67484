//! `.import`

use crate::Folder;

#[test]
fn golden() {
    for (csv, arguments, stdout, stderr) in [
        // A new table has the header's columns, made unique.
        (
            "name,age\n\"a, b\",1\n\"q\"\"q\",\"two\nlines\"\n",
            &[".import f.csv t", "SELECT * FROM t", ".schema t"][..],
            "a, b|1\nq\"q|two\nlines\nCREATE TABLE \"t\"(\"name\" TEXT, \"age\" TEXT);\n",
            "",
        ),
        (
            "a,A,,a\n1,2,3,4\n",
            &[".import --csv f.csv t", ".schema t"],
            "CREATE TABLE \"t\"(\"a\" TEXT, \"A_2\" TEXT, \"column3\" TEXT, \"a_3\" TEXT);\n",
            "",
        ),
        // An existing table is filled by position. Its affinities apply, and generated columns do not count.
        (
            "1,x\n2,y\n",
            &[
                "CREATE TABLE t(a INTEGER, g AS (a * 2), b)",
                ".import f.csv t",
                "SELECT typeof(a), g, b FROM t",
            ],
            "integer|2|x\ninteger|4|y\n",
            "",
        ),
        (
            "skipped\n1\n",
            &["CREATE TABLE t(a)", ".import --skip 1 f.csv t", "SELECT * FROM t"],
            "1\n",
            "",
        ),
        // An empty line is a row, as the shell writes it.
        ("\u{feff}a\r\n1\r\n\r\n2", &[".import f.csv t", "SELECT a FROM t"], "1\n\n2\n", ""),
        (
            "a,b\n\n1,2\n",
            &[".import f.csv t", "SELECT count(*) FROM t"],
            "2\n",
            "Warning: f.csv:2: 1 of 2 fields; the rest is NULL\n",
        ),
        (
            "a,b\n1\n1,2,3\n",
            &[".nullvalue ∅", ".import f.csv t", "SELECT * FROM t"],
            "1|∅\n1|2\n",
            "Warning: f.csv:2: 1 of 2 fields; the rest is NULL\nWarning: f.csv:3: 3 fields for 2 columns; the rest is ignored\n",
        ),
        // Within a transaction of the user's.
        (
            "a\n1\n",
            &["BEGIN", ".import f.csv t", "SELECT count(*) FROM t; ROLLBACK", ".tables"],
            "1\n",
            "",
        ),
    ] {
        let folder = Folder::new();
        folder.write("f.csv", csv);
        let arguments: Vec<_> = [":memory:"].iter().chain(arguments).copied().collect();
        let outcome = folder.run(&arguments);
        assert_eq!(outcome.stdout, stdout, "{arguments:?}");
        assert_eq!((outcome.stderr.as_str(), outcome.code), (stderr, 0), "{arguments:?}");
    }
}

#[test]
fn an_error_names_the_line_and_imports_nothing() {
    for (csv, stderr) in [
        (&b"1\n2\n3\n"[..], "Error: near line 1: f.csv:2: CHECK constraint failed: a <> 2\n"),
        (b"1\n\"3\n5\n", "Error: near line 1: f.csv: the quote in line 2 is never closed\n"),
        (b"1\n\xff\n", "Error: near line 1: f.csv:2: the row is not valid UTF-8\n"),
    ] {
        let folder = Folder::new();
        folder.write("f.csv", csv);
        folder.succeed(&["a.db", "CREATE TABLE t(a INTEGER CHECK(a <> 2))"]);
        let outcome = folder.run(&["a.db", ".import f.csv t"]);
        assert_eq!((outcome.stderr.as_str(), outcome.code), (stderr, 1));
        assert_eq!(folder.succeed(&["a.db", "SELECT count(*) FROM t"]), "0\n");
    }
}

#[test]
fn wrong_use() {
    let folder = Folder::new();
    folder.write("empty.csv", "");
    for (command, stderr) in [
        (".import nothing.csv t", "nothing.csv: No such file or directory (os error 2)"),
        (".import empty.csv t", "empty.csv: there is no row to take the columns from"),
        (".import --skip x f.csv t", "usage: .import [--csv] [--skip N] FILE TABLE"),
        (".import --ascii f.csv t", "usage: .import [--csv] [--skip N] FILE TABLE"),
        (".import t", "usage: .import [--csv] [--skip N] FILE TABLE"),
    ] {
        let outcome = folder.run(&[":memory:", command]);
        assert_eq!(outcome.stderr, format!("Error: near line 1: {stderr}\n"));
        assert_eq!(outcome.code, 1);
    }
}
