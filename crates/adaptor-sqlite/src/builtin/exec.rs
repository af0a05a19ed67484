//! `wasm_exec(sql, value, …)` runs a statement of Commensal's from within SQLite's SQL, for programs
//! whose driver gives every statement to SQLite.

use commensal_core::ddl::Statement;
use commensal_core::execute::execute;
use commensal_core::guest::Arguments;
use commensal_core::{Result, ValueRef};

use super::context::Call;
use crate::catalog::Access;
use crate::one_statement::{parse, syntax, wrong_values};

/// Runs one statement. Returns 1, or 0 if there was nothing to do. The values are those of its
/// parameters, in the order of their numbers.
pub(super) fn exec(call: &Call<'_>) -> Result<()> {
    let sql = call.text(0, "a statement")?;
    let statement = parse("wasm_exec()", sql)?;
    if statement.statement == Statement::CacheSize(None) {
        return Err(syntax(
            0,
            "wasm_exec() returns no rows: wasm_config('cache_bytes_used') and \
             wasm_config('cache_bytes_max') give what this pragma gives",
        ));
    }
    let (needed, given) = (statement.parameters.count(), call.arguments.len() - 1);
    if needed != given {
        return Err(call.error(wrong_values(needed, given)));
    }
    for position in 1..=given {
        // Text that is not valid is reported before anything is written.
        call.argument(position)?;
    }
    let parameter = |number: usize| call.argument(number).ok();
    let done = execute(&Access::new(call.state), &statement.statement, parameter)?;
    call.give(ValueRef::Integer(done.into()));
    Ok(())
}
