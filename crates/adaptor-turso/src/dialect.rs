//! The dialect: SQLite's, with the functions of the connection that asks.
//!
//! It has no state. A file that is opened twice in a process has one database in the engine, with the
//! dialect that opened it first.

use std::sync::Arc;

use turso_core::dialect::sqlite::resolve_builtin_function;
use turso_core::schema::{BTreeTable, Schema};
use turso_core::{Func, LimboError, OpenOptions, Result, SqliteDialect};
use turso_parser::ast::{Cmd, CreateTableBody, QualifiedName, Stmt};

use crate::{aggregate, function, introspection, meaning, names, rewrite, row, running};

/// See the module's description.
pub(crate) struct Dialect;

impl turso_core::Dialect for Dialect {
    /// Not SQLite's name, because in a database that other code has opened in this process no function would be
    /// found.
    fn name(&self) -> &'static str {
        "commensal"
    }

    fn parse(&self, sql: &str) -> Result<(Option<Cmd>, usize)> {
        if let Some(mut running) = running::take() {
            let measured = running.measure(sql);
            running::put(running);
            measured?;
        }
        let (mut cmd, consumed) = SqliteDialect.parse(sql)?;
        if let Some(cmd) = &mut cmd
            && let Some(mut running) = running::take()
        {
            let rewritten = rewrite::rewrite(cmd, &mut *running);
            running::put(running);
            rewritten?;
        }
        Ok((cmd, consumed))
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
        let yields = names::yields(name);
        if !yields && let Some(builtin) = resolve_builtin_function(name, arguments)? {
            return Ok(Some(builtin));
        }
        let builtin = || if yields { resolve_builtin_function(name, arguments) } else { Ok(None) };
        let Some(mut running) = running::take() else { return builtin() };
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
