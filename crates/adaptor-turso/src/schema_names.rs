//! What only the engine knows about names: which functions are not ours, and which indexes and tables
//! call a function.

use commensal_core::define::{Dependent, DependentKind, EngineNames, Foreign};
use commensal_core::dependents::Uses;
use commensal_core::registry::Namespace;
use commensal_core::{Result, ValueRef};
use turso_core::NamespaceId;

use crate::names::{is_builtin, is_collation, is_pragma};
use crate::orders;
use crate::state::ConnectionState;

/// Reads names out of a connection.
pub(crate) struct Names<'a>(pub(crate) &'a ConnectionState);

impl Names<'_> {
    /// Whether the engine has a table of this name that is not in the file.
    fn has_table(&self, name: &str) -> Result<bool> {
        if self.0.connection.current_schema().get_table(NamespaceId::ROOT, name).is_none() {
            return Ok(false);
        }
        let sql = "SELECT 1 FROM main.sqlite_schema WHERE name = ?1 COLLATE NOCASE";
        let mut is_in_file = false;
        self.0.query(sql, &[ValueRef::Text(name)], &mut |_| {
            is_in_file = true;
            Ok(())
        })?;
        Ok(!is_in_file)
    }
}

impl EngineNames for Names<'_> {
    fn foreign(&self, namespace: Namespace, name: &str) -> Result<Option<Foreign>> {
        let what = match namespace {
            Namespace::Functions if is_builtin(name) => {
                Some(format!("the built-in function {name}()"))
            }
            Namespace::Tables if is_pragma(name) || self.has_table(name)? => {
                Some(format!("the virtual table module {name}"))
            }
            Namespace::Collations if is_collation(name) => {
                Some(format!("the collation {} that Turso has", name.to_ascii_lowercase()))
            }
            Namespace::Collations => {
                let schema = self.0.connection.current_schema();
                let is_meant = |own: &str| own.eq_ignore_ascii_case(name);
                orders::own(&schema, is_meant).map(|(table, _)| {
                    format!("an order of Turso's own of this name, by which the table \"{table}\" is ordered")
                })
            }
            Namespace::Functions | Namespace::Tables => None,
        };
        let is_builtin = namespace == Namespace::Functions;
        Ok(what.map(|what| Foreign { what, is_builtin }))
    }

    fn interrupted(&self) -> bool {
        self.0.connection.is_interrupted()
    }

    fn dependents(&self, uses: &Uses) -> Result<Vec<Dependent>> {
        let mut dependents = Vec::new();
        let sql = "SELECT type, name, sql FROM main.sqlite_schema \
                   WHERE type IN ('index', 'table') AND sql IS NOT NULL ORDER BY type, name";
        self.0.query(sql, &[], &mut |row| {
            if let [ValueRef::Text(kind), ValueRef::Text(name), ValueRef::Text(sql)] = *row
                && uses.occur_in(sql)
            {
                let kind =
                    if kind == "index" { DependentKind::Index } else { DependentKind::Table };
                let (schema, name) = ("main".to_owned(), name.to_owned());
                dependents.push(Dependent { kind, schema, name });
            }
            Ok(())
        })?;
        Ok(dependents)
    }
}
