//! What every command is, and where it works.

use std::error::Error;
use std::path::PathBuf;

/// What `cargo xtask NAME` does.
pub(crate) struct Command {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// Its options, and what it does.
    pub(crate) help: &'static str,
    /// Runs it with the arguments after its name.
    pub(crate) run: fn(&[String]) -> Outcome,
}

/// How a command ends; an error is printed and makes the exit status 1.
pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// The repository's root: of the workspace that Cargo runs this for, because a program may have been built in
/// another clone.
pub(crate) fn root() -> PathBuf {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR");
    let mut root = manifest.map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    root.pop();
    root
}
