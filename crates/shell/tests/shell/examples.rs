//! The scripts in `examples/`, whose output is stored beside them, and the commands and statements of the
//! documents.
//!
//! They run in the root of the repository, or in the folder that the variable COMMENSAL_TREE names, which
//! has the same layout and guests that were just built (`cargo xtask tree`).

use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::{Folder, NO_CACHES, command};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn tree() -> PathBuf {
    std::env::var_os("COMMENSAL_TREE").map_or_else(|| PathBuf::from(ROOT), PathBuf::from)
}

/// Runs `examples/NAME.sql` as README and the script say, and compares with NAME.expected (standard
/// output) and NAME.errors (standard error; without that file there must be none).
fn check(name: &str, arguments: &[&str]) {
    let tree = tree();
    let file = |extension: &str| tree.join("examples").join(name).with_extension(extension);
    let script = std::fs::File::open(file("sql")).unwrap();
    let output = command(&tree, arguments).stdin(Stdio::from(script)).output().unwrap();
    let errors = std::fs::read_to_string(file("errors")).unwrap_or_default();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), errors, "{name}");
    let expected = std::fs::read_to_string(file("expected")).unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected, "{name}");
    assert_eq!(output.status.code(), Some(i32::from(!errors.is_empty())), "{name}");
}

/// The fenced blocks of a document: language and content.
fn blocks(document: &str) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(Path::new(ROOT).join(document)).unwrap();
    let fenced = text.split("```").skip(1).step_by(2);
    let block =
        |block: &str| block.split_once('\n').map(|(l, code)| (l.to_owned(), code.to_owned()));
    fenced.filter_map(block).collect()
}

/// A folder in which `guests` is the tree's.
#[cfg(unix)]
fn folder() -> Folder {
    let folder = Folder::new();
    std::os::unix::fs::symlink(tree().join("guests"), folder.path("guests")).unwrap();
    folder
}

#[test]
fn airports() {
    check("airports/airports", &[]);
}

#[cfg(feature = "turso")]
#[test]
fn airports_on_turso() {
    check("airports/airports", &["--engine", "turso"]);
}

#[test]
fn airports_with_all_of_sqlite() {
    check("airports/sqlite", &[]);
}

#[test]
fn mistakes() {
    check("airports/mistakes", &[]);
}

/// The commands of README's tour print what is below them.
#[cfg(unix)]
#[test]
fn tour() {
    let blocks = blocks("README.md");
    let first =
        blocks.iter().position(|(_, code)| code.starts_with("commensal places.db")).unwrap();
    let [(language, commands), (_, expected)] = &blocks[first..first + 2] else { unreachable!() };
    assert_eq!(language, "sh");
    let folder = folder();
    let shell = Path::new(env!("CARGO_BIN_EXE_commensal")).parent().unwrap();
    let path = format!("{}:{}", shell.display(), std::env::var("PATH").unwrap());
    let output = std::process::Command::new("sh")
        .args(["-e", "-c", commands])
        .current_dir(folder.path("."))
        .env("PATH", path)
        .env("XDG_CACHE_HOME", NO_CACHES)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), *expected);
}

/// The statements in the SQL reference run one after the other without an error.
#[cfg(unix)]
#[test]
fn reference() {
    let blocks = blocks("docs/sql.md");
    let sql: Vec<_> = blocks.into_iter().filter(|(l, _)| l == "sql").map(|(_, sql)| sql).collect();
    assert!(sql.len() >= 3, "{sql:?}");
    let outcome = folder().run_with_input(&[], sql.concat().as_bytes());
    assert_eq!((outcome.stderr.as_str(), outcome.code), ("", 0));
    assert_eq!(outcome.stdout.lines().next(), Some("1"));
}
