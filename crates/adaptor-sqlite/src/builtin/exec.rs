//! `wasm_exec(sql, value, …)` runs a statement of Commensal's from within SQLite's SQL, for programs
//! whose driver gives every statement to SQLite.

use commensal_core::ddl::lexer::{Lexer, TokenKind};
use commensal_core::ddl::{self, Parsed, Statement};
use commensal_core::execute::execute;
use commensal_core::guest::Arguments;
use commensal_core::{Error, ErrorKind, Result, ValueRef};

use super::context::Call;
use crate::catalog::Access;

/// Runs one statement. Returns 1, or 0 if there was nothing to do. The values are those of its
/// parameters, in the order of their numbers.
pub(super) fn exec(call: &Call<'_>) -> Result<()> {
    let sql = call.text(0, "a statement")?;
    let statement = parse(sql)?;
    let (needed, given) = (statement.parameters.count(), call.arguments.len() - 1);
    if needed != given {
        let parameters = if needed == 1 { "parameter" } else { "parameters" };
        return Err(call.error(format!(
            "the statement has {needed} {parameters}, and {given} values were given"
        )));
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

/// The statement in the text.
fn parse(sql: &str) -> Result<Parsed> {
    let syntax =
        |offset: usize, message: &str| Err(Error::new(ErrorKind::Syntax, message).at(offset));
    if let Some(offset) = sql.find('\0') {
        return syntax(offset, "the SQL text contains a NUL character");
    }
    let Some(parsed) = ddl::parse(sql)? else {
        return syntax(
            0,
            "wasm_exec() runs CREATE and DROP of functions and extensions; SQLite runs all other \
             statements",
        );
    };
    if parsed.statement == Statement::CacheSize(None) {
        return syntax(
            0,
            "wasm_exec() returns no rows: wasm_config('cache_bytes_used') and \
             wasm_config('cache_bytes_max') give what this pragma gives",
        );
    }
    let mut rest = Lexer::new(&sql[parsed.consumed..]);
    loop {
        let token = rest.significant();
        match token.kind {
            TokenKind::End => return Ok(parsed),
            TokenKind::Semicolon => {}
            _ => {
                let offset = parsed.consumed + token.offset;
                return syntax(offset, "wasm_exec() runs one statement; another one follows");
            }
        }
    }
}
