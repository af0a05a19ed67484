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

use crate::api::code::SQLITE_ERROR;
use crate::codes::is_code;
use crate::names::lossy;
use crate::statement::Handle;

/// Rebuilds what depends on a definition.
///
/// # Errors
/// It cannot be rebuilt; a table does not pass `integrity_check` afterwards.
pub(crate) fn rebuild(handle: Handle, dependents: &[Dependent]) -> Result<()> {
    let tables = reindex(handle, dependents)?;
    tables.iter().try_for_each(|(schema, table)| check(handle, schema, table))
}

/// Rebuilds indexes, and those of tables. Returns their tables.
///
/// # Errors
/// One cannot be rebuilt.
pub(crate) fn reindex(
    handle: Handle,
    dependents: &[Dependent],
) -> Result<BTreeSet<(&str, String)>> {
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
    Ok(tables)
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
        found = Some((lossy(row, 0), lossy(row, 1)));
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

/// What is wrong with the indexes of a dependent's table, or may be. Constraints that no longer hold do not matter.
///
/// # Errors
/// It cannot be checked.
pub(crate) fn index_problem(handle: Handle, dependent: &Dependent) -> Result<Option<String>> {
    let Dependent { kind, schema, name } = dependent;
    let (table, _) = definition(handle, *kind, schema, name)?;
    if let Some(problem) = problem(handle, schema, &table, is_about_index)? {
        return Ok(Some(problem));
    }
    // SQLite's check does not count the rows of partial indexes. Their conditions may use columns that depend on a
    // definition, so all of them are looked at.
    let sql = format!(
        "SELECT name, sql FROM {}.sqlite_master WHERE type = 'index' AND tbl_name = ?1 COLLATE NOCASE \
         AND sql IS NOT NULL",
        quote_identifier(schema)
    );
    let mut indexes = Vec::new();
    handle.query(&sql, &[ValueRef::Text(&table)], &mut |row| {
        indexes.push((lossy(row, 0), lossy(row, 1)));
        Ok(())
    })?;
    for (index, sql) in indexes {
        if let Some(condition) = condition(&sql)
            && let Some(problem) = partial_problem(handle, schema, &table, &index, condition)?
        {
            return Ok(Some(problem));
        }
    }
    Ok(None)
}

/// Whether a message of `integrity_check` is about more than a constraint.
fn is_about_index(message: &str) -> bool {
    const CONSTRAINTS: [&str; 4] =
        ["CHECK ", "NULL value in ", "NUMERIC value in ", "TEXT value in "];
    let is_of_type = message.starts_with("non-") && !message.starts_with("non-unique ");
    !is_of_type && !CONSTRAINTS.iter().any(|start| message.starts_with(start))
}

fn partial_problem(
    handle: Handle,
    schema: &str,
    table: &str,
    index: &str,
    condition: Option<&str>,
) -> Result<Option<String>> {
    let unchecked = || Ok(Some(format!("the condition of index {index} cannot be checked")));
    let Some(condition) = condition else { return unchecked() };
    let count = |how: &str| count(handle, schema, table, how, condition);
    let counted = count("NOT INDEXED").and_then(|expected| {
        Ok((expected, count(&format!("INDEXED BY {}", quote_identifier(index)))?))
    });
    match counted {
        Ok((expected, found)) => {
            Ok((expected != found).then(|| format!("wrong # of entries in index {index}")))
        }
        // SQLite may also find that the index does not serve the condition that it has changed.
        Err(error) if is_code(&error, SQLITE_ERROR) => unchecked(),
        Err(error) => Err(error),
    }
}

/// The condition of a partial index, whose rows SQLite's check does not count; or `None` within, if it is not what SQLite
/// would accept there. It becomes part of a statement, and a file may hold anything.
fn condition(sql: &str) -> Option<Option<&str>> {
    const QUERY: [&str; 3] = ["SELECT", "VALUES", "WITH"];
    // SQLite reads no further, either.
    let sql = sql.split('\0').next().unwrap_or_default();
    let mut lexer = Lexer::new(sql);
    let (mut depth, mut start, mut end) = (0_usize, None, 0);
    loop {
        let token = lexer.significant();
        match token.kind {
            TokenKind::End => break,
            TokenKind::LeftParenthesis => depth += 1,
            TokenKind::RightParenthesis if depth == 0 => return start.map(|_| None),
            TokenKind::RightParenthesis => depth -= 1,
            TokenKind::Semicolon | TokenKind::Illegal | TokenKind::Parameter if start.is_some() => {
                return Some(None);
            }
            _ if start.is_some() && QUERY.iter().any(|word| token.is(word)) => return Some(None),
            _ if depth == 0 && start.is_none() && token.is("WHERE") => {
                start = Some(token.offset + token.text.len());
            }
            _ => {}
        }
        end = token.offset + token.text.len();
    }
    // Without a comment at the end, which may be open.
    let condition = sql.get(start?..end).filter(|text| depth == 0 && !text.contains('\u{fffd}'));
    Some(condition)
}

fn count(handle: Handle, schema: &str, table: &str, how: &str, condition: &str) -> Result<i64> {
    let (schema, table) = (quote_identifier(schema), quote_identifier(table));
    let sql = format!("SELECT count(*) FROM {schema}.{table} {how} WHERE ({condition})");
    let mut count = 0;
    handle.query(&sql, &[], &mut |row| {
        if let ValueRef::Integer(found) = row.column(0)? {
            count = found;
        }
        Ok(())
    })?;
    Ok(count)
}

/// How many problems SQLite reports at most.
const PROBLEMS_MAX: usize = 100;

/// The first problem that `matters`. If there are so many others that it may be hidden, it is the last of them.
fn problem(
    handle: Handle,
    schema: &str,
    table: &str,
    matters: impl Fn(&str) -> bool,
) -> Result<Option<String>> {
    let sql =
        format!("PRAGMA {}.integrity_check({})", quote_identifier(schema), quote_identifier(table));
    let (mut problem, mut seen) = (None, 0);
    handle.query(&sql, &[], &mut |row| {
        let text = lossy(row, 0);
        seen += 1;
        if problem.is_none() && text != "ok" && (matters(&text) || seen >= PROBLEMS_MAX) {
            problem = Some(text);
        }
        Ok(())
    })?;
    Ok(problem)
}

fn check(handle: Handle, schema: &str, table: &str) -> Result<()> {
    match problem(handle, schema, table, |_| true)? {
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

#[cfg(test)]
mod tests {
    use super::condition;

    #[test]
    fn the_condition_of_an_index_is_found() {
        for (sql, expected) in [
            ("CREATE INDEX i ON t(x) WHERE f(x) > 1", Some(Some(" f(x) > 1"))),
            ("CREATE INDEX \"where\" ON t(f((x))) /* WHERE */ where(x)", Some(Some("(x)"))),
            ("CREATE INDEX i ON t(x)", None),
            ("CREATE INDEX i ON t(x)\0 WHERE 1 UNION ALL SELECT g()", None),
            ("CREATE INDEX i ON t(x) WHERE x > 0\0 UNION ALL SELECT g()", Some(Some(" x > 0"))),
            ("CREATE INDEX i ON t(x) WHERE 1) UNION ALL SELECT (g()", Some(None)),
            ("CREATE INDEX i ON t(x) WHERE 1 UNION ALL select g()", Some(None)),
            ("CREATE INDEX i ON t(x) WHERE 1; DROP TABLE t", Some(None)),
            ("CREATE INDEX i ON t(x) WHERE (1", Some(None)),
            ("CREATE INDEX i ON t(x) WHERE x > '(' -- )", Some(Some(" x > '('"))),
            ("CREATE INDEX i ON t(x) WHERE /* y */ x /* z", Some(Some(" /* y */ x"))),
        ] {
            assert_eq!(condition(sql), expected, "{sql}");
        }
    }
}
