//! What a running statement holds on to: one snapshot of the catalog, and the functions it bound.
//!
//! It is kept among the statement's [auxiliary data](https://www.sqlite.org/c3ref/get_auxdata.html), and by
//! each state of an aggregate, which outlives that data.

use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_void};
use std::rc::Rc;
use std::sync::Arc;

use commensal_core::registry::Registry;
use commensal_core::session::{Execution, Session};
use commensal_core::{Error, ErrorKind, Result};

use crate::api::{Api, sqlite3_context};
use crate::guard::guard;
use crate::numbers::{Number, Numbers, Unregistered};
use crate::result::ResultContext;
use crate::values::Values;

/// Key of the context among a statement's auxiliary data. SQLite keeps data under a negative number for
/// the whole statement and all its functions, until the statement is reset.
const CONTEXT_KEY: c_int = -0x434D;

/// How often a statement follows others that take its modules out of the file before it gives up.
const FOLLOWED_MAX: usize = 100;

/// Where the snapshots of a connection's catalog come from.
pub(crate) trait Snapshots {
    /// The snapshot that is true now.
    ///
    /// # Errors
    /// The catalog cannot be read.
    fn current(self: Rc<Self>) -> Result<Arc<Registry>>;
}

/// See the module's description.
pub(crate) struct StatementContext {
    api: &'static Api,
    snapshots: Rc<dyn Snapshots>,
    /// Has the settings that the statement began with.
    session: Rc<Session>,
    execution: RefCell<Option<Execution>>,
    /// Numbers of functions that have no slot.
    numbers: Numbers,
    /// A call has failed, and with it the statement.
    failed: Cell<bool>,
}

impl Drop for StatementContext {
    fn drop(&mut self) {
        if let Some(execution) = self.execution.take() {
            self.session.end(execution);
        }
    }
}

/// The destructor of what SQLite keeps.
unsafe extern "C" fn destroy(data: *mut c_void) {
    guard(
        || {},
        || {
            // SAFETY: `data` is the reference that `attach` gave away, and SQLite destroys it once.
            drop(unsafe { Rc::from_raw(data.cast::<StatementContext>()) });
        },
    );
}

impl StatementContext {
    /// A context without a snapshot yet. The connection has given this many numbers to its slots.
    pub(crate) fn new(
        api: &'static Api,
        snapshots: Rc<dyn Snapshots>,
        session: Rc<Session>,
        slot_count: usize,
    ) -> Rc<Self> {
        Rc::new(Self {
            api,
            snapshots,
            session,
            numbers: Numbers::new(slot_count),
            execution: RefCell::new(None),
            failed: Cell::new(false),
        })
    }

    /// Gives it the current snapshot.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub(crate) fn begin(&self) -> Result<()> {
        self.begin_with(Rc::clone(&self.snapshots).current()?);
        Ok(())
    }

    /// Gives it the snapshot that its statement sees.
    pub(crate) fn begin_with(&self, registry: Arc<Registry>) {
        *self.execution.borrow_mut() = Some(self.session.begin(registry));
    }

    /// The snapshot.
    ///
    /// # Errors
    /// A call of the same statement runs; `name` is for the message.
    pub(crate) fn registry(&self, name: &str) -> Result<Arc<Registry>> {
        self.lend(name, |_, execution| Ok(Arc::clone(execution.registry())))
    }

    /// A number for a function that has no slot.
    ///
    /// # Errors
    /// A call of the same statement runs.
    pub(crate) fn number(&self, callee: Unregistered) -> Result<Number> {
        let name = callee.name().to_owned();
        self.lend(&name, |session, execution| {
            Ok(self.numbers.give(callee, |first| session.release(execution, first)))
        })
    }

    /// Whether a number still means what it did when it was given.
    #[inline]
    pub(crate) fn is_valid(&self, number: Number) -> bool {
        self.numbers.is_valid(number)
    }

    /// Keeps this as long as the statement runs. False if no statement is behind `context`.
    ///
    /// # Safety
    /// `context` is that of a call of `xFunc`, `xStep` or `xInverse`.
    pub(crate) unsafe fn attach(self: &Rc<Self>, context: *mut sqlite3_context) -> bool {
        let data = Rc::into_raw(Rc::clone(self)).cast_mut().cast::<c_void>();
        let api = self.api;
        // SAFETY: the context is that of a call. SQLite owns the reference from here on, and destroys
        // it at once where no statement is behind the context.
        unsafe { (api.sqlite3_set_auxdata)(context, CONTEXT_KEY, data, Some(destroy)) };
        Rc::strong_count(self) > 1
    }

    /// The context of the statement, if it has one.
    ///
    /// # Safety
    /// As for [`StatementContext::attach`]. The context is the statement's: do not use it after the call.
    #[inline]
    pub(crate) unsafe fn of<'a>(api: &Api, context: *mut sqlite3_context) -> Option<&'a Self> {
        // SAFETY: the caller's promise. What is kept is a `StatementContext`, and SQLite does not destroy
        // it before the statement is reset, which cannot happen during the call.
        unsafe { Self::kept(api, context).as_ref() }
    }

    /// The pointer that `attach` gave away, or NULL.
    ///
    /// # Safety
    /// As for [`StatementContext::attach`].
    #[inline]
    unsafe fn kept(api: &Api, context: *mut sqlite3_context) -> *const Self {
        // SAFETY: the caller's promise.
        unsafe { (api.sqlite3_get_auxdata)(context, CONTEXT_KEY).cast::<Self>() }
    }

    /// The context of the statement, to be kept beyond the call. `make` makes it if there is none.
    ///
    /// # Safety
    /// As for [`StatementContext::attach`].
    ///
    /// # Errors
    /// The catalog cannot be read; `name` is for the message.
    pub(crate) unsafe fn keep(
        api: &Api,
        name: &str,
        context: *mut sqlite3_context,
        make: impl FnOnce() -> Rc<Self>,
    ) -> Result<Rc<Self>> {
        // SAFETY: the caller's promise.
        let kept = unsafe { Self::kept(api, context) };
        if !kept.is_null() {
            // SAFETY: the pointer is the one that `attach` got from an `Rc`, and SQLite still has it.
            unsafe { Rc::increment_strong_count(kept) };
            // SAFETY: as above; the count that was just added is ours.
            return Ok(unsafe { Rc::from_raw(kept) });
        }
        let statement = make();
        // SAFETY: the caller's promise. If SQLite has no memory for it, it does not keep it, and the next
        // call makes another one.
        unsafe { statement.attach(context) };
        statement.begin().map_err(|e| e.of_function(name))?;
        Ok(statement)
    }

    /// Whether a call has failed, so that the statement ends.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.get()
    }

    /// Lets `body`, a call of the statement, use the execution. `name` is for messages.
    ///
    /// # Errors
    /// A call of the statement is running; what `body` reports.
    #[inline]
    pub(crate) fn with<R>(
        &self,
        name: &str,
        body: impl FnOnce(&Session, &mut Execution) -> Result<R>,
    ) -> Result<R> {
        self.lend(name, body).inspect_err(|_| self.failed.set(true))
    }

    /// As [`StatementContext::with`], but a failure does not fail the statement.
    #[inline]
    fn lend<R>(
        &self,
        name: &str,
        body: impl FnOnce(&Session, &mut Execution) -> Result<R>,
    ) -> Result<R> {
        let mut execution = self.execution.try_borrow_mut().map_err(|_| reentered(name))?;
        body(&self.session, execution.as_mut().ok_or_else(|| reentered(name))?)
    }

    /// Calls the guest that is bound under this number, and puts its result into `place`. If none is bound,
    /// `bind` binds it first. `name` is for messages.
    ///
    /// # Errors
    /// What binding or the guest reports.
    #[inline]
    pub(crate) fn call(
        &self,
        number: usize,
        name: &str,
        place: ResultContext,
        arguments: &Values<'_>,
        bind: impl Fn(&Session, &mut Execution) -> Result<()>,
    ) -> Result<()> {
        self.with(name, |session, execution| {
            // It was not called before, or a fault took its instance.
            if !execution.is_bound(number) {
                self.bind(execution, bind)?;
            }
            match execution.call(session.environment(), number, arguments, place) {
                Ok(()) => Ok(()),
                // No closure, whose contents would be written down for each row.
                Err(error) => Err(session.fail(execution, number, *error)),
            }
        })
    }

    /// Binds a number. A statement that reads no table holds no snapshot of the file, so another connection
    /// may replace catalog and module between the reading of both. Then the statement sees the newer
    /// catalog; what it has bound stays bound.
    #[cold]
    pub(crate) fn bind(
        &self,
        execution: &mut Execution,
        bind: impl Fn(&Session, &mut Execution) -> Result<()>,
    ) -> Result<()> {
        for _ in 0..FOLLOWED_MAX {
            match bind(&self.session, execution) {
                Err(error) if error.kind() == ErrorKind::Catalog => {
                    let registry = Rc::clone(&self.snapshots).current()?;
                    if registry.generation == execution.registry().generation {
                        return Err(error);
                    }
                    execution.set_registry(registry);
                }
                bound => return bound,
            }
        }
        bind(&self.session, execution)
    }
}

#[cold]
fn reentered(name: &str) -> Error {
    Error::new(ErrorKind::Fault, format!("{name}(): called while it runs"))
}
