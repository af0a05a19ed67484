//! `wasm_import_libsql()`: makes definitions of the functions that libSQL keeps in the file.

use commensal_core::{Result, ValueRef, import};

use super::context::Call;
use crate::catalog::Access;
use crate::reader::Reader;

/// Gives how many there were to create.
pub(super) fn libsql(call: &Call<'_>) -> Result<()> {
    let limits = call.state.environment().settings.limits.clone();
    let rows = import::read_libsql(&Reader(call.state.handle), &limits)
        .map_err(|error| call.prefixed(&error))?;
    let created = import::libsql(&Access::new(call.state), rows)?;
    call.give(ValueRef::Integer(i64::try_from(created).unwrap_or(i64::MAX)));
    Ok(())
}
