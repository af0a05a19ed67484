//! The extension in other programs: one in C, the `sqlite3` command, Python.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::build::{amalgamation, extension, folder, newest, run, tree};

/// The program in C, linked with the system's SQLite, with the newest one, and with the extension as a
/// static library.
fn drivers() -> [PathBuf; 3] {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/driver.c");
    let compile = |name: &str, arguments: &[&str]| {
        // Each test has its own, because tests run at the same time.
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
    let library = extension().with_extension("a");
    let library = library.to_str().unwrap();
    [
        compile("driver", &["-lsqlite3"]),
        compile("driver-newest", &[&include, newest, &rpath]),
        compile("driver-static", &["-DCOMMENSAL_STATIC", library, "-lsqlite3", "-lm", "-ldl"]),
    ]
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
fn compiled_code_outlives_a_connection() {
    drive("reopens");
}

#[test]
fn threads_each_with_a_connection() {
    drive("threads");
}

#[test]
fn threads_that_share_a_connection() {
    drive("shares");
}

#[test]
fn an_interrupt_reaches_a_guest() {
    drive("interrupts");
}

#[test]
fn processes_that_were_forked() {
    drive("forks");
}

#[test]
fn processes_that_write_to_one_file() {
    drive("processes");
}

/// Nothing is used after it was freed, and nothing leaks, even if a connection stays open.
#[test]
fn the_process_ends_clean() {
    let folder = tempfile::tempdir().unwrap();
    let [driver, ..] = drivers();
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--quiet", "--error-exitcode=9", "--leak-check=full"]);
    valgrind.args(["--errors-for-leak-kinds=definite", "--show-leak-kinds=definite"]);
    run(valgrind.arg(driver).arg("ends").arg(extension()).arg(folder.path().join("t.db")));
}

/// Python's faulthandler handles the signals of faults. Faults of guests do not reach it.
#[test]
fn beside_pythons_faulthandler() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faulthandler.py");
    // The system's Python, because not every Python can load extensions.
    run(Command::new("/usr/bin/python3").arg(script).arg(extension()));
}

/// Python's driver shows what its callbacks see. Debian's SQLite is older than 3.41.
#[test]
fn long_calls_reach_no_callback_of_the_program() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/callbacks.py");
    run(Command::new("/usr/bin/python3").arg(script).arg(extension()));
}

/// SQLite replaces its functions only while nothing runs, and `wasm_exec` runs in a statement.
#[test]
fn built_in_functions_are_replaced_where_the_host_permits_it() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/replaced.py");
    run(Command::new("/usr/bin/python3").arg(script).arg(extension()));
}

/// The stock command: `.load`, by the file's name or another one, with the library's bytes read by
/// the command itself.
#[test]
fn the_sqlite3_command() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("commensal.so");
    std::fs::copy(extension(), &copy).unwrap();
    let geo = tree().join("guests/prebuilt/geo.wasm");
    let script = format!(
        ".bail on\n.load {}\n\
         SELECT wasm_exec('CREATE EXTENSION geo LANGUAGE wasm AS ?', readfile('{}'));\n\
         SELECT round(haversine_km(52.52, 13.405, 48.8566, 2.3522));\n\
         SELECT count(*) > 0 FROM wasm_functions WHERE extension = 'geo';\n",
        folder.path().join("commensal").display(),
        geo.display()
    );
    let file = folder.path().join("script.sql");
    std::fs::write(&file, script).unwrap();
    let database = folder.path().join("t.db");
    let mut command = Command::new("sqlite3");
    let read = format!(".read {}", file.display());
    assert_eq!(run(command.arg(&database).arg(read)), "1\n877.0\n1\n");
    // The next command finds what this one wrote, and names the library by an absolute path.
    let load = format!(".load {}", extension().display());
    let sql = "SELECT round(haversine_km(52.52, 13.405, 48.8566, 2.3522))";
    let mut command = Command::new("sqlite3");
    assert_eq!(run(command.arg(&database).arg(load).arg(sql)), "877.0\n");
}
