//! `wasm_config(name)` and `wasm_config(name, value)`: the settings of the connection.
//!
//! SQL text may come from an attacker, so it can only tighten the settings, unless the host has
//! unlocked the connection in a way that SQL cannot.

use std::cell::Cell;

use commensal_core::{Error, ErrorKind, Result, Value, ValueRef, config};

use super::context::Call;
use crate::api::sqlite3;
use crate::statement::Handle;

/// Settings of the adaptor itself: the cache's, which connections share, and the lock.
const CACHE_BYTES_MAX: &str = "cache_bytes_max";
const CACHE_BYTES_USED: &str = "cache_bytes_used";
const LOCKED: &str = "locked";

thread_local! {
    /// The connection that its host is unlocking now.
    static UNLOCKING: Cell<*mut sqlite3> = const { Cell::new(std::ptr::null_mut()) };
}

/// Lets SQL of a connection that has Commensal loosen settings, until it sets `locked` to 1.
pub(crate) fn unlock(handle: Handle) -> Result<()> {
    /// Takes the mark back, however the query ends.
    struct Mark;
    impl Drop for Mark {
        fn drop(&mut self) {
            UNLOCKING.set(std::ptr::null_mut());
        }
    }
    UNLOCKING.set(handle.db());
    let _mark = Mark;
    // This reaches the connection's state, whoever put Commensal into it.
    handle.execute("SELECT wasm_config('locked', 0)", &[])
}

pub(super) fn get(call: &Call<'_>) -> Result<()> {
    let name = call.text(0, "the name of a setting")?;
    give(call, name)
}

pub(super) fn set(call: &Call<'_>) -> Result<()> {
    let (state, name) = (call.state, call.text(0, "the name of a setting")?);
    let value = call.argument(1)?;
    match (name, value) {
        (LOCKED, ValueRef::Integer(0)) => {
            if !state.unlocked.get() && UNLOCKING.get() != state.handle.db() {
                return Err(Error::new(
                    ErrorKind::Denied,
                    "only the application can unlock settings, when it loads the extension",
                ));
            }
            state.unlocked.set(true);
        }
        (LOCKED, ValueRef::Integer(1)) => state.unlocked.set(false),
        (LOCKED, _) => return Err(call.error("locked has to be 1 or 0")),
        (CACHE_BYTES_MAX, ValueRef::Integer(bytes @ 0..)) => {
            state.environment().cache.set_bytes_max(bytes.unsigned_abs());
        }
        (CACHE_BYTES_MAX, _) => {
            return Err(call.error("cache_bytes_max has to be a number of bytes"));
        }
        (CACHE_BYTES_USED, _) => return Err(call.error("cache_bytes_used cannot be changed")),
        _ => {
            let mut settings = state.environment().settings.clone();
            let known = config::set(&mut settings, name, value, state.unlocked.get());
            if !known.map_err(|e| call.prefixed(&e))? {
                return Err(unknown(call, name));
            }
            state.set_settings(settings)?;
        }
    }
    give(call, name)
}

/// Gives the value of a setting.
fn give(call: &Call<'_>, name: &str) -> Result<()> {
    let environment = call.state.environment();
    let bytes = |bytes: u64| Value::Integer(i64::try_from(bytes).unwrap_or(i64::MAX));
    let value = match name {
        LOCKED => Value::Integer((!call.state.unlocked.get()).into()),
        CACHE_BYTES_MAX => bytes(environment.cache.size().1),
        CACHE_BYTES_USED => bytes(environment.cache.size().0),
        _ => config::get(&environment.settings, name).ok_or_else(|| unknown(call, name))?,
    };
    call.give(value.as_ref());
    Ok(())
}

#[cold]
fn unknown(call: &Call<'_>, name: &str) -> Error {
    call.prefixed(&config::unknown(name, &[CACHE_BYTES_MAX, CACHE_BYTES_USED, LOCKED]))
}
