//! What this thread is doing: which connection prepares or steps a statement, and what that statement
//! has bound.
//!
//! The engine asks a dialect for a function by its name, and calls it, without saying for which
//! statement. Both happen only within a call of this crate, on the same thread; so that call leaves
//! here what it works on, and takes it back at its end. Statements within one another (the log of
//! a host that runs SQL) each leave their own.

use std::cell::Cell;
use std::sync::Arc;

use commensal_core::registry::Registry;
use commensal_core::session::Scope;
use commensal_core::{Error, Result};

use turso_core::LimboError;

use crate::error;
use crate::state::State;

/// What one statement works on, from its preparation to its end.
pub(crate) struct Running {
    pub(crate) state: Arc<State>,
    /// From the first call of a function to the end of the execution.
    pub(crate) scope: Option<Scope>,
    /// The error of the last failed call, with what the engine's text loses.
    pub(crate) error: Option<Error>,
    /// Whether a name was resolved to a function of ours.
    pub(crate) resolved: bool,
    /// Whether a name was resolved to a function of the engine that a definition would go before.
    pub(crate) yielded: bool,
    /// Whether a name was asked for that is no function.
    pub(crate) missed: bool,
}

impl Running {
    pub(crate) fn new(state: Arc<State>) -> Box<Self> {
        Box::new(Self {
            state,
            scope: None,
            error: None,
            resolved: false,
            yielded: false,
            missed: false,
        })
    }

    /// The snapshot that the statement sees: taken when it is first asked for, in the statement's own
    /// transaction, and kept to its end.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub(crate) fn registry(&mut self) -> Result<Arc<Registry>> {
        match &self.scope {
            Some(scope) => Ok(Arc::clone(scope.registry())),
            None => {
                let registry = self.state.current()?;
                self.scope = Some(self.state.session.begin(Arc::clone(&registry)));
                Ok(registry)
            }
        }
    }

    /// Keeps the error of a call for the statement that reports it, and gives the engine's form of it.
    #[cold]
    pub(crate) fn fail(&mut self, error: Error) -> Box<LimboError> {
        let engine = error::of_function(&error);
        self.error = Some(error);
        Box::new(engine)
    }

    /// Ends the execution, if one began.
    pub(crate) fn end(&mut self) {
        if let Some(scope) = self.scope.take() {
            self.state.session.end(scope);
        }
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
    RUNNING.take()
}

/// Puts back what was taken.
#[inline]
pub(crate) fn put(running: Box<Running>) {
    RUNNING.set(Some(running));
}

/// Runs `body` while this thread works on `running`, and gives that back, unless a panic lost it.
pub(crate) fn within<T>(
    running: Box<Running>,
    body: impl FnOnce() -> T,
) -> (T, Option<Box<Running>>) {
    /// Puts back what the thread worked on before, also when `body` panics.
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
