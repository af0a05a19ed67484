//! The extension in programs of others: one in C, the `sqlite3` command, Python.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::build::{amalgamation, extension, folder, newest, run};

/// The program in C, linked with the system's SQLite and with the newest.
fn drivers() -> [PathBuf; 2] {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/driver.c");
    let compile = |name: &str, arguments: &[&str]| {
        // Each test has its own: they run at the same time.
        let thread = std::thread::current().name().unwrap_or_default().replace("::", "-");
        let driver = folder().join(format!("{name}-{thread}"));
        let mut cc = Command::new("cc");
        cc.args(["-Wall", "-Wextra", "-Werror", "-g", "-o"]).arg(&driver).arg(&source);
        run(cc.args(arguments).arg("-lpthread"));
        driver
    };
    let newest = newest().to_str().unwrap();
    let include = format!("-I{}", amalgamation().display());
    let rpath = format!("-Wl,-rpath,{}", folder().display());
    [compile("driver", &["-lsqlite3"]), compile("driver-newest", &[&include, newest, &rpath])]
}

#[track_caller]
fn drive(scenario: &str) {
    for driver in drivers() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("t.db");
        run(Command::new(&driver).arg(scenario).arg(extension()).arg(&database));
    }
}

#[test]
fn several_connections_and_loading_twice() {
    drive("ends");
}

#[test]
fn threads_each_with_a_connection() {
    drive("threads");
}

#[test]
fn processes_that_were_forked() {
    drive("forks");
}

#[test]
fn processes_that_write_to_one_file() {
    drive("processes");
}

/// Nothing is used after it was freed, and nothing is lost, also when a connection stays open.
#[test]
fn the_process_ends_clean() {
    let folder = tempfile::tempdir().unwrap();
    let [driver, _] = drivers();
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--quiet", "--error-exitcode=9", "--leak-check=full"]);
    valgrind.args(["--errors-for-leak-kinds=definite", "--show-leak-kinds=definite"]);
    run(valgrind.arg(driver).arg("ends").arg(extension()).arg(folder.path().join("t.db")));
}
