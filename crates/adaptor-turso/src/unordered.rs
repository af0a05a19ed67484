//! Comparisons that no guest ordered: within a guest's statement the engine does not know definitions, and a comparison
//! by the collation of one cannot fail. So it is noted, and the step fails.

use std::cell::Cell;

use commensal_core::Result;

use crate::error::refusal;

thread_local! {
    static NOTED: Cell<bool> = const { Cell::new(false) };
}

/// Texts were compared as bytes in place of their collation.
pub(crate) fn note() {
    NOTED.set(true);
}

/// Runs a step of a guest's statement.
///
/// # Errors
/// Those of `body`; it compared by a collation of a definition.
pub(crate) fn forbidden<R>(body: impl FnOnce() -> Result<R>) -> Result<R> {
    NOTED.set(false);
    let result = body();
    match NOTED.replace(false) {
        true => {
            Err(refusal("Turso: a guest's statement cannot compare by a definition's collation"))
        }
        false => result,
    }
}
