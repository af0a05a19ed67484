//! `cargo xtask portable`: the core builds for wasm32, where it will run in browsers.

use crate::command::{Command, Outcome, root};
use crate::toolchain::{TARGET, Toolchain};

pub(crate) const COMMAND: Command = Command {
    name: "portable",
    help: "\n    Checks that what has to build for wasm32-unknown-unknown does: the core, on which \
           neither an\n    executor nor a database engine may come along.",
    run,
};

const CRATES: [&str; 2] = ["commensal-abi", "commensal-core"];

fn run(arguments: &[String]) -> Outcome {
    if !arguments.is_empty() {
        return Err(format!("unknown arguments {arguments:?}").into());
    }
    let toolchain = Toolchain::find()?;
    for name in CRATES {
        let mut cargo = toolchain.cargo(&[]);
        cargo
            .args(["check", "--quiet", "--locked", "--package", name, "--target", TARGET])
            .current_dir(root())
            .env("CARGO_TARGET_DIR", root().join("target/guest-build"));
        if !cargo.status()?.success() {
            return Err(format!("{name} does not build for {TARGET}, see above").into());
        }
        println!("{name} builds for {TARGET}");
    }
    Ok(())
}
