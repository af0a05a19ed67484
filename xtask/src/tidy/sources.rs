//! Habits of the sources that no other tool checks.

/// Lines of a file at most; half of that is the aim.
const LINES_MAX: usize = 800;

/// Files, or folders with a slash at the end, in which the lint against unsafe code may be lifted.
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
    "crates/runtime-wasmtime/src/view.rs",
    "crates/runtime-wasmtime/tests/fork.rs",
    "crates/sdk/src/fault.rs",
    "crates/sdk/src/host.rs",
    "crates/sdk/src/memory.rs",
    "crates/sdk/src/sql.rs",
    "crates/sdk/src/table/exports.rs",
    "shim/tests/extensions/native.rs",
];

/// The lint against unsafe code; put together so that this file does not lift it.
const UNSAFE_LINT: &str = concat!("unsafe", "_code");

/// What never stays in a source. Put together so that this file has none of it.
const NEVER: &[&str] = &[
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("dbg", "!("),
    concat!("#[", "ignore"),
];

/// Words that the code of a folder must not have, in names or text; comments may, to explain.
const WORDS: &[(&str, &[&str])] = &[
    ("crates/abi/src/", &["wasmtime", "wasmi", "sqlite3_", "rusqlite"]),
    ("crates/core/src/", &["wasmtime", "wasmi", "sqlite3_", "rusqlite"]),
    ("crates/adaptor-", &["wasmtime", "wasmi"]),
    ("crates/runtime-", &["sqlite", "turso"]),
];

/// Whether a crate need not take over the workspace's lints: what `libsql_bindgen` writes exports
/// functions without saying `unsafe`, as libSQL's documentation has it.
fn has_own_lints(path: &str) -> bool {
    path.starts_with("fuzz/") || path == "guests/examples/libsql/Cargo.toml"
}

/// What is wrong with a file; `path` is from the root, with slashes.
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
    problems
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
        ] {
            let problems = check(path, text);
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(problems[0].contains(expected), "{problems:?}");
        }
    }
}
