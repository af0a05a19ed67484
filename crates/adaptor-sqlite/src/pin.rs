//! What a running statement holds on to: one snapshot of the catalog, and the functions it bound.
//!
//! Kept among the statement's [auxiliary data](https://www.sqlite.org/c3ref/get_auxdata.html), and by
//! each state of an aggregate, which outlives that data.

use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_void};
use std::rc::Rc;
use std::sync::Arc;

use commensal_core::registry::{FunctionEntry, Registry};
use commensal_core::session::Scope;
use commensal_core::{Error, ErrorKind, Result};

use crate::api::{Api, sqlite3_context};
use crate::function::{Slot, guard};
use crate::state::State;

/// Key of the pin among a statement's auxiliary data. SQLite keeps data under a negative number for
/// the whole statement and all its functions, until the statement is reset.
const PIN: c_int = -0x434D;

/// See the module's description.
pub(crate) struct Pin {
    state: Rc<State>,
    scope: RefCell<Option<Scope>>,
    /// A call has failed, and so the statement.
    failed: Cell<bool>,
}

impl Drop for Pin {
    fn drop(&mut self) {
        if let Some(scope) = self.scope.take() {
            self.state.session.end(scope);
        }
    }
}

/// The destructor of a pin.
unsafe extern "C" fn destroy(data: *mut c_void) {
    guard(
        || {},
        || {
            // SAFETY: `data` is the reference that `attach` gave away, and SQLite destroys it once.
            drop(unsafe { Rc::from_raw(data.cast::<Pin>()) });
        },
    );
}

impl Pin {
    /// A pin without a snapshot yet.
    pub(crate) fn new(state: &Rc<State>) -> Rc<Self> {
        Rc::new(Self {
            state: Rc::clone(state),
            scope: RefCell::new(None),
            failed: Cell::new(false),
        })
    }

    /// Gives it the snapshot that its statement sees.
    pub(crate) fn begin(&self, registry: Arc<Registry>) {
        *self.scope.borrow_mut() = Some(self.state.session.begin(registry));
    }

    /// Keeps the pin as long as the statement runs. False when no statement is behind the context.
    ///
    /// # Safety
    /// `context` is that of a call of `xFunc`, `xStep` or `xInverse`.
    pub(crate) unsafe fn attach(self: &Rc<Self>, context: *mut sqlite3_context) -> bool {
        let data = Rc::into_raw(Rc::clone(self)).cast_mut().cast::<c_void>();
        let api = self.state.handle.api;
        // SAFETY: the context is that of a call. SQLite owns the reference from here on, and destroys
        // it at once where no statement is behind the context.
        unsafe { (api.sqlite3_set_auxdata)(context, PIN, data, Some(destroy)) };
        Rc::strong_count(self) > 1
    }

    /// The pin of the statement, if it has one.
    ///
    /// # Safety
    /// As for [`Pin::attach`]. The pin is the statement's: it is not to be used after the call.
    #[inline]
    pub(crate) unsafe fn of<'a>(api: &Api, context: *mut sqlite3_context) -> Option<&'a Self> {
        // SAFETY: what is kept under this number is a pin, given away by `attach`, and SQLite destroys
        // it not before the statement is reset, which cannot happen during the call.
        unsafe { (api.sqlite3_get_auxdata)(context, PIN).cast::<Self>().as_ref() }
    }

    /// The pin of the statement, to be kept beyond the call; made if it has none.
    ///
    /// # Safety
    /// As for [`Pin::attach`].
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub(crate) unsafe fn keep(slot: &Slot, context: *mut sqlite3_context) -> Result<Rc<Self>> {
        let state = &slot.state;
        // SAFETY: the caller's promise.
        if let Some(pin) = unsafe { Self::of(state.handle.api, context) } {
            // SAFETY: `attach` gave an `Rc` away, and SQLite still has it.
            return Ok(unsafe {
                Rc::increment_strong_count(pin);
                Rc::from_raw(pin)
            });
        }
        let pin = Self::new(state);
        // SAFETY: the caller's promise. Without memory for it, SQLite does not keep the pin; the next
        // call then makes another one.
        unsafe { pin.attach(context) };
        pin.begin(state.current().map_err(|e| named(slot, e))?);
        Ok(pin)
    }

    /// Whether a call has failed, so that the statement ends.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.get()
    }

    /// Lets `body`, a call of the statement, use the scope.
    ///
    /// # Errors
    /// A call of the statement is running; what `body` reports.
    #[inline]
    pub(crate) fn with<R>(
        &self,
        slot: &Slot,
        body: impl FnOnce(&mut Scope) -> Result<R>,
    ) -> Result<R> {
        let result = match self.scope.try_borrow_mut() {
            Ok(mut scope) => match scope.as_mut() {
                Some(scope) => body(scope),
                None => Err(reentered(slot)),
            },
            Err(_) => Err(reentered(slot)),
        };
        result.inspect_err(|_| self.failed.set(true))
    }
}

#[cold]
fn reentered(slot: &Slot) -> Error {
    Error::new(ErrorKind::Fault, format!("{}(): called while it runs", slot.key.0))
}

/// An error that is not the function's own, under its name.
#[cold]
pub(crate) fn named(slot: &Slot, error: Error) -> Error {
    if error.kind() == ErrorKind::Interrupted {
        return error;
    }
    let named = Error::new(error.kind(), format!("{}(): {error}", slot.key.0));
    match error.engine_code() {
        Some(code) => named.with_engine_code(code),
        None => named,
    }
}

/// What a slot means in a snapshot.
///
/// # Errors
/// Nothing.
pub(crate) fn find<'s>(slot: &Slot, scope: &'s Scope) -> Result<&'s Arc<FunctionEntry>> {
    let registry = scope.registry();
    registry.function(&slot.key).filter(|entry| !entry.shadowed).ok_or_else(|| {
        let name = &slot.key.0;
        let other = registry.functions().any(|entry| entry.name().eq_ignore_ascii_case(name));
        let message = if other {
            format!("wrong number of arguments to function {name}()")
        } else {
            format!("no such function: {name}")
        };
        Error::new(ErrorKind::NotFound, message)
    })
}
