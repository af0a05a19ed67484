//! What the tests need to build: the extension, and a newer SQLite than the system's.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value as Json;

/// The library, as Cargo builds it.
pub(crate) fn extension() -> &'static Path {
    static EXTENSION: LazyLock<PathBuf> = LazyLock::new(|| {
        let arguments = ["build", "--locked", "-p", "commensal-extension", "--message-format=json"];
        let messages = cargo(&arguments);
        let messages = messages.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok());
        let files = messages
            .filter(|message| message["reason"] == "compiler-artifact")
            .flat_map(|message| message["filenames"].as_array().cloned().unwrap_or_default());
        let library = files
            .filter_map(|file| file.as_str().map(PathBuf::from))
            .find(|file| file.file_name().is_some_and(|name| name == "libcommensal.so"));
        library.expect("Cargo built the extension")
    });
    &EXTENSION
}

/// The folder of the newest SQLite's source: the one that the crates here embed.
pub(crate) fn amalgamation() -> &'static Path {
    static AMALGAMATION: LazyLock<PathBuf> = LazyLock::new(|| {
        let metadata = cargo(&["metadata", "--locked", "--format-version", "1"]);
        let metadata: Json = serde_json::from_str(&metadata).expect("metadata is JSON");
        let packages = metadata["packages"].as_array().expect("metadata has packages");
        let package = packages
            .iter()
            .find(|package| package["name"] == "libsqlite3-sys")
            .and_then(|package| package["manifest_path"].as_str())
            .expect("the workspace embeds SQLite");
        Path::new(package).with_file_name("sqlite3")
    });
    &AMALGAMATION
}

/// The newest SQLite as a shared library.
pub(crate) fn newest() -> &'static Path {
    static NEWEST: LazyLock<PathBuf> = LazyLock::new(|| {
        let source = amalgamation().join("sqlite3.c");
        // The folder's name has the version in it.
        let version = source.display().to_string().replace(|c: char| !c.is_alphanumeric(), "-");
        let built = folder().join(format!("libsqlite3{version}-search.so"));
        if built.exists() {
            return built;
        }
        let partial = folder().join(format!("libsqlite3.{}.so", std::process::id()));
        let mut cc = Command::new("cc");
        cc.args(["-O1", "-fPIC", "-shared", "-DSQLITE_ENABLE_STAT4", "-DSQLITE_ENABLE_FTS4"]);
        cc.args(["-DSQLITE_ENABLE_FTS5", "-DSQLITE_ENABLE_RTREE", "-Wl,-Bsymbolic", "-o"]);
        run(cc.arg(&partial).arg(&source).args(["-lm", "-lpthread", "-ldl"]));
        // Moved in one step, because other tests may look for it.
        std::fs::rename(&partial, &built).expect("the library can be moved");
        built
    });
    &NEWEST
}

/// Where tests keep what they build.
pub(crate) fn folder() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

/// The root of the repository.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Where cases and guests are: in the repository, or in the folder that the variable COMMENSAL_TREE names,
/// whose guests were just built.
pub(crate) fn tree() -> PathBuf {
    std::env::var_os("COMMENSAL_TREE").map_or_else(|| PathBuf::from(ROOT), PathBuf::from)
}

fn cargo(arguments: &[&str]) -> String {
    run(Command::new(env!("CARGO")).args(arguments).current_dir(ROOT))
}

/// The output of a command that must succeed.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{errors}", output.status);
    String::from_utf8(output.stdout).expect("the output is text")
}
