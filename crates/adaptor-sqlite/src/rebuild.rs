//! What CASCADE REINDEX does: it rebuilds and checks everything that depends on a new version.
//!
//! REINDEX alone is not enough. An index of a WITHOUT ROWID table ends with the primary key. SQLite sorts
//! it by its own columns only, because rows come in the order of that key, but it builds it before the key
//! is in its new order. A second pass puts it right. CHECK constraints and UNIQUE indexes may not hold with
//! the new version. Then the statement fails, and its transaction undoes everything.

use std::collections::BTreeSet;

use commensal_core::ddl::lexer::{Lexer, TokenKind};
use commensal_core::ddl::quote_identifier;
use commensal_core::define::{Dependent, DependentKind};
use commensal_core::{Error, ErrorKind, Result, ValueRef};

use crate::statement::Handle;

/// Rebuilds what depends on a definition.
///
/// # Errors
/// It cannot be rebuilt; a table does not pass `integrity_check` afterwards.
pub(crate) fn rebuild(handle: Handle, dependents: &[Dependent]) -> Result<()> {
    let mut tables = BTreeSet::new();
    for Dependent { kind, schema, name } in dependents {
        let (table, sql) = definition(handle, *kind, schema, name)?;
        let reindex = format!("REINDEX {}.{}", quote_identifier(schema), quote_identifier(name));
        handle.execute(&reindex, &[])?;
        if is_without_rowid(&sql) {
            handle.execute(&reindex, &[])?;
        }
        tables.insert((schema.as_str(), table));
    }
    tables.iter().try_for_each(|(schema, table)| check(handle, schema, table))
}

/// The table of a dependent, and the text of its definition.
fn definition(
    handle: Handle,
    kind: DependentKind,
    schema: &str,
    name: &str,
) -> Result<(String, String)> {
    let kind = if kind == DependentKind::Index { "index" } else { "table" };
    let sql = format!(
        "SELECT tbl_name, sql FROM {}.sqlite_master WHERE type = '{kind}' AND name = ?1",
        quote_identifier(schema)
    );
    let mut found = None;
    handle.query(&sql, &[ValueRef::Text(name)], &mut |row| {
        if let (ValueRef::Text(table), ValueRef::Text(sql)) = (row.column(0)?, row.column(1)?) {
            found = Some((table.to_owned(), sql.to_owned()));
        }
        Ok(())
    })?;
    found.ok_or_else(|| {
        Error::new(ErrorKind::NotFound, format!("the {kind} \"{name}\" is not in the schema"))
    })
}

/// Whether a definition says WITHOUT ROWID. If only a literal does, the extra pass does no harm.
fn is_without_rowid(sql: &str) -> bool {
    let mut lexer = Lexer::new(sql);
    let mut before = lexer.significant();
    while before.kind != TokenKind::End {
        let token = lexer.significant();
        if before.is("WITHOUT") && token.is("ROWID") {
            return true;
        }
        before = token;
    }
    false
}

fn check(handle: Handle, schema: &str, table: &str) -> Result<()> {
    let sql =
        format!("PRAGMA {}.integrity_check({})", quote_identifier(schema), quote_identifier(table));
    let mut problem = None;
    handle.query(&sql, &[], &mut |row| {
        match row.column(0)? {
            ValueRef::Text("ok") => {}
            ValueRef::Text(text) => problem = problem.take().or_else(|| Some(text.to_owned())),
            _ => {}
        }
        Ok(())
    })?;
    match problem {
        None => Ok(()),
        Some(problem) => Err(Error::new(
            ErrorKind::InUse,
            format!(
                "with the new version, the table \"{table}\" would not pass integrity_check: \
                 {problem}; change the table first"
            ),
        )),
    }
}
