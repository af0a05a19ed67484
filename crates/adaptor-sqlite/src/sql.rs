//! Statements of guests, on the connection that called them.
//!
//! The core decides which kinds of statements a guest may have. What they reach, by themselves and through
//! the file, is found out before the first step by the [`Examine`] that is handed in. The statement that
//! was examined is the one that runs: SQLite does not recompile it behind our back.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ffi::c_int;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering::Relaxed};

use commensal_core::engine::{EngineStatement, SqlText};
use commensal_core::host::calls::Work;
use commensal_core::host::sql::{BoxedStatement, GuestStatement, HostSql, Level};
use commensal_core::limits::Capabilities;
use commensal_core::manifest::TableMethod;
use commensal_core::{Error, ErrorKind, Result, Value, ValueRef};
use web_time::Instant;

use crate::api::code::*;
use crate::codes::is_code;
use crate::deadline::Deadline;
use crate::raised::Raised;
use crate::root::Root;
use crate::sorts_alone::SortsAlone;
use crate::statement::{Handle, Statement};

/// Bytes of machine stack for a statement without deep expressions, and for each level of an expression.
/// SQLite 3.40 needs 480 KiB for 1000 levels.
const STACK_BYTES: usize = 64 << 10;
const LEVEL_STACK_BYTES: usize = 640;

/// Bytes of a pattern of `LIKE` or `GLOB` in statements of guests. A wildcard takes some 200 bytes of
/// stack.
const PATTERN_BYTES_MAX: c_int = 2000;

/// Primary result codes of statements that may have ended the transaction, whether they write or not.
const ENDS_TRANSACTION: [c_int; 4] = [SQLITE_NOMEM, SQLITE_INTERRUPT, SQLITE_IOERR, SQLITE_FULL];

/// Memory of the sorter of a statement that waits at a row, in bytes. SQLite does not tell. In tests with rows of 1 MB it
/// took 85 MB.
const SORTER_BYTES: u64 = 64 << 20;

/// How often a statement is recompiled for one step if somebody keeps changing the schema. SQLite's own
/// number for its own statements is 50.
const RENEWALS_MAX: usize = 10;

/// Finds out what statements of guests would do.
pub(crate) trait Examine {
    /// Compiles the first statement of a text, unless SQLite would need all memory or all of the stack for
    /// it. Returns the statement, or `None` if there is none, and the offset after it.
    ///
    /// # Errors
    /// The statement is too large, with the views and triggers that it uses; SQLite reports an error; the
    /// connection is being closed.
    fn prepare(&self, sql_and_nul: &[u8]) -> Result<(Option<Statement>, usize)>;

    /// Finds out what a compiled statement would do, for a guest with these rights. `sql` is the text of
    /// this statement alone.
    ///
    /// # Errors
    /// The guest may not run it; the connection is being closed.
    fn examine(&self, sql: &[u8], statement: &Statement, rights: Capabilities) -> Result<Examined>;

    /// Checks that no running statement also writes one of the tables or indexes that the statement writes. SQLite has
    /// chosen a row there already, and would put it over what the guest writes. Also checks that the schema can be
    /// changed now.
    ///
    /// # Errors
    /// A running statement does; what it writes cannot be found out.
    fn check_writes(&self, examined: &Examined) -> Result<()>;

    /// Gets ready for a statement that is about to begin. It may see another state of the file than the one that called the
    /// guest, if that has read nothing.
    ///
    /// # Errors
    /// The connection is being closed.
    fn begin_statement(&self) -> Result<Option<SortsAlone>>;

    /// Finalizes the statements that this keeps.
    fn finalize(&self);
}

/// What was found out about a statement.
pub(crate) struct Examined {
    /// The capabilities that the guest needs to run it.
    pub(crate) needs: Capabilities,
    /// What the time and the memory of a row grow with.
    pub(crate) work: Work,
    /// Whether it sorts rows.
    pub(crate) sorts: bool,
    /// The tables and indexes that it writes.
    pub(crate) written: Vec<Root>,
    /// Whether it only adds a table or an index to a schema, if it changes one.
    pub(crate) only_adds: bool,
}

/// A method that runs in the middle of something that SQLite does. From the one in which a guest may change most to the
/// one in which it may change least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Moment {
    /// xCreate. SQLite expects that tables are added meanwhile.
    Create,
    /// xSavepoint and xRelease, in the middle of a statement. SQLite expects no change of the schema.
    Savepoint,
    /// xConnect, in the middle of compiling a statement. SQLite expects no change at all.
    Connect,
    /// xBegin, in the middle of SQLite's noting that the table takes part in the transaction; and xCommit, xRollback and
    /// xRollbackTo. What is written then belongs to no transaction of the application's. And xClose and xFinal, whose errors
    /// SQLite may not see.
    Boundary,
}

impl Moment {
    /// That of a method of a transaction; `None` for xSync, in which everything can be written.
    pub(crate) fn of(method: TableMethod) -> Option<Self> {
        match method {
            TableMethod::Sync => None,
            TableMethod::Savepoint | TableMethod::Release => Some(Self::Savepoint),
            _ => Some(Self::Boundary),
        }
    }
}

/// See the module's description.
pub(crate) struct GuestSql {
    handle: Handle,
    /// Set as long as there is a state. The state has the services that have this.
    examiner: RefCell<Option<Rc<dyn Examine>>>,
    depth: AtomicUsize,
    level: Cell<Level>,
    /// The rights of the level, for services on other threads.
    rights: Arc<Rights>,
    /// The application's own limit on the length of a value, while a level has another.
    length: Cell<c_int>,
    deadline: Deadline,
    /// The limit on patterns of `LIKE` before a guest's statement began.
    pattern_bytes: Cell<c_int>,
    /// SQLite is preparing a statement, and does not expect another one to change the schema.
    is_preparing: Cell<bool>,
    /// The method of a virtual table that runs, if it is one of these.
    moment: Cell<Option<Moment>>,
    /// A statement has failed since a method began, and SQLite may have rolled back the transaction.
    has_failed: Arc<AtomicBool>,
}

/// Rights that can be read from any thread.
pub(crate) struct Rights(AtomicU8);

impl Rights {
    pub(crate) fn get(&self) -> Capabilities {
        Capabilities::from_bits(self.0.load(Relaxed))
    }
}

impl GuestSql {
    /// For a connection of our own or, unless `our_own`, of the application.
    pub(crate) fn new(handle: Handle, our_own: bool) -> Self {
        Self {
            handle,
            examiner: RefCell::new(None),
            depth: AtomicUsize::new(0),
            level: Cell::new(Level::NONE),
            rights: Arc::new(Rights(AtomicU8::new(Capabilities::ALL.bits()))),
            length: Cell::new(0),
            deadline: Deadline::new(handle, our_own),
            pattern_bytes: Cell::new(PATTERN_BYTES_MAX),
            is_preparing: Cell::new(false),
            moment: Cell::new(None),
            has_failed: Arc::default(),
        }
    }

    /// Sets a limit of SQLite's, unless `value` is negative. Returns the limit before.
    fn limit(&self, which: c_int, value: c_int) -> c_int {
        // SAFETY: the connection is open, and this is its thread.
        unsafe { (self.handle.api.sqlite3_limit)(self.handle.db(), which, value) }
    }

    /// Lets statements be prepared from here on.
    pub(crate) fn set_examiner(&self, examiner: Rc<dyn Examine>) {
        *self.examiner.borrow_mut() = Some(examiner);
    }

    /// Forgets the examiner at the end of the state. Idle guests keep these services and may be dropped on
    /// another thread, where no reference to the state may be left.
    pub(crate) fn forget_examiner(&self) {
        let examiner = self.examiner.take();
        drop(examiner);
    }

    /// Finalizes the statements that were prepared to examine others.
    pub(crate) fn finalize_examined(&self) {
        let examiner = self.examiner.borrow().clone();
        if let Some(examiner) = examiner {
            examiner.finalize();
        }
    }

    /// The rights of the guest whose statement runs; all rights if none runs.
    pub(crate) fn rights(&self) -> &Arc<Rights> {
        &self.rights
    }

    /// Whether a statement of a guest's is being prepared or makes a step.
    pub(crate) fn is_running(&self) -> bool {
        self.depth.load(Relaxed) > 0
    }

    /// Checks that the guest whose statement is being examined has time left.
    ///
    /// # Errors
    /// There is no time left; the host has interrupted what runs.
    pub(crate) fn check_time(&self) -> Result<()> {
        let is_late = self.level.get().deadline.is_some_and(|at| Instant::now() >= at);
        let interrupted = self.handle.api.sqlite3_is_interrupted;
        // SAFETY: the connection is open.
        let is_interrupted =
            || interrupted.is_some_and(|asks| unsafe { asks(self.handle.db()) } != 0);
        match is_late || is_interrupted() {
            false => Ok(()),
            true => Err(Error::new(ErrorKind::Interrupted, "interrupted")
                .with_engine_code(SQLITE_INTERRUPT)),
        }
    }

    /// Whether statements can run now.
    pub(crate) fn is_possible(&self) -> bool {
        !self.is_preparing.get()
    }

    /// Runs a guest while SQLite prepares a statement.
    pub(crate) fn preparing<R>(&self, body: impl FnOnce() -> R) -> R {
        let _preparing = Raised::new(&self.is_preparing);
        body()
    }

    /// Runs a method. One within another may change no more than that.
    pub(crate) fn at_moment<R>(&self, moment: Moment, body: impl FnOnce() -> R) -> R {
        let innermost = self.moment.get().max(Some(moment));
        let _moment = Raised::to(&self.moment, innermost);
        body()
    }

    /// Runs a method of a virtual table that must not go on if a statement that wrote has failed in it. SQLite may have
    /// ended the transaction then, and with it has freed the table that it is making, or what it is committing.
    ///
    /// # Errors
    /// Those of `body`; a statement that wrote has failed.
    pub(crate) fn all_or_nothing<R>(&self, body: impl FnOnce() -> Result<R>) -> Result<R> {
        let before = self.has_failed.swap(false, Relaxed);
        let result = body();
        let has_failed = self.has_failed.fetch_or(before, Relaxed);
        let result = result?;
        match has_failed {
            true => Err(Error::new(
                ErrorKind::Engine,
                "a statement of the virtual table's own that writes has failed",
            )),
            false => Ok(result),
        }
    }

    /// The method that runs, if it is one of these.
    pub(crate) fn moment(&self) -> Option<Moment> {
        self.moment.get()
    }

    /// Runs statements of our own, to which a guest's limit on the length of a value does not apply.
    pub(crate) fn at_full_length<R>(&self, body: impl FnOnce() -> R) -> R {
        /// Sets the guest's limit again, even if `body` panics.
        struct Lifted(Handle, c_int);

        impl Drop for Lifted {
            fn drop(&mut self) {
                self.0.limit(SQLITE_LIMIT_LENGTH, self.1);
            }
        }

        if self.level.get().value_bytes_max == usize::MAX {
            return body();
        }
        let before = self.handle.limit(SQLITE_LIMIT_LENGTH, self.length.get());
        let _lifted = Lifted(self.handle, before);
        body()
    }

    fn set_length(&self, before: usize, bytes_max: usize) {
        if before == bytes_max {
            return;
        }
        if before == usize::MAX {
            self.length.set(self.handle.limit(SQLITE_LIMIT_LENGTH, -1));
        }
        let own = c_int::try_from(bytes_max).unwrap_or(c_int::MAX);
        self.handle.limit(SQLITE_LIMIT_LENGTH, own.min(self.length.get()));
    }
}

impl HostSql for GuestSql {
    fn prepare(&self, sql: &SqlText) -> Result<(Option<BoxedStatement>, usize)> {
        let examiner = self.examiner.borrow().clone().ok_or_else(gone)?;
        let (statement, used) = examiner.prepare(sql.as_bytes_with_nul())?;
        let Some(statement) = statement else { return Ok((None, used)) };
        let mut text = sql.as_bytes_with_nul()[..used].to_vec();
        let examined = examiner.examine(&text, &statement, self.level.get().rights)?;
        text.push(0);
        let bound = self.handle.api.sqlite3_transfer_bindings.is_none().then(BTreeMap::new);
        let statement = OfGuest {
            statement,
            examiner: Rc::downgrade(&examiner),
            rights: Arc::clone(&self.rights),
            text,
            examined,
            is_fresh: true,
            bound,
            has_failed: Arc::clone(&self.has_failed),
        };
        Ok((Some(Box::new(statement)), used))
    }

    fn changes(&self) -> i64 {
        self.handle.changes()
    }

    fn last_insert_rowid(&self) -> i64 {
        self.handle.last_insert_rowid()
    }

    fn is_autocommit(&self) -> bool {
        self.handle.is_autocommit()
    }

    /// SQLite recurses over expressions, as deep as its own limit allows.
    fn stack_bytes(&self) -> usize {
        let depth = self.limit(SQLITE_LIMIT_EXPR_DEPTH, -1);
        // 0 means no limit, in a library that was built so.
        let depth = usize::try_from(depth).ok().filter(|&depth| depth > 0).unwrap_or(1000);
        depth.saturating_mul(LEVEL_STACK_BYTES).saturating_add(STACK_BYTES)
    }

    /// `LIKE` and `GLOB` recurse for each wildcard of a pattern, up to 4 MiB deep by default.
    fn begin(&self) {
        let before = self.limit(SQLITE_LIMIT_LIKE_PATTERN_LENGTH, -1);
        self.pattern_bytes.set(before);
        self.limit(SQLITE_LIMIT_LIKE_PATTERN_LENGTH, before.min(PATTERN_BYTES_MAX));
    }

    fn end(&self) {
        self.limit(SQLITE_LIMIT_LIKE_PATTERN_LENGTH, self.pattern_bytes.get());
    }

    fn depth(&self) -> &AtomicUsize {
        &self.depth
    }

    fn level(&self) -> Level {
        self.level.get()
    }

    fn set_level(&self, level: Level) {
        let before = self.level.replace(level);
        self.rights.0.store(level.rights.bits(), Relaxed);
        self.set_length(before.value_bytes_max, level.value_bytes_max);
        self.deadline.set(level.deadline);
    }
}

#[cold]
pub(crate) fn gone() -> Error {
    Error::new(ErrorKind::Denied, "the connection is being closed")
}

/// A guest's statement.
struct OfGuest {
    statement: Statement,
    examiner: Weak<dyn Examine>,
    /// The rights of the guest whose statement runs.
    rights: Arc<Rights>,
    /// Its text, which ends with a NUL.
    text: Vec<u8>,
    examined: Examined,
    /// It has not been stepped since it was prepared or reset.
    is_fresh: bool,
    /// Copies of what is bound, if SQLite was built without the function that transfers it.
    bound: Option<BTreeMap<usize, Bound>>,
    /// See [`GuestSql`].
    has_failed: Arc<AtomicBool>,
}

/// What a parameter is bound to.
enum Bound {
    Value(Value),
    Zeroblob(u32),
}

// SAFETY: an instance has it, which moves between threads only with its connection.
unsafe impl Send for OfGuest {}

impl OfGuest {
    /// Recompiles and examines the statement, because the schema has changed.
    #[cold]
    fn renew(&mut self) -> Result<()> {
        let examiner = self.examiner.upgrade().ok_or_else(gone)?;
        let (statement, _) = examiner.prepare(&self.text)?;
        let mut statement = statement.ok_or_else(gone)?;
        let text = &self.text[..self.text.len() - 1];
        self.examined = examiner.examine(text, &statement, self.rights.get())?;
        match &self.bound {
            None => {
                if !statement.take_bindings(&self.statement) && statement.parameter_count() > 0 {
                    let message = "the schema has changed: prepare the statement again";
                    let error = Error::new(ErrorKind::Engine, message);
                    return Err(error.with_engine_code(SQLITE_SCHEMA));
                }
            }
            Some(bound) => {
                for (&index, bound) in bound {
                    match bound {
                        Bound::Value(value) => statement.bind(index, value.as_ref())?,
                        Bound::Zeroblob(len) => statement.bind_zeroblob(index, *len)?,
                    }
                }
            }
        }
        self.statement = statement;
        Ok(())
    }
}

impl OfGuest {
    /// See [`Examine::check_writes`].
    fn check_writes(&self) -> Result<()> {
        if self.statement.is_readonly() {
            return Ok(());
        }
        self.examiner.upgrade().ok_or_else(gone)?.check_writes(&self.examined)
    }
}

impl EngineStatement for OfGuest {
    fn parameter_count(&self) -> usize {
        self.statement.parameter_count()
    }

    fn parameter_index(&self, name: &str) -> Option<usize> {
        self.statement.parameter_index(name)
    }

    fn bind(&mut self, index: usize, value: ValueRef<'_>) -> Result<()> {
        self.statement.bind(index, value)?;
        if let Some(bound) = &mut self.bound {
            bound.insert(index, Bound::Value(value.to_owned()));
        }
        Ok(())
    }

    fn step(&mut self) -> Result<bool> {
        if self.is_fresh {
            self.check_writes()?;
        }
        let is_fresh = std::mem::replace(&mut self.is_fresh, false);
        let transaction = self.statement.transaction();
        let _alone = match is_fresh {
            true => self.examiner.upgrade().ok_or_else(gone)?.begin_statement()?,
            false => None,
        };
        let mut stepped = self.statement.step_once();
        for _ in 0..RENEWALS_MAX {
            match &stepped {
                Err(error) if is_fresh && is_code(error, SQLITE_SCHEMA) => {}
                _ => break,
            }
            let before = self.examined.work;
            let renewed = self.renew().and_then(|()| self.check_writes());
            if renewed.is_ok() && self.examined.work != before {
                // Its values have another limit now, which the caller sets for another step.
                break;
            }
            stepped = renewed.and_then(|()| self.statement.step_once());
        }
        if !matches!(stepped, Ok(true)) {
            self.is_fresh = true;
        }
        if let Err(error) = &stepped {
            // Without memory, a statement that only reads ends the transaction, too.
            let code = error.engine_code().unwrap_or(SQLITE_OK) & 0xff;
            if !self.statement.is_readonly() || ENDS_TRANSACTION.contains(&code) {
                self.has_failed.store(true, Relaxed);
            }
            if transaction.has_ended(self.statement.transaction()) {
                // The guest must not go on as if nothing had happened, nor the statement that called it.
                let message =
                    format!("a guest's statement ended the transaction: {}", error.message());
                let error = Error::new(ErrorKind::Fault, message);
                return Err(error.with_engine_code(SQLITE_ABORT_ROLLBACK));
            }
        }
        stepped
    }

    fn reset(&mut self) {
        self.is_fresh = true;
        self.statement.reset();
    }

    fn column_count(&self) -> usize {
        self.statement.column_count()
    }

    fn column_name(&self, column: usize) -> &str {
        self.statement.column_name(column)
    }

    fn column(&self, column: usize) -> Result<ValueRef<'_>> {
        self.statement.column(column)
    }

    fn is_readonly(&self) -> bool {
        self.statement.is_readonly()
    }
}

impl GuestStatement for OfGuest {
    fn parameter_name(&self, index: usize) -> Option<String> {
        self.statement.parameter_name(index)
    }

    fn column_decltype(&self, column: usize) -> Option<String> {
        self.statement.column_decltype(column)
    }

    fn bind_zeroblob(&mut self, index: usize, len: u32) -> Result<()> {
        self.statement.bind_zeroblob(index, len)?;
        if let Some(bound) = &mut self.bound {
            bound.insert(index, Bound::Zeroblob(len));
        }
        Ok(())
    }

    fn clear_bindings(&mut self) {
        self.statement.clear_bindings();
        if let Some(bound) = &mut self.bound {
            bound.clear();
        }
    }

    fn invalid_text(&self, column: usize) -> Option<&[u8]> {
        self.statement.text(column)
    }

    fn needs(&self) -> Capabilities {
        self.examined.needs
    }

    fn work(&self) -> Work {
        self.examined.work
    }

    fn memory_bytes(&self) -> u64 {
        self.statement.memory_bytes()
    }

    fn row_bytes(&self) -> u64 {
        let sorter = if self.examined.sorts { SORTER_BYTES } else { 0 };
        self.statement.row_bytes().saturating_add(sorter)
    }
}
