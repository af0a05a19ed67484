//! Messages, their positions, and exit codes.

use crate::Folder;

#[test]
fn golden() {
    for (arguments, input, stdout, stderr, code) in [
        // Input continues with the next statement, even on the same line.
        (
            &[][..],
            "SELECT 1;\nSELECT\n  nope; SELECT 2;\nSELECT 3;\n",
            "1\n2\n3\n",
            "Error: near line 3: no such column: nope\n  nope;\n  ^--- error here\n",
            1,
        ),
        (
            &["--bail"],
            "SELECT 1;\nSELECT nope;\nSELECT 2;\n",
            "1\n",
            "Error: near line 2: no such column: nope\n  SELECT nope;\n         ^--- error here\n",
            1,
        ),
        (
            &[],
            ".bail on\n.bogus\nSELECT 2;\n",
            "",
            "Error: near line 2: unknown dot command \"bogus\"; known are bail, dump, echo, exit, extensions, functions, headers, help, import, mode, nullvalue, print, quit, read, schema, tables\n",
            1,
        ),
        // Arguments stop.
        (
            &[":memory:", "SELECT 1", "SELECT nope", "SELECT 2"],
            "",
            "1\n",
            "Error: near line 1: no such column: nope\n  SELECT nope\n         ^--- error here\n",
            1,
        ),
        (
            &[":memory:", "SELECT 'ü漢字', nope"],
            "",
            "",
            "Error: near line 1: no such column: nope\n  SELECT 'ü漢字', nope\n                  ^--- error here\n",
            1,
        ),
        (
            &[],
            "CREATE TABLE t(a CHECK(a > 0));\n\nINSERT INTO t\nVALUES(0);\n",
            "",
            "Error: near line 3: CHECK constraint failed: a > 0\n",
            1,
        ),
        (
            &[],
            "SELECT 'open\n",
            "",
            "Error: near line 1: unrecognized token: \"'open\n  \"\n  SELECT 'open\n         ^--- error here\n",
            1,
        ),
        (
            &[":memory:", ".tabels"],
            "",
            "",
            "Error: near line 1: unknown dot command \"tabels\"; did you mean \"tables\"?\n",
            1,
        ),
        (
            &[":memory:", ".mode tabel"],
            "",
            "",
            "Error: near line 1: unknown mode \"tabel\"; did you mean \"table\"?\n",
            1,
        ),
        (&[":memory:", ".mode"], "", "", "Error: near line 1: usage: .mode MODE\n", 1),
        (
            &[":memory:", ".bail perhaps"],
            "",
            "",
            "Error: near line 1: \"perhaps\" is neither on nor off\n",
            1,
        ),
        (
            &[":memory:", ".read nothing.sql"],
            "",
            "",
            "Error: near line 1: nothing.sql: No such file or directory (os error 2)\n",
            1,
        ),
        (
            &[":memory:", ".read self.sql"],
            "",
            "",
            "Error: self.sql: near line 1: files may .read each other 16 deep; does one read itself?\n",
            1,
        ),
        (
            &[],
            ".read wrong.sql\nSELECT 2;\n",
            "1\n2\n",
            "Error: wrong.sql: near line 2: no such column: nope\n  SELECT nope;\n         ^--- error here\n",
            1,
        ),
    ] {
        let folder = Folder::new();
        folder.write("self.sql", ".read self.sql\n");
        folder.write("wrong.sql", "SELECT 1;\nSELECT nope;\n");
        let outcome = folder.run_with_input(arguments, input.as_bytes());
        assert_eq!(outcome.stdout, stdout, "{arguments:?} {input}");
        assert_eq!(outcome.stderr, stderr, "{arguments:?} {input}");
        assert_eq!(outcome.code, code, "{arguments:?} {input}");
    }
}

#[test]
fn wrong_usage_is_status_2() {
    let folder = Folder::new();
    for arguments in [
        &["--bogus"][..],
        &["--mode", "html"],
        &["--engine", "oracle"],
        &["--allow", "everything"],
        &["--timeout-ms", "0"],
        &["inspect"],
        &["test"],
    ] {
        let outcome = folder.run(arguments);
        assert_eq!((outcome.stdout.as_str(), outcome.code), ("", 2), "{arguments:?}");
        assert!(outcome.stderr.contains("error:"), "{}", outcome.stderr);
    }
    for arguments in [["--help"], ["--version"]] {
        assert!(folder.succeed(&arguments).contains("commensal"));
    }
}

/// Engines and runtimes are features of the package. A build without one says how to get it.
#[test]
fn what_is_not_in_this_build() {
    let folder = Folder::new();
    for (option, name, is_there) in [
        ("--engine", "turso", cfg!(feature = "turso")),
        ("--runtime", "wasmi", cfg!(feature = "wasmi")),
    ] {
        let arguments = [option, name, ":memory:", "SELECT 1"];
        if is_there {
            assert_eq!(folder.succeed(&arguments), "1\n", "{name}");
        } else {
            let outcome = folder.run(&arguments);
            assert_eq!((outcome.stdout.as_str(), outcome.code), ("", 2), "{name}");
            let hint = format!("--features {name}");
            assert!(outcome.stderr.contains(&hint), "{}", outcome.stderr);
        }
    }
}

/// A word in place of a command that looks like one is not taken for a new database file.
#[test]
fn a_misspelt_command_makes_no_file() {
    let folder = Folder::new();
    for (word, meant) in [
        ("inspekt", "inspect"),
        ("Tset", "test"),
        ("import_libsql", "import-libsql"),
        ("helpp", "help"),
    ] {
        let outcome = folder.run(&[word, "SELECT 1"]);
        assert_eq!((outcome.stdout.as_str(), outcome.code), ("", 2), "{word}");
        let hint = format!("did you mean \"{meant}\"?");
        assert!(outcome.stderr.contains(&hint), "{}", outcome.stderr);
    }
    for arguments in [&["help"][..], &["help", "inspect"]] {
        assert!(folder.succeed(arguments).contains("Usage: commensal"));
    }
    assert_eq!(std::fs::read_dir(folder.path("")).unwrap().count(), 0);
    // With a path it is a file, and an existing file is opened.
    assert_eq!(folder.succeed(&["./inspekt", "CREATE TABLE t(a); SELECT 1"]), "1\n");
    assert_eq!(folder.succeed(&["inspekt", "SELECT count(*) FROM t"]), "0\n");
    assert_eq!(folder.succeed(&["orders", "SELECT 2"]), "2\n");
}

#[test]
fn input_that_is_no_utf8_ends_it() {
    let outcome = Folder::new().run_with_input(&[], b"SELECT 1;\nSELECT '\xff';\nSELECT 2;\n");
    assert_eq!(outcome.stdout, "1\n");
    assert_eq!(
        outcome.stderr,
        "Error: near line 2: byte 9 of the line is not valid UTF-8; nothing after it was run\n"
    );
    assert_eq!(outcome.code, 1);
}

#[test]
fn a_database_that_cannot_be_opened() {
    let outcome = Folder::new().run(&["no/such/folder.db", "SELECT 1"]);
    assert_eq!((outcome.stdout.as_str(), outcome.code), ("", 1));
    assert!(outcome.stderr.starts_with("Error: cannot open \"no/such/folder.db\""));
}

#[test]
fn rows_before_an_error_are_printed_and_the_result_is_closed() {
    let sql = "SELECT abs(x) AS a FROM (SELECT 1 AS x UNION ALL SELECT -9223372036854775808)";
    let outcome = Folder::new().run(&["--mode", "json", ":memory:", sql]);
    assert_eq!(outcome.stdout, "[{\"a\":1}]\n");
    assert_eq!(
        (outcome.stderr.as_str(), outcome.code),
        ("Error: near line 1: integer overflow\n", 1)
    );
}

#[test]
fn colour_only_where_it_is_wanted() {
    let folder = Folder::new();
    for (variable, coloured) in [(None, false), (Some("CLICOLOR_FORCE"), true)] {
        let mut command = folder.command(&[":memory:", "SELEC"]);
        command.envs(variable.map(|name| (name, "1")));
        let stderr = String::from_utf8(command.output().unwrap().stderr).unwrap();
        assert_eq!(stderr.contains("\x1b["), coloured, "{stderr}");
    }
}
