//! Aggregates and window functions give the same as SQLite's own over random rows, groups and frames, and
//! each state is freed exactly once, however a statement ends.
//!
//! guests/wat/aggregates.wat counts: `living()` is the number of states that were made and not freed,
//! `dropped()` the number of those that were freed without a result.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use commensal::{Capabilities, Capability, Connection, Database, ErrorKind, Feature, Limits};

use crate::limits::interrupted;
use crate::support::{Random, check_error, connect, integer, memory, options, soak, value};

const COUNTING: &str = include_str!("../../../../guests/wat/aggregates.wat");
const TYPES: &[u8] = include_bytes!("../../../../guests/prebuilt/types.wasm");

fn counting() -> (Database, Connection) {
    let database = memory();
    let connection = connect(&database);
    connection.execute("CREATE EXTENSION counting LANGUAGE wasm AS ?", (COUNTING,)).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE t(i INTEGER PRIMARY KEY, g INTEGER, x INTEGER);
             INSERT INTO t(g, x) VALUES (1, 1), (1, 2), (2, 4), (2, 8), (3, 16);
             -- As many rows as somebody waits for.
             CREATE VIEW endless(i) AS
               WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
        )
        .unwrap();
    (database, connection)
}

/// Whether the engine has windows of definitions.
fn has_windows() -> bool {
    crate::ENGINE.features().contains(&Feature::Windows)
}

/// The numbers of states that are alive and that were dropped.
#[track_caller]
fn check_freed(connection: &Connection, dropped: i64) {
    assert_eq!(integer(connection, "SELECT living()").unwrap(), 0);
    assert_eq!(integer(connection, "SELECT dropped()").unwrap(), dropped);
}

#[test]
fn a_statement_that_is_left_drops_its_states() {
    if !has_windows() {
        return;
    }
    let (_database, connection) = counting();
    let sql = "SELECT tally(x) OVER w, growing(x) OVER w FROM t WINDOW w AS (ORDER BY i)";
    let mut statement = connection.prepare(sql).unwrap();
    assert!(statement.step().unwrap());
    statement.reset();
    check_freed(&connection, 2);
    // It can run again, to its end and any number of times.
    while statement.step().unwrap() {}
    check_freed(&connection, 2);
    for _ in 0..2 {
        assert!(statement.step().unwrap());
        assert!(statement.step().unwrap());
    }
    drop(statement);
    check_freed(&connection, 4);
}

#[test]
fn an_interrupt_drops_states() {
    let (_database, connection) = counting();
    // On a busy machine an interrupt may come before the first row. Then there is nothing to drop.
    for _ in 0..100 {
        let error = interrupted(&connection, "SELECT tally(i), plain(i) FROM endless");
        assert_eq!((error.kind(), error.message()), (ErrorKind::Interrupted, "interrupted"));
        if integer(&connection, "SELECT dropped()").unwrap() > 0 {
            break;
        }
    }
    check_freed(&connection, 2);
    if !has_windows() {
        return;
    }
    // Also if SQLite was about to have a result.
    let error =
        interrupted(&connection, "SELECT tally(i) OVER (ORDER BY 1 ROWS 2 PRECEDING) FROM endless");
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    assert_eq!(integer(&connection, "SELECT living()").unwrap(), 0);
}

/// While `drop` runs, the host's interrupt has no effect, but its time is short anyway.
#[test]
fn a_drop_that_never_ends_holds_nothing_up() {
    /// How long it would take if it had no limit of its own.
    const CALL_TIMEOUT: Duration = Duration::from_secs(120);
    let endless = include_str!("../../../../guests/evil/aggregate_drop_forever.wat");
    // These rows are fine.
    let endless = endless.replace("(i32.const 48))\n", "(i32.const 0))\n");
    let mut limits = Limits::default();
    limits.call_timeout = CALL_TIMEOUT;
    let database = Database::open_in_memory(options().limits(limits)).unwrap();
    let connection = connect(&database);
    connection.execute("CREATE EXTENSION e LANGUAGE wasm AS ?", (&endless,)).unwrap();
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
               SELECT aggregate_drop_forever(i) FROM n";
    let counts = |connection: &Connection| -> [i64; 3] {
        let sql = "SELECT coalesce(sum(errors), 0), coalesce(sum(traps), 0), \
                   coalesce(sum(instances), 0) FROM wasm_stats WHERE name = 'aggregate_drop_forever'";
        connection.query_row(sql, (), |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?])).unwrap()
    };
    // On a busy machine an interrupt may come before the first row. Then there is nothing to drop.
    for _ in 0..100 {
        let start = Instant::now();
        let error = interrupted(&connection, sql);
        assert_eq!(error.kind(), ErrorKind::Interrupted);
        assert!(start.elapsed() < CALL_TIMEOUT, "the drop was waited for");
        if counts(&connection)[1] > 0 {
            break;
        }
    }
    // The instance had a state that is still alive, so it is not used again.
    let [errors, traps, instances] = counts(&connection);
    assert!(errors >= 1, "each interrupt is an error");
    assert_eq!(traps, 1);
    assert_eq!(integer(&connection, "SELECT aggregate_drop_forever(1)").unwrap(), 7);
    assert_eq!(counts(&connection), [errors, traps, instances + 1]);
}

/// Errors that are not the guest's: SQLite drops the results.
#[test]
fn an_error_of_sqlite_frees_states() {
    let (_database, connection) = counting();
    let overflow = "SELECT tally(x), sum(x + 9223372036854775000) FROM t";
    check_error(value(&connection, overflow), "integer overflow");
    assert_eq!(integer(&connection, "SELECT living()").unwrap(), 0);
    connection.execute_batch("CREATE TABLE few(x CHECK (x < 4))").unwrap();
    let insert = match has_windows() {
        true => "INSERT INTO few SELECT tally(x) OVER (ORDER BY i) FROM t",
        false => "INSERT INTO few SELECT tally(x) FROM t GROUP BY i ORDER BY i",
    };
    check_error(connection.execute(insert, ()), "CHECK constraint failed");
    assert_eq!(integer(&connection, "SELECT living()").unwrap(), 0);
}

#[test]
fn statements_within_statements_keep_their_states_apart() {
    if !has_windows() {
        return;
    }
    let (_database, connection) = counting();
    let mut outer = connection.prepare("SELECT g, tally(x) FROM t GROUP BY g").unwrap();
    let mut window = connection.prepare("SELECT tally(x) OVER (ORDER BY i) FROM t").unwrap();
    let mut sums = Vec::new();
    while outer.step().unwrap() {
        assert!(window.step().unwrap());
        sums.push(integer(&connection, "SELECT tally(x) FROM t WHERE i > 3").unwrap());
        sums.push(integer(&connection, "SELECT tally(x) FROM t WHERE i > 9").unwrap());
    }
    assert_eq!(sums, [24, 0, 24, 0, 24, 0]);
    drop((outer, window));
    connection
        .execute_batch(
            "CREATE TABLE log(sum INTEGER);
             CREATE TRIGGER sums AFTER INSERT ON t BEGIN
               INSERT INTO log SELECT tally(x) FROM t WHERE g = new.g;
             END;
             INSERT INTO t(g, x) SELECT g, tally(x) FROM t GROUP BY g",
        )
        .unwrap();
    assert_eq!(value(&connection, "SELECT group_concat(sum) FROM log").unwrap(), "6,24,32".into());
    let sql = "SELECT sum((SELECT tally(x) FROM t AS b WHERE b.i <= a.i)) FROM t AS a WHERE i < 4";
    assert_eq!(integer(&connection, sql).unwrap(), 1 + 3 + 7);
    for sql in ["SELECT living()", "SELECT count(*) FROM t WHERE tally(x) IS NULL"] {
        // SQLite refuses the second, because an aggregate is not allowed there.
        let _ = value(&connection, sql);
    }
    assert_eq!(integer(&connection, "SELECT living()").unwrap(), 0);
}

/// A guest that could see when it gets a row gets one row at a time.
#[test]
fn rows_come_one_by_one_where_their_order_can_be_seen() {
    let granted: Capabilities = [Capability::Clock].into_iter().collect();
    let database = Database::open_in_memory(options().grant(granted)).unwrap();
    let connection = connect(&database);
    let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)";
    for (with, batches) in [("", 1..=4), ("WITH (allow = 'clock')", 100..=100)] {
        let sql = format!("CREATE OR REPLACE EXTENSION c LANGUAGE wasm AS ? {with}");
        connection.execute(&sql, (COUNTING,)).unwrap();
        let calls = integer(&connection, &format!("{numbers} SELECT batches(i) FROM n")).unwrap();
        assert!(batches.contains(&calls), "{with}: {calls}");
    }
}

/// The kind of a name can change while a statement that was prepared before runs, and after it.
#[test]
fn a_name_changes_its_kind() {
    if !has_windows() {
        return;
    }
    let (_database, connection) = counting();
    let kinds = [("tally", "window"), ("plain", "aggregate"), ("living", "scalar")];
    let define = |export: &str| {
        let sql = format!("CREATE OR REPLACE FUNCTION f LANGUAGE wasm AS ? EXPORT '{export}'");
        connection.execute(&sql, (COUNTING,)).unwrap();
    };
    for (from, kind) in kinds {
        for (to, other_kind) in kinds {
            define(from);
            let call = if kind == "scalar" { "f()" } else { "f(x)" };
            let mut statement = connection.prepare(&format!("SELECT {call} FROM t")).unwrap();
            let mut running =
                connection.prepare("SELECT i, tally(x) OVER (ORDER BY i) FROM t").unwrap();
            assert!(running.step().unwrap());
            define(to);
            let what = format!("{from} to {to}");
            // SQLite keeps the form of the name while some statement runs.
            let fits = kind == other_kind || (kind, other_kind) == ("aggregate", "window");
            match statement.step() {
                Ok(row) => assert!(row && fits, "{what}"),
                Err(error) => {
                    assert!(!fits && error.kind() == ErrorKind::NotFound, "{what}: {error}");
                }
            }
            drop((statement, running));
            let call = if other_kind == "scalar" { "f()" } else { "f(x)" };
            let result = integer(&connection, &format!("SELECT {call} FROM t"));
            result.unwrap_or_else(|error| panic!("{what}: {error}"));
            connection.execute("DROP FUNCTION f", ()).unwrap();
        }
    }
}

/// Random rows, groups, frames and SQL around a call: all results are those of SQLite's own aggregates,
/// in one statement, so that their rows alternate.
#[test]
fn random_groups_and_frames_are_as_with_sqlite() {
    let database = memory();
    let connection = connect(&database);
    connection.execute("CREATE EXTENSION types LANGUAGE wasm AS ?", (TYPES,)).unwrap();
    let mut random = Random::new(5);
    for round in 0..30 * soak() {
        fill(&connection, &mut random);
        for _ in 0..8 {
            let tail = tail(&mut random);
            let pairs = [
                (format!("sum_of(x){tail}"), format!("sum(x){tail}")),
                (format!("count_of(){tail}"), format!("count(*){tail}")),
                (format!("joined(name, ', '){tail}"), format!("group_concat(name, ', '){tail}")),
            ];
            let same = |(ours, theirs): &(String, String)| format!("({ours}) IS ({theirs})");
            let same = pairs.each_ref().map(same).join(" AND ");
            let group =
                if tail.contains("OVER") || random.below(4) == 0 { "" } else { "GROUP BY g" };
            let sql = format!("SELECT min(same) FROM (SELECT {same} AS same FROM t {group})");
            let outcome = value(&connection, &sql);
            assert_ne!(outcome, Ok(0.into()), "round {round}: {sql}");
            outcome.unwrap_or_else(|error| panic!("round {round}: {sql}: {error}"));
        }
    }
}

/// Another table: few rows or many, in few groups or many.
fn fill(connection: &Connection, random: &mut Random) {
    let (rows, groups) = (random.below(200), 1 + random.below(40));
    let mut sql =
        "DROP TABLE IF EXISTS t; CREATE TABLE t(i INTEGER, g INTEGER, x INTEGER, name TEXT);"
            .to_owned();
    for i in 0..rows {
        let x =
            if random.below(8) == 0 { "NULL".to_owned() } else { random.below(1000).to_string() };
        // Not empty, because SQLite's group_concat() forgets the separator after a first text that is empty.
        let name = match random.below(12) {
            0 => "NULL".to_owned(),
            1 => format!("printf('%0{}d', {i})", random.below(3000) + 1),
            _ => format!("'n{i}'"),
        };
        write!(sql, "INSERT INTO t VALUES ({i}, {}, {x}, {name});", random.below(groups)).unwrap();
    }
    connection.execute_batch(&format!("BEGIN; {sql} COMMIT")).unwrap();
}

/// FILTER and OVER, or neither.
fn tail(random: &mut Random) -> String {
    let filter = [" ", " FILTER (WHERE x > 500)", " FILTER (WHERE g % 3 = 0)"][random.below(3)];
    if random.below(3) == 0 || !has_windows() {
        return filter.to_owned();
    }
    let partition = ["", "PARTITION BY g"][random.below(2)];
    let mode = ["ROWS", "GROUPS", "RANGE"][random.below(3)];
    let order =
        if mode == "RANGE" { "i" } else { ["i", "g, i", "i DESC", "x, i"][random.below(4)] };
    let mut bound = |from: &[&str]| {
        let bound = from[random.below(from.len())];
        bound.replace('n', &random.below(9).to_string())
    };
    let starts = ["UNBOUNDED PRECEDING", "n PRECEDING", "CURRENT ROW"];
    let ends = ["CURRENT ROW", "n FOLLOWING", "UNBOUNDED FOLLOWING"];
    let frame = format!("{mode} BETWEEN {} AND {}", bound(&starts), bound(&ends));
    let exclude =
        ["", "", "", "EXCLUDE CURRENT ROW", "EXCLUDE TIES", "EXCLUDE GROUP"][random.below(6)];
    format!("{filter} OVER ({partition} ORDER BY {order} {frame} {exclude})")
}
