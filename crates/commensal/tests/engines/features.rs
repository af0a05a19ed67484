//! If the runtime cannot enforce a limit, the error names it, unless the host accepts that by name.

use std::path::Path;
use std::sync::Arc;

use commensal::core::runtime::{
    CompileOptions, CompiledModule, Metering, Runtime, RuntimeError, RuntimeFeature,
    RuntimeFeatures,
};
use commensal::{Capabilities, Connection, Database, ErrorKind, Limits, Options, WasmtimeRuntime};

use crate::support::{check_error, connect, constant, create, integer, open, options, value};

/// Runs everything, and says that it lacks this feature.
struct Lacking(RuntimeFeature);

impl Runtime for Lacking {
    fn name(&self) -> &'static str {
        match self.0 {
            RuntimeFeature::Interruption => "without interruption",
            RuntimeFeature::Fuel => "without fuel",
            RuntimeFeature::MemoryLimit => "without memory limit",
        }
    }

    fn features(&self) -> RuntimeFeatures {
        RuntimeFeatures::ALL.without(self.0)
    }

    fn compile(
        &self,
        wasm: &[u8],
        options: CompileOptions,
    ) -> Result<Arc<dyn CompiledModule>, RuntimeError> {
        assert!(self.features().fuel || options.metering == Metering::None, "it has no fuel");
        WasmtimeRuntime::new().compile(wasm, options)
    }
}

fn lacking(feature: RuntimeFeature) -> Options {
    Options::new().engine(crate::ENGINE).runtime(Arc::new(Lacking(feature)))
}

#[test]
fn what_a_runtime_lacks_is_an_error_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.db");
    {
        let connection = connect(&open(&path));
        create(&connection, "f", &constant(1), "").unwrap();
        create(&connection, "fuelled", &constant(2), "WITH (fuel = 1000000)").unwrap();
    }
    for feature in RuntimeFeature::ALL {
        let needs_it = |fuelled: bool| feature != RuntimeFeature::Fuel || fuelled;
        let check = |result: commensal::Result<()>, fuelled: bool| match needs_it(fuelled) {
            true => {
                let error = check_error(result, &format!("lacks \"{}\"", feature.name()));
                assert!(error.message().contains(feature.limits()), "{error}");
                assert!(error.message().contains("accept_missing"), "{error}");
            }
            false => result.unwrap(),
        };
        let database = Database::open(&path, lacking(feature)).unwrap();
        let connection = connect(&database);
        check(value(&connection, "SELECT f()").map(drop), false);
        check(value(&connection, "SELECT fuelled()").map(drop), true);
        check(create(&connection, "g", &constant(3), ""), false);
        check(create(&connection, "h", &constant(4), "WITH (fuel = 1000000)"), true);
        // Everything else works.
        assert_eq!(integer(&connection, "SELECT 1").unwrap(), 1);
        drop((connection, database));

        // Accepting another one does not help.
        let other = RuntimeFeature::ALL.into_iter().find(|other| *other != feature).unwrap();
        let database = Database::open(&path, lacking(feature).accept_missing(other)).unwrap();
        check(value(&connect(&database), "SELECT fuelled()").map(drop), true);
        drop(database);

        let database = Database::open(&path, lacking(feature).accept_missing(feature)).unwrap();
        let connection = connect(&database);
        assert_eq!(integer(&connection, "SELECT f() + fuelled()").unwrap(), 3);
        create(&connection, "h", &constant(4), "WITH (fuel = 1000000)").unwrap();
        assert_eq!(integer(&connection, "SELECT h()").unwrap(), 4);
    }
}

/// A limit on fuel for all functions applies to each definition.
#[test]
fn a_limit_of_the_host_needs_the_runtime_too() {
    let mut limits = Limits::default();
    limits.fuel = Some(1_000_000);
    let database = Database::open_in_memory(lacking(RuntimeFeature::Fuel).limits(limits)).unwrap();
    let error = check_error(create(&connect(&database), "f", &constant(1), ""), "lacks \"fuel\"");
    assert_eq!(error.kind(), ErrorKind::NoRuntime);
}

/// A connection with a guest that runs given statements, under these limits.
fn querying(limits: Limits) -> (Database, Connection) {
    let granted = options().grant(Capabilities::all());
    let database = Database::open_in_memory(granted.limits(limits)).unwrap();
    let connection = connect(&database);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guests/prebuilt/query.wasm");
    let module = std::fs::read(path).expect("the guest is there");
    let sql = "CREATE EXTENSION query LANGUAGE wasm AS ? WITH (allow = 'sql_read')";
    connection.execute(sql, (module.as_slice(),)).unwrap();
    assert_eq!(integer(&connection, "SELECT query_value('SELECT 5')").unwrap(), 5);
    (database, connection)
}

#[test]
fn guests_run_statements_within_one_another_as_deep_as_the_host_says() {
    let mut limits = Limits::default();
    limits.sql_depth_max = 1;
    let (_database, connection) = querying(limits);
    if crate::ENGINE.name() != "sqlite" {
        // Statements of guests call no functions of guests there.
        return;
    }
    let nested = "SELECT query_value('SELECT query_value(''SELECT 5'')')";
    check_error(value(&connection, nested), "sql_depth_max (1)");
}

/// When the guest has ended, SQLite's limit on values is the application's again.
#[test]
fn values_in_statements_of_guests_are_as_long_as_the_host_says() {
    if crate::ENGINE.name() != "sqlite" {
        // Turso has only its own limit on values, as docs/limits.md says.
        return;
    }
    let mut limits = Limits::default();
    limits.sql_value_bytes_max = 5000;
    let (_database, connection) = querying(limits);
    let digits = |bytes: usize| format!("SELECT length(hex(zeroblob({})))", bytes / 2);
    let by_guest = |bytes: usize| format!("SELECT query_value('{}')", digits(bytes));
    assert_eq!(integer(&connection, &by_guest(4000)).unwrap(), 4000);
    check_error(value(&connection, &by_guest(6000)), "too big");
    assert_eq!(integer(&connection, &digits(6000)).unwrap(), 6000);
}

#[test]
fn values_in_statements_that_search_are_as_long_as_the_host_says() {
    if crate::ENGINE.name() != "sqlite" {
        return;
    }
    let mut limits = Limits::default();
    limits.sql_search_bytes_max = 1000;
    let (_database, connection) = querying(limits);
    let by_guest = |of: &str, bytes: usize| {
        format!("SELECT query_value('SELECT {of}(hex(zeroblob({})), ''1'')')", bytes / 2)
    };
    assert_eq!(integer(&connection, &by_guest("instr", 900)).unwrap(), 0);
    check_error(value(&connection, &by_guest("instr", 1100)), "(sql_search_bytes_max)");
    let pretty = "SELECT query_value('SELECT json_pretty(hex(zeroblob(150)))')";
    check_error(value(&connection, pretty), "(sql_search_bytes_max)");
    // A pattern by itself is short.
    assert_eq!(integer(&connection, &by_guest("like", 900)).unwrap(), 0);
    assert_eq!(integer(&connection, "SELECT instr(hex(zeroblob(5000)), '1')").unwrap(), 0);
}

/// Compiled statements of the engine count as memory of the guest that has them.
#[test]
fn compiled_statements_count_as_memory_of_all_instances() {
    let (database, connection) = querying(Limits::default());
    let long = format!("SELECT query_value('SELECT {}1')", "1, ".repeat(500));
    value(&connection, &long).unwrap();
    let before = database.live_bytes();
    drop((database, connection));

    let granted = options().grant(Capabilities::all()).live_bytes_max(before + 10_000);
    let database = Database::open_in_memory(granted).unwrap();
    let connection = connect(&database);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guests/prebuilt/query.wasm");
    let module = std::fs::read(path).expect("the guest is there");
    let sql = "CREATE EXTENSION query LANGUAGE wasm AS ? WITH (allow = 'sql_read')";
    connection.execute(sql, (module.as_slice(),)).unwrap();
    check_error(value(&connection, &long), "live_bytes_max");
    assert_eq!(integer(&connection, "SELECT query_value('SELECT 5')").unwrap(), 5);
    let short = "SELECT query_value('SELECT 5')";
    for _ in 0..50 {
        assert_eq!(integer(&connection, short).unwrap(), 5);
    }
}

/// Full-text search writes the tables behind it with statements that nothing lists. Whoever can alter those
/// tables, such as the author of a hostile file, could put a function into a constraint.
#[test]
fn tables_behind_full_text_search_have_to_be_plain() {
    if crate::ENGINE.name() != "sqlite" {
        return;
    }
    let (_database, connection) = querying(Limits::default());
    connection
        .execute_batch(
            "CREATE VIRTUAL TABLE searched USING fts4(a); INSERT INTO searched(a) VALUES ('x')",
        )
        .unwrap();
    let read = "SELECT query_value('SELECT a FROM searched')";
    assert_eq!(value(&connection, read), Ok("x".into()));
    connection
        .execute_batch(
            "ALTER TABLE searched_content RENAME TO searched_before;
             CREATE TABLE searched_content(docid INTEGER PRIMARY KEY, c0a CHECK(random() <> 0))",
        )
        .unwrap();
    check_error(value(&connection, read), "virtual table that is not for guests");
}

#[test]
fn names_are_as_long_as_the_host_says() {
    let mut limits = Limits::default();
    limits.name_bytes_max = 8;
    let connection = connect(&Database::open_in_memory(options().limits(limits)).unwrap());
    create(&connection, "eight_by", &constant(1), "").unwrap();
    let error = check_error(create(&connection, "nine_byte", &constant(1), ""), "name_bytes_max");
    assert_eq!(error.kind(), ErrorKind::Limit);
}
