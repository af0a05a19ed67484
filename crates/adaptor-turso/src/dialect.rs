//! The dialect: SQLite's, with the functions of the connection that asks.
//!
//! It has no state. A file that is opened twice in a process has one database in the engine, with the
//! dialect that opened it first.

use std::sync::Arc;

use commensal_core::ddl::lexer::Lexer;
use turso_core::dialect::sqlite::resolve_builtin_function;
use turso_core::schema::{BTreeTable, Schema};
use turso_core::{Dialect as _, Func, LimboError, OpenOptions, Result, SqliteDialect};
use turso_parser::ast::{Cmd, CreateTableBody, QualifiedName, Stmt};

use crate::meanings::register_tables;
use crate::running::Running;
use crate::{aggregate, function, introspection, meaning, names, orders, rewrite, row, running};

/// See the module's description.
pub(crate) struct Dialect;

/// Parses for a statement that is prepared, or stepped.
fn parse(running: &mut Running, sql: &str) -> Result<(Option<Cmd>, usize)> {
    let first = Lexer::new(sql).significant();
    running.altering = running.alters && !first.is("ALTER");
    if running.altering && first.is("CREATE") {
        // The schema's text. It was measured when it got there, and the engine holds the schema's lock.
        return SqliteDialect.parse(sql);
    }
    orders::check_schema(running, sql)?;
    running.measure(sql)?;
    let (mut cmd, consumed) = SqliteDialect.parse(sql)?;
    if let Some(cmd) = &mut cmd {
        orders::check_statement(running, cmd, &sql[..consumed])?;
        if let Cmd::Stmt(Stmt::AlterTable(_)) = cmd {
            running.alters = true;
            register_tables(running);
        }
        rewrite::rewrite(cmd, running)?;
    }
    Ok((cmd, consumed))
}

impl turso_core::Dialect for Dialect {
    /// Not SQLite's name, because in a database that other code has opened in this process no function would be
    /// found.
    fn name(&self) -> &'static str {
        "commensal"
    }

    fn parse(&self, sql: &str) -> Result<(Option<Cmd>, usize)> {
        let Some(mut running) = running::take() else { return SqliteDialect.parse(sql) };
        let parsed = parse(&mut running, sql);
        running::put(running);
        parsed
    }

    fn parse_table_sql(&self, sql: &str, root_page: i64) -> Result<BTreeTable> {
        SqliteDialect.parse_table_sql(sql, root_page)
    }

    fn parse_table_sql_ast(&self, sql: &str) -> Result<Stmt> {
        SqliteDialect.parse_table_sql_ast(sql)
    }

    fn table_sql_for_replay(&self, sql: &str) -> Result<String> {
        SqliteDialect.table_sql_for_replay(sql)
    }

    fn format_table_sql(
        &self,
        input: &str,
        name: &QualifiedName,
        body: &CreateTableBody,
    ) -> Result<String> {
        SqliteDialect.format_table_sql(input, name, body)
    }

    fn register_catalog(&self, schema: &mut Schema, enable_custom_types: bool) -> Result<()> {
        SqliteDialect.register_catalog(schema, enable_custom_types)
    }

    fn register_native_extensions(&self, options: OpenOptions) -> OpenOptions {
        aggregate::register(introspection::register(options))
    }

    /// Asked while a statement is prepared, also again within a step, several times for each call.
    fn resolve_function(&self, name: &str, arguments: usize) -> Result<Option<Func>> {
        if meaning::is_adorned(name) {
            return Ok(None);
        }
        if let Some(misused) = aggregate::misused(name)? {
            return Ok(Some(Func::External(Arc::new(misused))));
        }
        if name == row::NAME {
            return Ok(row::FUNCTION.clone().map(Func::External));
        }
        let running = running::take();
        let replaceable =
            running.as_ref().map(|running| &running.state.environment.settings.replaceable);
        let yields = names::yields(name) || replaceable.is_some_and(|names| names.has(name));
        let builtin = || if yields { resolve_builtin_function(name, arguments) } else { Ok(None) };
        let Some(mut running) = running else { return resolve_builtin_function(name, arguments) };
        if !yields {
            let known = resolve_builtin_function(name, arguments);
            if !matches!(known, Ok(None)) {
                running::put(running);
                return known;
            }
        }
        let resolved = function::resolve(&running.state, name, arguments);
        let is_ours = matches!(resolved, Ok(Some(_)));
        running.resolved |= is_ours;
        running.yielded |= !is_ours && yields;
        running.missed |= !is_ours && !yields;
        running::put(running);
        match resolved {
            Ok(Some(function)) => Ok(Some(Func::External(function))),
            Ok(None) => builtin(),
            Err(error) => Err(LimboError::ParseError(error.message().to_owned())),
        }
    }
}
