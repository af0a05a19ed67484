//! A Rust toolchain for WebAssembly, which `scripts/guest-toolchain` finds or sets up.

use std::process::{Command as Process, Stdio};

use crate::command::{Outcome, root};

/// The target of guests.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// How this machine builds for WebAssembly.
pub(crate) struct Toolchain {
    /// The variables that the script printed.
    variables: Vec<(String, String)>,
}

const RUSTFLAGS: &str = "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS";

impl Toolchain {
    /// Runs the script, which may install packages.
    pub(crate) fn find() -> Outcome<Self> {
        let script = root().join("scripts/guest-toolchain");
        let output = Process::new(&script)
            .stderr(Stdio::inherit())
            .output()
            .map_err(|e| format!("{}: {e}", script.display()))?;
        if !output.status.success() {
            return Err(format!("there is no Rust for {TARGET}, see above").into());
        }
        let variables = String::from_utf8(output.stdout)?
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Ok(Self { variables })
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.variables.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Cargo with this compiler and additional flags.
    pub(crate) fn cargo(&self, flags: &[String]) -> Process {
        let own = self.get(RUSTFLAGS).map(str::to_owned);
        let flags: Vec<String> = own.into_iter().chain(flags.iter().cloned()).collect();
        let mut cargo = Process::new(self.get("CARGO").unwrap_or("cargo"));
        cargo
            .envs(self.variables.iter().filter(|(name, _)| name != RUSTFLAGS).cloned())
            .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"))
            .env_remove("RUSTFLAGS");
        cargo
    }
}
