//! The border to C, which no panic crosses.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs what C calls, so that no panic reaches C.
pub fn guard<T>(fallback: impl FnOnce() -> T, body: impl FnOnce() -> T) -> T {
    // What a panic leaves half done is behind a `RefCell` that is no longer borrowed, or was being
    // taken out of a session, which then makes a new instance.
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| fallback())
}
