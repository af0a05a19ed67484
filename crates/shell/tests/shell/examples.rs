//! The scripts in `examples/`: what they print is in the tree beside them.
//!
//! They run in the root of the repository, or in the folder that the variable COMMENSAL_TREE names: one of
//! the same layout whose guests were just built (`cargo xtask tree`).

use std::path::PathBuf;
use std::process::Stdio;

use crate::command;

fn tree() -> PathBuf {
    match std::env::var_os("COMMENSAL_TREE") {
        Some(tree) => tree.into(),
        None => PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")),
    }
}

/// Runs `examples/NAME.sql` as README and the script say, and compares with NAME.expected (standard
/// output) and NAME.errors (standard error; without the file there must be none).
fn check(name: &str) {
    let tree = tree();
    let file = |extension: &str| tree.join("examples").join(name).with_extension(extension);
    let script = std::fs::File::open(file("sql")).unwrap();
    let output = command(&tree, &[]).stdin(Stdio::from(script)).output().unwrap();
    let errors = std::fs::read_to_string(file("errors")).unwrap_or_default();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), errors, "{name}");
    let expected = std::fs::read_to_string(file("expected")).unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected, "{name}");
    assert_eq!(output.status.code(), Some(i32::from(!errors.is_empty())), "{name}");
}

#[test]
fn airports() {
    check("airports/airports");
}

#[test]
fn mistakes() {
    check("airports/mistakes");
}
