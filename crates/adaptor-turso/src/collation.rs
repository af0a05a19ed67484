//! Collations of definitions.
//!
//! The engine calls a function with two texts, and gives it no way to fail. So the statement keeps the
//! first fault, is interrupted, and reports it in place of whatever comes next. A comparison is a call of
//! the statement: it sees the same version of the catalog, in the same instances.

use std::cmp::Ordering;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use commensal_core::registry::Registry;
use commensal_core::session::Binding;
use commensal_core::{Error, ErrorKind, Result};

use crate::error::{no_statement, panicked};
use crate::running::{self, Running};
use crate::state::ConnectionState;
use crate::unordered;

/// What the engine calls for every collation of a definition; the context is its slot.
///
/// # Safety
/// The pointers are those of texts, with their lengths in bytes, that are valid for the call.
unsafe extern "C" fn compare(
    slot: usize,
    a: *const u8,
    a_len: usize,
    b: *const u8,
    b_len: usize,
) -> i32 {
    // SAFETY: the engine (`ExternalCollation::compare`) passes pointers and lengths of two `&str`,
    // which live until this returns; this is the first.
    let a = unsafe { std::slice::from_raw_parts(a, a_len) };
    // SAFETY: as above; this is the second.
    let b = unsafe { std::slice::from_raw_parts(b, b_len) };
    let ordering = match (std::str::from_utf8(a), std::str::from_utf8(b)) {
        (Ok(a), Ok(b)) if a != b => order(slot, a, b),
        _ => a.cmp(b),
    };
    ordering as i32
}

/// Asks the guest. After a fault of the statement, or outside any statement, texts are compared as bytes.
fn order(slot: usize, a: &str, b: &str) -> Ordering {
    let Some(mut running) = running::take() else {
        unordered::note();
        return a.cmp(b);
    };
    if running.fault.is_some() {
        running::put(running);
        return a.cmp(b);
    }
    // A panic loses what was bound.
    let called = catch_unwind(AssertUnwindSafe(|| call(&mut running, slot, a, b)));
    let ordering = called.unwrap_or_else(|_| Err(panicked())).unwrap_or_else(|error| {
        running.state.connection.interrupt();
        running.fault = Some(error);
        a.cmp(b)
    });
    running::put(running);
    ordering
}

fn call(running: &mut Running, slot: usize, a: &str, b: &str) -> Result<Ordering> {
    let known = running.collations.iter().position(|(bound, _)| *bound == slot);
    let known = match known {
        Some(known)
            if running.execution.as_ref().is_some_and(|execution| execution.is_bound(slot)) =>
        {
            known
        }
        _ => bind(running, slot)?,
    };
    running.compared = Some(known);
    let Running { state, execution: Some(execution), collations, .. } = running else {
        return Err(no_statement());
    };
    state.session.compare(execution, slot, &collations[known].1, a, b)
}

/// Binds the collation to what the statement's snapshot says. Returns its place among the statement's.
#[cold]
fn bind(running: &mut Running, slot: usize) -> Result<usize> {
    let state = Arc::clone(&running.state);
    let key = state.key_of_slot(slot).ok_or_else(no_statement)?;
    let registry = running.registry()?;
    let entry = registry.collation(&key.0).filter(|entry| !entry.shadowed);
    let Some(entry) = entry.cloned() else {
        let message = format!("no such collation sequence: {}", key.0);
        return Err(Error::new(ErrorKind::NotFound, message));
    };
    let Running { execution: Some(execution), collations, .. } = running else {
        return Err(no_statement());
    };
    let read = |sha256: &[u8; 32]| state.read_module(sha256);
    state.session.bind_compiled(execution, slot, Binding::of_collation(&entry), read)?;
    collations.retain(|(bound, _)| *bound != slot);
    collations.push((slot, entry));
    Ok(collations.len() - 1)
}

/// Tells the connection of the collations of a snapshot, and has it forget others.
pub(crate) fn register(state: &ConnectionState, registry: &Registry) {
    for entry in registry.collations().filter(|entry| !entry.shadowed) {
        let name = entry.callable.name.to_ascii_lowercase();
        if let Some(slot) = state.new_collation(&name) {
            state.connection.register_external_collation(name, slot, compare, None);
        }
    }
    let is_gone = |name: &str| registry.collation(name).is_none_or(|entry| entry.shadowed);
    for name in state.forget_collations(is_gone) {
        state.connection.unregister_external_collation(&name);
    }
}
