//! A database and how it is opened.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use commensal_adaptor_sqlite::{OpenOptions, SqliteConnection};
use commensal_core::environment::{Environment, FileAccess, LogSink, Settings};
use commensal_core::runtime::Runtime;
use commensal_core::{Capabilities, Limits, Result};

use crate::connection::Connection;
use crate::engine::Engine;
use crate::sqlite;

/// How to open a [`Database`]. The default: SQLite, no runtime, the default [`Limits`], nothing
/// granted, no `file://` sources, read and write, a busy timeout of 5 seconds.
#[derive(Clone)]
pub struct Options {
    engine: Engine,
    settings: Settings,
    read_only: bool,
    create: bool,
    busy_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("engine", &self.engine)
            .field("runtime", &self.settings.runtime.as_ref().map(|runtime| runtime.name()))
            .field("limits", &self.settings.limits)
            .field("granted", &self.settings.granted)
            .field("file_access", &self.settings.file_access)
            .field("load_catalog", &self.settings.load_catalog)
            .field("read_only", &self.read_only)
            .finish_non_exhaustive()
    }
}

impl Options {
    /// The default options.
    pub fn new() -> Self {
        Self {
            engine: Engine::default(),
            settings: Settings::default(),
            read_only: false,
            create: true,
            busy_timeout: Duration::from_secs(5),
        }
    }

    /// Which engine opens the file.
    #[must_use]
    pub fn engine(mut self, engine: Engine) -> Self {
        self.engine = engine;
        self
    }

    /// What runs modules. Without one, definitions and calls fail with "no WASM runtime registered";
    /// everything else works.
    #[must_use]
    pub fn runtime(mut self, runtime: Arc<dyn Runtime>) -> Self {
        self.settings.runtime = Some(runtime);
        self
    }

    /// Limits of all guests; a definition can only tighten them.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.settings.limits = limits;
        self
    }

    /// What guests get that ask for it with `WITH (allow = …)`. Nothing in a file grants anything.
    #[must_use]
    pub fn grant(mut self, capabilities: Capabilities) -> Self {
        self.settings.granted = capabilities;
        self
    }

    /// Whether `AS file://…` may read files, and from where. Denied by default: SQL text often comes
    /// from elsewhere.
    #[must_use]
    pub fn file_access(mut self, access: FileAccess) -> Self {
        self.settings.file_access = access;
        self
    }

    /// With `false` the definitions in the file are not read: for files that are not trusted at all.
    /// CREATE and DROP are refused then.
    #[must_use]
    pub fn load_catalog(mut self, load: bool) -> Self {
        self.settings.load_catalog = load;
        self
    }

    /// Refuses all writes.
    #[must_use]
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.read_only = read_only;
        self
    }

    /// With `false` a missing file is an error.
    #[must_use]
    pub fn create(mut self, create: bool) -> Self {
        self.create = create;
        self
    }

    /// How long a statement waits for the locks of others.
    #[must_use]
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// Bytes of idle instances that the connections of the Database keep together: what
    /// `PRAGMA wasm_cache_size` shows and sets. 10 MiB by default.
    #[must_use]
    pub fn cache_bytes_max(mut self, bytes: u64) -> Self {
        self.settings.cache_bytes_max = bytes;
        self
    }

    /// Bytes of instances in use at the same time. 1 GiB by default.
    #[must_use]
    pub fn live_bytes_max(mut self, bytes: u64) -> Self {
        self.settings.live_bytes_max = bytes;
        self
    }

    /// Whether `wasm_stats` measures time. Off by default: two looks at the clock cost more than a
    /// short call.
    #[must_use]
    pub fn timing(mut self, timing: bool) -> Self {
        self.settings.timing = timing;
        self
    }

    /// Where messages go of guests that have the capability `log`.
    #[must_use]
    pub fn log(mut self, sink: Arc<LogSink>) -> Self {
        self.settings.log = Some(sink);
        self
    }
}

/// A database file, or one in memory, with what its connections share: the runtime, the limits, the
/// instance cache. `Send` and `Sync`; open each file once in a process and make connections from it.
pub struct Database {
    path: PathBuf,
    uri: bool,
    options: Options,
    environment: Arc<Environment>,
    /// Keeps a database in memory alive between connections.
    anchor: std::sync::Mutex<Option<SqliteConnection>>,
}

/// Numbers databases in memory: each has a name of its own.
static IN_MEMORY: AtomicU64 = AtomicU64::new(0);

impl Database {
    /// Opens a file.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self> {
        let database = Self::new(path.as_ref().to_owned(), false, options);
        // Only to find out whether it can be opened; each connection reads the catalog for itself.
        let mut settings = database.options.settings.clone();
        settings.load_catalog = false;
        database.open_connection(Arc::new(Environment::new(settings)))?;
        Ok(database)
    }

    /// Opens a database in memory. All connections of this value see the same data; it ends with it.
    ///
    /// # Errors
    /// The engine refuses.
    pub fn open_in_memory(options: Options) -> Result<Self> {
        let number = IN_MEMORY.fetch_add(1, Relaxed);
        let name = format!("file:/commensal-{number}?vfs=memdb");
        let database = Self::new(PathBuf::from(name), true, options);
        let anchor = database.open_connection(Arc::clone(&database.environment))?;
        *database.anchor.lock().expect("nobody else has it yet") = Some(anchor);
        Ok(database)
    }

    fn new(path: PathBuf, uri: bool, options: Options) -> Self {
        let environment = Arc::new(Environment::new(options.settings.clone()));
        Self { path, uri, options, environment, anchor: std::sync::Mutex::new(None) }
    }

    /// Makes a connection.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn connect(&self) -> Result<Connection> {
        let connection = self.open_connection(Arc::clone(&self.environment))?;
        Ok(Connection::new(Box::new(connection)))
    }

    fn open_connection(&self, environment: Arc<Environment>) -> Result<SqliteConnection> {
        match self.options.engine {
            Engine::Sqlite => {
                let options = OpenOptions {
                    read_only: self.options.read_only,
                    create: self.options.create,
                    uri: self.uri,
                    busy_timeout: self.options.busy_timeout,
                };
                SqliteConnection::open(&sqlite::API, &self.path, &options, environment)
            }
        }
    }

    /// Bytes of idle instances now, and their maximum.
    pub fn cache_size(&self) -> (u64, u64) {
        self.environment.cache.size()
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("path", &self.path)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
