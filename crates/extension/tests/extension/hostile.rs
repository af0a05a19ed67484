//! Hostile files in other programs: the same files as for the facade, in the system's SQLite and in the
//! newest.

use std::path::Path;

use commensal_conformance::hostile::{Cost, cases, make_base};

use crate::build::extension;
use crate::connection::Connection;
use crate::library::{Library, files, libraries};

/// Set in a process that opens one file: the paths of the library, the extension and the file.
const OPENED: &str = "COMMENSAL_TEST_HOSTILE";

fn open_in_this_process(what: &str) {
    let [library, extension, path] = *what.split('|').collect::<Vec<_>>() else {
        panic!("three paths");
    };
    let library = Box::leak(Box::new(Library::load(Path::new(library))));
    let connection = Connection::bare(library, Path::new(path));
    connection.load(Path::new(extension), None).unwrap();
    assert_eq!(connection.integer("SELECT x FROM t"), Ok(3));
    Cost::of_this_process().report();
}

/// The first value of a query as text, or the error.
fn ask(connection: &Connection, query: &str) -> String {
    match connection.value(&format!("SELECT CAST(({query}) AS TEXT)")) {
        Ok(commensal::Value::Text(text)) => text,
        Ok(other) => format!("{other:?}"),
        Err(error) => error.message().to_owned(),
    }
}

#[test]
fn each_file_opens() {
    if let Ok(what) = std::env::var(OPENED) {
        return open_in_this_process(&what);
    }
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("base.db");
    let runtime = std::sync::Arc::new(commensal::WasmtimeRuntime::new());
    make_base(&base, commensal::Options::new().runtime(runtime));
    let cost = |number: usize, path: &Path| {
        let library = files()[number].display();
        let what = format!("{library}|{}|{}", extension().display(), path.display());
        Cost::of_test("hostile::each_file_opens", OPENED, &what)
    };
    // Loading a library takes time and memory, so the process to compare with has loaded it, too.
    let honest: Vec<_> = (0..libraries().len()).map(|number| cost(number, &base)).collect();
    // The process keeps the code of a module until a catalog without that module is read. One is read before
    // each case, so that the case's own bytes are compiled.
    let empty = folder.path().join("empty.db");
    std::fs::copy(&base, &empty).unwrap();
    Connection::bare(&libraries()[0], &empty).batch("DELETE FROM commensal_object").unwrap();
    let mut failed = Vec::new();
    for case in cases() {
        let path = folder.path().join(format!("{}.db", case.name));
        case.make(&base, &path);
        for (number, library) in libraries().iter().enumerate() {
            let name = format!("{} with SQLite {}", case.name, library.version());
            let checked = std::panic::catch_unwind(|| {
                cost(number, &path).check_over(honest[number], &name);
                let forgetting = Connection::open(library, &empty);
                assert_eq!(forgetting.integer("SELECT count(*) FROM wasm_functions"), Ok(0));
                let connection = Connection::open(library, &path);
                for (query, expected) in &case.checks {
                    let answer = ask(&connection, query);
                    let is_answer =
                        answer == *expected || answer.contains(expected) && expected.len() > 4;
                    assert!(is_answer, "{name}: {query}: {answer}, and not: {expected}");
                    assert_eq!(connection.integer("SELECT x FROM t"), Ok(3), "{name}");
                }
                assert!(connection.close(), "{name}");
            });
            failed.extend(checked.err().map(|_| name));
        }
        std::fs::remove_file(&path).unwrap();
    }
    assert_eq!(failed, [""; 0]);
}

/// Whether Commensal is found in a connection depends neither on the file nor on loading it again.
#[test]
fn loading_depends_on_no_file() {
    for library in libraries() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let connection = Connection::bare(library, &path);
        connection
            .batch(
                "CREATE TABLE pragma_module_list(name); INSERT INTO pragma_module_list VALUES \
                 ('wasm_functions'); CREATE TEMP VIEW pragma_module_list AS SELECT 'wasm_functions' AS \
                 name",
            )
            .unwrap();
        for _ in 0..2 {
            connection.load(extension(), None).unwrap();
            assert_eq!(connection.integer("SELECT count(*) FROM wasm_functions"), Ok(0));
        }
        assert!(connection.close());
        // The application's own temporary table hides the one that Commensal needs, and the error says so.
        let connection = Connection::bare(library, &path);
        connection.batch("CREATE TEMP TABLE commensal_connection(x)").unwrap();
        let message = connection.load(extension(), None).unwrap_err();
        assert!(message.contains("a temporary table or view commensal_connection"), "{message}");
        assert!(connection.close());
    }
}
