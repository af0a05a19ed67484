//! Compares the places in SQLite's table of functions with its header.

use std::fmt::Write as _;
use std::process::Command;

use crate::build::{amalgamation, folder, run};

/// Names and places as the source of the extension has them.
fn places() -> Vec<(String, usize)> {
    let source = include_str!("../../src/routines.rs");
    let entry = |line: &str| {
        let (name, place) = line.trim().strip_prefix("sqlite3_")?.split_once(": ")?;
        let digits = place.split([',', ';']).next()?;
        // The only function with another name in the table.
        let name = if name == "interrupt" { "interruptx" } else { name };
        Some((name.to_owned(), digits.parse().ok()?))
    };
    source.lines().filter_map(entry).collect()
}

/// SQLite's own structure, from the oldest header at hand and from the newest.
#[test]
fn are_those_of_sqlites_header() {
    let places = places();
    assert!(places.len() > 60, "{places:?}");
    for (header, include) in [("system", None), ("newest", Some(amalgamation()))] {
        let mut program =
            String::from("#include <stddef.h>\n#include <stdio.h>\n#include <sqlite3ext.h>\n");
        program.push_str("#define AT(name) printf(\"%zu\\n\", offsetof(struct sqlite3_api_routines, name) / sizeof(void *))\nint main(void) {\n");
        // What the system's header lacks is newer than it.
        let known = |name: &str| include.is_some() || name != "is_interrupted";
        for (name, _) in places.iter().filter(|(name, _)| known(name)) {
            writeln!(program, "  AT({name});").unwrap();
        }
        program.push_str("  return 0;\n}\n");
        let source = folder().join(format!("places-{header}.c"));
        let binary = folder().join(format!("places-{header}"));
        std::fs::write(&source, program).unwrap();
        let mut cc = Command::new("cc");
        if let Some(include) = include {
            cc.arg("-I").arg(include);
        }
        run(cc.arg("-o").arg(&binary).arg(&source));
        let output = run(&mut Command::new(&binary));
        let actual: Vec<usize> = output.lines().map(|line| line.parse().unwrap()).collect();
        let expected: Vec<usize> =
            places.iter().filter(|(name, _)| known(name)).map(|(_, place)| *place).collect();
        assert_eq!(actual, expected, "{header}");
    }
}
