//! Who sees which version of a function, and from when on.

use commensal::Value;

use crate::support::{check_error, connect, constant, create, integer, memory, times};

/// Statements that start after the commit see it in every connection. None sees it before.
#[test]
fn what_is_committed_is_seen_and_nothing_else() {
    let database = memory();
    let (a, b) = (connect(&database), connect(&database));
    create(&a, "f", &constant(1), "").unwrap();
    let mut prepared = b.prepare("SELECT f()").unwrap();
    let mut call = || {
        let mut rows = prepared.query(())?;
        rows.next()?.map_or(Ok(Value::Null), |row| row.get::<Value>(0))
    };
    assert_eq!(call(), Ok(1.into()));

    a.execute_batch("BEGIN").unwrap();
    create(&a, "f", &constant(2), "").unwrap();
    assert_eq!(integer(&a, "SELECT f()").unwrap(), 2);
    assert_eq!(call(), Ok(1.into()));
    a.execute_batch("COMMIT").unwrap();
    assert_eq!(call(), Ok(2.into()));
    assert_eq!(integer(&b, "SELECT f()").unwrap(), 2);

    a.execute("DROP FUNCTION f", ()).unwrap();
    check_error(call(), "no such function: f");
    // A prepared statement finds a function that was dropped here and created again elsewhere.
    check_error(b.execute("SELECT f()", ()), "no such function: f");
    check_error(call(), "no such function: f");
    create(&a, "f", &constant(3), "").unwrap();
    assert_eq!(call(), Ok(3.into()));
}

#[test]
fn a_running_statement_keeps_its_version() {
    let database = memory();
    let (a, b) = (connect(&database), connect(&database));
    create(&a, "f", &times(10), "").unwrap();
    let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6) \
                SELECT f(i) FROM n";
    // First another connection replaces it, then the same one.
    for (replacing, expected) in [(&a, 10), (&b, 100)] {
        // With a log, a connection keeps its snapshot until all its statements have ended.
        let at_once = std::ptr::eq(replacing, &b) || crate::JOURNALS.contains(&"DELETE");
        let mut running = b.prepare(rows).unwrap();
        let mut seen = Vec::new();
        let mut rows = running.query(()).unwrap();
        while let Some(row) = rows.next().unwrap() {
            seen.push(row.get::<i64>(0).unwrap());
            if seen.len() == 2 {
                create(replacing, "f", &times(expected * 10), "").unwrap();
                if at_once {
                    assert_eq!(integer(&b, "SELECT f(1)").unwrap(), expected * 10);
                }
            }
            if seen.len() == 4 {
                replacing.execute("DROP FUNCTION f", ()).unwrap();
                if at_once {
                    check_error(integer(&b, "SELECT f(1)"), "no such function: f");
                }
            }
        }
        assert_eq!(seen, [1, 2, 3, 4, 5, 6].map(|i| i * expected));
        drop(rows);
        drop(running);
        create(&a, "f", &times(expected * 10), "").unwrap();
    }
}
