//! What was found out for statements of guests. It is kept as long as it is true.
//!
//! SQLite says when that ends. The sentinel is a statement that is never recompiled, so it fails as
//! soon as SQLite expires what is prepared, or the schema changes: a function was replaced or deleted,
//! a pragma changed what programs do, a schema was changed or read again. Only a function of a new name
//! comes without this. It is not among the known ones, so it is looked up.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;

use commensal_core::ddl::lexer::{Lexer, Token, TokenKind};
use commensal_core::ddl::{name, quote_identifier};
use commensal_core::host::size::Definitions;
use commensal_core::{Result, ValueRef};

use crate::function_list::{Call, Functions, Kind, functions};
use crate::names;
use crate::program::{Author, MAIN, Program, TEMP};
use crate::root::Root;
use crate::schema::{SCHEMAS, Schema, definition};
use crate::state::ConnectionState;
use crate::statement::{Handle, Statement};

/// How many statements are kept with what they write.
const WRITTEN_MAX: usize = 8;

/// What a statement writes; `None` for one that makes, alters or drops a virtual table.
type Written = Option<Rc<[Root]>>;

/// See the module's description.
pub(crate) struct Known {
    /// Fails once something may have changed. `None` if nothing is to be kept.
    sentinel: Option<Statement>,
    /// Whether a function that is registered for another encoding is never called in place of one for
    /// UTF-8.
    is_utf8: bool,
    functions: Option<Functions>,
    /// Whether the functions were looked up for this statement.
    is_fresh: bool,
    schemas: HashMap<&'static str, Rc<Schema>>,
    /// Schema and name of virtual tables, by the address that EXPLAIN shows.
    tables: HashMap<String, (&'static str, String)>,
    /// The definitions that statements of guests may expand.
    definitions: Option<Definitions>,
    /// Virtual tables that have only plain tables behind them.
    plain: HashSet<(&'static str, String)>,
    /// What the last statements of the application write, by their text.
    written: VecDeque<(Vec<u8>, Written)>,
}

impl Known {
    /// Uses what was kept, if it is still true, or starts afresh. Keeps what is known then for the next statement.
    pub(crate) fn with<R>(
        kept: &RefCell<Option<Self>>,
        handle: Handle,
        body: impl FnOnce(&mut Self) -> R,
    ) -> R {
        let mut known = Self::take(kept, handle);
        let result = body(&mut known);
        known.keep(kept);
        result
    }

    fn take(kept: &RefCell<Option<Self>>, handle: Handle) -> Self {
        if let Some(mut known) = kept.take()
            && known.is_true()
        {
            known.is_fresh = false;
            return known;
        }
        let sql = "SELECT 1 FROM main.sqlite_master, sqlite_temp_master LIMIT 0";
        let mut known = Self {
            sentinel: handle.prepare_own_once(sql).ok(),
            is_utf8: is_utf8(handle),
            functions: None,
            is_fresh: false,
            schemas: HashMap::new(),
            tables: HashMap::new(),
            definitions: None,
            plain: HashSet::new(),
            written: VecDeque::new(),
        };
        // The schema that it was compiled for may have been out of date already.
        if !known.is_true() {
            known.sentinel = None;
        }
        known
    }

    fn keep(self, kept: &RefCell<Option<Self>>) {
        if self.sentinel.is_some() {
            let before = kept.replace(Some(self));
            drop(before);
        }
    }

    fn is_true(&mut self) -> bool {
        let Some(sentinel) = &mut self.sentinel else { return false };
        let is_true = matches!(sentinel.step_once(), Ok(false));
        sentinel.reset();
        is_true
    }

    /// What SQLite says of a function.
    pub(crate) fn function(&mut self, state: &ConnectionState, call: &Call) -> Result<Kind> {
        if let Some(functions) = &self.functions
            && let Some((kind, for_utf8)) = functions.get(call)
            && (self.is_fresh || self.is_utf8 && *for_utf8)
        {
            return Ok(*kind);
        }
        if !self.is_fresh {
            self.functions = Some(functions(state.handle)?);
            self.is_fresh = true;
        }
        let found = self.functions.as_ref().and_then(|functions| functions.get(call));
        Ok(found.map_or(Kind::Unlisted, |(kind, _)| *kind))
    }

    /// The worst that SQLite says of a function of this name, in ASCII lower case, with any number of arguments. Leaves
    /// out those that `is_ours` accepts.
    pub(crate) fn worst(
        &mut self,
        state: &ConnectionState,
        name: &str,
        is_ours: impl Fn(&Call) -> bool,
    ) -> Result<Option<Kind>> {
        if !self.is_fresh {
            self.functions = Some(functions(state.handle)?);
            self.is_fresh = true;
        }
        let all = self.functions.iter().flatten();
        let named = all.filter(|(call, _)| call.name == name && !is_ours(call));
        Ok(named.map(|(_, (kind, _))| *kind).max())
    }

    /// Checks that a statement is small enough to be compiled, with the views and triggers that it uses.
    ///
    /// # Errors
    /// The statement is too large; the guest's time is over.
    pub(crate) fn check_size(&mut self, state: &ConnectionState, sql: &str) -> Result<()> {
        let schemas = schemas(state)?;
        // The sentinel notices changes of main and temp only, not of what is attached.
        if schemas.len() > SCHEMAS.len() || self.definitions.is_none() {
            self.definitions = Some(definitions(state, &schemas)?);
        }
        let search_bytes_max = state.environment().settings.limits.sql_search_bytes_max;
        let definitions = self.definitions.as_mut();
        definitions.map_or(Ok(()), |definitions| definitions.check(sql, search_bytes_max))
    }

    /// The tables and indexes that a statement writes, whoever wrote the statement. `None` for one that makes, alters or
    /// drops a virtual table, because the methods of the table write what the statement writes.
    ///
    /// # Errors
    /// SQLite cannot explain it.
    pub(crate) fn written(&mut self, state: &ConnectionState, sql: &[u8]) -> Result<Written> {
        if let Some((_, written)) = self.written.iter().find(|(known, _)| known == sql) {
            return Ok(written.clone());
        }
        let text = String::from_utf8_lossy(sql);
        let written: Written = if changes_virtual(state, &text)? {
            None
        } else if writes_virtual(state, &text)? {
            Some(Rc::new([]))
        } else {
            let mut written = Program::read(state, sql, Author::Application)?.written();
            // Each table with AUTOINCREMENT has a row there of its own.
            let sequences = sequences(state)?;
            written.retain(|root| {
                !root.is_schema() && !sequences.contains(&(root.database, root.page))
            });
            Some(written.into())
        };
        self.written.truncate(WRITTEN_MAX - 1);
        self.written.push_front((sql.to_vec(), written.clone()));
        Ok(written)
    }

    /// A schema, as it is used to judge the virtual tables of guests.
    pub(crate) fn schema(
        &mut self,
        state: &ConnectionState,
        name: &'static str,
    ) -> Result<Rc<Schema>> {
        if let Some(schema) = self.schemas.get(name) {
            return Ok(Rc::clone(schema));
        }
        let schema = Rc::new(Schema::read(state, name)?);
        self.schemas.insert(name, Rc::clone(&schema));
        Ok(schema)
    }

    /// The virtual table that was found by this address.
    pub(crate) fn table(&self, address: &str) -> Option<(&'static str, String)> {
        self.tables.get(address).cloned()
    }

    /// Notes that a virtual table was found by this address.
    pub(crate) fn found(&mut self, address: String, schema: &'static str, name: &str) {
        self.tables.insert(address, (schema, name.to_owned()));
    }

    /// Whether the tables behind a virtual table are plain. `find_out` answers if it is not known. Only
    /// a yes is kept, because what cannot be read now may be plain later.
    pub(crate) fn is_plain(
        &mut self,
        schema: &'static str,
        name: &str,
        find_out: impl FnOnce() -> Result<bool>,
    ) -> Result<bool> {
        let key = (schema, name.to_owned());
        if self.plain.contains(&key) {
            return Ok(true);
        }
        let is_plain = find_out()?;
        if is_plain {
            self.plain.insert(key);
        }
        Ok(is_plain)
    }
}

/// Whether the file's text is UTF-8.
fn is_utf8(handle: Handle) -> bool {
    let mut is_utf8 = false;
    let read = handle.query("PRAGMA main.encoding", &[], &mut |row| {
        is_utf8 = row.column(0)? == ValueRef::Text("UTF-8");
        Ok(())
    });
    read.is_ok() && is_utf8
}

/// The databases of the connection, `temp` included.
fn schemas(state: &ConnectionState) -> Result<Vec<String>> {
    let mut schemas: Vec<_> = SCHEMAS.map(str::to_owned).into();
    schemas.extend(names::attached(state.handle)?);
    Ok(schemas)
}

/// Whether a statement makes, alters or drops a virtual table.
///
/// # Errors
/// SQLite cannot read the schema.
pub(crate) fn changes_virtual(state: &ConnectionState, sql: &str) -> Result<bool> {
    let mut lexer = Lexer::new(sql);
    let first = lexer.first();
    if first.is("CREATE") {
        return Ok(definition(sql).is_some());
    }
    if !(first.is("ALTER") || first.is("DROP")) || !lexer.significant().is("TABLE") {
        return Ok(false);
    }
    let mut token = lexer.significant();
    if token.is("IF") {
        lexer.significant();
        token = lexer.significant();
    }
    // A virtual table that is being dropped is no longer in the schema. No guest runs when another one no longer is.
    qualified(&token, lexer).map_or(Ok(false), |name| is_virtual(state, &name))
}

/// Whether a statement writes a virtual table, and so nothing by itself. To explain it, SQLite would ask the table for
/// a plan, while a method of it runs.
fn writes_virtual(state: &ConnectionState, sql: &str) -> Result<bool> {
    target(sql).map_or(Ok(false), |target| is_virtual(state, &target))
}

/// Whether neither main nor temp has a table or a view of this name that is not a virtual table.
fn is_virtual(state: &ConnectionState, name: &str) -> Result<bool> {
    let mut is_virtual = true;
    for table in ["main.sqlite_master", "sqlite_temp_master"] {
        let sql = format!(
            "SELECT 1 FROM {table} WHERE name = ? COLLATE NOCASE AND (type = 'view' OR rootpage > 0)"
        );
        state.handle.query(&sql, &[ValueRef::Text(name)], &mut |_| {
            is_virtual = false;
            Ok(())
        })?;
    }
    Ok(is_virtual)
}

/// The name of a table that begins with this token, without the schema before it.
pub(crate) fn qualified(token: &Token<'_>, mut lexer: Lexer<'_>) -> Option<String> {
    let mut target = name(token)?;
    let mut next = lexer.significant();
    if next.kind == TokenKind::Dot {
        target = name(&lexer.significant())?;
        next = lexer.significant();
    }
    (next.kind != TokenKind::Dot).then_some(target)
}

/// The table that a statement of a simple form writes.
fn target(sql: &str) -> Option<String> {
    let mut lexer = Lexer::new(sql);
    let mut token = lexer.significant();
    let is_insert = token.is("INSERT") || token.is("REPLACE");
    let (is_update, is_delete) = (token.is("UPDATE"), token.is("DELETE"));
    if !(is_insert || is_update || is_delete) {
        return None;
    }
    token = lexer.significant();
    if token.is("OR") {
        lexer.significant();
        token = lexer.significant();
    }
    if is_insert && token.is("INTO") || is_delete && token.is("FROM") {
        token = lexer.significant();
    }
    qualified(&token, lexer)
}

/// Where the tables of main and temp begin that count for AUTOINCREMENT.
fn sequences(state: &ConnectionState) -> Result<Vec<(i64, i64)>> {
    let mut sequences = Vec::new();
    for (database, table) in [(MAIN, "main.sqlite_master"), (TEMP, "sqlite_temp_master")] {
        let sql = format!("SELECT rootpage FROM {table} WHERE name = 'sqlite_sequence'");
        state.handle.query(&sql, &[], &mut |row| {
            if let ValueRef::Integer(page) = row.column(0)? {
                sequences.push((database, page));
            }
            Ok(())
        })?;
    }
    Ok(sequences)
}

fn definitions(state: &ConnectionState, schemas: &[String]) -> Result<Definitions> {
    let mut definitions = Definitions::default();
    for schema in schemas {
        let table = if schema == "temp" { "sqlite_temp_master" } else { "sqlite_master" };
        let sql = format!(
            "SELECT type, name, tbl_name, sql FROM {}.{table} WHERE sql IS NOT NULL",
            quote_identifier(schema)
        );
        state.handle.query(&sql, &[], &mut |row| {
            state.services.sql.check_time()?;
            let texts = (row.column(0)?, row.column(1)?, row.column(2)?, row.column(3)?);
            let (
                ValueRef::Text(kind),
                ValueRef::Text(name),
                ValueRef::Text(table),
                ValueRef::Text(sql),
            ) = texts
            else {
                return Ok(());
            };
            match kind {
                "view" => definitions.add_view(name, sql),
                "trigger" => definitions.add_trigger(table, sql),
                "table" => definitions.add_table(name, sql),
                "index" => definitions.add_index(table, sql),
                _ => {}
            }
            Ok(())
        })?;
    }
    Ok(definitions)
}
