//! The section of docs/c.md about extensions that others wrote: each command line builds, and each query gives what
//! stands below it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use commensal::{
    Capabilities, Capability, Connection, Database, FileAccess, Options, Value, WasmtimeRuntime,
};
use commensal_shim::Build;

use crate::{package, sqlean, sqlite_sources, versions};

/// The fenced blocks of the section, with their languages.
fn blocks() -> Vec<(&'static str, &'static str)> {
    let document = include_str!("../../../docs/c.md");
    let section = document.split_once("## Extensions that others wrote\n").unwrap().1;
    let section = section.split_once("\n## ").unwrap().0;
    section.split("```").skip(1).step_by(2).map(|block| block.split_once('\n').unwrap()).collect()
}

/// A folder as the section describes it.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let link = |target: PathBuf, name: &str| symlink(target, folder.path().join(name)).unwrap();
    link(sqlite_sources(&versions().pop().unwrap()), "sqlite");
    link(sqlean::folder(), "sqlean");
    link(package("sqlite-vec"), "sqlite-vec");
    link(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").canonicalize().unwrap(),
        "examples",
    );
    folder
}

/// Runs a line of `commensal cc`.
fn build(line: &str, folder: &Path) {
    let mut build = Build { directory: Some(folder.to_owned()), ..Build::default() };
    let mut words = line.strip_prefix("commensal cc ").unwrap().split(' ');
    let mut output = None;
    while let Some(word) = words.next() {
        let mut next = || words.next().unwrap().to_owned();
        match word {
            "-o" => output = Some(next()),
            "--entry" => build.entry = Some(next()),
            "--prefix" => build.prefix = Some(next()),
            "--without" => build.without.push(next()),
            _ if word.starts_with("-D") || word.starts_with("-I") => {
                build.options.push(word.to_owned())
            }
            source => build.sources.push(source.into()),
        }
    }
    let built = build.run().unwrap_or_else(|error| panic!("{line}: {error}"));
    fs::write(folder.join(output.unwrap()), built.wasm).unwrap();
}

fn open(folder: &Path, replaceable: &str) -> Connection {
    let granted =
        [Capability::Clock, Capability::Random, Capability::SqlRead, Capability::SqlWrite];
    let granted = granted.into_iter().fold(Capabilities::NONE, Capabilities::with);
    let access = FileAccess::Any { base: Some(folder.to_owned()) };
    let options = Options::new().runtime(Arc::new(WasmtimeRuntime::new())).file_access(access);
    let options = options.grant(granted).replaceable(replaceable.parse().unwrap());
    Database::open_in_memory(options).unwrap().connect().unwrap()
}

/// The columns of the first row, as the shell shows them.
fn answer(connection: &Connection, query: &str) -> String {
    let mut statement = connection.prepare(query).unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query(()).unwrap();
    let row = rows.next().unwrap().unwrap();
    let shown = (0..columns).map(|column| match row.get::<Value>(column).unwrap() {
        Value::Null => String::new(),
        Value::Integer(integer) => integer.to_string(),
        Value::Real(real) => format!("{real:?}"),
        Value::Text(text) => text,
        Value::Blob(blob) => format!("{blob:?}"),
    });
    shown.collect::<Vec<_>>().join("|")
}

#[test]
fn each_extension_builds_and_answers() {
    let folder = folder();
    let connection = open(folder.path(), "");
    let (mut query, mut compared) = ("", 0);
    for (language, text) in blocks() {
        match language {
            "c" => fs::write(folder.path().join("math.c"), text).unwrap(),
            "sh" => text.lines().for_each(|line| build(line, folder.path())),
            "sql" => {
                let (statements, last) = text.split_at(text.find("\nSELECT").unwrap());
                connection.execute_batch(statements).unwrap();
                query = last;
            }
            "text" => {
                assert_eq!(answer(&connection, query), text.trim_end());
                compared += 1;
            }
            other => panic!("a block of {other}"),
        }
    }
    assert_eq!(compared, 5);
}

/// With the host's permission, a function of the collection takes the place of SQLite's.
#[test]
fn a_permitted_name_is_replaced() {
    let folder = folder();
    build("commensal cc examples/c/collection.c -o all.wasm", folder.path());
    let create = "CREATE EXTENSION collection LANGUAGE wasm AS file://all.wasm";
    let error = open(folder.path(), "").execute(create, ()).unwrap_err().to_string();
    assert!(error.contains("ltrim"), "{error}");
    let connection = open(folder.path(), "ltrim");
    connection.execute(create, ()).unwrap();
    assert_eq!(answer(&connection, "SELECT ltrim('  a '), reverse('né')"), "a |én");
}
