//! Keeps Turso's own collations apart from those of definitions.
//!
//! The engine takes a name that is a locale (`sv`, `rev`, `de-DE`) for the order of that locale. Where it cannot use a
//! definition's collation, in columns and indexes, it would use its own under the same name. SQLite would then find
//! the index out of order. So a schema never has both.

use commensal_core::ddl::lexer::Lexer;
use commensal_core::dependents::Uses;
use turso_core::schema::Schema;
use turso_core::{LimboError, NamespaceId, Result};
use turso_parser::ast::{Cmd, CreateTableBody, Stmt};

use crate::running::Running;

/// The largest number of the collations that SQLite has, too.
const SHARED: u16 = 3;

/// The first table with a column or index that the engine orders by a collation of its own whose name `is_meant`.
/// Returns the names of both.
pub(crate) fn own(schema: &Schema, is_meant: impl Fn(&str) -> bool) -> Option<(String, String)> {
    let root = NamespaceId::ROOT;
    let tables = schema.tables(root).filter_map(|table| table.btree());
    let mut of_columns = tables.flat_map(|table| {
        let columns = table.columns().iter().filter(|column| column.collation().to_bits() > SHARED);
        columns.map(|column| (table.name.clone(), column.collation().name())).collect::<Vec<_>>()
    });
    let mut of_indexes = schema.indexes(root).flat_map(|index| {
        let columns = index.columns.iter().filter(|column| column.collation.to_bits() > SHARED);
        columns.map(|column| (index.table_name.clone(), column.collation.name()))
    });
    let is_meant = |(_, collation): &(String, String)| is_meant(collation);
    of_columns.find(is_meant).or_else(|| of_indexes.find(is_meant))
}

/// Checks the schema before a statement of the application is parsed. One that removes something, or ends
/// a transaction, passes.
///
/// # Errors
/// The schema has both.
pub(crate) fn check_schema(running: &Running, sql: &str) -> Result<()> {
    let registry = running.state.registry();
    if running.is_own || registry.collations().next().is_none() {
        return Ok(());
    }
    let found =
        own(&running.state.connection.current_schema(), |name| registry.collation(name).is_some());
    let Some((table, collation)) = found else { return Ok(()) };
    const PASSING: [&str; 8] =
        ["DROP", "PRAGMA", "BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE"];
    let first = Lexer::new(sql).significant();
    if PASSING.iter().any(|word| first.is(word)) {
        return Ok(());
    }
    Err(LimboError::ParseError(format!(
        "the table \"{table}\" is ordered by the collation \"{collation}\" of a definition, for which Turso would use \
         an order of its own: use the file with SQLite, or drop the table"
    )))
}

/// Checks a statement that adds to the schema.
///
/// # Errors
/// It orders by a collation of a definition.
pub(crate) fn check_statement(running: &mut Running, cmd: &Cmd, sql: &str) -> Result<()> {
    let Cmd::Stmt(stmt) = cmd else { return Ok(()) };
    match stmt {
        Stmt::CreateTable { body: CreateTableBody::ColumnsAndConstraints { .. }, .. }
        | Stmt::CreateIndex { .. }
        | Stmt::AlterTable(_)
            if Lexer::new(sql).has_word("COLLATE") => {}
        _ => return Ok(()),
    }
    // The catalog may have a definition that was not read yet.
    running.yielded = true;
    let registry = running.state.registry();
    let is_used = |name: &str| Uses::new([], [name], []).occur_in(sql);
    match registry.collations().find(|entry| is_used(&entry.callable.name)) {
        Some(entry) => Err(LimboError::ParseError(format!(
            "{}: Turso does not use collations of definitions in columns and indexes",
            entry.callable.name
        ))),
        None => Ok(()),
    }
}
