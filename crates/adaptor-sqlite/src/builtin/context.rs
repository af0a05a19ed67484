//! A call of one of Commensal's own functions: its arguments, what it keeps for later rows, its result.

use std::ffi::c_void;
use std::rc::Rc;

use commensal_core::guest::Arguments;
use commensal_core::{Error, ErrorKind, Result, ValueRef};

use crate::api::sqlite3_context;
use crate::guard::guard;
use crate::numbers::Number;
use crate::result::{ResultContext, set_result};
use crate::state::ConnectionState;
use crate::statement_context::StatementContext;
use crate::values::Values;

/// A call of one of the functions, for as long as it runs.
pub(super) struct Call<'a> {
    pub(super) state: &'a Rc<ConnectionState>,
    pub(super) name: &'static str,
    pub(super) context: *mut sqlite3_context,
    pub(super) arguments: Values<'a>,
}

impl Call<'_> {
    #[cold]
    pub(super) fn not_for_guests(&self) -> Error {
        Error::new(
            ErrorKind::Denied,
            format!("{}() is not for guests, nor for what their statements call", self.name),
        )
    }

    /// The argument at this position, from 0.
    pub(super) fn argument(&self, position: usize) -> Result<ValueRef<'_>> {
        if position >= self.arguments.len() {
            let message = format!("wrong number of arguments to function {}()", self.name);
            return Err(Error::new(ErrorKind::Argument, message));
        }
        self.arguments.get(position).map_err(|_| {
            self.error(format!("argument {} is text that is not valid UTF-8", position + 1))
        })
    }

    /// The argument at this position, which has to be text. The message of an error calls it `what`.
    pub(super) fn text(&self, position: usize, what: &str) -> Result<&str> {
        match self.argument(position)? {
            ValueRef::Text(text) => Ok(text),
            other => Err(self.error(format!(
                "argument {} has to be text, {what}, but is {}",
                position + 1,
                other.class()
            ))),
        }
    }

    /// The bytes of a module, binary or text.
    pub(super) fn module(&self, position: usize) -> Result<&[u8]> {
        match self.argument(position)? {
            ValueRef::Blob(bytes) => Ok(bytes),
            ValueRef::Text(text) => Ok(text.as_bytes()),
            other => Err(self.error(format!(
                "argument {} has to be a module, a blob or text (WAT), but is {}",
                position + 1,
                other.class()
            ))),
        }
    }

    /// Runs `f` with the context of the statement.
    #[inline]
    pub(super) fn with_statement<R>(
        &self,
        f: impl FnOnce(&StatementContext) -> Result<R>,
    ) -> Result<R> {
        // SAFETY: the context is that of the call that `self` does not outlive.
        let existing = unsafe { StatementContext::of(self.state.handle.api, self.context) };
        if let Some(statement) = existing {
            return f(statement);
        }
        let statement = self.state.statement();
        // SAFETY: as above. What SQLite does not keep lives as long as this call.
        unsafe { statement.attach(self.context) };
        statement.begin()?;
        f(&statement)
    }

    /// What the call for an earlier row kept for its first argument.
    #[inline]
    pub(super) fn kept(&self) -> Option<Rc<Kept>> {
        // SAFETY: the context is that of the call that `self` does not outlive. What is kept under
        // this number is what `keep` put there: a reference that SQLite holds until it destroys it.
        unsafe {
            let data = (self.state.handle.api.sqlite3_get_auxdata)(self.context, 0).cast::<Kept>();
            if data.is_null() {
                return None;
            }
            Rc::increment_strong_count(data);
            Some(Rc::from_raw(data))
        }
    }

    /// Keeps something for later calls of the statement, as long as the first argument is the same
    /// constant.
    #[cold]
    pub(super) fn keep(&self, kept: Kept) -> Rc<Kept> {
        let kept = Rc::new(kept);
        let data = Rc::into_raw(Rc::clone(&kept)).cast_mut().cast::<c_void>();
        // SAFETY: the context is that of the call that `self` does not outlive. SQLite owns the
        // reference from here on.
        unsafe {
            let api = self.state.handle.api;
            (api.sqlite3_set_auxdata)(self.context, 0, data, Some(destroy_kept));
        }
        kept
    }

    /// Where the result goes. Nothing is kept for an argument there, because each row can call another
    /// guest.
    pub(super) fn place(&self) -> ResultContext {
        // SAFETY: the context is that of the call that `self` does not outlive.
        unsafe { ResultContext::new(self.state.handle.api, self.context) }
    }

    /// Gives SQLite the result.
    pub(super) fn give(&self, value: ValueRef<'_>) {
        // SAFETY: the context is that of the call that `self` does not outlive.
        unsafe { set_result(self.state.handle.api, self.context, value, 0) };
    }

    /// An error with the function's name in front.
    #[cold]
    pub(super) fn prefixed(&self, error: &Error) -> Error {
        Error::new(error.kind(), format!("{}(): {error}", self.name))
    }

    /// An error that says what is wrong with the arguments.
    #[cold]
    pub(super) fn error(&self, what: impl std::fmt::Display) -> Error {
        Error::new(ErrorKind::Argument, format!("{}(): {what}", self.name))
    }
}

/// What a call keeps for later rows if its first argument is a constant.
pub(super) struct Kept {
    pub(super) number: Number,
    /// The hash of the module. Only for `run_wasm`.
    pub(super) source: Option<[u8; 32]>,
    /// The export. Only for `run_wasm`.
    pub(super) export: String,
}

unsafe extern "C" fn destroy_kept(data: *mut c_void) {
    guard(
        || {},
        || {
            // SAFETY: `data` is the reference that `keep` gave away, and SQLite destroys it once.
            drop(unsafe { Rc::from_raw(data.cast::<Kept>()) });
        },
    );
}
