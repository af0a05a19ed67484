//! Why a call gave no value.

use crate::fault::Fault;
use crate::stack::StackTooSmall;

/// Why a call gave no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The arguments do not fit; the guest was not called. The instance is fine.
    Argument(String),
    /// The guest answered with an error record: the message SQL users see, and the result code of
    /// SQLite that it asked for, if that is one it may have. The instance is fine.
    Guest(String, Option<i32>),
    /// The guest broke the ABI. The instance is to be dropped.
    Protocol(String),
    /// The result has more bytes than `result_bytes_max`. The instance is fine.
    ResultTooLarge(usize),
    /// The arguments did not fit into the guest's memory. The instance is to be dropped.
    ArgumentsTooLarge(usize),
    /// The thread has too little stack for the call, which was not made. The instance is fine.
    StackTooSmall(StackTooSmall),
    /// The call did not return. The instance is to be dropped. With the guest's own last words, if
    /// it left some.
    Fault(Fault, Option<String>),
}

/// The outcome of a call. The error is boxed: an outcome is moved several times in each call, and an
/// error happens once.
pub type CallResult<T> = Result<T, Box<CallError>>;

impl From<StackTooSmall> for Box<CallError> {
    #[cold]
    fn from(small: StackTooSmall) -> Self {
        CallError::StackTooSmall(small).into()
    }
}

impl CallError {
    /// Whether a guest that never frees its memory may have failed for that.
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
