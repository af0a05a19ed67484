//! `wasm_import_libsql()` turns the functions that libSQL keeps in the file into definitions.

use commensal_core::{Result, ValueRef, import};

use super::context::Call;
use crate::catalog::Access;
use crate::reader::Reader;

/// Gives the number of definitions created.
pub(super) fn libsql(call: &Call<'_>) -> Result<()> {
    let limits = call.state.environment().settings.limits.clone();
    let rows = import::read_libsql(&Reader(call.state.handle), &limits)
        .map_err(|error| call.prefixed(&error))?;
    let created = import::libsql(&Access::new(call.state), rows)?;
    call.give(ValueRef::Integer(i64::try_from(created).unwrap_or(i64::MAX)));
    Ok(())
}
