//! What only SQLite knows about names: which functions and collations are not ours, and which indexes
//! and tables use ours.
//!
//! PRAGMA statements ask SQLite. The tables of the same contents (`pragma_function_list` and the like)
//! do not serve: a table or view of that name in the file comes first, whatever schema the query names.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use commensal_core::ddl::quote_identifier;
use commensal_core::define::{Dependent, DependentKind, EngineNames, Foreign};
use commensal_core::dependents::Uses;
use commensal_core::registry::Namespace;
use commensal_core::replaceable::Replaceable;
use commensal_core::{Error, ErrorKind, Result, ValueRef};

use crate::statement::{Handle, Statement};

/// Reads names out of a connection.
pub(crate) struct Names {
    handle: Handle,
    /// Names of functions that Commensal registered, in ASCII lower case.
    our_functions: HashSet<String>,
    /// Names of collations that Commensal registered, in ASCII lower case.
    our_collations: HashSet<String>,
    /// Names of tables that Commensal registered, in ASCII lower case.
    our_tables: HashSet<String>,
    /// All functions of the connection, once they were asked for.
    functions: OnceCell<Functions>,
    /// The names, in ASCII lower case, of all modules of virtual tables, once they were asked for.
    modules: OnceCell<HashSet<String>>,
}

/// Functions by name in ASCII lower case: the name as SQLite writes it, and whether it is built in.
type Functions = HashMap<String, (String, bool)>;

/// A column that has to be text.
fn text(statement: &Statement, column: usize) -> Result<String> {
    match statement.column(column)? {
        ValueRef::Text(text) => Ok(text.to_owned()),
        _ => Err(Error::new(ErrorKind::Engine, "SQLite listed something without a name")),
    }
}

/// A text of a file, which may not be UTF-8.
pub(crate) fn lossy(row: &Statement, column: usize) -> String {
    match row.column(column) {
        Ok(ValueRef::Text(text)) => text.to_owned(),
        _ => String::from_utf8_lossy(row.text(column).unwrap_or_default()).into_owned(),
    }
}

/// The names, in ASCII lower case, of all functions of the connection.
pub(crate) fn all_functions(handle: Handle) -> Result<HashSet<String>> {
    all_names(handle, "PRAGMA function_list")
}

/// The built-in functions that definitions may replace, in ASCII lower case: none that the application has replaced, or
/// that an index or a table depends on. `ours` are names that Commensal registered.
pub(crate) fn replaceable_functions(
    handle: Handle,
    replaceable: &Replaceable,
    ours: &HashSet<String>,
) -> Result<HashSet<String>> {
    let (mut names, mut others) = (HashSet::new(), HashSet::new());
    handle.query("PRAGMA function_list", &[], &mut |row| {
        let name = text(row, 0)?.to_ascii_lowercase();
        if !replaceable.has(&name) {
            return Ok(());
        }
        if row.column(1)? == ValueRef::Integer(1) {
            names.insert(name);
        } else if !ours.contains(&name) {
            others.insert(name);
        }
        Ok(())
    })?;
    let mut unused = HashSet::new();
    for name in names.difference(&others) {
        if !is_used(handle, name)? {
            unused.insert(name.clone());
        }
    }
    Ok(unused)
}

/// Whether an index or a table of any schema uses the function of this name.
fn is_used(handle: Handle, name: &str) -> Result<bool> {
    let uses = Uses::new([name], [], []);
    for schema in schemas(handle)? {
        if first_use_in(handle, &schema, &uses)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The names of the connection's databases. `temp` is among them only once it is used.
///
/// # Errors
/// They cannot be listed, or an authorizer of the program has SQLite ignore the request.
pub(crate) fn schemas(handle: Handle) -> Result<Vec<String>> {
    let mut schemas = Vec::new();
    handle.query("PRAGMA database_list", &[], &mut |row| {
        schemas.push(text(row, 1)?);
        Ok(())
    })?;
    match schemas.is_empty() {
        true => Err(Error::new(
            ErrorKind::Engine,
            "an authorizer of the program has SQLite ignore PRAGMA database_list, which Commensal needs",
        )),
        false => Ok(schemas),
    }
}

/// The names of attached databases.
///
/// # Errors
/// As [`schemas`].
pub(crate) fn attached(handle: Handle) -> Result<impl Iterator<Item = String>> {
    let is_attached = |name: &String| !["main", "temp"].contains(&name.as_str());
    Ok(schemas(handle)?.into_iter().filter(is_attached))
}

/// The names, in ASCII lower case, of all modules of virtual tables of the connection.
pub(crate) fn all_modules(handle: Handle) -> Result<HashSet<String>> {
    all_names(handle, "PRAGMA module_list")
}

/// Whether SQLite reserves this name, in ASCII lower case, for modules of its own.
pub(crate) fn is_reserved_module(name: &str) -> bool {
    // SQLite lists these only once they were used.
    const LATE: [&str; 4] = ["json_each", "json_tree", "jsonb_each", "jsonb_tree"];
    name.starts_with("pragma_") || name.starts_with("sqlite_") || LATE.contains(&name)
}

fn all_names(handle: Handle, sql: &str) -> Result<HashSet<String>> {
    let mut names = HashSet::new();
    handle.query(sql, &[], &mut |row| {
        names.insert(text(row, 0)?.to_ascii_lowercase());
        Ok(())
    })?;
    Ok(names)
}

/// Whether the connection has a collation of this name. SQLite also lists collations that a table names
/// and nobody has registered, so only using it tells.
pub(crate) fn has_collation(handle: Handle, name: &str) -> bool {
    handle.prepare(&format!("SELECT 'a' = 'b' COLLATE {}", quote_identifier(name))).is_ok()
}

/// What uses a definition.
pub(crate) struct User {
    /// `index` or `table`.
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    /// Its text in the schema.
    pub(crate) sql: String,
}

/// The first index or table of a schema that uses one of these names. Text of the schema that is not
/// UTF-8 is searched, too.
pub(crate) fn first_use_in(handle: Handle, schema: &str, uses: &Uses) -> Result<Option<User>> {
    let mut first = None;
    let sql = format!(
        "SELECT type, name, sql FROM {}.sqlite_master WHERE type IN ('index', 'table') AND sql IS NOT NULL \
         ORDER BY type, name",
        quote_identifier(schema)
    );
    handle.query(&sql, &[], &mut |row| {
        if first.is_some() {
            return Ok(());
        }
        let sql = lossy(row, 2);
        if uses.occur_in(&sql) {
            let kind = if lossy(row, 0) == "index" { "index" } else { "table" };
            first = Some(User { kind, name: lossy(row, 1), sql });
        }
        Ok(())
    })?;
    Ok(first)
}

/// Whether a table of a schema may have a foreign key.
pub(crate) fn has_references(handle: Handle, schema: &str) -> Result<bool> {
    let mut found = false;
    let sql = format!(
        "SELECT sql FROM {}.sqlite_master WHERE type = 'table' AND sql IS NOT NULL",
        quote_identifier(schema)
    );
    handle.query(&sql, &[], &mut |row| {
        found |= lossy(row, 0).to_ascii_lowercase().contains("references");
        Ok(())
    })?;
    Ok(found)
}

/// Whether this is the definition of a virtual table, as SQLite stores it.
fn is_virtual(sql: &str) -> bool {
    sql.get(..14).is_some_and(|start| start.eq_ignore_ascii_case("CREATE VIRTUAL"))
}

impl EngineNames for Names {
    fn foreign(&self, namespace: Namespace, name: &str) -> Result<Option<Foreign>> {
        let other = |what| Foreign { what, is_builtin: false };
        match namespace {
            Namespace::Functions => self.foreign_function(name),
            Namespace::Tables => Ok(self.foreign_table(name)?.map(other)),
            Namespace::Collations => Ok(self.foreign_collation(name).map(other)),
        }
    }

    fn dependents(&self, uses: &Uses) -> Result<Vec<Dependent>> {
        let mut dependents = Vec::new();
        for schema in schemas(self.handle)? {
            self.dependents_in(&schema, uses, &mut dependents)?;
        }
        Ok(dependents)
    }

    fn interrupted(&self) -> bool {
        crate::services::is_interrupted(self.handle)
    }
}

impl Names {
    /// For a connection in which these names, in ASCII lower case, are ours.
    pub(crate) fn new(
        handle: Handle,
        our_functions: HashSet<String>,
        our_collations: HashSet<String>,
        our_tables: HashSet<String>,
    ) -> Self {
        Self {
            handle,
            our_functions,
            our_collations,
            our_tables,
            functions: OnceCell::new(),
            modules: OnceCell::new(),
        }
    }

    fn foreign_function(&self, name: &str) -> Result<Option<Foreign>> {
        if self.our_functions.contains(&name.to_ascii_lowercase()) {
            return Ok(None);
        }
        let found = self.functions()?.get(&name.to_ascii_lowercase());
        Ok(found.map(|(name, is_builtin)| Foreign {
            what: match is_builtin {
                true => format!("the built-in function {name}()"),
                false => format!("the function {name}() that the application created"),
            },
            is_builtin: *is_builtin,
        }))
    }

    fn functions(&self) -> Result<&Functions> {
        if let Some(functions) = self.functions.get() {
            return Ok(functions);
        }
        let mut functions = Functions::new();
        self.handle.query("PRAGMA function_list", &[], &mut |row| {
            let name = text(row, 0)?;
            let builtin = row.column(1)? == ValueRef::Integer(1);
            // An application's function has its name for itself, whatever the built-in ones of the name.
            let entry = functions.entry(name.to_ascii_lowercase()).or_insert((name, builtin));
            entry.1 &= builtin;
            Ok(())
        })?;
        Ok(self.functions.get_or_init(|| functions))
    }

    fn modules(&self) -> Result<&HashSet<String>> {
        if let Some(modules) = self.modules.get() {
            return Ok(modules);
        }
        let modules = all_modules(self.handle)?;
        Ok(self.modules.get_or_init(|| modules))
    }

    fn foreign_collation(&self, name: &str) -> Option<String> {
        let ours = self.our_collations.contains(&name.to_ascii_lowercase());
        (!ours && has_collation(self.handle, name))
            .then(|| format!("the collation {name} that SQLite or the application has"))
    }

    fn foreign_table(&self, name: &str) -> Result<Option<String>> {
        let key = name.to_ascii_lowercase();
        let foreign = is_reserved_module(&key)
            || !self.our_tables.contains(&key) && self.modules()?.contains(&key);
        Ok(foreign.then(|| format!("the virtual table module {name} of the connection")))
    }

    pub(crate) fn dependents_in(
        &self,
        schema: &str,
        uses: &Uses,
        dependents: &mut Vec<Dependent>,
    ) -> Result<()> {
        let first = dependents.len();
        let sql = format!(
            "SELECT type, name, sql FROM {}.sqlite_master WHERE type IN ('index', 'table') AND sql \
             IS NOT NULL ORDER BY type, name",
            quote_identifier(schema)
        );
        self.handle.query(&sql, &[], &mut |row| {
            let (kind, sql) = (lossy(row, 0), lossy(row, 2));
            if uses.occur_in(&sql) {
                let kind = match kind.as_str() {
                    "index" => DependentKind::Index,
                    _ if is_virtual(&sql) => DependentKind::VirtualTable,
                    _ => DependentKind::Table,
                };
                let name = lossy(row, 1);
                dependents.push(Dependent { kind, schema: schema.to_owned(), name });
            }
            Ok(())
        })?;
        for dependent in &mut dependents[first..] {
            if dependent.kind == DependentKind::Table
                && self.handle.has_tables(&dependent.schema, &[&dependent.name])?
                && self.has_stored_column(dependent)?
            {
                dependent.kind = DependentKind::TableStored;
            }
        }
        Ok(())
    }

    fn has_stored_column(&self, table: &Dependent) -> Result<bool> {
        /// The column `hidden` of the answer, and its value for a stored generated column.
        const HIDDEN: usize = 6;
        const STORED: i64 = 3;
        let mut stored = false;
        let (schema, name) = (quote_identifier(&table.schema), quote_identifier(&table.name));
        self.handle.query(&format!("PRAGMA {schema}.table_xinfo({name})"), &[], &mut |row| {
            stored |= row.column(HIDDEN)? == ValueRef::Integer(STORED);
            Ok(())
        })?;
        Ok(stored)
    }
}
