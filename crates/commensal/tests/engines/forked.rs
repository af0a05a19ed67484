//! Two processes that were forked from one get the same random numbers from SQLite. Their changes still
//! differ.
#![expect(unsafe_code, reason = "SQLite's random numbers are reached through its C API alone")]

use libsqlite3_sys::{
    SQLITE_TESTCTRL_PRNG_RESTORE, SQLITE_TESTCTRL_PRNG_SAVE, sqlite3_test_control,
};

use crate::support::{connect, constant, create, integer, open};

#[test]
fn the_same_random_numbers_are_no_same_change() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.db");
    let (a, b) = (connect(&open(&path)), connect(&open(&path)));
    for connection in [&a, &b] {
        create(connection, "f", &constant(1), "").unwrap();
    }
    for round in 0..10 {
        // SAFETY: these two take no further argument.
        unsafe { sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SAVE) };
        create(&a, "f", &constant(2), "").unwrap();
        assert_eq!(integer(&a, "SELECT f()"), Ok(2));
        // SAFETY: as above.
        unsafe { sqlite3_test_control(SQLITE_TESTCTRL_PRNG_RESTORE) };
        create(&b, "f", &constant(3), "").unwrap();
        assert_eq!(integer(&b, "SELECT f()"), Ok(3));
        assert_eq!(integer(&a, "SELECT f()"), Ok(3), "round {round}");
    }
}
