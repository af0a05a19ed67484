//! The errors that SQL users see when a call fails: the function, the limit with its value, the next step.

use std::fmt;

use crate::error::{Error, ErrorKind};
use crate::fault::Fault;
use crate::guest::CallError;
use crate::limits::Limits;
use crate::live::LiveBytesExceeded;
use crate::policy::Policy;
use crate::registry::Callable;
use crate::runtime::ResolveError;

/// The error of a call of a callable that SQL users know by this name.
#[cold]
pub(crate) fn call(
    callable: &dyn fmt::Display,
    policy: &Policy,
    limits: &Limits,
    error: CallError,
) -> Error {
    match error {
        CallError::Argument(what) => Error::new(ErrorKind::Argument, format!("{callable}: {what}")),
        CallError::Guest(message, code) => {
            let message = if message.is_empty() {
                format!("{callable} failed without a message")
            } else {
                message
            };
            let error = Error::new(ErrorKind::Guest, message);
            match code {
                Some(code) => error.with_engine_code(code),
                None => error,
            }
        }
        CallError::Protocol(what) => {
            Error::new(ErrorKind::Fault, format!("{callable} broke the ABI: {what}"))
        }
        CallError::ResultTooLarge(bytes) => Error::new(
            ErrorKind::Limit,
            format!(
                "{callable} exceeded the limit result_bytes_max: its result has {bytes} bytes, {} are \
                 allowed by the host",
                limits.result_bytes_max
            ),
        ),
        CallError::ArgumentsTooLarge(bytes) => {
            memory(callable, policy, &format!(" with {bytes} bytes of arguments"))
        }
        CallError::StackTooSmall(small) => {
            Error::new(ErrorKind::Limit, format!("{callable} {small}"))
        }
        CallError::Fault(fault, words) => self::fault(callable, policy, limits, fault, words),
    }
}

fn fault(
    callable: &dyn fmt::Display,
    policy: &Policy,
    limits: &Limits,
    fault: Fault,
    words: Option<String>,
) -> Error {
    let limit = |text: String| Error::new(ErrorKind::Limit, format!("{callable} {text}"));
    match fault {
        Fault::Trap(reason) => Error::new(
            ErrorKind::Fault,
            match words {
                Some(words) => format!("{callable} panicked: {words}"),
                None => format!("{callable}: trap: {reason}"),
            },
        ),
        Fault::StackExhausted(words) => limit(format!(
            "exceeded {words} for the stack of a call, which the runtime fixes: unbounded recursion?"
        )),
        Fault::CallTimeout => limit(format!(
            "exceeded the limit timeout_ms = {} of one call: WITH (timeout_ms = …) in its definition \
             and call_timeout of the host set it",
            policy.call_timeout.as_millis()
        )),
        Fault::StatementTimeout => limit(format!(
            "exceeded the limit of {} ms for all calls of one statement: statement_timeout of the \
             host sets it",
            limits.statement_timeout.as_millis()
        )),
        Fault::FuelExhausted => limit(format!(
            "exceeded the limit fuel = {} of one call: WITH (fuel = …) in its definition and fuel of \
             the host set it",
            policy.fuel.unwrap_or_default()
        )),
        Fault::OtherThread => Error::new(
            ErrorKind::Fault,
            format!(
                "{callable}: its runtime works on one thread alone, and this is another one: use the \
                 connection on the thread that called it first"
            ),
        ),
        Fault::Interrupted => Error::new(ErrorKind::Interrupted, "interrupted"),
        Fault::MemoryExhausted => memory(callable, policy, ""),
        Fault::TableExhausted => limit(format!(
            "exceeded the limit of {} table elements: a host can raise table_elements_max",
            limits.table_elements_max
        )),
        Fault::LiveBytes(exceeded) => live_bytes(callable, exceeded),
        Fault::Host(reason) => Error::new(ErrorKind::Denied, format!("{callable}: {reason}")),
        Fault::TransactionEnded(reason) => {
            Error::new(ErrorKind::Fault, format!("{callable}: {reason}"))
        }
        Fault::Runtime(reason) => {
            Error::new(ErrorKind::Fault, format!("{callable} cannot be started: {reason}"))
        }
    }
}

fn memory(callable: &dyn fmt::Display, policy: &Policy, with: &str) -> Error {
    Error::new(
        ErrorKind::Limit,
        format!(
            "{callable}{with} exceeded the limit memory_mb = {} of one instance: WITH (memory_mb = …) in \
             its definition and memory_bytes_max of the host set it",
            policy.memory_bytes_max >> 20
        ),
    )
}

fn live_bytes(callable: &dyn fmt::Display, exceeded: LiveBytesExceeded) -> Error {
    let LiveBytesExceeded { bytes, bytes_max } = exceeded;
    Error::new(
        ErrorKind::Limit,
        format!(
            "{callable} asked for {bytes} bytes more than fit into live_bytes_max = {bytes_max}, the \
             limit for all instances of a database together: end other statements, or let the host \
             raise live_bytes_max"
        ),
    )
}

/// The error of an export that is not as the catalog describes it.
#[cold]
pub(super) fn unresolved(callable: &Callable, export: &str, error: &ResolveError) -> Error {
    let what = match error {
        ResolveError::Missing => format!("{callable}: the module has no export \"{export}\""),
        ResolveError::Signature(found) => format!(
            "{callable}: the export \"{export}\" has the type {found} and not (param i32 i32) (result \
             i32)"
        ),
    };
    Error::new(ErrorKind::Module, what)
}
