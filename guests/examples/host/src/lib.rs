//! What a guest can ask of its host: to write to the log, the time, random bytes, whether to stop.
//!
//! ```sql
//! CREATE EXTENSION host LANGUAGE wasm AS file://guests/prebuilt/host.wasm
//!   WITH (allow = 'log,clock,random');   -- what the host grants of it takes effect
//! SELECT unix_seconds(), hex(random_bytes(8)), log_info('a message');
//! ```
//!
//! No function of this module may be deterministic, because the module can see the clock and random
//! numbers. Databases refuse a module that says otherwise.

use commensal_sdk::host;

/// Writes to the host's log and returns NULL. Needs the capability `log`.
#[commensal_sdk::function]
pub fn log_info(message: &str) {
    host::log(host::Level::Info, message);
}

/// Whether the host wants the statement to end.
#[commensal_sdk::function]
pub fn is_interrupted() -> bool {
    host::interrupted()
}

/// Seconds since 1970-01-01 00:00 UTC. Needs the capability `clock`.
#[commensal_sdk::function]
pub fn unix_seconds() -> i64 {
    host::now().as_secs() as i64
}

/// This many random bytes. Needs the capability `random`.
///
/// # Errors
/// The number is negative.
#[commensal_sdk::function]
pub fn random_bytes(count: i32) -> Result<Vec<u8>, String> {
    let count = usize::try_from(count).map_err(|_| format!("{count} bytes are not possible"))?;
    let mut bytes = vec![0; count];
    host::random(&mut bytes);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn natively_there_are_stand_ins() {
        log_info("a message");
        assert!(!is_interrupted());
        assert!(unix_seconds() > 1_700_000_000);
        assert_eq!(random_bytes(9).unwrap().len(), 9);
        assert!(random_bytes(-1).is_err());
    }
}
