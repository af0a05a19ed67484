//! `wasm_import_libsql()`: makes definitions of the functions that libSQL keeps in the file.

use commensal_core::import;
use commensal_core::{Result, ValueRef};

use super::Call;
use crate::catalog::Access;

/// Gives how many there were to create.
pub(super) fn libsql(call: &Call<'_>) -> Result<()> {
    let mut rows = Vec::new();
    call.state
        .handle
        .query(import::SELECT_LIBSQL, &[], &mut |row| {
            let value = |column| row.column(column).map(|value| value.to_owned());
            rows.push([value(0)?, value(1)?]);
            Ok(())
        })
        .map_err(|error| call.prefixed(&error))?;
    let created = import::libsql(&Access::new(call.state), rows)?;
    call.give(ValueRef::Integer(i64::try_from(created).unwrap_or(i64::MAX)));
    Ok(())
}
