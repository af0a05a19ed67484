//! `cargo xtask portable`: builds for wasm32 what will run in browsers.

use crate::command::{Command, Outcome, root};
use crate::toolchain::{TARGET, Toolchain};

pub(crate) const COMMAND: Command = Command {
    name: "portable",
    help: "\n    Checks that what has to build for wasm32-unknown-unknown does: the core, on which \
           neither an\n    executor nor a database engine may come along; the adaptor for SQLite, which \
           links none;\n    the interpreter; and the facade without an engine and a runtime of its own.",
    run,
};

/// The crates, with options that leave out machine code: the engine in C and the compiler.
const CRATES: [(&str, &[&str]); 6] = [
    ("commensal-abi", &[]),
    ("commensal-core", &[]),
    ("commensal-adaptor-sqlite", &[]),
    ("commensal-runtime-wasmi", &[]),
    ("commensal", &["--no-default-features"]),
    ("commensal", &["--no-default-features", "--features", "wasmi"]),
];

fn run(arguments: &[String]) -> Outcome {
    if !arguments.is_empty() {
        return Err(format!("unknown arguments {arguments:?}").into());
    }
    let toolchain = Toolchain::find()?;
    for (name, options) in CRATES {
        let mut cargo = toolchain.cargo(&[]);
        cargo
            .args(["check", "--quiet", "--locked", "--package", name, "--target", TARGET])
            .args(options)
            .current_dir(root())
            .env("CARGO_TARGET_DIR", root().join("target/guest-build"));
        if !cargo.status()?.success() {
            let options = options.join(" ");
            return Err(format!("{name} {options} does not build for {TARGET}, see above").into());
        }
        println!("{} builds for {TARGET}", [&[name], options].concat().join(" "));
    }
    Ok(())
}
