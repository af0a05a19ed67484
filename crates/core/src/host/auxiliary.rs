//! Auxiliary data: numbers that a guest keeps for an argument at one place in a statement (docs/abi.md, section
//! 11).
//!
//! The engine decides how long a number is kept, because only it knows places and which arguments are constant
//! there. It keeps an [`Auxiliary`] as long as it would keep the data of a function in C. If the engine keeps
//! none, or the function is not scalar, a number lasts for one call. A number for a negative argument belongs to
//! all calls of the statement in this instance.
//!
//! A number may be dropped while the guest runs. That is recorded, and the guest is told before its next call.

use std::sync::Arc;

use super::call_site::{Auxiliary, CallSite, Waiting};
use super::services::HostServices;
use crate::fault::Fault;

/// Largest number of an instance's numbers that are kept, or dropped without the guest having been told. A
/// statement has one for each place and constant argument.
const NUMBERS_MAX: usize = 65_536;

/// The auxiliary data of an instance.
#[derive(Debug, Default)]
pub struct AuxiliaryState {
    instance: Arc<Waiting>,
    /// By argument. Those of negative arguments last for the statement, the others for the call.
    own: Vec<(i32, Auxiliary)>,
    /// Whether a scalar function runs at a place that the services know.
    pub(crate) at_place: bool,
}

impl AuxiliaryState {
    /// Ends the call.
    pub(crate) fn end_call(&mut self) {
        self.own.retain(|(argument, _)| *argument < 0);
    }

    /// Ends the statement.
    pub(crate) fn end_statement(&mut self) {
        self.own.clear();
    }

    /// Number of dropped numbers that the guest has not been told of.
    pub(crate) fn gone(&self) -> usize {
        self.instance.lock().len()
    }

    /// The one of them that was dropped first.
    pub(crate) fn next_gone(&mut self) -> Option<i64> {
        self.instance.lock().pop_front()
    }

    fn call_site<'s>(
        &self,
        services: &'s dyn HostServices,
        argument: i32,
    ) -> Option<&'s dyn CallSite> {
        if self.at_place && argument >= 0 { services.call_site() } else { None }
    }

    pub(super) fn get(&self, services: &dyn HostServices, argument: i32) -> i64 {
        let found = match self.call_site(services, argument) {
            Some(place) => place.get(argument),
            None => {
                let own = self.own.iter().find(|(own, _)| *own == argument);
                own.map(|(_, auxiliary)| auxiliary.sent())
            }
        };
        let mine = Arc::as_ptr(&self.instance).addr();
        found.filter(|found| found.instance == mine).map_or(0, |found| found.number)
    }

    pub(super) fn set(
        &mut self,
        services: &dyn HostServices,
        argument: i32,
        number: i64,
    ) -> Result<(), Fault> {
        // Each number that is kept has a reference.
        if Arc::strong_count(&self.instance) + self.instance.lock().len() > NUMBERS_MAX {
            return Err(Fault::Host(format!(
                "the guest keeps more than {NUMBERS_MAX} numbers as auxiliary data"
            )));
        }
        let instance = &self.instance;
        let new = (number != 0).then(|| Auxiliary { number, instance: Arc::clone(instance) });
        if let Some(place) = self.call_site(services, argument) {
            place.set(argument, new);
            return Ok(());
        }
        self.own.retain(|(own, _)| *own != argument);
        self.own.extend(new.map(|new| (argument, new)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::host::LogLevel;
    use crate::host::call_site::SentAuxiliary;

    /// An engine that keeps every number.
    struct Shared(Mutex<Vec<(i32, Auxiliary)>>);

    impl CallSite for Shared {
        fn get(&self, argument: i32) -> Option<SentAuxiliary> {
            let kept = self.0.lock().unwrap();
            kept.iter().find(|(own, _)| *own == argument).map(|(_, it)| it.sent())
        }

        fn set(&self, argument: i32, auxiliary: Option<Auxiliary>) {
            let mut kept = self.0.lock().unwrap();
            kept.retain(|(own, _)| *own != argument);
            kept.extend(auxiliary.map(|it| (argument, it)));
        }
    }

    impl HostServices for Shared {
        fn interrupted(&self) -> bool {
            false
        }

        fn log(&self, _: LogLevel, _: &str) {}

        fn random(&self, _: &mut [u8]) -> Result<(), String> {
            Err("there is none here".to_owned())
        }

        fn call_site(&self) -> Option<&dyn CallSite> {
            Some(self)
        }
    }

    fn gone(state: &mut AuxiliaryState) -> Vec<i64> {
        let mut gone: Vec<i64> = std::iter::from_fn(|| state.next_gone()).collect();
        gone.sort_unstable();
        gone
    }

    #[test]
    fn without_a_place_numbers_last_for_a_call_and_negative_arguments_for_a_statement() {
        let engine = Shared(Mutex::default());
        let mut state = AuxiliaryState::default();
        state.set(&engine, 0, 10).unwrap();
        state.set(&engine, -1, 11).unwrap();
        state.set(&engine, 0, 12).unwrap();
        assert_eq!((state.get(&engine, 0), state.get(&engine, -1)), (12, 11));
        assert_eq!(gone(&mut state), [10]);
        state.end_call();
        assert_eq!((state.get(&engine, 0), state.get(&engine, -1)), (0, 11));
        assert_eq!(gone(&mut state), [12]);
        state.end_statement();
        assert_eq!((state.get(&engine, -1), gone(&mut state)), (0, vec![11]));
    }

    #[test]
    fn a_place_keeps_numbers_of_the_instance_that_gave_them() {
        let engine = Shared(Mutex::default());
        let mut one = AuxiliaryState { at_place: true, ..AuxiliaryState::default() };
        let mut other = AuxiliaryState { at_place: true, ..AuxiliaryState::default() };
        one.set(&engine, 0, 1).unwrap();
        one.end_call();
        assert_eq!((one.get(&engine, 0), other.get(&engine, 0)), (1, 0));
        other.set(&engine, 0, 2).unwrap();
        assert_eq!((one.get(&engine, 0), other.get(&engine, 0)), (0, 2));
        assert_eq!((gone(&mut one), gone(&mut other)), (vec![1], vec![]));
        other.set(&engine, 0, 0).unwrap();
        assert_eq!((other.get(&engine, 0), gone(&mut other)), (0, vec![2]));
    }

    /// A guest that sets numbers without end in one call and so is never told.
    #[test]
    fn numbers_are_bounded() {
        let engine = Shared(Mutex::default());
        for at_place in [false, true] {
            let mut state = AuxiliaryState { at_place, ..AuxiliaryState::default() };
            let set = (1..).map(|number| state.set(&engine, (number % 7) as i32, number));
            let refused = set.take(NUMBERS_MAX + 1).find_map(Result::err).expect("a limit");
            assert!(refused.to_string().contains("more than 65536"), "{refused}");
            assert_eq!(gone(&mut state).len(), NUMBERS_MAX - 7);
            state.end_statement();
            engine.0.lock().unwrap().clear();
            assert_eq!(gone(&mut state).len(), 7);
        }
    }
}
