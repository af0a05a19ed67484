//! Which virtual tables a guest's statement may reach.
//!
//! A program has the address of each. Those of definitions are known by it, the others by looking how
//! EXPLAIN calls the tables that are harmless. Most modules are not: they read files, or run SQL. Full-text
//! search and R-trees run statements of their own, whose programs nobody lists, over tables that their name
//! and their options tell; so these have to be plain tables.

use std::collections::{HashMap, HashSet};

use commensal_core::ddl::lexer::{Lexer, TokenKind};
use commensal_core::ddl::{self, quote_identifier};
use commensal_core::host::calls;
use commensal_core::{Result, ValueRef};

use crate::full_text;
use crate::known::Known;
use crate::permit::{is_of_catalog, of_full_text, refusal};
use crate::program::{MAIN, OfTable, Program, TEMP};
use crate::state::State;

/// Virtual tables without a definition in a file that only read.
const EPONYMOUS: &[&str] = &["json_each", "json_tree", "jsonb_each", "jsonb_tree"];

/// Modules of SQLite's own that reach nothing but tables of their file.
const MODULES: &[&str] = &["fts3", "fts4", "fts5", "geopoly", "rtree", "rtree_i32"];

/// Options of full-text search that name no function, and `content`, which names a table.
const OPTIONS: &[&str] = &[
    "columnsize",
    CONTENT,
    "content_rowid",
    "contentless_delete",
    "contentless_unindexed",
    "detail",
    "languageid",
    "locale",
    "matchinfo",
    "notindexed",
    "order",
    "prefix",
    "tokendata",
    "tokenize",
];

const CONTENT: &str = "content";

/// What follows a table's name and `_` in the names of the tables behind it.
const SHADOWS: &[&str] = &[
    "config", "content", "data", "docsize", "idx", "node", "parent", "rowid", "segdir", "segments",
    "stat",
];

/// Objects of a schema that are looked at, at most.
const OBJECTS_MAX: usize = 10_000;

/// Checks the virtual tables of a program. A column with a constraint cannot be added: SQLite then checks
/// the whole table, by a statement whose program nobody lists.
///
/// # Errors
/// One is not for guests; the guest's time is over.
pub(crate) fn check(state: &State, known: &mut Known, program: &Program, sql: &str) -> Result<()> {
    let mut unknown: Vec<&str> = program.virtual_tables.iter().map(String::as_str).collect();
    unknown.retain(|text| !address(text).is_some_and(|at| state.is_connected(at)));
    if unknown.is_empty() && program.drops_virtual.is_empty() {
        return check_full_text(state, known, program, &Modules::new(), sql);
    }
    let has_attached = has_attached(state)?;
    let mut modules = Modules::new();
    unknown.retain(|text| find_known(state, known, text, &mut modules).is_none());
    // Pragmas tell of attached databases, too.
    let pragmas = calls::pragmas().filter(|_| !has_attached).map(|name| format!("pragma_{name}"));
    for name in EPONYMOUS.iter().map(|name| (*name).to_owned()).chain(pragmas) {
        if unknown.is_empty() {
            break;
        }
        // No table of a file is in `temp`, so that none can take the name.
        if let Some(found) = address_of(state, "temp", &name) {
            unknown.retain(|text| *text != found);
        }
    }
    // Those that the statement names are most likely the ones.
    let named = if unknown.is_empty() { HashSet::new() } else { names_in(sql) };
    for is_named in [true, false] {
        for schema in SCHEMAS {
            if unknown.is_empty() {
                break;
            }
            let schema = known.schema(state, schema)?;
            for (name, module) in schema.of_modules() {
                if unknown.is_empty() {
                    break;
                }
                if named.contains(name) != is_named {
                    continue;
                }
                state.services.sql.check_time()?;
                if let Some(found) = address_of(state, schema.name, name) {
                    unknown.retain(|text| *text != found);
                    known.found(found.clone(), schema.name, name);
                    modules.insert(found, (schema.name, name.to_owned(), module.to_owned()));
                }
            }
        }
    }
    let mut are_plain = unknown.is_empty();
    for text in &program.virtual_tables {
        if let Some((schema, name, _)) = modules.get(text) {
            are_plain &= is_plain(state, known, schema, name)?;
        }
    }
    for (database, name) in &program.drops_virtual {
        are_plain &= is_dropped_by_guests(state, known, *database, &name.to_ascii_lowercase())?;
    }
    if !are_plain {
        return Err(refusal(
            "the statement reaches a virtual table that is not for guests: they have those of \
             definitions, of full-text search and R-trees over plain tables, json_each, json_tree, and the \
             pragmas that only read",
        ));
    }
    check_full_text(state, known, program, &modules, sql)
}

/// The schemas that guests reach.
pub(crate) const SCHEMAS: [&str; 2] = ["main", "temp"];

/// Virtual tables by how EXPLAIN calls them: schema, name and module.
type Modules = HashMap<String, (&'static str, String, String)>;

/// Finds a virtual table where it was found before.
fn find_known(state: &State, known: &mut Known, text: &str, modules: &mut Modules) -> Option<()> {
    let (schema, name) = known.table(text)?;
    let module = known.schema(state, schema).ok()?.objects.get(&name)?.module.clone()?;
    // Whether SQLite still has it there is asked all the same: an address says nothing by itself.
    (address_of(state, schema, &name)? == text).then_some(())?;
    modules.insert(text.to_owned(), (schema, name, module));
    Some(())
}

/// Whether the tables behind one of the modules for guests are plain ones.
fn is_plain(state: &State, known: &mut Known, schema: &'static str, name: &str) -> Result<bool> {
    let schema = known.schema(state, schema)?;
    let Some(object) = schema.objects.get(name) else { return Ok(false) };
    known.is_plain(schema.name, name, || schema.is_plain(state, name, object))
}

/// Whether a guest may drop what has this name in a database: a table of a definition, or one of the modules
/// for guests over plain tables.
fn is_dropped_by_guests(
    state: &State,
    known: &mut Known,
    database: i64,
    name: &str,
) -> Result<bool> {
    let schema = match database {
        MAIN => SCHEMAS[0],
        TEMP => SCHEMAS[1],
        _ => return Ok(false),
    };
    let read = known.schema(state, schema)?;
    match read.objects.get(name).and_then(|object| object.module.as_deref()) {
        Some(module) if is_definition(state, module) => Ok(true),
        Some(module) if MODULES.contains(&module) => is_plain(state, known, schema, name),
        _ => Ok(false),
    }
}

/// The names in a statement, in ASCII lower case.
fn names_in(sql: &str) -> HashSet<String> {
    let (mut lexer, mut names) = (Lexer::new(sql), HashSet::new());
    loop {
        let token = lexer.significant();
        if token.kind == TokenKind::End {
            return names;
        }
        names.extend(ddl::name(&token).map(|name| name.to_ascii_lowercase()));
    }
}

/// Checks the calls that are full-text search's own if their first argument is a column, and not what is
/// computed from one: EXPLAIN shows no difference.
fn check_full_text(
    state: &State,
    known: &mut Known,
    program: &Program,
    modules: &Modules,
    sql: &str,
) -> Result<()> {
    for OfTable { call, table } in &program.full_text {
        // Otherwise a placeholder of ours is called, which does no harm.
        if state.placeholders.has(call) {
            continue;
        }
        let is_its_own =
            modules.get(table).is_some_and(|(_, _, module)| full_text::has(module, &call.name));
        if !is_its_own || !has_only_columns(state, known, sql)? {
            return Err(of_full_text(&call.name));
        }
    }
    Ok(())
}

/// Whether the first argument of each call of full-text search is the column that is named like its table,
/// in a statement that has no text but its own: no view, no trigger.
fn has_only_columns(state: &State, known: &mut Known, sql: &str) -> Result<bool> {
    let Some(tables) = full_text::tables_of_calls(sql) else { return Ok(false) };
    let (names, mut found) = (names_in(sql), HashSet::new());
    for schema in SCHEMAS {
        let schema = known.schema(state, schema)?;
        for name in &names {
            match schema.objects.get(name) {
                Some(Object { module: Some(module), .. }) if full_text::is_module(module) => {
                    found.insert(name);
                }
                Some(object) if tables.contains(name) || !object.is_table => return Ok(false),
                _ => {}
            }
        }
    }
    Ok(tables.iter().all(|table| found.contains(table)))
}

/// Whether the connection has a database besides `main` and `temp`.
pub(crate) fn has_attached(state: &State) -> Result<bool> {
    let mut has = false;
    state.handle.query("PRAGMA database_list", &[], &mut |row| {
        let is_own = |name| matches!(name, ValueRef::Text("main" | "temp"));
        has |= !is_own(row.column(1)?);
        Ok(())
    })?;
    Ok(has)
}

/// Whether a statement that makes a virtual table makes one of a module that is for guests.
pub(crate) fn is_made_by_guests(state: &State, sql: &str) -> bool {
    definition(sql).is_some_and(|(module, lexer)| {
        is_definition(state, &module)
            || MODULES.contains(&module.as_str()) && options(lexer).is_some()
    })
}

fn is_definition(state: &State, module: &str) -> bool {
    state.tables.borrow().registered.contains(module)
}

/// The address in `vtab:…`.
fn address(text: &str) -> Option<usize> {
    let digits = text.strip_prefix("vtab:")?;
    usize::from_str_radix(digits.strip_prefix("0x").unwrap_or(digits), 16).ok()
}

/// How EXPLAIN calls this virtual table, if there is one.
fn address_of(state: &State, schema: &str, name: &str) -> Option<String> {
    let sql = format!("SELECT 1 FROM {schema}.{}", quote_identifier(name));
    let program = Program::read(state, sql.as_bytes()).ok()?;
    match <[String; 1]>::try_from(program.virtual_tables) {
        Ok([found]) => Some(found),
        Err(_) => None,
    }
}

/// What a schema has under a name.
pub(crate) struct Object {
    is_table: bool,
    /// The module of a virtual table.
    module: Option<String>,
    /// The table that its option `content` names; empty for none.
    content: Option<String>,
    has_trigger: bool,
}

/// The objects of a schema.
pub(crate) struct Schema {
    name: &'static str,
    /// By the names in ASCII lower case.
    objects: HashMap<String, Object>,
}

impl Schema {
    /// # Errors
    /// There are more than a guest's statement looks at; the guest's time is over; what SQLite reports.
    pub(crate) fn read(state: &State, name: &'static str) -> Result<Self> {
        let master = if name == "temp" { "sqlite_temp_master" } else { "main.sqlite_master" };
        let sql = format!("SELECT type, name, tbl_name, rootpage, sql FROM {master}");
        let (mut objects, mut triggers) = (HashMap::new(), Vec::new());
        state.handle.query(&sql, &[], &mut |row| {
            state.services.sql.check_time()?;
            let text = |column| match row.column(column) {
                Ok(ValueRef::Text(text)) => text,
                _ => "",
            };
            // A number of a page alone says nothing: anybody can write it there.
            let start = text(4).get(..13).unwrap_or_default();
            let is_stored = row.column(3)? != ValueRef::Integer(0)
                && start.eq_ignore_ascii_case("create table ");
            let kind = text(0);
            match kind {
                "trigger" => triggers.push(text(2).to_ascii_lowercase()),
                "table" | "view" => {
                    if objects.len() == OBJECTS_MAX {
                        return Err(refusal(format!(
                            "{name} has more than {OBJECTS_MAX} tables: guests have no virtual ones there"
                        )));
                    }
                    let definition =
                        if kind == "table" && !is_stored { definition(text(4)) } else { None };
                    let (module, content) = match definition {
                        // One with other options is not harmless, whatever its module.
                        Some((module, lexer)) => match options(lexer) {
                            Some(content) => (Some(module), content),
                            None => (None, None),
                        },
                        None => (None, None),
                    };
                    let is_table = kind == "table" && is_stored;
                    let object = Object { is_table, module, content, has_trigger: false };
                    objects.insert(text(1).to_ascii_lowercase(), object);
                }
                _ => {}
            }
            Ok(())
        })?;
        for table in triggers {
            if let Some(object) = objects.get_mut(&table) {
                object.has_trigger = true;
            }
        }
        Ok(Self { name, objects })
    }

    /// The virtual tables of the modules that are for guests, with these.
    fn of_modules(&self) -> impl Iterator<Item = (&str, &str)> {
        self.objects.iter().filter_map(|(name, object)| {
            let module = object.module.as_deref()?;
            MODULES.contains(&module).then_some((name.as_str(), module))
        })
    }

    /// Whether all tables that a virtual table may read and write are plain ones.
    fn is_plain(&self, state: &State, name: &str, object: &Object) -> Result<bool> {
        for suffix in SHADOWS {
            state.services.sql.check_time()?;
            let shadow = format!("{name}_{suffix}");
            if let Some(behind) = self.objects.get(&shadow)
                && (behind.has_trigger || !self.is_written_plainly(state, &shadow)?)
            {
                return Ok(false);
            }
        }
        match object.content.as_deref() {
            None | Some("") => Ok(true),
            Some(content) => self.is_read_plainly(state, &content.to_ascii_lowercase()),
        }
    }

    /// The columns of a table whose rows are stored as they are, and that is none of the catalog's; `None`
    /// for any other.
    fn columns(&self, state: &State, name: &str) -> Result<Option<Vec<String>>> {
        if !self.objects.get(name).is_some_and(|object| object.is_table) || is_of_catalog(name) {
            return Ok(None);
        }
        let (mut is_plain, mut columns) = (true, Vec::new());
        let sql = format!("PRAGMA {}.table_xinfo({})", self.name, quote_identifier(name));
        state.handle.query(&sql, &[], &mut |row| {
            is_plain &= row.column(6)? == ValueRef::Integer(0);
            if let ValueRef::Text(column) = row.column(1)? {
                columns.push(column.to_owned());
            }
            Ok(())
        })?;
        Ok(is_plain.then_some(columns))
    }

    /// Whether reading the table runs nothing.
    fn is_read_plainly(&self, state: &State, name: &str) -> Result<bool> {
        let select = format!("SELECT * FROM {}", self.quoted(name));
        Ok(self.columns(state, name)?.is_some() && reaches_nothing(state, &select))
    }

    /// Whether reading and writing the table runs nothing: no constraint, index, trigger or action of a
    /// foreign key that calls a function or reaches a virtual table.
    fn is_written_plainly(&self, state: &State, name: &str) -> Result<bool> {
        let Some(columns) = self.columns(state, name)? else { return Ok(false) };
        let table = self.quoted(name);
        let set = columns.iter().map(|column| quote_identifier(column));
        let set: Vec<_> = set.map(|column| format!("{column} = {column}")).collect();
        Ok([
            format!("SELECT * FROM {table}"),
            format!("INSERT INTO {table} DEFAULT VALUES"),
            format!("UPDATE {table} SET {}", set.join(", ")),
            format!("DELETE FROM {table}"),
        ]
        .iter()
        .all(|sql| reaches_nothing(state, sql)))
    }

    fn quoted(&self, name: &str) -> String {
        format!("{}.{}", self.name, quote_identifier(name))
    }
}

/// Whether the statement calls nothing and reaches no virtual table.
fn reaches_nothing(state: &State, sql: &str) -> bool {
    Program::read(state, sql.as_bytes()).is_ok_and(|program| {
        program.calls.is_empty()
            && program.virtual_tables.is_empty()
            && program.refused.is_none()
            && !program.can_roll_back
            && !program.reaches_attached
    })
}

/// The module in `CREATE VIRTUAL TABLE … USING module`, in ASCII lower case, and what follows it.
fn definition(sql: &str) -> Option<(String, Lexer<'_>)> {
    let mut lexer = Lexer::new(sql);
    let mut first = lexer.significant();
    while first.kind == TokenKind::Semicolon {
        first = lexer.significant();
    }
    let is_create =
        first.is("CREATE") && lexer.significant().is("VIRTUAL") && lexer.significant().is("TABLE");
    if !is_create {
        return None;
    }
    let mut token = lexer.significant();
    if token.is("IF") {
        lexer.significant();
        lexer.significant();
        token = lexer.significant();
    }
    ddl::name(&token)?;
    token = lexer.significant();
    if token.kind == TokenKind::Dot {
        ddl::name(&lexer.significant())?;
        token = lexer.significant();
    }
    if !token.is("USING") {
        return None;
    }
    let module = ddl::name(&lexer.significant())?.to_ascii_lowercase();
    Some((module, lexer))
}

/// What the option `content` says, if it is there; `None` if there is an option that is not harmless.
fn options(mut lexer: Lexer<'_>) -> Option<Option<String>> {
    let mut content = None;
    let mut before = lexer.significant();
    while before.kind != TokenKind::End {
        let token = lexer.significant();
        if token.kind == TokenKind::Equals {
            let option = OPTIONS.iter().find(|option| before.is(option))?;
            if *option == CONTENT {
                // FTS4 takes all that stands between `=` and the comma for the name: one token, or none.
                let value = lexer.token();
                let name = match value.kind {
                    TokenKind::Comma | TokenKind::RightParenthesis => String::new(),
                    _ => {
                        let name = ddl::name(&value)?;
                        before = lexer.significant();
                        if !matches!(
                            before.kind,
                            TokenKind::Comma | TokenKind::RightParenthesis | TokenKind::End
                        ) {
                            return None;
                        }
                        name
                    }
                };
                // Twice would be an error, unless it is not.
                if content.replace(name).is_some() {
                    return None;
                }
                continue;
            }
            before = lexer.significant();
            continue;
        }
        before = token;
    }
    Some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(sql: &str) -> Option<Option<String>> {
        definition(sql).and_then(|(_, lexer)| options(lexer))
    }

    #[test]
    fn the_module_is_found_where_sqlite_finds_it() {
        for sql in [
            "CREATE VIRTUAL TABLE t USING FTS5(a)",
            "create virtual table if not exists \"main\".[t] /* USING x */ using fts5 (a)",
        ] {
            assert_eq!(definition(sql).unwrap().0, "fts5", "{sql}");
        }
        for sql in ["CREATE TABLE t(using, fts5)", "CREATE VIRTUAL TABLE t x USING fts5", ""] {
            assert!(definition(sql).is_none(), "{sql}");
        }
    }

    #[test]
    fn options_are_those_that_are_known() {
        assert_eq!(
            content("CREATE VIRTUAL TABLE t USING fts5(a, tokenize = 'porter')"),
            Some(None)
        );
        let named =
            content("CREATE VIRTUAL TABLE t USING fts5(a, content='docs', content_rowid=id)");
        assert_eq!(named, Some(Some("docs".to_owned())));
        assert_eq!(
            content("CREATE VIRTUAL TABLE t USING fts5(a, content=)"),
            Some(Some(String::new()))
        );
        for name in ["docs evil", "docs.", "docs/**/evil", "docs /**/ evil", " docs", "/**/docs"] {
            let sql = format!("CREATE VIRTUAL TABLE t USING fts4(a, content={name})");
            assert_eq!(content(&sql), None, "{sql}");
        }
        for options in ["uncompress=readfile", "c=docs", "content=a, content=b", "'content'=a"] {
            let sql = format!("CREATE VIRTUAL TABLE t USING fts4(a, {options})");
            assert_eq!(content(&sql), None, "{sql}");
        }
    }
}
