//! SQLite's own extensions, unchanged, as guests. Each is also compiled for this machine and loaded into
//! the same SQLite, and both must give the same answers to the same questions.
//!
//! `COMMENSAL_SQLITE_SOURCES` names the sources; `scripts/c-extensions` gets them.

mod auxdata;
mod cases;
mod entry;
mod folder;
mod guest;
mod hostile;
mod hostile_sql;
mod inputs;
mod names;
mod native;
mod others;
mod recipes;
mod searches;
mod sqlean;
mod statements;
mod suite;
mod tables;

use std::path::{Path, PathBuf};
use std::process::Command;

use commensal_shim::{Build, Built};
use inputs::{Input, Random};

/// The number of questions for each query.
const QUESTIONS: usize = 400;
/// The number of questions for an interpreter in a debug build.
const QUESTIONS_INTERPRETED: usize = 40;

/// The source of an extension that has a package of its own.
pub(crate) const SQLITE_VEC: &str = "sqlite-vec.c";

/// An extension, and the queries to compare.
pub(crate) struct Case {
    /// Its source, relative to the folder of a version of SQLite or to this folder.
    pub(crate) source: &'static str,
    /// Its entry point, if it has several.
    pub(crate) entry: Option<&'static str>,
    /// Options of the compiler.
    pub(crate) options: &'static [&'static str],
    /// Queries in order, with the kinds of values for their parameters. A statement without parameters is
    /// executed once.
    pub(crate) queries: &'static [(&'static str, &'static [Input])],
    /// The most questions for each query. The number is the same everywhere if answers depend on earlier
    /// questions.
    pub(crate) questions: usize,
    /// The names of virtual tables. Queries with them are skipped on engines without virtual tables.
    pub(crate) tables: &'static [&'static str],
    /// Whether it runs SQL itself. Then engines whose guests can only read are skipped, because their errors
    /// differ.
    pub(crate) runs_sql: bool,
}

/// The result of a query: the values of its rows, or the message of its error.
pub(crate) type Answer = Result<Vec<String>, String>;

/// Compares an extension from one version of SQLite's sources.
fn check(case: &Case, version: &str) {
    let source = source(case, version);
    let options: Vec<String> = case.options.iter().map(|&option| option.to_owned()).collect();
    let built = build_entry(&source, &options, case.entry);
    let folder = tempfile::tempdir().unwrap();
    let native = native::load(std::slice::from_ref(&source), &options, case.entry, folder.path());
    let mut guests = guest::load(&built.wasm);
    guests.retain(|guest| !case.runs_sql || guest.runs_sql());
    for (sql, kinds) in case.queries {
        let mut random = Random::new(sql);
        for question in 0..case.questions {
            let values = kinds.iter().map(|kind| kind.value(&mut random)).collect::<Vec<_>>();
            let expected = native.ask(sql, &values);
            for guest in &guests {
                if guest.is_interpreted() && question >= QUESTIONS_INTERPRETED
                    || guest.has_no_tables() && case.tables.iter().any(|name| sql.contains(name))
                {
                    continue;
                }
                let Some(answer) = guest.ask(sql, &values) else { continue };
                let at = format!("{} of {version} {}: {sql} {values:?}", case.source, guest.name());
                if is_no_text(&expected) {
                    let error = answer.unwrap_err();
                    assert!(error.contains("not valid UTF-8"), "{at}: {error}");
                } else {
                    assert_eq!(answer, expected, "{at}");
                }
            }
            if kinds.is_empty() {
                break;
            }
        }
    }
}

/// Whether SQLite returns text that is not UTF-8, which a guest cannot do.
fn is_no_text(answer: &Answer) -> bool {
    answer.as_ref().is_ok_and(|values| values.iter().any(|value| value.contains('\u{fffd}')))
}

fn build(source: &Path, options: &[String]) -> Built {
    build_entry(source, options, None)
}

fn build_entry(source: &Path, options: &[String], entry: Option<&str>) -> Built {
    let build = Build {
        sources: vec![source.to_owned()],
        entry: entry.map(str::to_owned),
        options: options.to_owned(),
        ..Build::default()
    };
    build.run().unwrap_or_else(|error| panic!("{}: {error}", source.display()))
}

fn source(case: &Case, version: &str) -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/extensions").join(case.source);
    match case.source {
        SQLITE_VEC => package("sqlite-vec").join(SQLITE_VEC),
        _ if own.exists() => own,
        source => sqlite_sources(version).join(source),
    }
}

/// The folder of a package in Cargo.lock.
pub(crate) fn package(name: &str) -> PathBuf {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut packages = metadata["packages"].as_array().unwrap().iter();
    let package = packages.find(|package| package["name"] == name).unwrap();
    Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap().to_owned()
}

/// The sources of a version of SQLite.
pub(crate) fn sqlite_sources(version: &str) -> PathBuf {
    let sources = std::env::var_os("COMMENSAL_SQLITE_SOURCES")
        .expect("COMMENSAL_SQLITE_SOURCES is not set: scripts/c-extensions gives its value");
    Path::new(&sources).join(version)
}

/// The versions of SQLite whose sources are available.
pub(crate) fn versions() -> Vec<String> {
    let sources = sqlite_sources("");
    let entries = std::fs::read_dir(&sources).unwrap();
    let mut versions: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    versions.sort();
    assert!(!versions.is_empty(), "{} is empty", sources.display());
    versions
}

/// Compares an extension in all versions that have it.
fn check_all(case: &Case) {
    if !case.source.contains('/') {
        return check(case, "these tests");
    }
    let mut checked = 0;
    for version in versions() {
        if source(case, &version).exists() {
            check(case, &version);
            checked += 1;
        }
    }
    assert!(checked > 0, "no version has {}", case.source);
}

macro_rules! extensions {
    ($cases:ident: $($name:ident)*) => {$(
        #[test]
        fn $name() {
            check_all(&$cases::$name());
        }
    )*};
}

extensions! {
    cases:
    api base64 base85 decimal ieee754 noop percentile regexp rot13 sha1 shathree totype uint uuid zorder
}

extensions! {
    searches: amatch closure explain fuzzer spellfix unionvtab vec
}

extensions! {
    tables: csv fossildelta prefixes qpvtab series table templatevtab wholenumber
}

extensions! {
    statements: blobio eval nextchar sha1_query sha3_query sql
}

#[test]
fn hostile_code_stays_in_its_sandbox() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/extensions/hostile.c");
    hostile::check(&build(&source, &[]).wasm);
}

#[test]
fn hostile_tables_stay_in_their_sandbox() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/extensions/hostile_table.c");
    hostile::check_tables(&build(&source, &[]).wasm);
}

/// An extension with a virtual table can be created on an engine without virtual tables. The rest works.
#[test]
fn engines_without_virtual_tables_say_so() {
    let version = versions().pop().unwrap();
    let source = sqlite_sources(&version).join("ext/misc/fossildelta.c");
    let mut checked = 0;
    for guest in guest::load(&build(&source, &[]).wasm).iter().filter(|guest| guest.has_no_tables())
    {
        let answer = guest.ask("SELECT delta_output_size(delta_create('abc', 'abcd'))", &[]);
        assert_eq!(answer.unwrap().unwrap(), ["Integer(4)"]);
        let answer = guest.ask("SELECT * FROM delta_parse('abc')", &[]);
        let error = "delta_parse is a virtual table of a definition: Turso has only its own";
        assert_eq!(answer.unwrap().unwrap_err(), error);
        checked += 1;
    }
    assert_eq!(checked, 1);
}

#[test]
fn tables_that_run_statements_in_their_methods_do_no_harm() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/extensions/hostile_sql.c");
    let wasm = build(&source, &[]).wasm;
    hostile_sql::check_answers(&wasm);
    hostile_sql::check(&wasm);
}

/// The example of docs/c.md: its extension, its statement and its result.
#[test]
fn the_example_of_the_document_works() {
    let document = include_str!("../../../docs/c.md");
    let block = |language: &str| {
        let begin = format!("```{language}\n");
        let after = document.split_once(&begin).unwrap().1;
        after.split_once("```").unwrap().0
    };
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("initials.c");
    std::fs::write(&source, block("c")).unwrap();
    for guest in guest::load(&build(&source, &[]).wasm) {
        let answer = guest.ask(block("sql"), &[]).unwrap().unwrap();
        assert_eq!(answer, [format!("Text({:?})", block("text").trim_end())], "{}", guest.name());
    }
}

/// If SQL is not granted, the error names the capability to grant.
#[test]
fn sql_needs_its_capabilities() {
    let source = sqlite_sources(&versions()[0]).join("ext/misc/eval.c");
    let wasm = build(&source, &[]).wasm;
    let write = "SELECT eval('CREATE TABLE made(x)')";
    for (granted, sql, missing) in
        [("", "SELECT eval('SELECT 1')", "\"sql_read\""), ("sql_read", write, "\"sql_write\"")]
    {
        for guest in guest::load_granted(&wasm, granted).iter().filter(|guest| guest.runs_sql()) {
            let error = guest.ask(sql, &[]).unwrap().unwrap_err();
            assert!(error.contains(missing), "{}: {error}", guest.name());
            assert!(guest.ask("SELECT 1", &[]).unwrap().is_ok());
        }
    }
}

/// The error names all functions that the extension needs and guests do not have.
#[test]
fn what_is_missing_is_named() {
    for version in versions() {
        let source = sqlite_sources(&version).join("ext/misc/urifuncs.c");
        let build = Build { sources: vec![source], ..Build::default() };
        let error = build.run().unwrap_err().to_string();
        for function in ["sqlite3_uri_boolean", "sqlite3_uri_key", "sqlite3_uri_parameter"] {
            assert!(error.contains(function), "{error}");
        }
    }
}
