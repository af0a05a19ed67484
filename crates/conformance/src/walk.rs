//! A random walk beside a model. After any transactions, savepoints, failures and direct writes, calls
//! must agree with the tables.
//!
//! For engines of SQLite's kind, through any driver. Fails by panicking, as a test does.

use std::collections::BTreeMap;

use commensal::core::ddl::quote_text;
use commensal::{Error, Result};

/// A connection that the walk goes through.
pub trait Driver {
    /// A prepared statement.
    type Prepared<'c>
    where
        Self: 'c;

    /// Runs one statement, Commensal's or the engine's.
    ///
    /// # Errors
    /// An error of the statement. The code of a lock is the engine's.
    fn execute(&self, sql: &str) -> Result<()>;

    /// Prepares a query.
    ///
    /// # Errors
    /// An error of the engine.
    fn prepare(&self, sql: &str) -> Result<Self::Prepared<'_>>;

    /// Runs a query from the beginning. Returns the integer in its first row.
    ///
    /// # Errors
    /// An error of the engine.
    fn integer(prepared: &mut Self::Prepared<'_>) -> Result<i64>;
}

/// The definitions that a connection sees: name and constant.
type View = BTreeMap<&'static str, i64>;

const NAMES: [&str; 2] = ["f", "g"];
const VERSIONS: usize = 5;

/// Walks this many steps over connections to one new file.
///
/// # Panics
/// The engine differs from the model.
pub fn walk<D: Driver>(seed: u64, connections: &[D], steps: usize) {
    Walk::new(seed, connections).steps(steps);
}

/// Makes a function of each version. This keeps the code of all versions compiled while a walk on other
/// files makes and drops them.
///
/// # Panics
/// They cannot be made.
pub fn compile_all<D: Driver>(connection: &D) {
    for version in 0..VERSIONS {
        create(connection, &format!("v{version}"), version as i64).expect("the version is made");
    }
}

struct Transaction {
    view: View,
    savepoints: Vec<(String, View)>,
    /// Opened by SAVEPOINT: releasing the outermost commits.
    by_savepoint: bool,
    wrote: bool,
}

struct Walker<'c, D: Driver + 'c> {
    connection: &'c D,
    /// Prepared once, so it must notice later changes.
    prepared: Vec<(&'static str, D::Prepared<'c>)>,
    transaction: Option<Transaction>,
}

struct Walk<'c, D: Driver + 'c> {
    random: Random,
    committed: View,
    walkers: Vec<Walker<'c, D>>,
    savepoints: usize,
    /// The number of steps that took effect.
    effective: usize,
}

/// Whether the statement took effect; false if another connection's lock stopped it.
fn ran<T>(result: Result<T>) -> bool {
    match result {
        Ok(_) => true,
        Err(error) if is_busy(&error) => false,
        Err(error) => panic!("{error:?}"),
    }
}

impl<'c, D: Driver> Walk<'c, D> {
    fn new(seed: u64, connections: &'c [D]) -> Self {
        for name in NAMES {
            create(&connections[0], name, 0).unwrap();
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
                walker.connection.execute("ROLLBACK").unwrap();
            }
        }
        assert!(self.effective > count / 3, "{} of {count} steps took effect", self.effective);
    }

    fn step(&mut self, walker: usize) -> String {
        let name = NAMES[self.random.below(NAMES.len())];
        match self.random.below(12) {
            0..3 => {
                let version = self.random.below(VERSIONS) as i64;
                let ran = ran(create(self.connection(walker), name, version));
                self.write(walker, ran, |view| {
                    view.insert(name, version);
                });
                format!("replaces {name} by {version}: {ran}")
            }
            3 => {
                let had = self.view(walker).contains_key(name);
                let sql = format!("DROP FUNCTION IF EXISTS {name}");
                let ran = ran(self.connection(walker).execute(&sql));
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

    fn connection(&self, walker: usize) -> &'c D {
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
                let sql = format!(
                    "UPDATE commensal_object SET sha256 = (SELECT sha256 FROM commensal_object \
                     WHERE name = '{other}') WHERE name = '{name}'"
                );
                let ran = ran(self.connection(walker).execute(&sql));
                self.write(walker, ran, |view| {
                    view.insert(name, version);
                });
                format!("makes {name} what {other} is: {ran}")
            }
            _ => {
                let sql = format!("DELETE FROM commensal_object WHERE name = '{name}'");
                let ran = ran(self.connection(walker).execute(&sql));
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
        let sql =
            "UPDATE commensal_object SET sha256 = CASE WHEN name <> 'g' THEN zeroblob(32) END";
        let error = self.connection(walker).execute(sql).unwrap_err();
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

    /// Opens a transaction and reads, which fixes what the transaction sees.
    fn open(&mut self, walker: usize, sql: &str, savepoint: Option<String>) -> String {
        let connection = self.connection(walker);
        connection.execute(sql).unwrap();
        if !ran(integer(connection, "SELECT count(*) FROM commensal_object")) {
            connection.execute("ROLLBACK").unwrap();
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
                connection.execute(&sql).unwrap();
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
            connection.execute(&sql).unwrap();
            transaction.view = view;
            transaction.savepoints.truncate(depth + 1);
            return sql;
        }
        let sql = format!("RELEASE {name}");
        if !ran(connection.execute(&sql)) {
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
            connection.execute("ROLLBACK").unwrap();
            self.walkers[walker].transaction = None;
            return "ROLLBACK".to_owned();
        }
        if !ran(connection.execute("COMMIT")) {
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
                D::integer(statement)
            } else {
                integer(*connection, &format!("SELECT {name}()"))
            };
            check_call(name, view.get(name), result, &format!("{step}; {walker} calls {name}()"));
        }
    }
}

fn is_busy(error: &Error) -> bool {
    error.engine_code().is_some_and(|code| code & 0xff == 5)
}

/// Makes a function that returns this number.
fn create<D: Driver>(connection: &D, name: &str, value: i64) -> Result<()> {
    let wat = format!(
        r#"(module (memory (export "memory") 1) (data (i32.const 512) "\01")
          (func (export "commensal_scratch") (param i32) (result i32) (i32.const 1024))
          (func (export "f") (param i32 i32) (result i32)
            (i64.store (i32.const 520) (i64.const {value})) (i32.const 512)))"#
    );
    let source = quote_text(&wat);
    let sql = format!("CREATE OR REPLACE FUNCTION {name} LANGUAGE wasm AS {source} EXPORT f");
    connection.execute(&sql)
}

fn integer<D: Driver>(connection: &D, sql: &str) -> Result<i64> {
    D::integer(&mut connection.prepare(sql)?)
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

/// Random numbers, the same in every run.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound
    }
}
