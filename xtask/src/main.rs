//! Chores of the repository: `cargo xtask help`.
//!
//! A command is a file with a [`Command`] that is listed in [`COMMANDS`].

mod command;
mod dist;
mod guests;
mod long;
mod packages;
mod portable;
mod reliability;
mod tidy;
mod toolchain;
mod tree;
mod wasm;

use std::process::ExitCode;

use crate::command::Command;

const COMMANDS: &[Command] = &[
    dist::COMMAND,
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
