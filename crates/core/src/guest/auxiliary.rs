//! Tells a guest which numbers of its auxiliary data are no longer kept (`host/auxiliary.rs`).

use std::time::Duration;

use super::{Arguments, CallResult, Callee, Guest, Keeper, Sink};
use crate::host::auxiliary::AuxiliaryState;
use crate::host::imports::auxiliary;
use crate::runtime::{CompiledModule, StatementBudget};
use crate::value::ValueRef;

/// Time for all calls of `commensal_auxdata_drop` at the end of a statement.
const DROP_TIMEOUT: Duration = Duration::from_millis(100);

impl Guest {
    /// Finds out whether the guest keeps auxiliary data.
    pub(super) fn find_keeper(&mut self, module: &dyn CompiledModule) {
        if module.imports(&auxiliary::is_import) {
            let drop = self.resolve(commensal_abi::EXPORT_AUXDATA_DROP).ok();
            self.keeper = Some(Keeper { drop });
        }
    }

    /// Calls a scalar function like [`Guest::call`], or like [`Guest::call_renewing`] for a guest that never
    /// frees its memory. The engine keeps auxiliary data for this place in the statement.
    ///
    /// # Errors
    /// Like [`Guest::call`].
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

    /// Whether it has nothing to do before and after a call.
    pub(crate) fn is_plain(&self) -> bool {
        self.keeper.is_none() && !self.is_renewable()
    }

    /// Not inlined into every call, because most guests keep nothing.
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

    /// Run before a call: drops the numbers of the previous call and tells the guest which ones are gone.
    ///
    /// # Errors
    /// A fault, including that the statement's time is used up. The caller must drop the instance.
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

    /// Run after a statement: drops its numbers and tells the guest, even if the host wants the statement to end.
    ///
    /// # Errors
    /// Like [`Guest::settle_auxiliary`], with its own time budget.
    pub(super) fn end_auxiliary(&mut self) -> CallResult<()> {
        if self.keeper.is_none() {
            return Ok(());
        }
        let mut budget = StatementBudget::for_cleanup(DROP_TIMEOUT);
        self.drop_auxiliary(AuxiliaryState::end_statement, &mut budget)
    }

    /// Runs `end` and tells the guest which numbers are gone.
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
        // Numbers that are dropped meanwhile are left for later, because there may always be more.
        for _ in 0..gone.unwrap_or(0) {
            let next = self.with_host(|host| host.auxiliary.next_gone()).flatten();
            let Some(number) = next else { break };
            let Some(function) = drop else { continue };
            self.tell(function, &[ValueRef::Integer(number)], budget)?;
        }
        Ok(())
    }
}
