//! From Wasmtime's errors to the core's faults, by type and never by text.

use commensal_core::fault::Fault;
use commensal_core::grants::Refused;
use wasmtime::{Error, Trap};

use crate::stack::STACK;

/// Why a call ended with `error`. The guest may have been `refused` something before.
#[cold]
pub(crate) fn fault(error: Error, refused: Option<Refused>) -> Fault {
    // Host functions and the epoch callback return faults.
    let error = match error.downcast::<Fault>() {
        Ok(fault) => return fault,
        Err(error) => error,
    };
    match (error.downcast_ref::<Trap>(), refused) {
        (Some(Trap::StackOverflow), _) => Fault::StackExhausted(STACK),
        (Some(Trap::OutOfFuel), _) => Fault::FuelExhausted,
        // A guest whose allocator fails traps on purpose, or uses a null pointer.
        (_, Some(refused)) => refused.into(),
        (Some(trap), None) => Fault::Trap(reason(*trap)),
        (None, None) => Fault::Runtime(format!("{error:#}")),
    }
}

/// The reason in the words of the specification's
/// [test suite](https://github.com/WebAssembly/spec/tree/main/test/core).
fn reason(trap: Trap) -> String {
    match trap {
        Trap::UnreachableCodeReached => "unreachable",
        Trap::MemoryOutOfBounds => "out of bounds memory access",
        // Wasmtime reports an indirect call and a table instruction past the end as the same kind. The
        // first is what guests do.
        Trap::TableOutOfBounds => "undefined element",
        Trap::IndirectCallToNull => "uninitialized element",
        Trap::BadSignature => "indirect call type mismatch",
        Trap::IntegerOverflow => "integer overflow",
        Trap::IntegerDivisionByZero => "integer divide by zero",
        Trap::BadConversionToInteger => "invalid conversion to integer",
        other => return other.to_string(),
    }
    .to_owned()
}
