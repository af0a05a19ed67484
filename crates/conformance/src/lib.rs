//! Runs [sqllogictest](https://www.sqlite.org/sqllogictest/doc/trunk/about.wiki) files on a pair of
//! engine and runtime, through the facade as any application would. The cases are data: this crate
//! knows nothing of what they test.
//!
//! # The files
//!
//! The format is that of the [`sqllogictest`] crate, with these rules:
//!
//! - Each file gets a fresh database file of its own. `connection NAME` before a record runs it on
//!   another connection to the same database; a connection is made when it is first named.
//! - `file://` paths are relative to the folder of the file.
//! - `onlyif` and `skipif` know the names of the engine (`sqlite`, `turso`; `alternating` for several in
//!   turn), of the runtime (`wasmtime`, `wasmi`), and, as `without_…`, of features that an engine lacks
//!   ([`commensal::Feature`]).
//! - `system` records are refused: the files are data.
//! - A record may hold several statements; the rows are those of the last one that has columns.
//! - One line a row, values separated by one space. As usual with this format, runs of white space count
//!   as one space, and the column types of `query` are not checked. [`Options::strict`] compares rows
//!   exactly and checks the types: `I` integer, `R` real, `T` text, `B` blob, any other letter
//!   for any class; NULL fits every type. Commensal's own cases run like this.
//! - `statement error` and `query error` match the message as a regular expression, or with `----`
//!   exactly.
//!
//! # How values are written
//!
//! | Value | Text |
//! |---|---|
//! | NULL | `NULL` |
//! | integer | decimal |
//! | real | as SQLite's `CAST(… AS TEXT)`, but `-0.0` keeps its sign: see [`commensal::core::real`] |
//! | text | unchanged, but control characters as `\0`, `\t`, `\n`, `\r` or `\u{1b}` (a backslash is not escaped); `(empty)` if empty |
//! | blob | `X'0AFF'` |

mod connection;
mod facade;
mod file;
pub mod hostile;
mod stage;
mod summary;
mod target;
mod value;
pub mod walk;

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use commensal::core::runtime::Runtime;
use commensal::{Capabilities, Engine, Limits};

pub use stage::Alternating;
pub use summary::Summary;
pub use target::{Answer, Connection, Database, Labels, Target};

/// Where and how the files run.
#[derive(Clone)]
pub struct Options {
    /// The database engine.
    pub engine: &'static dyn Engine,
    /// The runtime. Without one, the files see what a host without a runtime sees.
    pub runtime: Option<Arc<dyn Runtime>>,
    /// The limits of guests.
    pub limits: Limits,
    /// The capabilities that guests are granted.
    pub capabilities: Capabilities,
    /// Whether to compare white space exactly, and to check column types.
    pub strict: bool,
    /// Whether guests' code may rely on guard pages.
    pub guard_pages: bool,
}

/// Runs the files one after the other. A failed record does not end its file; a `halt` record does. For
/// each failed record, a paragraph with the file, the line and the difference goes to `report`.
///
/// ```
/// use commensal::{Capabilities, Limits, Sqlite};
/// use commensal_conformance::{Options, Summary, run};
///
/// let folder = tempfile::tempdir()?;
/// let file = folder.path().join("sum.slt");
/// std::fs::write(&file, "query I\nSELECT 1 + 2\n----\n3\n\nquery T\nSELECT 'a'\n----\nb\n")?;
/// let options = Options {
///     engine: &Sqlite,
///     runtime: None,
///     limits: Limits::default(),
///     capabilities: Capabilities::NONE,
///     strict: false,
///     guard_pages: true,
/// };
/// let mut report = Vec::new();
/// assert_eq!(run(&[file], &options, &mut report)?, Summary { passed: 1, failed: 1 });
/// assert!(String::from_utf8_lossy(&report).contains("sum.slt:6: "));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// Writing to `report` fails. Errors of the files or the database are in the report.
pub fn run(files: &[PathBuf], options: &Options, report: &mut dyn Write) -> io::Result<Summary> {
    run_on(files, options, options.strict, report)
}

/// As [`run`], on any target. `strict` is as in [`Options`].
///
/// # Errors
/// As [`run`].
pub fn run_on(
    files: &[PathBuf],
    target: &dyn Target,
    strict: bool,
    report: &mut dyn Write,
) -> io::Result<Summary> {
    let mut summary = Summary::default();
    for path in files {
        file::run(path, target, strict, report, &mut summary)?;
    }
    Ok(summary)
}
