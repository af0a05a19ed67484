//! `cargo xtask tidy`: checks what ARCHITECTURE.md and CONTRIBUTING.md say about the code.
//!
//! Each check takes data and returns problems, so that its tests can show that it fails. What clippy, rustfmt
//! or cargo-deny can check is left to them.

mod circles;
mod dependencies;
mod imports;
mod limits;
mod links;
mod sources;

use std::fs;
use std::path::{Path, PathBuf};

use crate::command::{Command, Outcome, root};
use crate::packages::{Packages, metadata};

pub(crate) const COMMAND: Command = Command {
    name: "tidy",
    help: "\n    Checks the directions between the crates, the habits of the sources, and what packages say of\
           \n    themselves.",
    run,
};

fn run(arguments: &[String]) -> Outcome {
    if !arguments.is_empty() {
        return Err(format!("unknown arguments {arguments:?}").into());
    }
    let workspace = dependencies::Workspace::read()?;
    let mut problems = dependencies::check(&workspace);
    let architecture = fs::read_to_string(root().join("ARCHITECTURE.md"))?;
    problems
        .extend(workspace.folders.iter().filter_map(|folder| unmentioned(&architecture, folder)));
    let files = files()?;
    for (path, text) in &files {
        problems.extend(sources::check(path, text));
    }
    problems.extend(limits::check(&files));
    problems.extend(circles::check(&files));
    for (path, text) in &others()? {
        problems.extend(sources::check_queries(path, text));
    }
    let packages = Packages::read()?;
    for path in documents()? {
        let text = fs::read_to_string(root().join(&path))?;
        problems.extend(links::check(&path, &text, |target| root().join(target).exists()));
        problems.extend(metadata::check_document(&packages, &path, &text));
    }
    let read = |path: &str| Ok(fs::read_to_string(root().join(path))?);
    problems.extend(metadata::check(&packages, read));
    if problems.is_empty() {
        println!("tidy: {} crates, {} files", workspace.packages.len(), files.len());
        return Ok(());
    }
    for problem in &problems {
        eprintln!("{problem}");
    }
    Err(format!("{} problems", problems.len()).into())
}

/// Reports a crate that is missing from the map of the crates.
fn unmentioned(architecture: &str, folder: &str) -> Option<String> {
    let mentioned = architecture.contains(&format!("`{folder}`"));
    (!mentioned).then(|| format!("ARCHITECTURE.md does not mention `{folder}`: what is it for?"))
}

/// Our Rust sources and manifests, with their paths from the root.
fn files() -> Outcome<Vec<(String, String)>> {
    let mut files = Vec::new();
    for folder in ["bench", "crates", "fuzz", "guests", "shim", "xtask"] {
        let folder = root().join(folder);
        if folder.is_dir() {
            collect(&folder, &mut files)?;
        }
    }
    files.sort();
    let read = |path: &PathBuf| -> Outcome<(String, String)> {
        let name = path.strip_prefix(root())?.to_string_lossy().replace('\\', "/");
        Ok((name, fs::read_to_string(path)?))
    };
    files.iter().map(read).collect()
}

/// Sources in other languages that query a database, with their paths from the root.
fn others() -> Outcome<Vec<(String, String)>> {
    let mut files = Vec::new();
    for folder in ["bindings", "shim"] {
        collect_others(&root().join(folder), &mut files)?;
    }
    files.sort();
    let read = |path: &PathBuf| -> Outcome<(String, String)> {
        let name = path.strip_prefix(root())?.to_string_lossy().replace('\\', "/");
        Ok((name, fs::read_to_string(path)?))
    };
    files.iter().map(read).collect()
}

fn collect_others(folder: &Path, files: &mut Vec<PathBuf>) -> Outcome {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            if entry.file_name() != "node_modules" {
                collect_others(&path, files)?;
            }
        } else if path
            .extension()
            .is_some_and(|e| ["c", "h", "js", "mjs", "py"].map(Into::into).contains(&e.to_owned()))
        {
            files.push(path);
        }
    }
    Ok(())
}

/// The documents, with their paths from the root.
fn documents() -> Outcome<Vec<String>> {
    let mut documents = Vec::new();
    for folder in ["", "docs/", "examples/airports/"] {
        for entry in fs::read_dir(root().join(folder))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.ends_with(".md") {
                documents.push(format!("{folder}{name}"));
            }
        }
    }
    documents.sort();
    Ok(documents)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Outcome {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            // Folders that Cargo and cargo-fuzz create.
            if !["target", "corpus", "artifacts"].map(Into::into).contains(&entry.file_name()) {
                collect(&path, files)?;
            }
        } else if path.extension().is_some_and(|e| e == "rs") || path.ends_with("Cargo.toml") {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_crate_has_a_place_on_the_map() {
        let architecture = "| `crates/core` | the host |";
        assert_eq!(unmentioned(architecture, "crates/core"), None);
        let problem = unmentioned(architecture, "crates/cor").unwrap();
        assert!(problem.contains("`crates/cor`"), "{problem}");
    }
}
