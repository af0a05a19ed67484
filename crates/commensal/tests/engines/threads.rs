//! Several connections on several threads: every answer was true while the statement ran.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use commensal::Connection;

use crate::support::{
    Random, check_sound, connect, constant, create, integer, is_busy, quick, soak,
};

const VERSIONS: i64 = 6;

/// Versions only rise, so a stale or invented one shows.
#[derive(Default)]
struct Progress {
    committed: AtomicI64,
    begun: AtomicI64,
}

fn replace(connection: &Connection, progress: &Progress) {
    for version in 1..VERSIONS * 5 {
        progress.begun.store(version, Ordering::SeqCst);
        loop {
            match create(connection, "f", &constant(version), "") {
                Ok(()) => break,
                Err(error) => assert!(is_busy(&error), "{error:?}"),
            }
        }
        progress.committed.store(version, Ordering::SeqCst);
    }
}

fn call(connection: &Connection, progress: &Progress) {
    let mut last = 0;
    while last < VERSIONS * 5 - 1 {
        let before = progress.committed.load(Ordering::SeqCst);
        match integer(connection, "SELECT f() FROM (SELECT 1)") {
            Ok(value) => {
                let after = progress.begun.load(Ordering::SeqCst);
                assert!((before..=after).contains(&value), "{before} <= {value} <= {after}");
                assert!(value >= last);
                last = value;
            }
            Err(error) => assert!(is_busy(&error), "{error:?}"),
        }
    }
}

/// Makes, uses and drops its own functions, which changes the catalog for the others.
fn make_and_drop(connection: &Connection, seed: u64) {
    let mut random = Random::new(seed);
    for _ in 0..30 * soak() {
        let version = random.below(VERSIONS as usize) as i64;
        let name = format!("own{seed}");
        match create(connection, &name, &constant(version), "") {
            Ok(()) => assert_eq!(integer(connection, &format!("SELECT {name}()")), Ok(version)),
            Err(error) => assert!(is_busy(&error), "{error:?}"),
        }
        if let Err(error) = connection.execute(&format!("DROP FUNCTION IF EXISTS {name}"), ()) {
            assert!(is_busy(&error), "{error:?}");
        }
    }
}

#[test]
fn no_thread_sees_a_wrong_version() {
    for journal in crate::JOURNALS {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("threads.db");
        let (database, first) = quick(&path, journal, Duration::from_secs(60));
        create(&first, "f", &constant(0), "").unwrap();
        let progress = Progress::default();
        let connection = || {
            let connection = connect(&database);
            connection.execute_batch("PRAGMA synchronous = OFF").unwrap();
            connection
        };
        std::thread::scope(|scope| {
            for seed in 1..3 {
                let own = connection();
                scope.spawn(move || make_and_drop(&own, seed));
                let (calling, progress) = (connection(), &progress);
                scope.spawn(move || call(&calling, progress));
            }
            replace(&first, &progress);
        });
        check_sound(&first);
    }
}

/// A connection moves between threads as a whole, with its instances.
#[test]
fn a_connection_moves_to_another_thread() {
    let directory = tempfile::tempdir().unwrap();
    let (_database, connection) =
        quick(&directory.path().join("t.db"), crate::JOURNALS[0], Duration::from_secs(60));
    create(&connection, "f", &constant(7), "").unwrap();
    assert_eq!(integer(&connection, "SELECT f()"), Ok(7));
    let (connection, value) = std::thread::spawn(move || {
        let value = integer(&connection, "SELECT f()");
        (connection, value)
    })
    .join()
    .unwrap();
    assert_eq!(value, Ok(7));
    assert_eq!(integer(&connection, "SELECT f()"), Ok(7));
}
