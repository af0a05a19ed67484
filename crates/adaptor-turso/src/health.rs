//! Whether the engine of a connection can be trusted. It panics at what it takes for impossible, for example in a
//! damaged file, and what it holds in memory may be half changed then.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

use commensal_core::{Error, ErrorKind, Result};

use turso_core::Statement;

use crate::error;

/// The health of one connection. Copies are of the same connection.
#[derive(Clone, Default)]
pub(crate) struct Health {
    /// What the first panic said.
    broken: Arc<OnceLock<String>>,
}

impl Health {
    /// Runs the engine. A panic becomes an error, and the connection cannot be used from then on.
    #[inline]
    pub(crate) fn guard<T>(&self, body: impl FnOnce() -> Result<T>) -> Result<T> {
        catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| Err(self.set_broken(&*panic)))
    }

    /// Runs a statement of our own. It is dropped where a second panic does no harm.
    pub(crate) fn run(
        &self,
        mut statement: Statement,
        body: impl FnOnce(&mut Statement) -> Result<()>,
    ) -> Result<()> {
        let result = self.guard(|| body(&mut statement));
        result.and(self.finalize(statement))
    }

    /// Drops a statement.
    pub(crate) fn finalize(&self, statement: Statement) -> Result<()> {
        self.guard(|| {
            drop(statement);
            Ok(())
        })
    }

    /// Notes that the engine panicked, and gives the error that says so.
    #[cold]
    pub(crate) fn set_broken(&self, panic: &(dyn Any + Send)) -> Error {
        let error = error::of_panic(panic);
        let _ = self.broken.set(error.message().to_owned());
        error
    }

    /// Fails if the engine panicked before.
    pub(crate) fn check(&self) -> Result<()> {
        let Some(panic) = self.broken.get() else { return Ok(()) };
        let message = format!("this connection cannot be used any longer: {panic}");
        Err(Error::new(ErrorKind::Engine, message))
    }
}
