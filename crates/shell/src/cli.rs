//! The command line: options, subcommands and what they mean for a database. Parses only.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use clap::builder::{EnumValueParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use commensal::core::runtime::Runtime;
use commensal::{
    Capabilities, CodeCache, Engine, FileAccess, Limits, Options, Replaceable, WasmtimeRuntime,
};

use crate::diagnostic;
use crate::output::{Escape, Mode};

const EXAMPLES: &str = "\
Examples:
  commensal shop.db 'SELECT * FROM orders'
  commensal --mode json shop.db 'SELECT * FROM orders' > orders.json
  commensal shop.db < migrate.sql
  commensal shop.db '.import --csv prices.csv prices'
  commensal shop.db '.dump --plain' | sqlite3 copy.db
  commensal inspect text.wasm
  commensal sql text.wasm | commensal shop.db
  commensal cc regexp.c -o regexp.wasm
  commensal test conformance/*.slt
  commensal cache --clear

Without SQL arguments, statements and dot commands are read from standard input; \".help\" lists the
dot commands. SQL arguments stop at the first error; input goes on with the next statement unless
--bail is given. Exit status: 0 without errors, 1 after an error, 2 for wrong usage.

To open a database file that has a subcommand's name, give its path: ./test";

const CACHE: &str = "\
The shell keeps the compiled code of modules in \"commensal/code\" below $XDG_CACHE_HOME, ~/.cache or
~/Library/Caches, so that the next process need not compile them. The directory belongs to one user, and
others have no access. What was not used for longest is removed beyond 256 MiB.

Exit status: 0 without errors, 1 if there is no cache or it cannot be used, and the message says why.";

/// A SQL shell with functions in WebAssembly.
#[derive(Debug, Parser)]
#[command(
    name = "commensal",
    version,
    after_help = EXAMPLES,
    args_conflicts_with_subcommands = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) shell: ShellArguments,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what a module exports and imports, its manifest, and why it would be refused
    Inspect(InspectArguments),
    /// Print the CREATE statement that stores a module in a database
    Sql(SqlArguments),
    /// Add a manifest to a module as its custom section
    Pack(PackArguments),
    /// Create definitions for the functions that libSQL has stored in a database file
    ImportLibsql(ImportLibsqlArguments),
    /// Build a module from the C sources of a SQLite extension
    Cc(CcArguments),
    /// Run sqllogictest files, each on a fresh database
    Test(TestArguments),
    /// Show the compiled code that the shell keeps on disk, or remove it
    #[command(after_help = CACHE)]
    Cache(CacheArguments),
}

#[derive(Args, Debug)]
pub(crate) struct ShellArguments {
    /// Database file, created if missing [default: a database in memory]
    pub(crate) database: Option<PathBuf>,
    /// Statements and dot commands
    pub(crate) sql: Vec<String>,
    /// How to print rows [default: table on a terminal, otherwise list]
    #[arg(long, value_enum)]
    pub(crate) mode: Option<Mode>,
    /// Print column names (modes list, table, csv)
    #[arg(long, overrides_with = "no_header")]
    pub(crate) header: bool,
    /// Print no column names; the default of list and csv
    #[arg(long, overrides_with = "header")]
    pub(crate) no_header: bool,
    /// What to print for NULL (modes list, table, csv, line)
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) nullvalue: String,
    /// When to show control characters instead of writing them
    #[arg(long, value_enum, default_value_t)]
    pub(crate) escape: Escape,
    /// Open the database for reading only
    #[arg(long)]
    pub(crate) readonly: bool,
    /// Stop at the first error
    #[arg(long)]
    pub(crate) bail: bool,
    /// Neither use nor keep compiled code on disk; "commensal cache" shows it
    #[arg(long)]
    pub(crate) no_code_cache: bool,
    #[command(flatten)]
    pub(crate) host: HostArguments,
}

/// What guests run on and what they may use.
#[derive(Args, Debug)]
pub(crate) struct HostArguments {
    /// Database engine
    #[arg(long, value_name = "ENGINE", default_value = "sqlite", value_parser = engine)]
    pub(crate) engine: &'static dyn Engine,

    /// Make types of extensions Turso's own, for STRICT tables; SQLite cannot open a file with one
    #[arg(long)]
    pub(crate) engine_types: bool,
    /// What runs WebAssembly
    #[arg(long, value_enum, default_value_t = RuntimeName::Wasmtime, value_parser = EnumValueParser::new().try_map(runtime))]
    pub(crate) runtime: RuntimeName,
    /// Longest time of one call into a module, in milliseconds [default: 2000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    timeout_ms: Option<u64>,
    /// Fuel of one call, in the runtime's own unit [default: not metered]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    fuel: Option<u64>,
    /// Memory of one module instance, in MiB [default: 64]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=4096))]
    memory_mb: Option<u64>,
    /// Capabilities for modules that ask for them: log, clock, random, sql_read, sql_write
    #[arg(long, value_name = "CAPABILITIES", value_parser = Capabilities::from_str)]
    allow: Option<Capabilities>,
    /// Built-in functions that definitions may replace: like,lower
    #[arg(long, value_name = "FUNCTIONS", value_parser = Replaceable::from_str)]
    replace: Option<Replaceable>,
    /// Let the code of modules check each memory access, instead of guard pages and signals
    #[arg(long)]
    pub(crate) no_guard_pages: bool,
    /// Run no WebAssembly and read no definitions: for files that you do not trust
    #[arg(long)]
    pub(crate) no_wasm: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RuntimeName {
    /// A compiler to machine code
    Wasmtime,
    /// An interpreter
    Wasmi,
}

#[derive(Args, Debug)]
pub(crate) struct InspectArguments {
    /// Module, binary or in text format
    pub(crate) file: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct SqlArguments {
    /// Module, binary or in text format
    pub(crate) file: PathBuf,
    /// Name of the function or extension [default: the export's or file's name]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Create one function, of this export; without it, a module with a manifest becomes an extension
    #[arg(long)]
    pub(crate) export: Option<String>,
    /// Put the module into the statement; the default
    #[arg(long, conflicts_with = "file_source")]
    hex: bool,
    /// Put the module's path into the statement instead
    #[arg(long = "file", id = "file_source")]
    pub(crate) file_source: bool,
    /// What follows in the statement, such as "DETERMINISTIC WITH (allow = 'log')"
    #[arg(long, value_name = "TEXT")]
    pub(crate) options: Option<String>,
    /// Print the statement as an INSERT into wasm_statement, for other programs with Commensal
    #[arg(long, conflicts_with = "plain")]
    pub(crate) insert: bool,
    /// Print INSERT statements that store the same, for programs without Commensal, one on each line
    #[arg(long, conflicts_with = "file_source")]
    pub(crate) plain: bool,
}

#[derive(Args, Debug)]
pub(crate) struct PackArguments {
    /// Module, binary or in text format
    pub(crate) file: PathBuf,
    /// Manifest: JSON objects, one per line
    pub(crate) manifest: PathBuf,
    /// Where to write the result [default: replaces the module]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct ImportLibsqlArguments {
    /// Database file with the table libsql_wasm_func_table, which stays as it is
    pub(crate) file: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct CcArguments {
    /// C sources
    #[arg(required = true, value_name = "SOURCE")]
    pub(crate) sources: Vec<PathBuf>,
    /// Where to write the module
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// The extension's entry point [default: the only function sqlite3_…_init]
    #[arg(long, value_name = "NAME")]
    pub(crate) entry: Option<String>,
    /// Begin all names in SQL with this
    #[arg(long, value_name = "P")]
    pub(crate) prefix: Option<String>,
    /// Leave out a function, table or collation that the extension registers
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) without: Vec<String>,
    /// Define a macro for the compiler
    #[arg(short = 'D', value_name = "NAME[=VALUE]")]
    pub(crate) define: Vec<String>,
    /// Another folder with headers
    #[arg(short = 'I', value_name = "FOLDER")]
    pub(crate) include: Vec<PathBuf>,
    /// The compiler, with its own arguments [default: a WASI SDK, clang or zig cc]
    #[arg(long, value_name = "COMMAND")]
    pub(crate) compiler: Option<String>,
    /// Further options for the compiler
    #[arg(last = true, value_name = "OPTION")]
    pub(crate) options: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct CacheArguments {
    /// Remove everything in it
    #[arg(long)]
    pub(crate) clear: bool,
}

#[derive(Args, Debug)]
pub(crate) struct TestArguments {
    /// Files in sqllogictest format; file:// in a file is relative to its folder
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Compare white space exactly, and check column types (I, R, T, B) against storage classes
    #[arg(long)]
    pub(crate) strict: bool,
    /// Run the records of a file on all engines in turn, over the same database
    #[arg(long, conflicts_with = "engine")]
    pub(crate) alternate: bool,
    #[command(flatten)]
    pub(crate) host: HostArguments,
}

/// What to say if an option needs a feature that this build of the shell lacks.
pub(crate) fn is_missing(feature: &str) -> String {
    format!(
        "this build is without {feature}: add `--features {feature}` to `cargo run` or `cargo install`"
    )
}

/// The engine with this name.
///
/// # Errors
/// There is no such engine, or this build is without it.
fn engine(name: &str) -> Result<&'static dyn Engine, String> {
    if name == "turso" && !cfg!(feature = "turso") {
        return Err(is_missing(name));
    }
    commensal::engine(name).map_err(|error| error.to_string())
}

/// The runtime with this name.
///
/// # Errors
/// This build is without it.
fn runtime(name: RuntimeName) -> Result<RuntimeName, String> {
    match name {
        RuntimeName::Wasmi if !cfg!(feature = "wasmi") => Err(is_missing("wasmi")),
        name => Ok(name),
    }
}

impl Cli {
    /// Parses the arguments. Wrong ones end the process with status 2 and a message.
    pub(crate) fn from_arguments() -> Self {
        let cli = Self::parse();
        if let Some(message) = cli.shell.database.as_deref().and_then(misspelt) {
            Self::command().error(ErrorKind::InvalidSubcommand, message).exit();
        }
        cli
    }
}

/// The message for a word that names no file and looks like a misspelt subcommand.
fn misspelt(database: &Path) -> Option<String> {
    let word = database.to_str()?;
    let is_word = word.bytes().all(|byte| byte.is_ascii_alphabetic() || b"-_".contains(&byte));
    if !is_word || database.exists() {
        return None;
    }
    let mut cli = Cli::command();
    // Adds the subcommand `help`.
    cli.build();
    let names = cli.get_subcommands().map(clap::Command::get_name);
    let likeness = |name: &str| strsim::damerau_levenshtein(name, &word.to_ascii_lowercase());
    let similar = names.min_by_key(|name| likeness(name))?;
    (likeness(similar) <= word.len() / 3).then(|| {
        format!(
            "there is no command and no file \"{word}\"; did you mean \"{similar}\"?\n\n\
             A new database file of that name is given with a path: ./{word}"
        )
    })
}

impl ShellArguments {
    /// Whether to print column names, if an option says so.
    pub(crate) fn headers(&self) -> Option<bool> {
        (self.header || self.no_header).then_some(self.header)
    }

    pub(crate) fn options(&self) -> Options {
        let mut options = Options::new()
            .engine(self.host.engine)
            .engine_types(self.host.engine_types)
            .limits(self.host.limits())
            .grant(self.host.capabilities())
            .replaceable(self.host.replaceable())
            .file_access(FileAccess::Any { base: None })
            .load_catalog(!self.host.no_wasm)
            .guard_pages(!self.host.no_guard_pages)
            .log(Arc::new(diagnostic::log))
            .read_only(self.readonly);
        if !self.no_code_cache
            && let Ok(cache) = CodeCache::of_user()
        {
            options = options.code_cache(cache);
        }
        match self.host.runtime() {
            Some(runtime) => options.runtime(runtime),
            None => options,
        }
    }
}

impl HostArguments {
    pub(crate) fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        if let Some(milliseconds) = self.timeout_ms {
            limits.call_timeout = Duration::from_millis(milliseconds);
        }
        if let Some(mebibytes) = self.memory_mb {
            limits.memory_bytes_max = usize::try_from(mebibytes << 20).unwrap_or(usize::MAX);
        }
        limits.fuel = self.fuel;
        limits
    }

    pub(crate) fn capabilities(&self) -> Capabilities {
        self.allow.unwrap_or_default()
    }

    pub(crate) fn replaceable(&self) -> Replaceable {
        self.replace.clone().unwrap_or_default()
    }

    /// The runtime; none with `--no-wasm`.
    pub(crate) fn runtime(&self) -> Option<Arc<dyn Runtime>> {
        (!self.no_wasm).then(|| match self.runtime {
            #[cfg(feature = "wasmi")]
            RuntimeName::Wasmi => Arc::new(commensal::WasmiRuntime::new()),
            _ => Arc::new(WasmtimeRuntime::new()) as Arc<dyn Runtime>,
        })
    }
}
