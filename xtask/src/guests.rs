//! `cargo xtask guests`: builds the guests that are written in Rust.
//!
//! Each crate is built by itself. In a common build, all guests would get the features of a dependency that
//! one of them asks for, including a guest without the standard library.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command::{Command, Outcome, root};
use crate::toolchain::{TARGET, Toolchain};
use crate::wasm;

pub(crate) const COMMAND: Command = Command {
    name: "guests",
    help: "[--update]\n    Builds guests/examples into target/guests/*.wasm, after \
           scripts/guest-toolchain has found or\n    set up a Rust for wasm32-unknown-unknown. With \
           --update, copies them to guests/prebuilt.",
    run,
};

/// A larger guest has a mistake in its dependencies.
const GUEST_BYTES_MAX: usize = 1_200_000;

fn run(arguments: &[String]) -> Outcome {
    let update = match arguments {
        [] => false,
        [flag] if flag == "--update" => true,
        _ => return Err(format!("unknown arguments {arguments:?}; known is --update").into()),
    };
    let toolchain = Toolchain::find()?;
    let built = root().join("target/guests");
    fs::create_dir_all(&built)?;
    for guest in crates()? {
        let module = build(&toolchain, &guest)?;
        let bytes = fs::read(&module).map_err(|e| format!("{}: {e}", module.display()))?;
        let file = module.file_name().ok_or("a module without a name")?;
        check(&bytes).map_err(|error| format!("{}: {error}", guest.display()))?;
        write_if_changed(&built.join(file), &bytes)?;
        if update {
            write_if_changed(&root().join("guests/prebuilt").join(file), &bytes)?;
        }
        println!("target/guests/{} ({} bytes)", file.display(), bytes.len());
    }
    Ok(())
}

/// The folders of the guests' crates, sorted by name.
fn crates() -> Outcome<Vec<PathBuf>> {
    let mut crates = Vec::new();
    for entry in fs::read_dir(root().join("guests/examples"))? {
        let folder = entry?.path();
        if folder.join("Cargo.toml").is_file() {
            crates.push(folder);
        }
    }
    crates.sort();
    Ok(crates)
}

/// The export that identifies a guest for libSQL, which has no manifest.
const LIBSQL: &[u8] = b"libsql_malloc";

/// Checks what must be true of every guest.
fn check(module: &[u8]) -> Result<(), String> {
    let libsql = module.windows(LIBSQL.len()).any(|bytes| bytes == LIBSQL);
    if !libsql && !wasm::has_custom_section(module, "commensal") {
        return Err("the module has no custom section \"commensal\": was it stripped?".into());
    }
    if module.len() > GUEST_BYTES_MAX {
        return Err(format!("{} bytes are more than {GUEST_BYTES_MAX}", module.len()));
    }
    Ok(())
}

/// Writes the file, unless its contents are the same: then its time stays.
fn write_if_changed(path: &Path, bytes: &[u8]) -> Outcome {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    fs::write(path, bytes).map_err(|e| format!("{}: {e}", path.display()).into())
}

/// Builds the crate in this folder, whose library has the folder's name. Returns the path of the module.
fn build(toolchain: &Toolchain, folder: &Path) -> Outcome<PathBuf> {
    let target = root().join("target/guest-build");
    let mut cargo = toolchain.cargo(&flags()?);
    cargo
        .args(["build", "--quiet", "--release", "--locked", "--target", TARGET])
        .arg("--manifest-path")
        .arg(folder.join("Cargo.toml"))
        .env("CARGO_TARGET_DIR", &target)
        .env("RUSTC_WRAPPER", root().join("scripts/guest-rustc"));
    if !cargo.status()?.success() {
        return Err(format!("{} does not build, see above", folder.display()).into());
    }
    let name = folder.file_name().ok_or("a crate without a folder")?;
    let file = Path::new(name).with_extension("wasm");
    Ok(target.join(TARGET).join("release").join(file))
}

/// Panics name source files. Their paths must not depend on the machine, so that the same sources give the
/// same module everywhere.
fn flags() -> Outcome<[String; 2]> {
    Ok([
        format!("--remap-path-prefix={}=/commensal", root().display()),
        format!("--remap-path-prefix={}=/cargo", cargo_home()?.display()),
    ])
}

/// Where Cargo keeps the sources of dependencies.
fn cargo_home() -> Outcome<PathBuf> {
    match std::env::var_os("CARGO_HOME") {
        Some(home) => Ok(home.into()),
        None => Ok(std::env::home_dir().ok_or("no home directory")?.join(".cargo")),
    }
}
