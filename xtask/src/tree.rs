//! `cargo xtask tree`: copies the cases and examples next to the guests that were just built.
//!
//! Cases name guests by paths relative to their own folder. A copy of their folders beside the rebuilt
//! guests lets the same cases run on those guests.

use std::fs;
use std::path::Path;

use crate::command::{Command, Outcome, root};

pub(crate) const COMMAND: Command = Command {
    name: "tree",
    help: "\n    Copies conformance, examples and guests to target/tree, with target/guests in place of \
           \n    guests/prebuilt, and prints the folder.",
    run,
};

/// The folders to copy: from, to.
const FOLDERS: &[(&str, &str)] = &[
    ("conformance", "conformance"),
    ("examples", "examples"),
    ("guests/evil", "guests/evil"),
    ("guests/wat", "guests/wat"),
    ("target/guests", "guests/prebuilt"),
];

fn run(arguments: &[String]) -> Outcome {
    if !arguments.is_empty() {
        return Err(format!("unknown arguments {arguments:?}").into());
    }
    let tree = root().join("target/tree");
    if tree.exists() {
        fs::remove_dir_all(&tree)?;
    }
    for (from, to) in FOLDERS {
        copy(&root().join(from), &tree.join(to))?;
    }
    println!("{}", tree.display());
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Outcome {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).map_err(|e| format!("{}: {e}", from.display()))? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}
