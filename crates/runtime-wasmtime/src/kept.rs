//! Compiled code as bytes, and back.
#![expect(unsafe_code, reason = "bytes become machine code that runs")]

use std::hash::{Hash, Hasher};

use commensal_core::code_cache::TrustedCode;
use wasmtime::{Engine, Module};

use crate::stop_page;

/// Everything that the engine's code depends on besides the module: Wasmtime's version to the last digit, the
/// settings, what the processor can do, and how modules are changed before they are compiled. What Wasmtime writes into the code for its own check is less: of the
/// version only the first number, so that code of a release with a hole would pass after the update.
pub(crate) fn identity(engine: &Engine) -> Vec<u8> {
    let mut bytes = Bytes(Vec::new());
    engine.precompile_compatibility_hash().hash(&mut bytes);
    stop_page::VERSION.hash(&mut bytes);
    bytes.0
}

/// Keeps what is hashed.
struct Bytes(Vec<u8>);

impl Hasher for Bytes {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

/// The module whose code this is.
pub(crate) fn module(engine: &Engine, code: &TrustedCode) -> wasmtime::Result<Module> {
    // SAFETY: the bytes have to be what `Module::serialize` returned, from whatever version. Only the core's code
    // cache makes a `TrustedCode`, from a file in a directory of this user to which nobody else has access, after
    // it has authenticated the bytes with a secret of that directory. It seals nothing but what
    // `CompiledModule::serialize` returned. The bytes are in memory, where no file can change them any more.
    unsafe { Module::deserialize(engine, code.bytes()) }
}
