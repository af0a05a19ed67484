//! What a guest can ask of its host. A guest imports only the functions that it calls.
//!
//! All but [`interrupted`] need a capability: the definition asks for it (`WITH (allow = 'log')`) and
//! the host grants it. Without it, the call ends the statement with an error that names the capability.
//! A database refuses a module that uses [`now`] or [`random`] and has deterministic functions: put those
//! into another module.
//!
//! In a native build, for tests, each function does what its description says.

use core::time::Duration;

/// Severity of a message for the host's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum Level {
    /// Something failed.
    Error = 1,
    /// Something is wrong, but work goes on.
    Warn = 2,
    /// Something worth knowing happened.
    Info = 3,
    /// Details for the author of the guest.
    Debug = 4,
}

/// Writes to the host's log, or natively to standard error. Needs the capability `log`.
pub fn log(level: Level, message: &str) {
    imports::log(level, message);
}

/// Whether the host wants the running statement to end; natively always false.
///
/// The host ends it in any case. A guest that asks can clean up first.
pub fn interrupted() -> bool {
    imports::interrupted()
}

/// The time since 1970-01-01 00:00 UTC; natively that of the system's clock. Needs the capability `clock`.
pub fn now() -> Duration {
    imports::now()
}

/// Fills `into` with cryptographically secure random bytes; natively with bytes that merely differ from
/// run to run. Needs the capability `random`.
pub fn random(into: &mut [u8]) {
    imports::random(into);
}

/// Declares the columns of a virtual table. Returns 0 or a result code.
#[cfg(target_arch = "wasm32")]
pub(crate) fn declare_vtab(sql: &str) -> i32 {
    imports::declare_vtab(sql)
}

#[cfg(target_arch = "wasm32")]
mod imports {
    #![expect(unsafe_code, reason = "imports of the host module are foreign functions")]

    use super::{Duration, Level};

    // The names are those of the wire format. rustc gives imports symbols of their own, so `log` here is
    // not the logarithm.
    mod host {
        #[link(wasm_import_module = "commensal")]
        unsafe extern "C" {
            pub(super) fn log(level: i32, message: *const u8, len: usize);
            pub(super) safe fn interrupted() -> i32;
            pub(super) safe fn now() -> i64;
            pub(super) fn random(into: *mut u8, len: usize);
            pub(super) fn declare_vtab(sql: *const u8, len: usize) -> i32;
        }
    }

    pub(super) fn declare_vtab(sql: &str) -> i32 {
        // SAFETY: the host reads these bytes during the call.
        unsafe { host::declare_vtab(sql.as_ptr(), sql.len()) }
    }

    pub(super) fn log(level: Level, message: &str) {
        // SAFETY: the host reads these bytes during the call.
        unsafe { host::log(level as i32, message.as_ptr(), message.len()) }
    }

    pub(super) fn interrupted() -> bool {
        host::interrupted() != 0
    }

    pub(super) fn now() -> Duration {
        Duration::from_nanos(host::now().max(0) as u64)
    }

    pub(super) fn random(into: &mut [u8]) {
        // SAFETY: the host writes these bytes during the call.
        unsafe { host::random(into.as_mut_ptr(), into.len()) }
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod imports {
    use std::hash::{BuildHasher, RandomState};
    use std::time::{SystemTime, UNIX_EPOCH};

    use super::{Duration, Level};

    pub(super) fn log(level: Level, message: &str) {
        std::eprintln!("{level:?}: {message}");
    }

    pub(super) fn interrupted() -> bool {
        false
    }

    pub(super) fn now() -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    pub(super) fn random(into: &mut [u8]) {
        for chunk in into.chunks_mut(8) {
            let bytes = RandomState::new().hash_one(0u8).to_ne_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_native_stand_ins_answer() {
        assert!(!interrupted());
        assert!(now() > Duration::from_secs(1_700_000_000));
        let mut bytes = [0; 33];
        random(&mut bytes);
        assert!(bytes.iter().any(|&b| b != 0));
    }
}
