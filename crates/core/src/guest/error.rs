//! The reasons why a call returned no value.

use crate::fault::Fault;
use crate::stack::StackTooSmall;

/// Why a call returned no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The arguments do not fit; the guest was not called. The instance is fine.
    Argument(String),
    /// The guest returned an error record. It has the message for SQL users and the SQLite result code that the
    /// guest requested, if that is allowed. The instance is fine.
    Guest(String, Option<i32>),
    /// The guest violated the ABI. The instance must be dropped.
    Protocol(String),
    /// The result has more bytes than `result_bytes_max`. The instance is fine.
    ResultTooLarge(usize),
    /// The arguments did not fit into the guest's memory. The instance must be dropped.
    ArgumentsTooLarge(usize),
    /// The thread has too little stack, so the call was not made. The instance is fine.
    StackTooSmall(StackTooSmall),
    /// The call did not return. The instance must be dropped. The text is the guest's own last message, if it
    /// left one.
    Fault(Fault, Option<String>),
}

/// The outcome of a call. The error is boxed because an outcome is moved several times in each call, and errors
/// are rare.
pub type CallResult<T> = Result<T, Box<CallError>>;

impl From<StackTooSmall> for Box<CallError> {
    #[cold]
    fn from(small: StackTooSmall) -> Self {
        CallError::StackTooSmall(small).into()
    }
}

impl CallError {
    /// Whether a guest that never frees its memory may have failed because it ran out.
    pub(super) fn may_be_for_memory(&self) -> bool {
        use Fault::{LiveBytes, MemoryExhausted, Trap};
        matches!(
            self,
            Self::Fault(Trap(_) | MemoryExhausted | LiveBytes(_), _) | Self::ArgumentsTooLarge(_)
        )
    }

    /// Whether time has run out, or the host wants the statement to end.
    pub(super) fn is_timeout(&self) -> bool {
        use Fault::{CallTimeout, Interrupted, StatementTimeout};
        matches!(self, Self::Fault(CallTimeout | StatementTimeout | Interrupted, _))
    }

    /// Whether the instance can still be used.
    pub fn instance_survives(&self) -> bool {
        matches!(
            self,
            Self::Argument(_) | Self::Guest(..) | Self::ResultTooLarge(_) | Self::StackTooSmall(_)
        )
    }
}
