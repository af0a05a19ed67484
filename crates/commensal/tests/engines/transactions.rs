//! A random walk beside a model: whatever transactions, savepoints, failures and direct writes did,
//! a call gives what the tables say.

use std::collections::BTreeMap;
use std::time::Duration;

use commensal::{Connection, Error, Result, Statement};

use crate::support::{
    Random, check_sound, connect, constant, create, integer, is_busy, memory, quick, soak,
};

/// The definitions that a connection sees: name and constant.
type View = BTreeMap<&'static str, i64>;

const NAMES: [&str; 2] = ["f", "g"];
const VERSIONS: usize = 5;

struct Transaction {
    view: View,
    savepoints: Vec<(String, View)>,
    /// Opened by SAVEPOINT: releasing the outermost commits.
    by_savepoint: bool,
    wrote: bool,
}

struct Walker<'c> {
    connection: &'c Connection,
    /// Prepared once: what was registered since has to be noticed.
    prepared: Vec<(&'static str, Statement<'c>)>,
    transaction: Option<Transaction>,
}

struct Walk<'c> {
    random: Random,
    committed: View,
    walkers: Vec<Walker<'c>>,
    savepoints: usize,
    /// Steps that took effect.
    effective: usize,
}

/// True when the statement took effect, false when another connection was in its way.
fn ran<T>(result: Result<T>) -> bool {
    match result {
        Ok(_) => true,
        Err(error) if is_busy(&error) => false,
        Err(error) => panic!("{error:?}"),
    }
}

impl<'c> Walk<'c> {
    fn new(seed: u64, connections: &'c [Connection]) -> Self {
        for name in NAMES {
            create(&connections[0], name, &constant(0), "").unwrap();
        }
        let walkers = connections.iter().map(|connection| Walker {
            connection,
            prepared: NAMES
                .map(|name| (name, connection.prepare(&format!("SELECT {name}()")).unwrap()))
                .into(),
            transaction: None,
        });
        Self {
            random: Random::new(seed),
            committed: NAMES.map(|name| (name, 0)).into(),
            walkers: walkers.collect(),
            savepoints: 0,
            effective: 0,
        }
    }

    fn steps(&mut self, count: usize) {
        for step in 0..count {
            let walker = self.random.below(self.walkers.len());
            let what = self.step(walker);
            for other in 0..self.walkers.len() {
                // Not always, so that memory is sometimes several steps behind.
                if self.random.below(4) > 0 {
                    self.check(other, &format!("step {step}: {walker} {what}"));
                }
            }
        }
        for walker in &mut self.walkers {
            if walker.transaction.take().is_some() {
                walker.connection.execute("ROLLBACK", ()).unwrap();
            }
        }
        assert!(self.effective > count / 3, "{} of {count} steps took effect", self.effective);
    }

    fn step(&mut self, walker: usize) -> String {
        let name = NAMES[self.random.below(NAMES.len())];
        match self.random.below(12) {
            0..3 => {
                let version = self.random.below(VERSIONS) as i64;
                let ran = ran(create(self.connection(walker), name, &constant(version), ""));
                self.write(walker, ran, |view| {
                    view.insert(name, version);
                });
                format!("replaces {name} by {version}: {ran}")
            }
            3 => {
                let had = self.view(walker).contains_key(name);
                let sql = format!("DROP FUNCTION IF EXISTS {name}");
                let ran = ran(self.connection(walker).execute(&sql, ()));
                self.write(walker, ran && had, |view| {
                    view.remove(name);
                });
                format!("drops {name}: {ran}")
            }
            4 => self.write_directly(walker, name),
            5 => self.fail_within(walker),
            6 | 7 => self.begin(walker),
            8 => self.savepoint(walker),
            9 => self.end_savepoint(walker),
            _ => self.end(walker),
        }
    }

    fn connection(&self, walker: usize) -> &'c Connection {
        self.walkers[walker].connection
    }

    fn view(&self, walker: usize) -> &View {
        self.walkers[walker].transaction.as_ref().map_or(&self.committed, |t| &t.view)
    }

    fn write(&mut self, walker: usize, ran: bool, change: impl FnOnce(&mut View)) {
        if !ran {
            return;
        }
        self.effective += 1;
        match &mut self.walkers[walker].transaction {
            Some(transaction) => {
                transaction.wrote = true;
                change(&mut transaction.view);
            }
            None => change(&mut self.committed),
        }
    }

    /// Writes the tables without Commensal's statements.
    fn write_directly(&mut self, walker: usize, name: &'static str) -> String {
        let other = NAMES[self.random.below(NAMES.len())];
        let view = self.view(walker);
        match (view.contains_key(name), view.get(other).copied()) {
            (true, Some(version)) if name != other => {
                let sql = "UPDATE commensal_object SET sha256 = (SELECT sha256 FROM \
                           commensal_object WHERE name = ?2) WHERE name = ?1";
                let ran = ran(self.connection(walker).execute(sql, (name, other)));
                self.write(walker, ran, |view| {
                    view.insert(name, version);
                });
                format!("makes {name} what {other} is: {ran}")
            }
            _ => {
                let sql = "DELETE FROM commensal_object WHERE name = ?";
                let ran = ran(self.connection(walker).execute(sql, (name,)));
                self.write(walker, ran, |view| {
                    view.remove(name);
                });
                format!("deletes {name}: {ran}")
            }
        }
    }

    /// A statement that fails after some of its rows.
    fn fail_within(&mut self, walker: usize) -> String {
        if self.view(walker).len() < 2 {
            return "does nothing".to_owned();
        }
        let sql = "UPDATE commensal_object SET sha256 = iif(name = 'g', NULL, zeroblob(32))";
        let error = self.connection(walker).execute(sql, ()).unwrap_err();
        assert!(is_busy(&error) || error.message().contains("NOT NULL"), "{error:?}");
        self.write(walker, !is_busy(&error), |_| {});
        "fails within a statement".to_owned()
    }

    fn begin(&mut self, walker: usize) -> String {
        if self.walkers[walker].transaction.is_some() {
            return "does nothing".to_owned();
        }
        self.open(walker, "BEGIN", None)
    }

    /// Opens a transaction, and reads, which fixes what it sees.
    fn open(&mut self, walker: usize, sql: &str, savepoint: Option<String>) -> String {
        let connection = self.connection(walker);
        connection.execute(sql, ()).unwrap();
        if !ran(integer(connection, "SELECT count(*) FROM commensal_object")) {
            connection.execute("ROLLBACK", ()).unwrap();
            return format!("{sql}: busy");
        }
        let view = self.committed.clone();
        let by_savepoint = savepoint.is_some();
        let savepoints = savepoint.into_iter().map(|name| (name, view.clone())).collect();
        let transaction = Transaction { view, savepoints, by_savepoint, wrote: false };
        self.walkers[walker].transaction = Some(transaction);
        self.effective += 1;
        sql.to_owned()
    }

    fn savepoint(&mut self, walker: usize) -> String {
        self.savepoints += 1;
        let name = format!("s{}", self.savepoints);
        let sql = format!("SAVEPOINT {name}");
        let connection = self.connection(walker);
        match &mut self.walkers[walker].transaction {
            None => return self.open(walker, &sql, Some(name)),
            Some(transaction) => {
                connection.execute(&sql, ()).unwrap();
                transaction.savepoints.push((name, transaction.view.clone()));
                self.effective += 1;
            }
        }
        sql
    }

    /// RELEASE or ROLLBACK TO any of the open savepoints.
    fn end_savepoint(&mut self, walker: usize) -> String {
        let connection = self.connection(walker);
        let release = self.random.below(2) == 0;
        let depth = self.random.below(8);
        let Some(transaction) = &mut self.walkers[walker].transaction else {
            return "does nothing".to_owned();
        };
        let depth = depth % transaction.savepoints.len().max(1);
        let Some((name, view)) = transaction.savepoints.get(depth).cloned() else {
            return "does nothing".to_owned();
        };
        self.effective += 1;
        if !release {
            let sql = format!("ROLLBACK TO {name}");
            connection.execute(&sql, ()).unwrap();
            transaction.view = view;
            transaction.savepoints.truncate(depth + 1);
            return sql;
        }
        let sql = format!("RELEASE {name}");
        if !ran(connection.execute(&sql, ())) {
            return format!("{sql}: busy");
        }
        transaction.savepoints.truncate(depth);
        if depth == 0 && transaction.by_savepoint {
            self.committed(walker);
        }
        sql
    }

    fn committed(&mut self, walker: usize) {
        if let Some(transaction) = self.walkers[walker].transaction.take()
            && transaction.wrote
        {
            self.committed = transaction.view;
        }
    }

    /// COMMIT or ROLLBACK.
    fn end(&mut self, walker: usize) -> String {
        let connection = self.connection(walker);
        if self.walkers[walker].transaction.is_none() {
            return "does nothing".to_owned();
        }
        self.effective += 1;
        if self.random.below(2) == 0 {
            connection.execute("ROLLBACK", ()).unwrap();
            self.walkers[walker].transaction = None;
            return "ROLLBACK".to_owned();
        }
        if !ran(connection.execute("COMMIT", ())) {
            return "COMMIT: busy".to_owned();
        }
        self.committed(walker);
        "COMMIT".to_owned()
    }

    fn check(&mut self, walker: usize, step: &str) {
        let view = self.view(walker).clone();
        let with_prepared = self.random.below(2) == 0;
        let Walker { connection, prepared, .. } = &mut self.walkers[walker];
        for (name, statement) in prepared {
            let result = if with_prepared {
                first(statement)
            } else {
                integer(connection, &format!("SELECT {name}()"))
            };
            check_call(name, view.get(name), result, &format!("{step}; {walker} calls {name}()"));
        }
    }
}

/// The value of the first row, of a statement that is prepared already.
pub(crate) fn first(statement: &mut Statement<'_>) -> Result<i64> {
    let mut rows = statement.query(())?;
    rows.next()?.map_or(Ok(i64::MIN), |row| row.get(0))
}

fn check_call(name: &str, expected: Option<&i64>, result: Result<i64, Error>, step: &str) {
    match (expected, result) {
        (_, Err(error)) if is_busy(&error) => {}
        (Some(expected), Ok(value)) => assert_eq!(value, *expected, "{step}"),
        (None, Err(error)) => {
            assert_eq!(error.message(), format!("no such function: {name}"), "{step}");
        }
        (expected, result) => panic!("{step}: {result:?} instead of {expected:?}"),
    }
}

/// Keeps the code of all versions compiled while a walk makes and drops them.
fn compiled() -> (commensal::Database, Connection) {
    let database = memory();
    let connection = connect(&database);
    for version in 0..VERSIONS {
        create(&connection, &format!("v{version}"), &constant(version as i64), "").unwrap();
    }
    (database, connection)
}

fn walk(seed: u64, journal: &str, connections: usize, steps: usize) {
    let _compiled = compiled();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("walk.db");
    let (database, first) = quick(&path, journal, Duration::ZERO);
    let mut all = vec![first];
    for _ in 1..connections {
        let connection = connect(&database);
        connection.execute_batch("PRAGMA synchronous = OFF").unwrap();
        all.push(connection);
    }
    let mut walk = Walk::new(seed, &all);
    walk.steps(steps * soak());
    drop(walk);
    check_sound(&all[0]);
}

#[test]
fn one_connection() {
    walk(1, crate::JOURNALS[0], 1, 2000);
    walk(2, "MEMORY", 1, 2000);
}

#[test]
fn two_connections_with_a_rollback_journal() {
    walk(3, crate::JOURNALS[0], 2, 2000);
}

#[test]
fn two_connections_with_a_write_ahead_log() {
    walk(4, "WAL", 2, 2000);
}

#[test]
fn the_first_catalog_is_rolled_back_with_its_transaction() {
    let database = memory();
    let (a, b) = (connect(&database), connect(&database));
    a.execute_batch("BEGIN").unwrap();
    create(&a, "f", &constant(1), "").unwrap();
    assert_eq!(integer(&a, "SELECT f()").unwrap(), 1);
    a.execute_batch("ROLLBACK").unwrap();
    for connection in [&a, &b] {
        let error = integer(connection, "SELECT f()").unwrap_err();
        assert_eq!(error.message(), "no such function: f");
        assert_eq!(integer(connection, "SELECT count(*) FROM sqlite_schema").unwrap(), 0);
    }
    create(&b, "f", &constant(2), "").unwrap();
    assert_eq!(integer(&a, "SELECT f()").unwrap(), 2);
}

/// The schema's version of a transaction is given again after its rollback.
#[test]
fn a_catalog_made_elsewhere_after_a_rollback_is_seen() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.db");
    let (_a, a) = quick(&path, crate::JOURNALS[0], Duration::ZERO);
    let (_b, b) = quick(&path, crate::JOURNALS[0], Duration::ZERO);
    let version = |connection| integer(connection, "PRAGMA schema_version").unwrap();
    a.execute_batch("BEGIN").unwrap();
    for table in 0..20 {
        a.execute(&format!("CREATE TABLE t{table}(x)"), ()).unwrap();
    }
    let error = a.prepare("SELECT f()").unwrap_err();
    assert_eq!(error.message(), "no such function: f");
    let rolled_back = version(&a);
    a.execute_batch("ROLLBACK").unwrap();
    b.execute_batch("BEGIN").unwrap();
    create(&b, "f", &constant(1), "").unwrap();
    while version(&b) < rolled_back {
        b.execute(&format!("CREATE TABLE u{}(x)", version(&b)), ()).unwrap();
    }
    assert_eq!(version(&b), rolled_back);
    b.execute_batch("COMMIT").unwrap();
    assert_eq!(integer(&a, "SELECT f()").unwrap(), 1);
}

/// A statement that writes first waits for the locks of others, in a transaction too: preparing it
/// takes none.
#[test]
fn preparing_in_a_transaction_takes_no_lock() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.db");
    let (_a, a) = quick(&path, "WAL", Duration::ZERO);
    let (_b, b) = quick(&path, "WAL", Duration::ZERO);
    create(&a, "f", &constant(1), "").unwrap();
    a.execute_batch("CREATE TABLE t(x)").unwrap();
    b.execute_batch("BEGIN").unwrap();
    let mut insert = b.prepare("INSERT INTO t VALUES (1)").unwrap();
    a.execute("INSERT INTO t VALUES (2)", ()).unwrap();
    // With a snapshot from before, this would be too late.
    insert.execute(()).unwrap();
    drop(insert);
    b.execute_batch("COMMIT").unwrap();
    assert_eq!(integer(&a, "SELECT sum(x) FROM t").unwrap(), 3);
}
