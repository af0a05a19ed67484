//! Tells a guest which of its pointers SQL has dropped: when many are recorded, and before its instance waits for
//! the next statement.

use std::sync::Arc;
use std::time::Duration;

use super::pointer::{Name, Pointer, Pointers};
use super::{CallResult, Guest};
use crate::runtime::StatementBudget;
use crate::value::ValueRef;

/// Time for all calls of `commensal_pointer_drop` in one statement.
const DROP_TIMEOUT: Duration = Duration::from_millis(100);

/// Number of dropped pointers after which the guest is told when it makes another one.
const WAITING_MAX: usize = 64;

impl Guest {
    /// Identifies the pointers of this instance; 0 as long as it has made none.
    pub(crate) fn pointers_of(&self) -> usize {
        self.pointers.as_ref().map_or(0, |own| Arc::as_ptr(&own.waiting).addr())
    }

    /// Begins another statement.
    pub(super) fn renew_pointers(&mut self) {
        if let Some(own) = &mut self.pointers {
            own.budget = StatementBudget::for_cleanup(DROP_TIMEOUT);
        }
    }

    /// The pointer that the guest has just returned.
    pub(super) fn pointer(&mut self, ty: u32, payload: u64) -> CallResult<Pointer> {
        let waits = self.pointers.as_ref().map_or(0, |own| own.waiting.lock().len());
        if waits >= WAITING_MAX {
            self.drop_pointers()?;
        }
        if self.pointers.is_none() {
            let drop = self.resolve(commensal_abi::EXPORT_POINTER_DROP).ok();
            let budget = StatementBudget::for_cleanup(DROP_TIMEOUT);
            self.pointers = Some(Box::new(Pointers { waiting: Arc::default(), drop, budget }));
        }
        let instance = self.pointers.as_ref().map(|own| Arc::clone(&own.waiting));
        Ok(Pointer { name: Name { ty, payload }, instance: instance.unwrap_or_default() })
    }

    /// Prepares the instance for waiting: tells it which numbers and pointers are no longer kept. Returns `None`
    /// if it has SQL statements. These end with the calling statement, or they would keep the connection from
    /// closing, and without them the guest's memory is wrong.
    ///
    /// # Errors
    /// Like [`Guest::drop_pointers`].
    pub(crate) fn idle(mut self: Box<Self>) -> CallResult<Option<Box<Self>>> {
        self.end_auxiliary()?;
        if self.pointers.is_some() {
            self.drop_pointers()?;
        }
        let has_statements = self.with_host(|host| host.sql.has_statements());
        Ok((has_statements == Some(false)).then_some(self))
    }

    /// Tells the guest which pointers SQL has dropped, even if the host wants the statement to end.
    ///
    /// # Errors
    /// A fault, or no time is left. The caller must drop the instance.
    pub(crate) fn drop_pointers(&mut self) -> CallResult<()> {
        loop {
            let Some(own) = &mut self.pointers else { return Ok(()) };
            let (mut budget, drop) = (own.budget, own.drop);
            let Some(Name { ty, payload }) = own.waiting.lock().pop() else { return Ok(()) };
            let Some(function) = drop else { continue };
            let arguments = [ValueRef::Integer(ty.into()), ValueRef::Integer(payload as i64)];
            self.tell(function, &arguments, &mut budget)?;
            if let Some(own) = &mut self.pointers {
                own.budget = budget;
            }
        }
    }
}
