//! Chores of the repository: `cargo xtask help`.
//!
//! A command is a module with a [`Command`] in [`COMMANDS`].

mod guests;
mod long;
mod portable;
mod reliability;
mod tidy;
mod toolchain;
mod tree;
mod wasm;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

/// What `cargo xtask NAME` does.
struct Command {
    /// Its name on the command line.
    name: &'static str,
    /// Its options, and what it does.
    help: &'static str,
    /// Runs it with the arguments after its name.
    run: fn(&[String]) -> Outcome,
}

/// How a command ends; an error is printed and makes the exit status 1.
type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const COMMANDS: &[Command] = &[
    guests::COMMAND,
    long::COMMAND,
    portable::COMMAND,
    reliability::COMMAND,
    tidy::COMMAND,
    tree::COMMAND,
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (name, rest) = match arguments.split_first() {
        None => ("help", &[][..]),
        Some((name, rest)) => (name.as_str(), rest),
    };
    if matches!(name, "help" | "-h" | "--help") {
        print!("{}", help());
        return ExitCode::SUCCESS;
    }
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        eprint!("xtask: there is no command \"{name}\"\n\n{}", help());
        return ExitCode::FAILURE;
    };
    match (command.run)(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask {name}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn help() -> String {
    let mut text = String::from("cargo xtask COMMAND [OPTIONS]\n");
    for Command { name, help, .. } in COMMANDS {
        text.push_str(&format!("\n  {name} {help}\n"));
    }
    text
}

/// The repository's root.
fn root() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root
}
