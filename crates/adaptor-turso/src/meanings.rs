//! What names mean to a statement that is being prepared, by the definitions that its connection knows.

use commensal_core::manifest::FunctionBody;
use turso_core::{LimboError, NamespaceId};
use turso_parser::ast::{Cmd, FunctionTail, Stmt};

use crate::meaning::{AGGREGATES_MAX, Meaning};
use crate::rewrite::{Meanings, Table, rewrite};
use crate::running::Running;
use crate::{names, table};

/// Tells the engine of the table functions in the views of the file. The engine prepares these while it steps
/// an ALTER TABLE, and holds the schema's lock, so that it could not be told then.
pub(crate) fn register_tables(running: &mut Running) {
    let schema = running.state.connection.current_schema();
    if running.state.registry().tables().next().is_none() {
        return;
    }
    let asked = (running.resolved, running.missed);
    for (_, view) in schema.views(NamespaceId::ROOT) {
        let mut cmd = Cmd::Stmt(Stmt::Select(view.select_stmt.clone()));
        // What is wrong with a view is reported by the statement that uses it.
        let _ = rewrite(&mut cmd, &mut Tables(running));
    }
    (running.resolved, running.missed) = asked;
}

/// The table functions alone.
struct Tables<'a>(&'a mut Running);

impl Meanings for Tables<'_> {
    fn aggregate(
        &mut self,
        _: &str,
        _: usize,
        _: &FunctionTail,
    ) -> turso_core::Result<Option<usize>> {
        Ok(None)
    }

    fn table(&mut self, name: &str, arguments: usize) -> turso_core::Result<Table> {
        match self.0.table(name, arguments) {
            // Each view is looked at by itself.
            Ok(Table::View(_)) | Err(_) => Ok(Table::Other),
            meaning => meaning,
        }
    }

    fn collation(&mut self, _: &str) -> bool {
        false
    }
}

impl Meanings for Running {
    fn aggregate(
        &mut self,
        name: &str,
        arguments: usize,
        tail: &FunctionTail,
    ) -> turso_core::Result<Option<usize>> {
        let registry = self.state.registry();
        let Some(entry) = registry.callable(name, arguments) else { return Ok(None) };
        let FunctionBody::Aggregate(_) = entry.body else { return Ok(None) };
        self.resolved = true;
        let refuse = |what: String| Err(LimboError::ParseError(what));
        if tail.over_clause.is_some() {
            let name = entry.name();
            return refuse(format!(
                "{name}() is an aggregate of a definition: Turso does not use these as window functions"
            ));
        }
        let meaning = Meaning { slot: self.state.slot(entry), packed: arguments != 1 };
        let known = self.aggregates.iter().position(|known| *known == meaning);
        let number = known.unwrap_or(self.aggregates.len());
        if number == AGGREGATES_MAX {
            return refuse(format!(
                "{}(): a statement can use at most {AGGREGATES_MAX} aggregates of definitions with Turso",
                entry.name()
            ));
        }
        if known.is_none() {
            self.aggregates.push(meaning);
        }
        Ok(Some(number))
    }

    fn table(&mut self, name: &str, arguments: usize) -> turso_core::Result<Table> {
        let registry = self.state.registry();
        let connection = &self.state.connection;
        let schema = connection.current_schema();
        if let Some(view) = schema.get_view(NamespaceId::ROOT, name) {
            return Ok(Table::View(view));
        }
        let is_known = schema.get_table(NamespaceId::ROOT, name).is_some();
        let entry = registry.table(name).filter(|entry| !entry.shadowed && !is_known);
        let Some(entry) = entry else {
            // It may be in the catalog but was not read yet.
            self.missed |= !is_known;
            return Ok(Table::Other);
        };
        let refuse = |message| Err(LimboError::ParseError(message));
        match self.state.has_temporary(name) {
            Ok(false) => {}
            Ok(true) => return Ok(Table::Other),
            Err(error) => return Err(self.refuse(error)),
        }
        self.resolved = true;
        let name = &entry.callable.name;
        if entry.table.is_virtual() {
            return refuse(format!(
                "{name} is a virtual table of a definition: Turso has only its own"
            ));
        }
        let arguments_max = entry.table.arguments().count();
        if arguments > arguments_max {
            return refuse(format!("too many arguments on {name}() - max {arguments_max}"));
        }
        let arguments = entry.table.arguments().map(|column| column.name.clone()).collect();
        if self.altering && !table::is_registered(connection, entry) {
            // Waiting for the schema's lock would never end.
            return refuse(format!("{name}() is not known to the engine yet: use it once before"));
        }
        let (name, is_new) = table::register(connection, entry)?;
        // The engine may go on with another schema, which does not have it.
        self.missed |= is_new;
        Ok(Table::Function(name, arguments))
    }

    fn collation(&mut self, name: &str) -> bool {
        let is_ours = self.state.registry().collation(name).is_some();
        self.resolved |= is_ours;
        if !is_ours && !names::is_collation(name) {
            // It may be in the catalog but was not read yet, and the engine may have an order of this name.
            self.missed = true;
            self.yielded = true;
        }
        is_ours
    }
}
