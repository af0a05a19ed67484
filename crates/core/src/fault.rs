//! The reasons why a call into a guest did not return, common to all runtimes.

use std::fmt;

use crate::live::LiveBytesExceeded;

/// Why a call into a guest did not return.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The guest trapped. The text is the reason in the words of the WebAssembly specification.
    Trap(String),
    /// The stack of a call ran out, as in unbounded recursion. The text is the runtime's limit:
    /// `the limit of 256 KiB`.
    StackExhausted(&'static str),
    /// The call took longer than `call_timeout`.
    CallTimeout,
    /// The statement took longer than `statement_timeout`.
    StatementTimeout,
    /// The fuel of the call was used up.
    FuelExhausted,
    /// The host interrupted the statement.
    Interrupted,
    /// A trap after memory could not grow further.
    MemoryExhausted,
    /// A trap after a table could not grow further, or tables too large to start with.
    TableExhausted,
    /// A trap after memory or a table could not grow because all instances together reached the ceiling, or no
    /// room for another instance.
    LiveBytes(LiveBytesExceeded),
    /// A host function refused the call, because of a missing capability or a bad argument.
    Host(String),
    /// A statement of the guest's ended the transaction. The text says so, with the engine's reason.
    TransactionEnded(String),
    /// The instance, or its module, belongs to another thread (`thread_bound.rs`).
    OtherThread,
    /// The runtime could not make the instance for a reason of its own.
    Runtime(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Trap(reason) => return write!(f, "trap: {reason}"),
            Self::Host(reason) | Self::Runtime(reason) | Self::TransactionEnded(reason) => reason,
            Self::StackExhausted(limit) => return write!(f, "{limit} for the stack is exhausted"),
            Self::CallTimeout => "the call took too long",
            Self::StatementTimeout => "the statement's calls took too long",
            Self::FuelExhausted => "the fuel is used up",
            Self::Interrupted => "interrupted",
            Self::OtherThread => "the runtime works on the thread alone that made the instance",
            Self::MemoryExhausted => "out of memory",
            Self::TableExhausted => "a table is too large",
            Self::LiveBytes(exceeded) => return exceeded.fmt(f),
        })
    }
}

impl std::error::Error for Fault {}
