//! From wasmi's errors to the core's faults, by type and never by text.

use std::fmt;

use commensal_core::fault::Fault;
use commensal_core::grants::Refused;
use wasmi::errors::{ErrorKind, HostError, InstantiationError};
use wasmi::{Error, TrapCode};

use crate::engine::STACK;

/// A fault of a host function, on its way through wasmi.
#[derive(Debug)]
pub(crate) struct HostFault(pub(crate) Fault);

impl fmt::Display for HostFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl HostError for HostFault {}

/// Why a call ended with `error`. The guest may have been `refused` something before.
#[cold]
pub(crate) fn fault(error: &Error, refused: Option<Refused>) -> Fault {
    if let Some(HostFault(fault)) = error.downcast_ref() {
        return fault.clone();
    }
    match (trap_code(error), refused) {
        (Some(TrapCode::StackOverflow), _) => Fault::StackExhausted(STACK),
        (Some(TrapCode::OutOfFuel), _) => Fault::FuelExhausted,
        // A guest whose allocator fails traps on purpose, or uses a null pointer.
        (_, Some(refused)) => refused.into(),
        (Some(TrapCode::OutOfSystemMemory), None) => Fault::MemoryExhausted,
        (Some(trap), None) => Fault::Trap(reason(trap).to_owned()),
        (None, None) => Fault::Runtime(error.to_string()),
    }
}

fn trap_code(error: &Error) -> Option<TrapCode> {
    match error.kind() {
        ErrorKind::Instantiation(InstantiationError::ElementSegmentDoesNotFit { .. }) => {
            Some(TrapCode::TableOutOfBounds)
        }
        _ => error.as_trap_code(),
    }
}

/// The reason in the words of the specification's
/// [test suite](https://github.com/WebAssembly/spec/tree/main/test/core), and of the other runtimes.
fn reason(trap: TrapCode) -> &'static str {
    match trap {
        TrapCode::UnreachableCodeReached => "unreachable",
        TrapCode::MemoryOutOfBounds => "out of bounds memory access",
        // wasmi, too, reports an indirect call and a table instruction past the end as the same kind.
        TrapCode::TableOutOfBounds => "undefined element",
        TrapCode::IndirectCallToNull => "uninitialized element",
        TrapCode::BadSignature => "indirect call type mismatch",
        TrapCode::IntegerOverflow => "integer overflow",
        TrapCode::IntegerDivisionByZero => "integer divide by zero",
        TrapCode::BadConversionToInteger => "invalid conversion to integer",
        other => other.trap_message(),
    }
}
