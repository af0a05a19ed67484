//! Telling a guest which numbers of its auxiliary data are no longer kept (`host/auxiliary.rs`).

use std::time::Duration;

use super::{Arguments, CallResult, Callee, Guest, Keeper, Sink};
use crate::host::auxiliary::AuxiliaryState;
use crate::host::imports::auxiliary;
use crate::runtime::{CompiledModule, StatementBudget};
use crate::value::ValueRef;

/// What all calls of `commensal_auxdata_drop` at the end of a statement may take.
const DROP_TIMEOUT: Duration = Duration::from_millis(100);

impl Guest {
    /// Finds out whether the guest keeps auxiliary data.
    pub(super) fn find_keeper(&mut self, module: &dyn CompiledModule) {
        if module.imports(&auxiliary::is_import) {
            let drop = self.resolve(commensal_abi::EXPORT_AUXDATA_DROP).ok();
            self.keeper = Some(Keeper { drop });
        }
    }

    /// Calls a scalar function: as [`Guest::call`], or [`Guest::call_renewing`] for a guest that never
    /// frees its memory. Auxiliary data is the engine's at this place of the statement.
    ///
    /// # Errors
    /// As [`Guest::call`].
    #[inline]
    pub(crate) fn call_scalar<A: Arguments + ?Sized, R>(
        &mut self,
        callee: Callee<'_>,
        arguments: &A,
        budget: &mut StatementBudget,
        sink: impl Sink<R>,
    ) -> CallResult<R> {
        match self.keeper {
            None => self.call_scalar_here(callee, arguments, budget, sink),
            Some(_) => self.call_scalar_at_place(callee, arguments, budget, sink),
        }
    }

    /// Not inlined into every call: most guests keep nothing.
    #[inline(never)]
    fn call_scalar_at_place<A: Arguments + ?Sized, R>(
        &mut self,
        callee: Callee<'_>,
        arguments: &A,
        budget: &mut StatementBudget,
        sink: impl Sink<R>,
    ) -> CallResult<R> {
        sink.within(|sink| {
            self.with_host(|host| host.auxiliary.at_place = true);
            let result = self.call_scalar_here(callee, arguments, budget, sink);
            self.with_host(|host| host.auxiliary.at_place = false);
            result
        })
    }

    #[inline(always)]
    fn call_scalar_here<A: Arguments + ?Sized, R>(
        &mut self,
        callee: Callee<'_>,
        arguments: &A,
        budget: &mut StatementBudget,
        sink: impl Sink<R>,
    ) -> CallResult<R> {
        match self.is_renewable() {
            true => self.call_renewing(callee, arguments, budget, sink),
            false => self.call(callee, arguments, budget, sink),
        }
    }

    /// Before a call: ends what lasted for the one before it, and tells the guest what is no longer kept.
    ///
    /// # Errors
    /// A fault, also of time that the statement does not have: the instance is to be dropped.
    #[inline]
    pub(crate) fn settle_auxiliary(&mut self, budget: &mut StatementBudget) -> CallResult<()> {
        match self.keeper {
            None => Ok(()),
            Some(_) => self.end_call_auxiliary(budget),
        }
    }

    #[inline(never)]
    fn end_call_auxiliary(&mut self, budget: &mut StatementBudget) -> CallResult<()> {
        self.drop_auxiliary(AuxiliaryState::end_call, budget)
    }

    /// After a statement: ends what lasted for it, and tells the guest, even when the host wants the
    /// statement to end.
    ///
    /// # Errors
    /// As [`Guest::settle_auxiliary`], with a time of its own.
    pub(super) fn end_auxiliary(&mut self) -> CallResult<()> {
        if self.keeper.is_none() {
            return Ok(());
        }
        let mut budget = StatementBudget::for_cleanup(DROP_TIMEOUT);
        self.drop_auxiliary(AuxiliaryState::end_statement, &mut budget)
    }

    /// Tells the guest what is no longer kept after `end`.
    fn drop_auxiliary(
        &mut self,
        end: fn(&mut AuxiliaryState),
        budget: &mut StatementBudget,
    ) -> CallResult<()> {
        let drop = self.keeper.as_ref().and_then(|keeper| keeper.drop);
        let gone = self.with_host(|host| {
            end(&mut host.auxiliary);
            host.auxiliary.gone()
        });
        // Not of those that go meanwhile: there may always be others.
        for _ in 0..gone.unwrap_or(0) {
            let next = self.with_host(|host| host.auxiliary.next_gone()).flatten();
            let Some(number) = next else { break };
            let Some(function) = drop else { continue };
            self.tell(function, &[ValueRef::Integer(number)], budget)?;
        }
        Ok(())
    }
}
