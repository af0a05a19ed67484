//! The benchmark runs, prints a ratio for each case, and refuses arguments that it does not know.

use std::process::{Command, Output};

fn bench(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_commensal-bench"))
        .args(arguments)
        .output()
        .expect("the benchmark can be started")
}

#[test]
fn quick_prints_every_table() {
    let output = bench(&["--quick"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    for title in [
        "sum(f(a, b))",
        "count(upper(t))",
        "sum(byte_sum(t))",
        "Turso, whole queries",
        "Sorting",
        "Checks in code and guard pages",
        "The same Rust source natively",
        "count(*) FROM series",
        "sum(value) FROM series",
        "a scan for each row",
        "CREATE FUNCTION, 20 of 2 modules",
        "Opening a file",
        "A statement with one call",
    ] {
        assert!(text.contains(title), "{title} is missing in:\n{text}");
    }
    // Parts that need other people's sources are measured, or reported as missing.
    let with_sources = std::env::var_os("COMMENSAL_SQLITE_SOURCES").is_some();
    let titles = ["count(sha1(t))", "paragraphs that match"];
    assert!(titles.iter().all(|title| text.contains(title) == with_sources), "{text}");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(errors.contains("COMMENSAL_SQLITE_SOURCES is not set"), !with_sources, "{errors}");
    let ratios = text.lines().filter(|line| line.starts_with("Wasm ")).map(|line| {
        let ratio = line.split_whitespace().last().and_then(|ratio| ratio.parse::<f64>().ok());
        ratio.unwrap_or_else(|| panic!("no ratio in {line}"))
    });
    let expected = if with_sources { 19 } else { 15 };
    assert_eq!(ratios.filter(|ratio| *ratio > 0.0).count(), expected, "{text}");
}

#[test]
fn unknown_arguments_are_refused() {
    let output = bench(&["--slow"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--quick"));
}
