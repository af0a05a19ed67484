//! The extension as a guest: on each engine, and on both runtimes.

use std::sync::Arc;
use std::time::Duration;

use commensal::core::runtime::Runtime;
use commensal::{
    Capabilities, Connection, Database, Engine, Feature, Limits, Options, Sqlite, Turso,
    WasmiRuntime, WasmtimeRuntime,
};

use crate::Answer;
use crate::inputs::{Value, shown};

/// The capabilities of the extensions.
const ALLOW: &str = "clock,random,sql_read,sql_write";

pub(crate) struct Guest {
    engine: &'static dyn Engine,
    runtime: &'static str,
    connection: Connection,
}

/// Creates the extension in a database of each engine.
pub(crate) fn load(wasm: &[u8]) -> Vec<Guest> {
    load_granted(wasm, ALLOW)
}

/// The same with these capabilities granted. The extension asks for all.
pub(crate) fn load_granted(wasm: &[u8], granted: &str) -> Vec<Guest> {
    create(wasm, granted, &format!("WITH (allow = '{ALLOW}')"))
}

/// The same with more options.
pub(crate) fn load_with(wasm: &[u8], options: &str) -> Vec<Guest> {
    create(wasm, ALLOW, &format!("WITH (allow = '{ALLOW}'{options})"))
}

/// The same for an extension that asks for nothing. Its functions can be deterministic, unlike those of an
/// extension that may run SQL.
pub(crate) fn load_pure(wasm: &[u8]) -> Vec<Guest> {
    create(wasm, "", "")
}

fn create(wasm: &[u8], granted: &str, with: &str) -> Vec<Guest> {
    let wasmtime: Arc<dyn Runtime> = Arc::new(WasmtimeRuntime::new());
    let wasmi: Arc<dyn Runtime> = Arc::new(WasmiRuntime::new());
    let pairs =
        [(&Sqlite as &'static dyn Engine, &wasmtime), (&Sqlite, &wasmi), (&Turso, &wasmtime)];
    let load = |(engine, runtime): (&'static dyn Engine, &Arc<dyn Runtime>)| {
        let granted: Capabilities = granted.parse().unwrap();
        // An interpreter on a busy machine is slow.
        let mut limits = Limits::default();
        limits.call_timeout = Duration::from_secs(60);
        let options = Options::new().engine(engine).runtime(Arc::clone(runtime)).grant(granted);
        let options = options.limits(limits);
        let connection = Database::open_in_memory(options).unwrap().connect().unwrap();
        let create = format!("CREATE EXTENSION guest LANGUAGE wasm AS ?1 {with}");
        connection.execute(&create, (wasm,)).unwrap();
        Guest { engine, runtime: runtime.name(), connection }
    };
    pairs.into_iter().map(load).collect()
}

impl Guest {
    pub(crate) fn name(&self) -> String {
        format!("on {} and {}", self.engine.name(), self.runtime)
    }

    pub(crate) fn is_interpreted(&self) -> bool {
        self.runtime == "wasmi"
    }

    pub(crate) fn has_no_tables(&self) -> bool {
        !self.engine.features().contains(&Feature::VirtualTables)
    }

    /// Whether its SQL can do everything that SQLite can.
    pub(crate) fn runs_sql(&self) -> bool {
        let all = [Feature::GuestCalls, Feature::GuestWrites];
        all.iter().all(|feature| self.engine.features().contains(feature))
    }

    /// The answer; `None` if the engine lacks what is asked for.
    pub(crate) fn ask(&self, sql: &str, values: &[Value]) -> Option<Answer> {
        let lacks = |feature| !self.engine.features().contains(&feature);
        if sql.contains(" OVER ") && lacks(Feature::Windows) {
            return None;
        }
        if sql.contains("pointed(numbered") && lacks(Feature::Pointers) {
            return None;
        }
        Some(self.rows(sql, values).map_err(|error| error.message().to_owned()))
    }

    fn rows(&self, sql: &str, values: &[Value]) -> commensal::Result<Vec<String>> {
        let mut statement = self.connection.prepare(sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query(values)?;
        let mut answer = Vec::new();
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                answer.push(shown(&row.get::<Value>(column)?));
            }
        }
        Ok(answer)
    }
}
