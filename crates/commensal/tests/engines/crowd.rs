//! Many connections call functions that others create, replace and drop at the same time: on threads of
//! one process and, if the engine can, in several processes.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use commensal::Connection;

use crate::support::{check_sound, connect, create, integer, is_busy, quick, soak, times};

/// The rows of each calling statement. All of them must see the same version.
const ROWS: i64 = 100;

/// The result of the calling statement if `f` multiplies by 1.
const SUM: i64 = ROWS * (ROWS + 1) / 2;

const CALL: &str = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 100) \
     SELECT sum(f(i)) FROM n";

/// The number of calling threads, and of all their calls together.
fn size() -> (usize, usize) {
    if soak() > 1 { (64, 1_000_000) } else { (8, 40_000) }
}

/// Repeats something until it succeeds, because another connection may hold the lock.
fn retry<T>(mut attempt: impl FnMut() -> commensal::Result<T>) -> T {
    loop {
        match attempt() {
            Ok(value) => return value,
            Err(error) => assert!(is_busy(&error), "{error:?}"),
        }
    }
}

/// Calls `f` in one statement, and checks that its factor is that of one version.
fn call(connection: &Connection, versions: i64) {
    let sum = retry(|| integer(connection, CALL));
    assert_eq!(sum % SUM, 0, "rows of one statement saw several versions: {sum}");
    assert!((1..=versions).contains(&(sum / SUM)), "{sum}");
}

#[test]
fn many_threads_call_what_others_replace() {
    let (callers, calls) = size();
    for journal in crate::JOURNALS {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("crowd.db");
        let (database, first) = quick(&path, journal, Duration::from_secs(60));
        create(&first, "f", &times(1), "").unwrap();
        let (statements, ended) = (AtomicUsize::new(0), AtomicBool::new(false));
        let (version, changes) = (AtomicI64::new(1), AtomicUsize::new(0));
        let connection = || {
            let connection = connect(&database);
            connection.execute_batch("PRAGMA synchronous = OFF").unwrap();
            connection
        };
        std::thread::scope(|scope| {
            let calling: Vec<_> = (0..callers)
                .map(|_| {
                    let (own, statements) = (connection(), &statements);
                    scope.spawn(move || {
                        while statements.fetch_add(1, SeqCst) < calls / ROWS as usize {
                            call(&own, i64::MAX / SUM);
                        }
                    })
                })
                .collect();
            for number in 0..2 {
                let (own, ended, version, changes) = (connection(), &ended, &version, &changes);
                scope.spawn(move || {
                    let other = format!("own{number}");
                    while !ended.load(SeqCst) {
                        let next = version.fetch_add(1, SeqCst) + 1;
                        retry(|| create(&own, "f", &times(next), ""));
                        retry(|| create(&own, &other, &times(next), ""));
                        let answer = retry(|| integer(&own, &format!("SELECT {other}(2)")));
                        assert_eq!(answer, 2 * next);
                        retry(|| own.execute(&format!("DROP FUNCTION {other}"), ()));
                        changes.fetch_add(3, SeqCst);
                    }
                });
            }
            let results: Vec<_> = calling.into_iter().map(|thread| thread.join()).collect();
            ended.store(true, SeqCst);
            assert!(results.iter().all(Result::is_ok));
        });
        check_sound(&first);
        println!(
            "figure: threads that call what others change | {:?}, {journal} | {callers} threads, {calls} \
             calls, {} changes meanwhile; no wrong result",
            crate::ENGINE,
            changes.load(SeqCst)
        );
        assert!(changes.load(SeqCst) > 0, "nothing was changed meanwhile");
    }
}

/// Set in a process that this test starts: the database, and the number of the process.
const PROCESS: &str = "COMMENSAL_TEST_CROWD";

#[test]
fn processes_change_and_call_what_others_change() {
    if let Ok(process) = std::env::var(PROCESS) {
        let (number, path) = process.split_once(' ').unwrap();
        return change_and_call(Path::new(path), number.parse().unwrap());
    }
    // Turso admits one process. `files.rs` shows its error.
    if crate::ENGINE.name() != "sqlite" {
        return;
    }
    for journal in crate::JOURNALS {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("crowd.db");
        let (_database, first) = quick(&path, journal, Duration::from_secs(60));
        create(&first, "f", &times(1), "").unwrap();
        let children: Vec<_> = (0..8)
            .map(|number| {
                Command::new(std::env::current_exe().unwrap())
                    .args(["crowd::processes_change_and_call_what_others_change", "--exact"])
                    .env(PROCESS, format!("{number} {}", path.display()))
                    .stdout(Stdio::piped())
                    .stderr(Stdio::piped())
                    .spawn()
                    .unwrap()
            })
            .collect();
        for child in children {
            let output = child.wait_with_output().unwrap();
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && text.contains("1 passed"), "{output:?}");
        }
        check_sound(&first);
        let definitions = integer(&first, "SELECT count(*) FROM wasm_functions");
        assert_eq!(definitions, Ok(9), "f, and one of each process");
    }
}

/// The work of each process.
fn change_and_call(path: &Path, number: i64) {
    let (_database, connection) = {
        let options = crate::support::options().busy_timeout(Duration::from_secs(60));
        let database = commensal::Database::open(path, options).unwrap();
        let connection = connect(&database);
        connection.execute_batch("PRAGMA synchronous = OFF").unwrap();
        (database, connection)
    };
    for round in 1..=10 * soak() as i64 {
        let factor = round * 8 + number;
        retry(|| create(&connection, "f", &times(factor), ""));
        call(&connection, i64::MAX / SUM);
        let own = format!("own{number}");
        retry(|| create(&connection, &own, &times(factor), ""));
        assert_eq!(retry(|| integer(&connection, &format!("SELECT {own}(1)"))), factor);
    }
}
