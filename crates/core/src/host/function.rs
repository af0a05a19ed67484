//! A function that a guest may import: its type, the capability it needs, and its effect.

use super::state::HostState;
use crate::fault::Fault;
use crate::limits::Capability;
use crate::runtime::Memory;

/// The type of a parameter or result of a host function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostType {
    /// `i32`.
    I32,
    /// `i64`.
    I64,
}

/// A function that a guest may import.
pub struct HostFunction {
    /// The import's module.
    pub module: &'static str,
    /// The import's name.
    pub name: &'static str,
    /// Types of the parameters.
    pub params: &'static [HostType],
    /// Type of the result, if there is one.
    pub result: Option<HostType>,
    /// The capability without which a call fails.
    pub capability: Option<Capability>,
    /// The body. Arguments are sign-extended to 64 bits; so is the result, 0 if there is none.
    pub(super) body: Body,
}

impl HostFunction {
    /// Runs the function on the guest's memory.
    ///
    /// # Errors
    /// A capability that was not granted, or a range outside memory.
    pub fn call(
        &self,
        state: &mut HostState,
        memory: &mut dyn Memory,
        arguments: &[i64],
    ) -> Result<i64, Fault> {
        if let Some(capability) = self.capability
            && !state.may(capability)
        {
            return Err(Fault::Host(self.refusal(state, capability)));
        }
        (self.body)(state, memory, arguments)
    }

    #[cold]
    fn refusal(&self, state: &HostState, capability: Capability) -> String {
        let (module, function, name) = (self.module, self.name, capability.name());
        match state.granted.contains(capability) {
            true => format!(
                "{module}.{function} needs the capability \"{name}\", and the guest whose statement \
                 made this call does not have it: a call gives no more than its caller has"
            ),
            false => format!(
                "{module}.{function} needs the capability \"{name}\": the definition has to ask for it \
                 (WITH (allow = '{name}')) and the host has to grant it"
            ),
        }
    }
}

/// A body: takes state, memory and arguments, and returns the result.
pub(super) type Body = fn(&mut HostState, &mut dyn Memory, &[i64]) -> Result<i64, Fault>;
