//! Statements of guests, on the connection that called them: they read only, and call no definitions.
//!
//! The engine takes them for its own statements within another, like those that read the catalog. One that
//! wrote there made it panic. In such a statement the names of functions mean SQLite's, whatever the
//! dialect says.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;

use commensal_core::ddl::lexer::{Lexer, TokenKind};
use commensal_core::engine::{EngineStatement, SqlText};
use commensal_core::host::calls::Work;
use commensal_core::host::sql::{BoxedStatement, GuestStatement, HostSql, Level};
use commensal_core::limits::Capabilities;
use commensal_core::{Error, ErrorKind, Result, ValueRef};
use turso_core::{Connection, Statement, Value};

use crate::health::Health;
use crate::permit::{self, Permit};
use crate::step::{bind, names, step};
use crate::value::{borrowed, owned};
use crate::{comparisons, error, growth, nesting, stack, unordered};

/// Instructions of the engine's virtual machine between two looks at the clock.
const INSTRUCTIONS: u64 = 10;

/// SQLite's result code of what may not be written.
const READONLY: i32 = 8;

/// See the module's description.
pub(crate) struct GuestSql {
    connection: Weak<Connection>,
    depth: AtomicUsize,
    level: Mutex<Level>,
    health: Health,
    /// Statements that wait at a row. If one did when the statement that called the guest ends, the engine would not
    /// commit that, nor anything after it.
    waiting: Arc<AtomicUsize>,
}

impl GuestSql {
    pub(crate) fn new(connection: &Arc<Connection>, health: &Health) -> Self {
        let (connection, level) = (Arc::downgrade(connection), Mutex::new(Level::NONE));
        let (depth, waiting) = (AtomicUsize::new(0), Arc::default());
        Self { connection, depth, level, health: health.clone(), waiting }
    }

    fn connection(&self) -> Result<Arc<Connection>> {
        self.connection.upgrade().ok_or_else(error::no_statement)
    }

    /// Compiles the first statement and finds out whether the guest may run it.
    fn examine(&self, sql: &SqlText) -> Result<(Option<BoxedStatement>, usize)> {
        let connection = self.connection()?;
        let text = sql.as_str();
        if is_empty(text) {
            return Ok((None, text.len()));
        }
        comparisons::check(text, &comparisons::OF_GUESTS)?;
        let levels = nesting::measure(&connection, text)?.levels;
        let prepare = || connection.prepare_internal(text);
        let statement = stack::with_room(levels, prepare).map_err(error::of_engine)?;
        if is_writing(text, &statement) {
            let message =
                "Turso: a guest can only read; statements that write are not safe within another";
            return Err(Error::new(ErrorKind::Engine, message).with_engine_code(READONLY));
        }
        let used = statement.tail_offset();
        let level = self.level();
        let permit = match is_looking(text) {
            true => Permit::default(),
            false => {
                stack::with_room(levels, || permit::examine(&connection, &text[..used], level))?
            }
        };
        let names = names(&statement);
        Ok((
            Some(Box::new(OfGuest {
                statement,
                names,
                permit,
                levels,
                health: self.health.clone(),
                waiting: Arc::clone(&self.waiting),
                text_bytes: used,
                bytes_max: level.value_bytes_max,
                is_fresh: true,
            })),
            used,
        ))
    }
}

/// Machine stack for a statement, in bytes. The engine's compiler has large frames, and larger ones if it
/// was built without optimisation.
const STACK_BYTES: usize = 1 << 20;

/// Memory of a compiled statement for each byte of its text.
const MEMORY_FACTOR: u64 = 400;

impl HostSql for GuestSql {
    fn prepare(&self, sql: &SqlText) -> Result<(Option<BoxedStatement>, usize)> {
        self.health.check()?;
        self.health.guard(|| self.examine(sql))
    }

    fn changes(&self) -> i64 {
        self.connection().map_or(0, |connection| connection.changes())
    }
    fn last_insert_rowid(&self) -> i64 {
        self.connection().map_or(0, |connection| connection.last_insert_rowid())
    }

    fn is_autocommit(&self) -> bool {
        self.connection().is_ok_and(|connection| connection.get_auto_commit())
    }

    fn stack_bytes(&self) -> usize {
        STACK_BYTES
    }

    fn depth(&self) -> &AtomicUsize {
        &self.depth
    }

    fn waiting(&self) -> Option<Arc<AtomicUsize>> {
        Some(Arc::clone(&self.waiting))
    }

    fn level(&self) -> Level {
        *self.level.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The engine has no limit on the length of a value.
    fn set_level(&self, level: Level) {
        let mut place = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        *place = level;
        if let Ok(connection) = self.connection() {
            match level.deadline {
                Some(at) => {
                    let is_late = move || Instant::now() >= at;
                    connection.set_progress_handler(INSTRUCTIONS, Some(Box::new(is_late)));
                }
                None => connection.set_progress_handler(0, None),
            }
        }
    }
}

/// Whether there is nothing but white space, comments and semicolons.
fn is_empty(sql: &str) -> bool {
    Lexer::new(sql).first().kind == TokenKind::End
}

/// Whether a statement only looks at another one, or at the schema. It was decided before that it may.
fn is_looking(sql: &str) -> bool {
    let first = Lexer::new(sql).first();
    first.is("EXPLAIN") || first.is("PRAGMA")
}

/// Whether a statement writes. The engine's `readonly` is also false for a query that needs a table of its
/// own.
fn is_writing(sql: &str, statement: &Statement) -> bool {
    const WORDS: [&str; 5] = ["CREATE", "DROP", "ALTER", "REINDEX", "ANALYZE"];
    let first = Lexer::new(sql).first();
    statement.get_program().change_cnt_on || WORDS.iter().any(|word| first.is(word))
}

/// A guest's statement.
struct OfGuest {
    statement: Statement,
    names: Vec<String>,
    permit: Permit,
    levels: usize,
    health: Health,
    /// See [`GuestSql`].
    waiting: Arc<AtomicUsize>,
    text_bytes: usize,
    /// How many bytes a value may have.
    bytes_max: usize,
    /// It has not been stepped since it was prepared or reset.
    is_fresh: bool,
}

impl Drop for OfGuest {
    fn drop(&mut self) {
        self.reset();
    }
}

impl EngineStatement for OfGuest {
    fn parameter_count(&self) -> usize {
        self.statement.parameters_count()
    }

    fn parameter_index(&self, name: &str) -> Option<usize> {
        self.statement.parameter_index(name).map(NonZero::get)
    }

    fn bind(&mut self, index: usize, value: ValueRef<'_>) -> Result<()> {
        let bytes = match value {
            ValueRef::Text(text) => text.len(),
            ValueRef::Blob(blob) => blob.len(),
            _ => 0,
        };
        growth::check(bytes, self.permit.doublings, self.bytes_max)?;
        bind(&mut self.statement, index, owned(value, 0))
    }

    fn step(&mut self) -> Result<bool> {
        if std::mem::replace(&mut self.is_fresh, false) {
            self.waiting.fetch_add(1, Relaxed);
        }
        let statement = &mut self.statement;
        let step = || stack::with_room(self.levels, || step(statement));
        let stepped = self.health.guard(|| unordered::forbidden(step));
        if !matches!(stepped, Ok(true)) {
            self.reset();
        }
        stepped
    }

    fn reset(&mut self) {
        if std::mem::replace(&mut self.is_fresh, true) {
            return;
        }
        self.waiting.fetch_sub(1, Relaxed);
        // An error of the last step was reported already.
        let statement = &mut self.statement;
        let _ = self.health.guard(|| statement.reset().map_err(error::of_engine));
    }

    fn column_count(&self) -> usize {
        self.statement.num_columns()
    }

    fn column_name(&self, column: usize) -> &str {
        self.names.get(column).map(String::as_str).unwrap_or_default()
    }

    fn column(&self, column: usize) -> Result<ValueRef<'_>> {
        let row = self.statement.row().filter(|_| column < self.statement.num_columns());
        Ok(row.map_or(ValueRef::Null, |row| borrowed(row.get_value(column))))
    }

    fn is_readonly(&self) -> bool {
        true
    }
}

impl GuestStatement for OfGuest {
    fn parameter_name(&self, index: usize) -> Option<String> {
        self.statement.parameters().name(NonZero::new(index)?)
    }

    fn column_decltype(&self, column: usize) -> Option<String> {
        // The engine panics if there is no such column.
        (column < self.statement.num_columns())
            .then(|| self.statement.get_column_decltype(column))?
    }

    fn bind_zeroblob(&mut self, index: usize, len: u32) -> Result<()> {
        growth::check(len as usize, self.permit.doublings, self.bytes_max)?;
        bind(&mut self.statement, index, Value::from_blob(vec![0; len as usize]))
    }

    fn clear_bindings(&mut self) {
        self.statement.clear_bindings();
    }

    /// The engine has no text that is not UTF-8.
    fn invalid_text(&self, _column: usize) -> Option<&[u8]> {
        None
    }

    fn needs(&self) -> Capabilities {
        self.permit.needs
    }

    fn work(&self) -> Work {
        self.permit.work
    }

    /// The engine does not tell. In tests a program took up to 400 bytes for each byte of its text.
    fn memory_bytes(&self) -> u64 {
        self.text_bytes as u64 * MEMORY_FACTOR
    }

    fn row_bytes(&self) -> u64 {
        let len = |column| match self.column(column) {
            Ok(ValueRef::Text(text)) => text.len() as u64,
            Ok(ValueRef::Blob(blob)) => blob.len() as u64,
            _ => 0,
        };
        (0..self.column_count()).map(len).sum()
    }
}
