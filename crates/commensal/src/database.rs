//! A database and how it is opened.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use commensal_core::code_cache::CodeCache;
use commensal_core::database::{Engine, OpenDatabase, OpenOptions};
use commensal_core::environment::Environment;
use commensal_core::replaceable::Replaceable;
use commensal_core::runtime::{Runtime, RuntimeFeature};
use commensal_core::settings::{FileAccess, LogSink, Settings};
use commensal_core::{Capabilities, Error, ErrorKind, Limits, Result};

use crate::connection::Connection;
use crate::engines::ENGINES;
use crate::open_file::OpenFile;

/// How to open a [`Database`]. The default: SQLite, no runtime, the default [`Limits`], nothing
/// granted, no `file://` sources, read and write, a busy timeout of 5 seconds.
#[derive(Clone)]
pub struct Options {
    engine: Option<&'static dyn Engine>,
    settings: Settings,
    open: OpenOptions,
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
            .field("replaceable", &self.settings.replaceable)
            .field("file_access", &self.settings.file_access)
            .field("load_catalog", &self.settings.load_catalog)
            .field("read_only", &self.open.read_only)
            .finish_non_exhaustive()
    }
}

impl Options {
    /// The default options.
    pub fn new() -> Self {
        let mut settings = Settings::default();
        settings.guard_pages = true;
        Self { engine: ENGINES.first().copied(), settings, open: OpenOptions::default() }
    }

    /// Which engine opens the file: one of [`ENGINES`], or any other.
    #[must_use]
    pub fn engine(mut self, engine: &'static dyn Engine) -> Self {
        self.engine = Some(engine);
        self
    }

    fn some_engine(&self) -> Result<&'static dyn Engine> {
        self.engine.ok_or_else(|| {
            let message = "this build has no engine of its own: the application has to pass one";
            Error::new(ErrorKind::Argument, message)
        })
    }

    /// Makes types of extensions types of the engine, if it has types: with Turso, `money` can then be the
    /// type of a column in a STRICT table. Off by default, because such a table makes the whole file
    /// unreadable for SQLite, and a program that opens it without this option reads and writes the stored
    /// form. The functions of a type exist in any case.
    #[must_use]
    pub fn engine_types(mut self, enable: bool) -> Self {
        self.open.engine_types = enable;
        self
    }

    /// What runs modules. Without a runtime, definitions and calls fail with "no WASM runtime registered",
    /// and everything else works.
    #[must_use]
    pub fn runtime(mut self, runtime: Arc<dyn Runtime>) -> Self {
        self.settings.runtime = Some(runtime);
        self
    }

    /// Accepts that the runtime lacks this, and the limits that need it. Otherwise definitions and calls
    /// fail if the runtime cannot enforce every limit. Wasmtime and wasmi can.
    #[must_use]
    pub fn accept_missing(mut self, feature: RuntimeFeature) -> Self {
        self.settings.accept_missing.push(feature);
        self
    }

    /// Limits of all guests. A definition can only tighten them.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.settings.limits = limits;
        self
    }

    /// What guests get if they ask for it with `WITH (allow = …)`. Nothing in a file grants anything.
    #[must_use]
    pub fn grant(mut self, capabilities: Capabilities) -> Self {
        self.settings.granted = capabilities;
        self
    }

    /// The built-in functions of the engine that definitions may replace. None by default, because every statement of
    /// the program may call them.
    #[must_use]
    pub fn replaceable(mut self, functions: Replaceable) -> Self {
        self.settings.replaceable = functions;
        self
    }

    /// Whether `AS file://…` may read files, and from where. Denied by default, because SQL text often
    /// comes from elsewhere.
    #[must_use]
    pub fn file_access(mut self, access: FileAccess) -> Self {
        self.settings.file_access = access;
        self
    }

    /// With `false`, the definitions in the file are not read, and CREATE and DROP are refused. For files
    /// that are not trusted at all.
    #[must_use]
    pub fn load_catalog(mut self, load: bool) -> Self {
        self.settings.load_catalog = load;
        self
    }

    /// Refuses all writes.
    #[must_use]
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.open.read_only = read_only;
        self
    }

    /// With `false` a missing file is an error.
    #[must_use]
    pub fn create(mut self, create: bool) -> Self {
        self.open.create = create;
        self
    }

    /// How long a statement waits for the locks of others.
    #[must_use]
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.open.busy_timeout = timeout;
        self
    }

    /// How many bytes of idle instances the connections of the Database keep together. 10 MiB by default.
    /// `PRAGMA wasm_cache_size` shows and sets it.
    #[must_use]
    pub fn cache_bytes_max(mut self, bytes: u64) -> Self {
        self.settings.cache_bytes_max = bytes;
        self
    }

    /// How many bytes all instances of the Database may have together, in use and idle: their memory, their
    /// tables and what else they cost the host. It is a ceiling: what would exceed it is refused before
    /// memory is given. 1 GiB by default.
    #[must_use]
    pub fn live_bytes_max(mut self, bytes: u64) -> Self {
        self.settings.live_bytes_max = bytes;
        self
    }

    /// How many bytes the compiled code of all modules of the Database may have together. If it is reached, code that
    /// no instance uses is dropped, and compiled again when it is needed; if that is not enough, the call fails.
    /// 512 MiB by default.
    #[must_use]
    pub fn code_bytes_max(mut self, bytes: u64) -> Self {
        self.settings.code_bytes_max = bytes;
        self
    }

    /// Whether guests' code may rely on guard pages: addresses beyond a guest's memory that nothing may access, so
    /// that code need not check. On by default. Wasmtime then handles the signals SIGSEGV, SIGBUS, SIGILL and
    /// SIGFPE of the process where guests cause them, passes all others on to the handlers that were there
    /// before, and reserves 4 GiB of addresses, not of memory, for each instance. Without enough addresses code
    /// checks. Turn it off where signals belong to somebody else; docs/embedding.md says what to look at.
    #[must_use]
    pub fn guard_pages(mut self, enable: bool) -> Self {
        self.settings.guard_pages = enable;
        self
    }

    /// Keeps compiled code on disk, so that later processes need not compile it again: `CodeCache::of_user()?`, or
    /// a directory of the application's own. Off by default. A cache that cannot be used is as good as none;
    /// [`CodeCache::usage`] says why.
    #[must_use]
    pub fn code_cache(mut self, cache: CodeCache) -> Self {
        self.settings.code_cache = Some(cache);
        self
    }

    /// Whether guests with the capability `sql_write` write under a statement that SQLite believes to be one that only
    /// reads, such as `SELECT f()`. If not, they write only under INSERT, UPDATE and the like. On by default. Switch it
    /// off where something chooses connections or replicates by `sqlite3_stmt_readonly`.
    #[must_use]
    pub fn writes_under_reads(mut self, writes: bool) -> Self {
        self.settings.writes_under_reads = writes;
        self
    }

    /// Whether `wasm_stats` measures time. Off by default, because two looks at the clock cost more than a
    /// short call.
    #[must_use]
    pub fn timing(mut self, timing: bool) -> Self {
        self.settings.timing = timing;
        self
    }

    /// The receiver of messages from guests with the capability `log`.
    #[must_use]
    pub fn log(mut self, sink: Arc<LogSink>) -> Self {
        self.settings.log = Some(sink);
        self
    }
}

/// A database file, or one in memory, with what its connections share: the runtime, the limits, the
/// instance cache. `Send` and `Sync`. Open each file once in a process and make connections from it.
pub struct Database {
    opened: Box<dyn OpenDatabase>,
    options: Options,
    environment: Arc<Environment>,
    file: Option<Arc<OpenFile>>,
}

impl Database {
    /// Opens a file.
    ///
    /// # Errors
    /// The file cannot be opened, or is open in this process with another engine.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self> {
        let path = path.as_ref();
        let engine = options.some_engine()?;
        let file = OpenFile::register(path, engine)?;
        let opened = engine.open(path, &options.open)?;
        let environment = Arc::new(Environment::new(options.settings.clone()));
        let database = Self { opened, options, environment, file: Some(file) };
        // This only finds out whether it can be opened. Each connection reads the catalog itself.
        let mut settings = database.options.settings.clone();
        settings.load_catalog = false;
        drop(database.opened.connect(Arc::new(Environment::new(settings)))?);
        Ok(database)
    }

    /// Opens a database in memory. All connections of this value see the same data, which ends with it.
    /// If ATTACH or VACUUM INTO names a database, that is a file.
    ///
    /// # Errors
    /// The engine refuses.
    pub fn open_in_memory(options: Options) -> Result<Self> {
        let environment = Arc::new(Environment::new(options.settings.clone()));
        let opened = options.some_engine()?.open_in_memory(&options.open, &environment)?;
        Ok(Self { opened, options, environment, file: None })
    }

    /// Makes a connection.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn connect(&self) -> Result<Connection> {
        let connection = self.opened.connect(Arc::clone(&self.environment))?;
        Ok(Connection::new(connection, self.file.clone()))
    }

    /// Bytes of idle instances now, and the maximum.
    pub fn cache_size(&self) -> (u64, u64) {
        self.environment.cache.size()
    }

    /// Bytes of all instances now, in use and idle; see [`Options::live_bytes_max`].
    pub fn live_bytes(&self) -> u64 {
        self.environment.cache.live().taken()
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("file", &self.file.as_ref().map(|file| file.path()))
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
