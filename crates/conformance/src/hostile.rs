//! Hostile files, as data: each `conformance/hostile/*.sql` changes a file with the functions `f`, which
//! returns 1, and `g`, which returns 2, and the table `t` with the number 3.
//!
//! `--? QUERY => TEXT` in a file asks a query: the first value of its first row is this text, or its
//! error contains it. `--? @sqlite` says that only SQLite can make or read such a file.
//!
//! Every file must open in bounded time and memory, and its table must be readable. A process of its
//! own measures what opening costs.

use std::path::Path;
use std::process::Command;

use commensal::{Database, Options, Sqlite};

/// A case.
pub struct Hostile {
    /// The name of its file.
    pub name: String,
    /// Whether only SQLite can make or read such a file.
    pub only_sqlite: bool,
    /// Queries with their results or errors.
    pub checks: Vec<(String, String)>,
    /// Those for Turso, if they are others.
    pub on_turso: Vec<(String, String)>,
    sql: String,
}

/// All cases.
///
/// # Panics
/// They cannot be read.
pub fn cases() -> Vec<Hostile> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/hostile");
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the cases are there") {
        let path = entry.expect("the folder can be read").path();
        let sql = std::fs::read_to_string(&path).expect("a case can be read");
        let directives: Vec<_> = sql.lines().filter_map(|line| line.strip_prefix("--? ")).collect();
        let check = |line: &&str| {
            if line.starts_with('@') {
                return None;
            }
            let (query, expected) = line.split_once(" => ")?;
            Some((query.to_owned(), expected.to_owned()))
        };
        cases.push(Hostile {
            name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            only_sqlite: directives.contains(&"@sqlite"),
            checks: directives.iter().filter_map(check).collect(),
            on_turso: directives
                .iter()
                .filter_map(|line| line.strip_prefix("@turso "))
                .filter_map(|line| check(&line))
                .collect(),
            sql,
        });
    }
    assert!(!cases.is_empty(), "there are cases");
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

/// Makes the file that the cases start from. `options` have a runtime.
///
/// # Panics
/// It cannot be made.
pub fn make_base(path: &Path, options: Options) {
    let database = Database::open(path, options).expect("a file can be made");
    let connection = database.connect().expect("the file can be opened");
    let sql = "PRAGMA synchronous = OFF; CREATE TABLE t(x); INSERT INTO t VALUES (3)";
    connection.execute_batch(sql).expect("a table can be made");
    for (name, number) in [("f", 1), ("g", 2)] {
        let wat = format!(
            r#"(module (memory (export "memory") 1) (data (i32.const 512) "\01")
                (func (export "commensal_scratch") (param i32) (result i32) (i32.const 1024))
                (func (export "f") (param i32 i32) (result i32)
                  (i64.store (i32.const 520) (i64.const {number})) (i32.const 512)))"#
        );
        let sql = format!("CREATE FUNCTION {name} LANGUAGE wasm AS ? EXPORT 'f'");
        connection.execute(&sql, [wat.as_str()]).expect("a function can be made");
    }
}

impl Hostile {
    /// Makes the hostile file from a copy of the base.
    ///
    /// # Panics
    /// It cannot be made.
    pub fn make(&self, base: &Path, path: &Path) {
        std::fs::copy(base, path).expect("the base can be copied");
        // With SQLite alone, which does not know definitions.
        let options = Options::new().engine(&Sqlite).load_catalog(false);
        let database = Database::open(path, options).expect("the base can be opened");
        let connection = database.connect().expect("the base can be opened");
        let sql = format!("PRAGMA synchronous = OFF; {}", self.sql);
        connection.execute_batch(&sql).unwrap_or_else(|error| panic!("{}: {error}", self.name));
    }
}

/// The resources that a process used.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Peak memory, in bytes.
    pub memory: u64,
    /// Processor time, in milliseconds.
    pub milliseconds: u64,
}

/// Begins the line with the cost that a process prints.
const REPORT: &str = "hostile-cost ";

impl Cost {
    /// The resources that this process has used so far. Linux only, because it reads `/proc`.
    ///
    /// # Panics
    /// `/proc` cannot be read.
    pub fn of_this_process() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").expect("Linux says");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = peak.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux says");
        // After the name, which is in parentheses, the 12th and 13th value, in hundredths of a second.
        let values = stat.rsplit_once(')').expect("the name ends").1;
        let ticks = values.split_whitespace().skip(11).take(2);
        let ticks: u64 = ticks.map(|value| value.parse::<u64>().expect("a number")).sum();
        Self { memory: kib.expect("a peak") << 10, milliseconds: ticks * 10 }
    }

    /// Prints it, for [`Cost::of_test`].
    pub fn report(self) {
        println!("\n{REPORT}{} {}", self.memory, self.milliseconds);
    }

    /// Runs one test of this program in a process with this variable, which reports its cost. A process
    /// that takes a minute of processor time is killed.
    ///
    /// # Panics
    /// The process fails.
    #[track_caller]
    pub fn of_test(test: &str, variable: &str, value: &str) -> Self {
        let program = std::env::current_exe().expect("the program has a path");
        let output = Command::new("sh")
            .args(["-c", "ulimit -t 60; exec \"$@\"", "sh"])
            .arg(program)
            .args([test, "--exact", "--nocapture", "--test-threads=1"])
            .env(variable, value)
            .output()
            .expect("the program can be run");
        let text = String::from_utf8_lossy(&output.stdout);
        let report = text.lines().find_map(|line| {
            let (memory, milliseconds) = line.strip_prefix(REPORT)?.split_once(' ')?;
            Some(Self { memory: memory.parse().ok()?, milliseconds: milliseconds.parse().ok()? })
        });
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{value}: {}\n{text}{errors}", output.status);
        report.unwrap_or_else(|| panic!("{value}: no report\n{text}{errors}"))
    }

    /// Checks that opening a file took at most 64 MiB and 100 ms more than `plain`, which has no definitions.
    ///
    /// # Panics
    /// It took more.
    #[track_caller]
    pub fn check_over(self, plain: Self, what: &str) {
        let memory = self.memory.saturating_sub(plain.memory);
        assert!(memory <= 64 << 20, "{what}: {memory} bytes over a plain open");
        // Tests are not optimised and share the machine.
        let factor = if cfg!(debug_assertions) { 30 } else { 5 };
        let milliseconds = self.milliseconds.saturating_sub(plain.milliseconds);
        assert!(milliseconds <= 100 * factor, "{what}: {milliseconds} ms over a plain open");
    }
}
