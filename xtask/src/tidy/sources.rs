//! Rules for the sources that no other tool checks.

/// The most lines of a file. The aim is half of that.
const LINES_MAX: usize = 800;

/// Files, or folders with a slash at the end, that may lift the lint against unsafe code.
const UNSAFE: &[&str] = &[
    "bench/",
    "crates/adaptor-sqlite/src/lib.rs",
    "crates/adaptor-turso/src/lib.rs",
    "crates/commensal/src/lib.rs",
    "crates/commensal/tests/engines/forked.rs",
    "crates/commensal/tests/engines/sorter.rs",
    "crates/commensal/tests/faults/main.rs",
    "crates/core/src/stack/bounds.rs",
    "crates/extension/src/lib.rs",
    "crates/extension/tests/extension/main.rs",
    "crates/runtime-wasmtime/src/handlers.rs",
    "crates/runtime-wasmtime/src/instance.rs",
    "crates/runtime-wasmtime/src/kept.rs",
    "crates/runtime-wasmtime/src/pages.rs",
    "crates/runtime-wasmtime/src/running.rs",
    "crates/runtime-wasmtime/src/slot.rs",
    "crates/runtime-wasmtime/src/view.rs",
    "crates/runtime-wasmtime/src/words.rs",
    "crates/runtime-wasmtime/tests/fork.rs",
    "crates/runtime-wasmtime/tests/handlers.rs",
    "crates/sdk/src/fault.rs",
    "crates/sdk/src/host.rs",
    "crates/sdk/src/memory.rs",
    "crates/sdk/src/sql.rs",
    "crates/sdk/src/table/exports.rs",
    "shim/tests/extensions/native.rs",
];

/// The lint against unsafe code. It is put together so that this file does not contain its name.
const UNSAFE_LINT: &str = concat!("unsafe", "_code");

/// What no source may contain. It is put together so that this file does not contain it.
const NEVER: &[&str] = &[
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("dbg", "!("),
    concat!("#[", "ignore"),
];

/// Words that the code of a folder must not contain, in names or text. Comments may, to explain.
const WORDS: &[(&str, &[&str])] = &[
    ("crates/abi/src/", &["wasmtime", "wasmi", "sqlite3_", "rusqlite"]),
    ("crates/core/src/", &["wasmtime", "wasmi", "sqlite3_", "rusqlite"]),
    ("crates/adaptor-", &["wasmtime", "wasmi"]),
    ("crates/runtime-", &["sqlite", "turso"]),
];

/// Names that a table or view of a file can take. Our own queries must not meet those, so after these
/// words a query has to name the schema or use a PRAGMA statement. They are put together so that this file
/// does not contain them.
const SHADOWED: &[(&str, &[&str])] = &[
    (concat!("FR", "OM "), &["pragma_", "sqlite_", "wasm_"]),
    (concat!("JO", "IN "), &["pragma_", "sqlite_", "wasm_"]),
    (concat!("temp", "."), &["pragma_"]),
    (concat!("main", "."), &["pragma_"]),
];

/// Folders whose sources read files of others. Only these are checked for such names.
const READERS: &[&str] = &["bindings/", "crates/", "shim/"];

/// Whether a file's queries can meet tables of other people's files. Tests are left out, and so is the text
/// of a dump: others run it, and no other table in the dump can have the name.
fn is_reader(path: &str) -> bool {
    let is_test = ["/tests/", "/test/", "/examples/", "crates/fuzzing/"]
        .iter()
        .any(|folder| path.contains(folder));
    READERS.iter().any(|folder| path.starts_with(folder))
        && !is_test
        && path != "crates/shell/src/dot/dump.rs"
}

/// Finds a name in a line that a table of a file can shadow.
fn shadowed(line: &str) -> Option<String> {
    SHADOWED.iter().find_map(|(word, names)| {
        let (_, after) = line.split_once(word)?;
        let name = names.iter().find(|name| after.to_ascii_lowercase().starts_with(**name))?;
        Some(format!("{word}{name}"))
    })
}

/// Whether a crate need not take over the workspace's lints. `libsql_bindgen` writes exports without
/// `unsafe`, as libSQL's documentation shows.
fn has_own_lints(path: &str) -> bool {
    path.starts_with("fuzz/") || path == "guests/examples/libsql/Cargo.toml"
}

/// Returns what is wrong with a file. `path` is from the root, with slashes.
pub(super) fn check(path: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut problem = |line: usize, what: String| problems.push(format!("{path}:{line}: {what}"));
    if path.ends_with("Cargo.toml") {
        if text.contains("[package]") && !has_lints(text) && !has_own_lints(path) {
            problem(1, "the crate does not take over the workspace's lints".to_owned());
        }
        return problems;
    }
    let lines = text.lines().count();
    if lines > LINES_MAX {
        problem(LINES_MAX + 1, format!("{lines} lines are more than {LINES_MAX}: split the file"));
    }
    if path.contains("/src/") && !text.starts_with("//!") {
        problem(1, "the file does not begin with why it exists (//!)".to_owned());
    }
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !is_comment(line)) {
        for never in NEVER.iter().filter(|never| line.contains(**never)) {
            problem(number, format!("{never} must not stay"));
        }
        if lifts_unsafe(line) && !is_listed(path, UNSAFE) {
            problem(
                number,
                "unsafe code is not expected here; xtask/src/tidy/sources.rs lists where".into(),
            );
        }
        let lower = line.to_ascii_lowercase();
        let words = WORDS.iter().filter(|(folder, _)| path.starts_with(folder)).flat_map(|w| w.1);
        for word in words.filter(|word| lower.contains(**word)) {
            problem(number, format!("this folder must not know \"{word}\""));
        }
    }
    problems.extend(check_queries(path, text));
    problems
}

/// Finds queries of ours that a table or view of a file could shadow.
pub(super) fn check_queries(path: &str, text: &str) -> Vec<String> {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| is_reader(path) && !is_comment(line));
    let found = lines.filter_map(|(number, line)| Some((number, shadowed(line)?)));
    let problem = |(number, what): (usize, String)| {
        format!(
            "{path}:{number}: \"{what}…\" can be a table or view of the file: name the schema, or ask by a \
             PRAGMA statement"
        )
    };
    found.map(problem).collect()
}

fn has_lints(manifest: &str) -> bool {
    let lints = manifest.split_once("[lints]").map_or("", |(_, after)| after);
    lints.trim_start().starts_with("workspace = true")
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

fn lifts_unsafe(line: &str) -> bool {
    line.contains(UNSAFE_LINT) && !["forbid(", "deny("].iter().any(|level| line.contains(level))
}

fn is_listed(path: &str, list: &[&str]) -> bool {
    list.iter().any(|listed| path == *listed || (listed.ends_with('/') && path.starts_with(listed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tidy_files_pass() {
        for (path, text) in [
            ("crates/core/src/a.rs", "//! Like Wasmtime's.\n// sqlite3_step()\nfn f() {}\n"),
            ("crates/core/tests/a.rs", "fn f() {}\n"),
            ("crates/a/tests/a.rs", concat!("\"FR", "OM pragma_function_list\"")),
            ("crates/a/src/a.rs", concat!("//! A\n\"PRAGMA x FR", "OM main.sqlite_master\"")),
            ("crates/sdk/src/memory.rs", concat!("//! Why.\n#![expect(unsafe", "_code)]\n")),
            ("crates/core/src/lib.rs", "//! Why.\n#![forbid(unsafe_code)]\n"),
            ("crates/a/Cargo.toml", "[package]\nname = \"a\"\n\n[lints]\nworkspace = true\n"),
            ("guests/examples/Cargo.toml", "[workspace]\n"),
        ] {
            assert_eq!(check(path, text), [""; 0]);
        }
    }

    #[test]
    fn each_habit_is_checked() {
        let long = format!("//! Why.\n{}", "\n".repeat(800));
        for (path, text, expected) in [
            ("crates/a/src/a.rs", "fn f() {}\n", "a.rs:1: the file does not begin with why"),
            ("crates/a/src/a.rs", long.as_str(), "a.rs:801: 801 lines"),
            ("crates/a/tests/a.rs", concat!("\nlet x = to", "do!();"), "a.rs:2: todo"),
            ("crates/a/tests/a.rs", concat!("#[ig", "nore = \"slow\"]"), "must not stay"),
            (
                "crates/a/tests/a.rs",
                concat!("#![allow(unsafe", "_code)]"),
                "unsafe code is not expected here",
            ),
            (
                "crates/core/tests/a.rs",
                concat!("#[expect(unsafe", "_code)]"),
                "unsafe code is not expected here",
            ),
            ("crates/core/src/a.rs", "//! A\nuse Wasmtime;", "a.rs:2: this folder must not know"),
            ("crates/adaptor-x/src/a.rs", "//! A\nfn wasmi() {}", "must not know \"wasmi\""),
            ("crates/runtime-x/src/a.rs", "//! A\n\"SQLite\"", "must not know \"sqlite\""),
            ("crates/a/Cargo.toml", "[package]\nname = \"a\"\n", "the workspace's lints"),
            (
                "crates/a/src/a.rs",
                concat!("//! A\n\"FR", "OM pragma_function_list\""),
                "a.rs:2: \"FROM pragma_",
            ),
            (
                "crates/a/src/a.rs",
                concat!("//! A\n\"FR", "OM sqlite_master\""),
                "a.rs:2: \"FROM sqlite_",
            ),
            (
                "crates/a/src/a.rs",
                concat!("//! A\n\"JO", "IN wasm_stats\""),
                "a.rs:2: \"JOIN wasm_",
            ),
            (
                "crates/a/src/a.rs",
                concat!("//! A\n\"x main", ".pragma_x\""),
                "can be a table or view",
            ),
        ] {
            let problems = check(path, text);
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(problems[0].contains(expected), "{problems:?}");
        }
    }
}
