//! Threads of SQLite's sorter use only the collations of a connection: whatever `PRAGMA threads` says
//! meanwhile, no statement runs there.
#![expect(unsafe_code, reason = "only a trace of SQLite's tells which thread runs a statement")]

use std::ffi::{c_int, c_uint, c_void};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread::{self, ThreadId};

use commensal::WasmtimeRuntime;
use commensal::core::settings::Settings;
use commensal::rusqlite::install;
use rusqlite::{Connection, ffi};

use crate::collations::{CREATE, order};
use crate::support::{connect, open};

/// The number of statements that began on another thread than the test's.
struct Seen {
    thread: ThreadId,
    elsewhere: AtomicUsize,
}

/// Called by SQLite when a statement begins.
unsafe extern "C" fn trace(
    _: c_uint,
    context: *mut c_void,
    _: *mut c_void,
    _: *mut c_void,
) -> c_int {
    // SAFETY: the test gave this, and it outlives the connection.
    let seen = unsafe { &*context.cast::<Seen>() };
    if thread::current().id() != seen.thread {
        seen.elsewhere.fetch_add(1, Relaxed);
    }
    0
}

#[test]
fn no_statement_runs_on_a_thread_of_the_sorter() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.db");
    connect(&open(&path)).execute(CREATE, (order(1).as_str(),)).unwrap();
    let seen = Seen { thread: thread::current().id(), elsewhere: AtomicUsize::new(0) };
    for round in 0..8 {
        let connection = Connection::open(&path).unwrap();
        let mut settings = Settings::default();
        settings.runtime = Some(Arc::new(WasmtimeRuntime::new()));
        install(&connection, settings).unwrap();
        // SAFETY: the connection is open, and `seen` outlives it.
        let code = unsafe {
            let seen = (&raw const seen).cast_mut().cast();
            ffi::sqlite3_trace_v2(
                connection.handle(),
                ffi::SQLITE_TRACE_STMT as c_uint,
                Some(trace),
                seen,
            )
        };
        assert_eq!(code, ffi::SQLITE_OK);
        connection.execute_batch("PRAGMA cache_size = 10; PRAGMA threads = 4").unwrap();
        let mut sorted = connection
            .prepare(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)
                 SELECT printf('%.*c', i % 50, 'x') AS x FROM n ORDER BY x COLLATE by_length",
            )
            .unwrap();
        let mut rows = sorted.query([]).unwrap();
        let mut last = 0;
        for row in 0..30_000 {
            if row == 10 + round * 1000 {
                // From here on, it looks as if only this thread could compare.
                connection.execute_batch("PRAGMA threads = 0").unwrap();
            }
            let text: String = rows.next().unwrap().unwrap().get(0).unwrap();
            assert!(text.len() >= last, "{} after {last}", text.len());
            last = text.len();
        }
    }
    assert_eq!(seen.elsewhere.load(Relaxed), 0);
}
