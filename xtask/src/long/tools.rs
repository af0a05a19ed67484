//! The programs that long steps run.

use std::io::{BufRead, BufReader};
use std::process::{Command as Process, Stdio};

use crate::command::{Outcome, root};

pub(super) fn cargo(arguments: &[&str]) -> Process {
    let mut cargo = Process::new("cargo");
    // The Cargo that runs this sets them, and they would override +nightly.
    for variable in ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN"] {
        cargo.env_remove(variable);
    }
    cargo.args(arguments).current_dir(root());
    cargo
}

/// Runs a process to its end.
pub(super) trait Done {
    fn done(&mut self) -> Outcome;
}

impl Done for Process {
    fn done(&mut self) -> Outcome {
        let status = self.status()?;
        if status.success() { Ok(()) } else { Err(format!("{self:?}: {status}").into()) }
    }
}

/// Runs a process to its end. Shows what it prints at once, and returns it.
pub(super) fn output(process: &mut Process) -> Outcome<String> {
    let mut child = process.stdout(Stdio::piped()).spawn()?;
    let mut output = String::new();
    for line in BufReader::new(child.stdout.take().ok_or("no output")?).lines() {
        let line = line?;
        println!("{line}");
        output += &line;
        output.push('\n');
    }
    let status = child.wait()?;
    if status.success() { Ok(output) } else { Err(format!("{process:?}: {status}").into()) }
}

/// Installs `cargo NAME` if it is missing.
pub(super) fn install(name: &str) -> Outcome {
    let package = format!("cargo-{name}");
    if Process::new(&package).arg("--version").output().is_ok() {
        return Ok(());
    }
    cargo(&["install", "--locked", &package]).done()
}

/// Installs a nightly compiler with these components if it is missing.
pub(super) fn nightly(components: &[&str]) -> Outcome {
    if !cargo(&["+nightly", "--version"]).output()?.status.success() {
        let install = ["toolchain", "install", "nightly", "--profile", "minimal"];
        Process::new("rustup").args(install).done()?;
    }
    if components.is_empty() {
        return Ok(());
    }
    let add = ["component", "add", "--toolchain", "nightly"];
    Process::new("rustup").args(add).args(components).done()
}

/// The target of this machine.
pub(super) fn host() -> Outcome<String> {
    let output = Process::new("rustc").arg("-vV").output()?;
    let text = String::from_utf8(output.stdout)?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.ok_or("rustc does not say its host")?.to_owned())
}
