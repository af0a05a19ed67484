//! What this thread is doing: which connection prepares or steps a statement, and what that statement
//! has bound.
//!
//! The engine asks a dialect for a function by name, and calls it, without saying for which statement. Both
//! happen only within a call of this crate, on the same thread. So that call leaves here what it works on,
//! and takes it back at its end. Statements within one another (the log of a host that runs SQL) each leave
//! their own.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use commensal_core::registry::{CollationEntry, Registry};
use commensal_core::session::{Execution, Session};
use commensal_core::{Error, Result, ValueRef};

use turso_core::LimboError;

use crate::meaning::Meaning;
use crate::state::ConnectionState;
use crate::step::{bind_all, step};
use crate::{error, nesting, stack};

/// See [`Running::execution_number`].
static EXECUTIONS: AtomicU64 = AtomicU64::new(1);

/// What one statement works on, from its preparation to its end.
pub(crate) struct Running {
    pub(crate) state: Arc<ConnectionState>,
    /// From the first call of a function to the end of the execution.
    pub(crate) execution: Option<Execution>,
    /// The error of the last failed call, with what the engine's text loses.
    pub(crate) error: Option<Error>,
    /// Numbers the executions of this process. States of aggregates belong to one.
    pub(crate) execution_number: u64,
    /// What the statement means by the engine's aggregates, by their numbers.
    pub(crate) aggregates: Vec<Meaning>,
    /// The collations that the execution has bound, by their slots.
    pub(crate) collations: Vec<(usize, Arc<CollationEntry>)>,
    /// Which of these the last step compared by.
    pub(crate) compared: Option<usize>,
    /// Why a comparison failed.
    pub(crate) fault: Option<Error>,
    /// Whether a name was resolved to a function of ours.
    pub(crate) resolved: bool,
    /// Whether a name was resolved to a function of the engine that yields to definitions.
    pub(crate) yielded: bool,
    /// Whether a name was asked for that means no function.
    pub(crate) missed: bool,
    /// Levels of nesting for which there is room on the stack.
    pub(crate) levels: usize,
    /// Whether the statement nests deeper, or has to be prepared elsewhere, and so was not parsed.
    pub(crate) cramped: bool,
    /// Whether the engine must not prepare it again within a step.
    pub(crate) keeps_program: bool,
    /// Whether it is a statement of our own.
    pub(crate) is_own: bool,
    /// Whether it is an ALTER TABLE.
    pub(crate) alters: bool,
    /// Whether the engine parses and prepares what the schema has, while it steps an ALTER TABLE. It holds
    /// the schema's lock then.
    pub(crate) altering: bool,
    /// Whether an action of a foreign key can cause itself.
    pub(crate) recursive: bool,
    /// Why the statement was not parsed.
    pub(crate) refused: Option<Error>,
}

/// Levels for which there is always room. Most statements have fewer.
const LEVELS: usize = 64;

impl Running {
    pub(crate) fn new(state: Arc<ConnectionState>) -> Box<Self> {
        Box::new(Self {
            state,
            execution: None,
            error: None,
            execution_number: 0,
            aggregates: Vec::new(),
            collations: Vec::new(),
            compared: None,
            fault: None,
            resolved: false,
            yielded: false,
            missed: false,
            levels: LEVELS,
            cramped: false,
            keeps_program: false,
            is_own: false,
            alters: false,
            altering: false,
            recursive: false,
            refused: None,
        })
    }

    /// Looks at a statement before the engine parses it, at first and whenever the engine prepares it
    /// again, because what it uses of the schema may have changed.
    ///
    /// # Errors
    /// It nests too deeply for the stack as it is, or altogether.
    pub(crate) fn measure(&mut self, sql: &str) -> turso_core::Result<()> {
        let nesting =
            nesting::measure(&self.state.connection, sql).map_err(|error| self.refuse(error))?;
        self.recursive = nesting.recursive;
        if nesting.levels > self.levels || self.keeps_program {
            self.levels = self.levels.max(nesting.levels);
            self.cramped = true;
            return Err(LimboError::ParseError("too little stack".to_owned()));
        }
        if nesting.adds {
            stack::note_schema(nesting.levels);
        }
        Ok(())
    }

    /// Keeps the error of a statement that is not parsed, as [`Self::fail`] does for calls.
    #[cold]
    pub(crate) fn refuse(&mut self, error: Error) -> LimboError {
        let engine = LimboError::ParseError(error.message().to_owned());
        self.refused = Some(error);
        engine
    }

    /// The snapshot that the statement sees. It is taken at the first request, in the statement's own
    /// transaction, and kept to the end.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub(crate) fn registry(&mut self) -> Result<Arc<Registry>> {
        match &self.execution {
            Some(execution) => Ok(Arc::clone(execution.registry())),
            None => {
                let registry = self.state.current()?;
                self.execution = Some(self.state.session.begin(Arc::clone(&registry)));
                self.execution_number = EXECUTIONS.fetch_add(1, Relaxed);
                Ok(registry)
            }
        }
    }

    /// The session, and what the execution of this number has bound.
    ///
    /// # Errors
    /// The execution has ended.
    pub(crate) fn execution_of(&mut self, number: u64) -> Result<(&Session, &mut Execution)> {
        match &mut self.execution {
            Some(execution) if self.execution_number == number => {
                Ok((&self.state.session, execution))
            }
            _ => Err(error::no_statement()),
        }
    }

    /// The collation that the last step compared by.
    pub(crate) fn compared(&self) -> Option<Arc<CollationEntry>> {
        self.collations.get(self.compared?).map(|(_, entry)| Arc::clone(entry))
    }

    /// Keeps the error of a call for the statement that reports it. Returns the engine's form of it.
    #[cold]
    pub(crate) fn fail(&mut self, error: Error) -> Box<LimboError> {
        let engine = error::of_function(&error);
        self.error = Some(error);
        Box::new(engine)
    }

    /// Ends the execution, if one began.
    pub(crate) fn end(&mut self) {
        if let Some(execution) = self.execution.take() {
            self.state.session.end(execution);
        }
        self.collations.clear();
        self.fault = None;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

thread_local! {
    static RUNNING: Cell<Option<Box<Running>>> = const { Cell::new(None) };
}

/// Takes out what this thread works on. Whoever takes it puts it back with [`put`].
#[inline]
pub(crate) fn take() -> Option<Box<Running>> {
    RUNNING.with(Cell::take)
}

/// Puts back what was taken.
#[inline]
pub(crate) fn put(running: Box<Running>) {
    // `LocalKey::set` would move it through the stack once more.
    RUNNING.with(|place| place.set(Some(running)));
}

/// Runs `body` while this thread works on `running`. Returns `running`, unless a panic lost it.
pub(crate) fn within<T>(
    running: Box<Running>,
    body: impl FnOnce() -> T,
) -> (T, Option<Box<Running>>) {
    /// Puts back what the thread worked on before, even if `body` panics.
    struct Before(Option<Box<Running>>);

    impl Drop for Before {
        fn drop(&mut self) {
            RUNNING.set(self.0.take());
        }
    }

    let before = Before(RUNNING.replace(Some(running)));
    let result = body();
    let running = RUNNING.take();
    drop(before);
    (result, running)
}

/// Runs one statement of our own that writes, with any triggers that somebody has put on the catalog, and
/// the functions in them. Must not be called within a function.
pub(crate) fn execute(
    state: &Arc<ConnectionState>,
    sql: &str,
    parameters: &[ValueRef<'_>],
) -> Result<()> {
    let body = || {
        let prepare = || state.connection.prepare(sql).map_err(error::of_engine);
        state.health.run(state.health.guard(prepare)?, |statement| {
            bind_all(statement, parameters)?;
            while step(statement)? {}
            Ok(())
        })
    };
    let mut running = Running::new(Arc::clone(state));
    running.is_own = true;
    loop {
        let levels = running.levels;
        let (result, after) = within(running, || stack::with_room(levels, body));
        let Some(mut after) = after else { return result };
        if let Some(refused) = after.refused.take() {
            return Err(refused);
        }
        if !std::mem::take(&mut after.cramped) {
            return result;
        }
        running = after;
    }
}
