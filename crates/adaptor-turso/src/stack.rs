//! Room on the stack for the engine, which parses, compiles and, within triggers and foreign keys, runs
//! by recursion.
//!
//! If the thread has too little left, the engine runs on a stack of its own during the call. That takes
//! memory only as far as it is used.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Bytes for a statement that does not nest.
const BASE: usize = 192 << 10;

/// Bytes for a level. The engine takes 0.1 to 3 KiB if its code is optimised.
const LEVEL: usize = 16 << 10;

/// Bytes that a stack of its own has beyond what the engine needs, for guests that are called from it.
const GUESTS: usize = 1 << 20;

/// Levels of the deepest schema text that this process has met. The engine may parse a schema again in any
/// step of any connection.
static SCHEMA: AtomicUsize = AtomicUsize::new(0);

/// Notes text that gets into a schema.
pub(crate) fn note_schema(levels: usize) {
    SCHEMA.fetch_max(levels, Relaxed);
}

/// Runs the engine with room for a statement of this many levels.
#[inline]
pub(crate) fn with_room<T>(levels: usize, body: impl FnOnce() -> T) -> T {
    let needed = BASE + LEVEL * levels.max(SCHEMA.load(Relaxed));
    stacker::maybe_grow(needed, needed + GUESTS, body)
}

/// Bytes for actions of foreign keys that cause one another, as often as rows say. One takes some 5 KiB.
const CASCADE: usize = 256 << 20;

/// As [`with_room`], with room for actions of foreign keys that cause one another.
#[inline]
pub(crate) fn with_room_for<T>(levels: usize, cascades: bool, body: impl FnOnce() -> T) -> T {
    match cascades {
        false => with_room(levels, body),
        true => stacker::maybe_grow(CASCADE, CASCADE, body),
    }
}
