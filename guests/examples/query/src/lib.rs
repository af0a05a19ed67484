//! Functions that run SQL on the connection that calls them.
//!
//! ```sql
//! CREATE EXTENSION query LANGUAGE wasm AS file://guests/prebuilt/query.wasm
//!   WITH (allow = 'sql_read,sql_write');   -- what the host grants of it takes effect
//! SELECT query_value('SELECT max(x) FROM t WHERE y = ?1', 'a');
//! ```

use std::fmt::Write;

use commensal_sdk::sql::{self, Statement};
use commensal_sdk::{Value, ValueRef};

/// The first value of a query's first row, NULL if it has no row. The other arguments are its parameters.
///
/// # Errors
/// The engine reports an error.
#[commensal_sdk::function]
pub fn query_value(query: &str, parameters: &[Value]) -> sql::Result<Value> {
    let mut statement = prepare(query, parameters)?;
    if statement.step()? { statement.column(0) } else { Ok(Value::Null) }
}

/// All rows of a query: a line for each row, with a bar between values.
///
/// # Errors
/// The engine reports an error.
#[commensal_sdk::function]
pub fn query_lines(query: &str, parameters: &[Value]) -> sql::Result<String> {
    let mut statement = prepare(query, parameters)?;
    let mut lines = String::new();
    while statement.step()? {
        if !lines.is_empty() {
            lines.push('\n');
        }
        for column in 0..statement.column_count() {
            if column > 0 {
                lines.push('|');
            }
            // Writing to a String cannot fail.
            let _ = match statement.column(column)?.as_ref() {
                ValueRef::Null => Ok(()),
                ValueRef::Integer(integer) => write!(lines, "{integer}"),
                ValueRef::Real(real) => write!(lines, "{real}"),
                ValueRef::Text(text) => lines.write_str(text),
                ValueRef::Blob(blob) => write!(lines, "{} bytes", blob.len()),
            };
        }
    }
    Ok(lines)
}

/// Runs a statement. Returns the number of rows that it changed. Also needs the capability `sql_write`.
///
/// # Errors
/// The engine reports an error.
#[commensal_sdk::function]
pub fn run_statement(statement: &str, parameters: &[Value]) -> sql::Result<i64> {
    sql::execute(statement, parameters)
}

/// The error message if a statement cannot be prepared or run; NULL if it can.
#[commensal_sdk::function]
pub fn query_error(query: &str) -> Option<String> {
    let run = || {
        let mut statement = Statement::prepare(query)?;
        while statement.step()? {}
        Ok(())
    };
    run().err().map(|error: sql::Error| format!("{}: {}", error.code, error.message))
}

/// Whether a statement writes nothing.
///
/// # Errors
/// The engine reports an error.
#[commensal_sdk::function]
pub fn is_readonly(query: &str) -> sql::Result<bool> {
    Ok(Statement::prepare(query)?.is_readonly())
}

fn prepare(query: &str, parameters: &[Value]) -> sql::Result<Statement> {
    let mut statement = Statement::prepare(query)?;
    for (i, parameter) in parameters.iter().enumerate() {
        statement.bind(i + 1, parameter.as_ref())?;
    }
    Ok(statement)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn natively_there_is_no_database() {
        assert!(query_value("SELECT 1", &[]).is_err());
        assert!(query_lines("SELECT 1", &[]).is_err());
        assert!(run_statement("SELECT 1", &[]).is_err());
        assert!(is_readonly("SELECT 1").is_err());
        assert!(query_error("SELECT 1").unwrap().starts_with("1: "));
    }
}
