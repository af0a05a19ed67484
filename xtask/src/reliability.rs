//! `cargo xtask reliability`: updates docs/reliability.md from the tree and from measurements of long runs.
//!
//! A test that measures prints a line `figure: SUBJECT | WHAT | RESULT`. [`record`] finds those lines in
//! the output of a run and keeps them in `target/reliability`, one file for each step of `cargo xtask
//! long`. This command puts them into the marked parts of the document, and the attacks of the cases in
//! `conformance/` as well. If a step has not run here, its figures in the document do not change.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::command::{Command, Outcome, root};

pub(crate) const COMMAND: Command = Command {
    name: "reliability",
    help: "[--check]\n    Writes the tables of docs/reliability.md: attacks from conformance/, figures from the \
           last `cargo xtask long`.\n    With --check, only says whether the table of attacks is up to date.",
    run,
};

/// The beginning of a line with a figure.
const FIGURE: &str = "figure: ";

const DOCUMENT: &str = "docs/reliability.md";

fn run(arguments: &[String]) -> Outcome {
    let check = match arguments {
        [] => false,
        [argument] if argument == "--check" => true,
        _ => return Err(format!("unknown arguments {arguments:?}").into()),
    };
    let path = root().join(DOCUMENT);
    let before = fs::read_to_string(&path)?;
    let mut after = replace(&before, "attacks", &attacks()?)?;
    if check {
        return match before == after {
            true => Ok(()),
            false => Err(format!("{DOCUMENT} is out of date: run cargo xtask reliability").into()),
        };
    }
    for (step, figures) in recorded()? {
        after = replace(&after, &step, &table(&figures))?;
    }
    fs::write(path, after)?;
    Ok(())
}

/// Keeps the figures that a step has printed.
pub(crate) fn record(step: &str, output: &str) -> Outcome {
    let figures: Vec<&str> = output.lines().filter_map(figure).collect();
    if figures.is_empty() {
        return Ok(());
    }
    let folder = folder();
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(step), figures.join("\n") + "\n")?;
    Ok(())
}

/// The figure in a line. If the test prints first, the test's name stands before it.
fn figure(line: &str) -> Option<&str> {
    line.split_once(FIGURE).map(|(_, figure)| figure.trim_end())
}

fn folder() -> PathBuf {
    root().join("target/reliability")
}

/// The figures of each step that has run.
fn recorded() -> Outcome<BTreeMap<String, String>> {
    let mut steps = BTreeMap::new();
    if !folder().is_dir() {
        return Ok(steps);
    }
    for entry in fs::read_dir(folder())? {
        let entry = entry?;
        let step = entry.file_name().to_string_lossy().into_owned();
        steps.insert(step, fs::read_to_string(entry.path())?);
    }
    Ok(steps)
}

/// A table of figures, in the order in which they were printed.
fn table(figures: &str) -> String {
    let mut table = String::from("| | | |\n|---|---|---|\n");
    for figure in figures.lines() {
        table += &format!("| {figure} |\n");
    }
    table
}

/// A table of the attacks: each file of cases, what it attacks, its records, and how many of them
/// have to fail. The others show what an attack gets instead, and that the connection still works.
fn attacks() -> Outcome<String> {
    let folder = root().join("conformance");
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Some(subject) = name.strip_prefix("evil_").and_then(|n| n.strip_suffix(".slt")) {
            files.push((subject.replace('_', " "), name.clone(), fs::read_to_string(&path)?));
        }
    }
    files.sort();
    let mut table =
        String::from("| Attacks on | Cases | Records | Of them errors |\n|---|---|--:|--:|\n");
    for (subject, name, text) in files {
        let count = |starts: [&str; 2]| {
            text.lines().filter(|line| starts.iter().any(|start| line.starts_with(start))).count()
        };
        let (records, refused) =
            (count(["query ", "statement "]), count(["query error", "statement error"]));
        table +=
            &format!("| {subject} | [{name}](../conformance/{name}) | {records} | {refused} |\n");
    }
    Ok(table)
}

/// Replaces the text between the marks with this name.
fn replace(document: &str, name: &str, text: &str) -> Result<String, String> {
    let (begin, end) = (format!("<!-- begin {name} -->\n"), format!("<!-- end {name} -->"));
    let missing = || format!("{DOCUMENT} lacks the marks {} and {end}", begin.trim_end());
    let (head, rest) = document.split_once(&begin).ok_or_else(missing)?;
    let (_, tail) = rest.split_once(&end).ok_or_else(missing)?;
    Ok(format!("{head}{begin}\n{text}\n{end}{tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_figures_are_found() {
        assert_eq!(figure("figure: kills | 5 | ok\r"), Some("kills | 5 | ok"));
        assert_eq!(figure("test a::b ... figure: a | b | c"), Some("a | b | c"));
        assert_eq!(figure("no figures: here"), None);
    }

    #[test]
    fn text_between_marks_is_replaced() {
        let document = "a\n<!-- begin x -->\nold\n<!-- end x -->\nb\n";
        let expected = "a\n<!-- begin x -->\n\nnew\n<!-- end x -->\nb\n";
        assert_eq!(replace(document, "x", "new").as_deref(), Ok(expected));
        assert_eq!(replace(expected, "x", "new").as_deref(), Ok(expected));
        assert!(replace(document, "y", "new").is_err());
    }

    #[test]
    fn figures_become_a_table() {
        assert_eq!(table("a | b | c\n"), "| | | |\n|---|---|---|\n| a | b | c |\n");
    }
}
