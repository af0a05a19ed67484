//! A file that the engine has opened, or a database in memory. Connections are made from it.

use std::path::Path;
use std::sync::Arc;

use commensal_core::database::{Engine, Feature, OpenDatabase, OpenOptions};
use commensal_core::engine::EngineConnection;
use commensal_core::environment::Environment;
use commensal_core::{Error, ErrorKind, Limits, Result};
use turso_core::{ConnectOpts, Database, DatabaseOpts, IO, LimboError, OpenFlags};

use crate::connection::TursoConnection;
use crate::dialect::Dialect;
use crate::levels::{self, NoNames};
use crate::neighbours;
use crate::schema_file::{self, Longest, MEASURED, Row};
use crate::views::Columns;
use crate::{error, stack};

/// [Turso](https://github.com/tursodatabase/turso). One process at a time can have a file open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Turso;

impl Engine for Turso {
    fn name(&self) -> &'static str {
        "turso"
    }

    fn features(&self) -> &'static [Feature] {
        &[]
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Box<dyn OpenDatabase>> {
        Ok(Box::new(TursoDatabase::open(path, *options)?))
    }

    fn open_in_memory(
        &self,
        options: &OpenOptions,
        _: &Arc<Environment>,
    ) -> Result<Box<dyn OpenDatabase>> {
        Ok(Box::new(TursoDatabase::in_memory(*options)?))
    }
}

/// The options in the engine's words.
fn engine(options: OpenOptions) -> turso_core::OpenOptions {
    let options = DatabaseOpts::new().with_custom_types(options.engine_types);
    turso_core::OpenOptions::new(Arc::new(Dialect)).db_opts(options)
}

/// A database of the engine. While it is there, no other process can open the file.
struct TursoDatabase {
    database: Arc<Database>,
    options: OpenOptions,
    /// What the rows of the catalog measured when the file was opened.
    longest: Option<Longest>,
}

impl TursoDatabase {
    /// Opens a file.
    ///
    /// # Errors
    /// The engine cannot open it, or must not, because another program left a journal beside it. The engine
    /// would not see that.
    fn open(path: &Path, options: OpenOptions) -> Result<Self> {
        let cannot = |kind, reason: &dyn std::fmt::Display| {
            Error::new(kind, format!("cannot open \"{}\": {reason}", path.display()))
        };
        let text = path.to_str().ok_or_else(|| cannot(ErrorKind::Io, &"the path is not UTF-8"))?;
        if text.contains('\0') {
            return Err(cannot(ErrorKind::Io, &"the path contains a NUL character"));
        }
        if turso_core::is_memory_like(text) {
            return Err(cannot(ErrorKind::Io, &"Turso takes this name for a database in memory"));
        }
        if !options.create && !path.exists() {
            return Err(cannot(ErrorKind::Engine, &"there is no such file"));
        }
        let file = neighbours::resolve(path).map_err(|e| cannot(ErrorKind::Io, &e))?;
        neighbours::check(&file).map_err(|e| cannot(e.kind(), &e))?;
        let text = file.to_str().ok_or_else(|| cannot(ErrorKind::Io, &"the path is not UTF-8"))?;
        let flags = match (options.read_only, options.create) {
            (true, _) => OpenFlags::ReadOnly,
            (false, true) => OpenFlags::Create,
            (false, false) => OpenFlags::None,
        };
        let open = engine(options).flags(flags);
        let database = guard(|| Database::io_for_path(text)).and_then(|io| {
            let (levels, longest) = check_schema(&io, &file)?;
            if !options.read_only {
                neighbours::announce(&io, &file)?;
            }
            stack::note_schema(levels);
            let open = || guard(|| Database::open(io, text, open));
            Ok((stack::with_room(levels, open)?, longest))
        });
        let (database, longest) = database.map_err(|e| {
            let code = e.engine_code();
            let error = cannot(e.kind(), &e);
            code.into_iter().fold(error, Error::with_engine_code)
        })?;
        Ok(Self { database, options, longest: Some(longest) })
    }

    /// Makes a database in memory.
    ///
    /// # Errors
    /// The engine refuses.
    fn in_memory(options: OpenOptions) -> Result<Self> {
        const PATH: &str = ":memory:";
        let open = engine(options);
        let database = guard(|| Database::open(Database::io_for_path(PATH)?, PATH, open))?;
        Ok(Self { database, options, longest: None })
    }

    /// Why the engine must not read the catalog.
    fn unreadable(&self, limits: &Limits) -> Option<Error> {
        let of_definitions = limits.catalog_bytes_max as u64;
        let of_modules = of_definitions.saturating_add(limits.module_bytes_max as u64);
        let tables = MEASURED.iter().zip(self.longest.as_ref()?);
        let mut problems = tables.filter_map(|(table, longest)| {
            let most = if *table == "commensal_module" { of_modules } else { of_definitions };
            match longest {
                Ok(bytes) if *bytes > most => Some(format!(
                    "a row of {table} has {bytes} bytes, more than {most} (catalog_bytes_max, module_bytes_max): \
                     delete it and open the file again"
                )),
                Ok(_) => None,
                Err(reason) => Some(format!("{table}: {reason}")),
            }
        });
        let problem = problems.next()?;
        let message = format!("the catalog of functions cannot be read: {problem}");
        Some(Error::new(ErrorKind::Limit, message))
    }
}

impl OpenDatabase for TursoDatabase {
    fn connect(&self, environment: Arc<Environment>) -> Result<Box<dyn EngineConnection>> {
        let connect = || guard(|| self.database.connect(ConnectOpts::new()));
        let connection = stack::with_room(0, connect)?;
        connection.set_busy_timeout(self.options.busy_timeout);
        let unreadable = self.unreadable(&environment.settings.limits);
        Ok(Box::new(TursoConnection::new(connection, environment, unreadable)))
    }
}

/// Refuses a file with texts that the engine must not parse. Returns the levels of the deepest one, and what the rows of
/// the catalog measure.
fn check_schema(io: &Arc<dyn IO>, path: &Path) -> Result<(usize, Longest)> {
    let (mut deepest, mut columns) = (0, Columns::default());
    let read = |row: &Row<'_>| {
        let Some(sql) = row.sql else { return Ok(()) };
        let about = |reason: &str| Unreadable(format!("the {} {}: {reason}", row.kind, row.name));
        let size = levels::measure(sql, &mut NoNames).map_err(|e| about(e.message()))?;
        deepest = deepest.max(size.levels);
        if matches!(row.kind, "table" | "view") {
            let add = || columns.add(row.name, sql);
            stack::with_room(size.levels, add).map_err(|reason| about(&reason))?;
        }
        Ok(())
    };
    let read = guard(|| Ok(schema_file::read(io, path, read)))?;
    // The code with which damaged files are reported.
    const CORRUPT: i32 = 11;
    let longest = read.map_err(|Unreadable(reason)| {
        Error::new(ErrorKind::Engine, reason).with_engine_code(CORRUPT)
    })?;
    Ok((deepest, longest))
}

/// Why a schema cannot be read.
struct Unreadable(String);

impl From<String> for Unreadable {
    fn from(reason: String) -> Self {
        Self(reason)
    }
}

/// Runs the engine. It panics at what it takes for impossible, for example in a file that was tampered
/// with.
pub(crate) fn guard<T>(body: impl FnOnce() -> Result<T, LimboError>) -> Result<T> {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)) {
        Ok(result) => result.map_err(error::of_engine),
        Err(panic) => Err(error::of_panic(&*panic)),
    }
}
