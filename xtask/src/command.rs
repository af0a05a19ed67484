//! The form of every command, and the folder where it works.

use std::error::Error;
use std::path::PathBuf;

/// What `cargo xtask NAME` does.
pub(crate) struct Command {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// Its options and its description.
    pub(crate) help: &'static str,
    /// Runs it with the arguments after its name.
    pub(crate) run: fn(&[String]) -> Outcome,
}

/// The result of a command. An error is printed, and the exit status is 1.
pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// The root of the repository in which Cargo runs this. The program itself may have been built in another
/// clone.
pub(crate) fn root() -> PathBuf {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR");
    let mut root = manifest.map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    root.pop();
    root
}
