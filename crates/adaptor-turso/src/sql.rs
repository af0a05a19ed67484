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
use crate::step::{bind, names as names_of, no_parameter, step};
use crate::value::{borrowed, owned};
use crate::{comparisons, error, growth, nesting, stack, unordered};

/// Instructions of the engine's virtual machine between two looks at the clock.
const INSTRUCTIONS: u64 = 10;

/// SQLite's result code of what may not be written.
const READONLY: i32 = 8;

/// SQLite's result code of a statement that was compiled for another schema.
const SCHEMA: i32 = 17;

/// See the module's description.
pub(crate) struct GuestSql {
    compiler: Arc<Compiler>,
    depth: AtomicUsize,
}

impl GuestSql {
    pub(crate) fn new(connection: &Arc<Connection>, health: &Health) -> Self {
        let compiler = Compiler {
            connection: Arc::downgrade(connection),
            level: Mutex::new(Level::NONE),
            health: health.clone(),
            alive: Arc::default(),
        };
        Self { compiler: Arc::new(compiler), depth: AtomicUsize::new(0) }
    }
}

/// What compiles the statements of a connection's guests.
struct Compiler {
    connection: Weak<Connection>,
    level: Mutex<Level>,
    health: Health,
    /// How many statements of guests the engine has. If it had one when the statement that called the guest ends, it would
    /// not commit that, nor anything after it.
    alive: Arc<AtomicUsize>,
}

/// A statement of the engine, which knows that it is one.
struct Alive {
    statement: Statement,
    alive: Arc<AtomicUsize>,
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Relaxed);
    }
}

impl Compiler {
    fn connection(&self) -> Result<Arc<Connection>> {
        self.connection.upgrade().ok_or_else(error::no_statement)
    }

    fn level(&self) -> Level {
        *self.level.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Compiles the first statement of a text and finds out whether the guest may run it.
    fn compile(&self, text: &str) -> Result<(Alive, Permit, usize)> {
        let connection = self.connection()?;
        comparisons::check(text, &comparisons::OF_GUESTS)?;
        let levels = nesting::measure(&connection, text)?.levels;
        let prepare = || connection.prepare_internal(text);
        let statement = stack::with_room(levels, prepare).map_err(error::of_engine)?;
        self.alive.fetch_add(1, Relaxed);
        let alive = Alive { statement, alive: Arc::clone(&self.alive) };
        if is_writing(text, &alive.statement) {
            let message =
                "Turso: a guest can only read; statements that write are not safe within another";
            return Err(Error::new(ErrorKind::Engine, message).with_engine_code(READONLY));
        }
        let used = alive.statement.tail_offset();
        let level = self.level();
        let permit = match is_looking(text) {
            true => Permit::default(),
            false => {
                stack::with_room(levels, || permit::examine(&connection, &text[..used], level))?
            }
        };
        Ok((alive, permit, levels))
    }
}

/// Machine stack for a statement, in bytes. The engine's compiler has large frames, and larger ones if it
/// was built without optimisation.
const STACK_BYTES: usize = 1 << 20;

/// Memory of a compiled statement for each byte of its text.
const MEMORY_FACTOR: u64 = 400;

impl HostSql for GuestSql {
    fn prepare(&self, sql: &SqlText) -> Result<(Option<BoxedStatement>, usize)> {
        let text = sql.as_str();
        if is_empty(text) {
            return Ok((None, text.len()));
        }
        let health = &self.compiler.health;
        health.check()?;
        let (alive, permit, levels) = health.guard(|| self.compiler.compile(text))?;
        let used = alive.statement.tail_offset();
        let statement = OfGuest::new(&self.compiler, &text[..used], alive, permit, levels);
        Ok((Some(Box::new(statement)), used))
    }

    fn changes(&self) -> i64 {
        self.compiler.connection().map_or(0, |connection| connection.changes())
    }
    fn last_insert_rowid(&self) -> i64 {
        self.compiler.connection().map_or(0, |connection| connection.last_insert_rowid())
    }

    fn is_autocommit(&self) -> bool {
        self.compiler.connection().is_ok_and(|connection| connection.get_auto_commit())
    }

    fn stack_bytes(&self) -> usize {
        STACK_BYTES
    }

    fn depth(&self) -> &AtomicUsize {
        &self.depth
    }

    fn alive(&self) -> Option<Arc<AtomicUsize>> {
        Some(Arc::clone(&self.compiler.alive))
    }

    fn level(&self) -> Level {
        self.compiler.level()
    }

    /// The engine has no limit on the length of a value.
    fn set_level(&self, level: Level) {
        let mut place = self.compiler.level.lock().unwrap_or_else(PoisonError::into_inner);
        *place = level;
        if let Ok(connection) = self.compiler.connection() {
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
    compiler: Arc<Compiler>,
    text: String,
    /// The engine's. Absent from the end of the guest's call until the next step.
    statement: Option<Alive>,
    parameters: Vec<Option<String>>,
    /// The names of the columns, and the declared types of those of tables.
    columns: Vec<(String, Option<String>)>,
    /// The values of the parameters, which the engine gets when the statement begins.
    bound: Vec<Value>,
    permit: Permit,
    levels: usize,
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

impl OfGuest {
    fn new(
        compiler: &Arc<Compiler>,
        text: &str,
        alive: Alive,
        permit: Permit,
        levels: usize,
    ) -> Self {
        let statement = &alive.statement;
        let names = (1..=statement.parameters_count()).filter_map(NonZero::new);
        let parameters: Vec<_> = names.map(|index| statement.parameters().name(index)).collect();
        let types = (0..statement.num_columns()).map(|i| statement.get_column_decltype(i));
        Self {
            compiler: Arc::clone(compiler),
            text: text.to_owned(),
            bound: vec![Value::Null; parameters.len()],
            parameters,
            columns: names_of(statement).into_iter().zip(types).collect(),
            statement: Some(alive),
            permit,
            levels,
            bytes_max: compiler.level().value_bytes_max,
            is_fresh: true,
        }
    }

    fn set(&mut self, index: usize, value: Value) -> Result<()> {
        let count = self.bound.len();
        match index.checked_sub(1).and_then(|index| self.bound.get_mut(index)) {
            Some(place) => {
                *place = value;
                Ok(())
            }
            None => Err(no_parameter(count, index)),
        }
    }

    /// Has the engine begin. It compiles the statement again if it has let go of it.
    ///
    /// # Errors
    /// The guest may no longer run it, or the engine works otherwise now: it has to be stepped again then.
    fn begin(&mut self) -> Result<()> {
        if self.statement.is_none() {
            let compiler = Arc::clone(&self.compiler);
            let (alive, permit, levels) = compiler.health.guard(|| compiler.compile(&self.text))?;
            let is_as_before = permit.work == self.permit.work
                && alive.statement.num_columns() == self.columns.len();
            (self.statement, self.permit, self.levels) = (Some(alive), permit, levels);
            if !is_as_before {
                let message = "the schema has changed since the statement was prepared";
                return Err(Error::new(ErrorKind::Engine, message).with_engine_code(SCHEMA));
            }
        }
        if let Some(Alive { statement, .. }) = &mut self.statement {
            for (index, value) in self.bound.iter().enumerate() {
                bind(statement, index + 1, value.clone())?;
            }
        }
        Ok(())
    }
}

impl EngineStatement for OfGuest {
    fn parameter_count(&self) -> usize {
        self.parameters.len()
    }

    fn parameter_index(&self, name: &str) -> Option<usize> {
        let index = self.parameters.iter().position(|known| known.as_deref() == Some(name))?;
        Some(index + 1)
    }

    fn bind(&mut self, index: usize, value: ValueRef<'_>) -> Result<()> {
        let bytes = match value {
            ValueRef::Text(text) => text.len(),
            ValueRef::Blob(blob) => blob.len(),
            _ => 0,
        };
        growth::check(bytes, self.permit.doublings, self.bytes_max)?;
        self.set(index, owned(value, 0))
    }

    fn step(&mut self) -> Result<bool> {
        if self.is_fresh {
            self.begin()?;
            self.is_fresh = false;
        }
        let Some(Alive { statement, .. }) = &mut self.statement else {
            return Err(error::no_statement());
        };
        let step = || stack::with_room(self.levels, || step(statement));
        let stepped = self.compiler.health.guard(|| unordered::forbidden(step));
        if !matches!(stepped, Ok(true)) {
            self.reset();
        }
        stepped
    }

    fn reset(&mut self) {
        if std::mem::replace(&mut self.is_fresh, true) {
            return;
        }
        let Some(Alive { statement, .. }) = &mut self.statement else { return };
        // An error of the last step was reported already.
        let _ = self.compiler.health.guard(|| statement.reset().map_err(error::of_engine));
    }

    fn column_count(&self) -> usize {
        self.columns.len()
    }

    fn column_name(&self, column: usize) -> &str {
        self.columns.get(column).map(|(name, _)| name.as_str()).unwrap_or_default()
    }

    fn column(&self, column: usize) -> Result<ValueRef<'_>> {
        let statement = self.statement.as_ref().map(|alive| &alive.statement);
        let row = statement.and_then(Statement::row).filter(|_| column < self.columns.len());
        Ok(row.map_or(ValueRef::Null, |row| borrowed(row.get_value(column))))
    }

    fn is_readonly(&self) -> bool {
        true
    }
}

impl GuestStatement for OfGuest {
    fn parameter_name(&self, index: usize) -> Option<String> {
        self.parameters.get(index.checked_sub(1)?)?.clone()
    }

    fn column_decltype(&self, column: usize) -> Option<String> {
        self.columns.get(column)?.1.clone()
    }

    fn bind_zeroblob(&mut self, index: usize, len: u32) -> Result<()> {
        growth::check(len as usize, self.permit.doublings, self.bytes_max)?;
        self.set(index, Value::from_blob(vec![0; len as usize]))
    }

    fn clear_bindings(&mut self) {
        self.bound.fill(Value::Null);
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
        self.text.len() as u64 * MEMORY_FACTOR
    }

    fn row_bytes(&self) -> u64 {
        let len = |column| match self.column(column) {
            Ok(ValueRef::Text(text)) => text.len() as u64,
            Ok(ValueRef::Blob(blob)) => blob.len() as u64,
            _ => 0,
        };
        (0..self.column_count()).map(len).sum()
    }

    fn rest(&mut self) -> bool {
        let waits = !self.is_fresh;
        self.reset();
        self.statement = None;
        waits
    }
}
