//! What a schema has for guests: its tables, and the virtual tables of modules that reach only plain tables
//! of their file.

use std::collections::HashMap;

use commensal_core::ddl::lexer::{Lexer, TokenKind};
use commensal_core::ddl::{self, quote_identifier};
use commensal_core::{Result, ValueRef};

use crate::program::{Author, MAIN, Program, TEMP};
use crate::refusal::{is_of_catalog, refusal};
use crate::state::ConnectionState;

/// SQLite's own modules that reach only tables of their file.
pub(crate) const MODULES: &[&str] = &["fts3", "fts4", "fts5", "geopoly", "rtree", "rtree_i32"];

/// Options of full-text search that name no function. One of them, `content`, names a table.
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

/// What the names of the tables behind a table have after its name and `_`.
const SHADOWS: &[&str] = &[
    "config", "content", "data", "docsize", "idx", "node", "parent", "rowid", "segdir", "segments",
    "stat",
];

/// How many objects of a schema are looked at.
const OBJECTS_MAX: usize = 10_000;

/// The schemas that guests reach.
pub(crate) const SCHEMAS: [&str; 2] = ["main", "temp"];

/// What a schema has under a name.
pub(crate) struct Object {
    pub(crate) is_table: bool,
    /// The module of a virtual table.
    pub(crate) module: Option<String>,
    /// The table that the option `content` names; empty if it names none.
    content: Option<String>,
    has_trigger: bool,
}

/// The objects of a schema.
pub(crate) struct Schema {
    pub(crate) name: &'static str,
    /// By the names in ASCII lower case.
    pub(crate) objects: HashMap<String, Object>,
}

impl Schema {
    /// # Errors
    /// There are too many objects for a guest's statement; the guest's time is over; SQLite reports an
    /// error.
    pub(crate) fn read(state: &ConnectionState, name: &'static str) -> Result<Self> {
        let master = master(name);
        let sql = format!("SELECT type, name, tbl_name, rootpage, sql FROM {master}");
        let (mut objects, mut triggers) = (HashMap::new(), Vec::new());
        state.handle.query(&sql, &[], &mut |row| {
            state.services.sql.check_time()?;
            let text = |column| match row.column(column) {
                Ok(ValueRef::Text(text)) => text,
                _ => "",
            };
            // The number of a page alone proves nothing, because anybody can write it there.
            let start = text(4).get(..13).unwrap_or_default();
            let is_stored = row.column(3)? != ValueRef::Integer(0)
                && start.eq_ignore_ascii_case("create table ");
            let kind = text(0);
            match kind {
                "trigger" => triggers.push(text(2).to_ascii_lowercase()),
                "table" | "view" => {
                    if objects.len() == OBJECTS_MAX {
                        return Err(refusal(format!(
                            "{name} has more than {OBJECTS_MAX} tables: guests can use no virtual \
                             tables there"
                        )));
                    }
                    let definition =
                        if kind == "table" && !is_stored { definition(text(4)) } else { None };
                    let (module, content) = match definition {
                        // A table with other options is not harmless, whatever its module.
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

    /// The virtual tables of the modules that are for guests, by name and module.
    pub(crate) fn of_modules(&self) -> impl Iterator<Item = (&str, &str)> {
        self.objects.iter().filter_map(|(name, object)| {
            let module = object.module.as_deref()?;
            MODULES.contains(&module).then_some((name.as_str(), module))
        })
    }

    /// Whether all tables that a virtual table may read and write are plain ones.
    pub(crate) fn is_plain(
        &self,
        state: &ConnectionState,
        name: &str,
        object: &Object,
    ) -> Result<bool> {
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

    /// The columns of a table that stores its rows as they are and does not belong to the catalog; `None`
    /// for any other.
    fn columns(&self, state: &ConnectionState, name: &str) -> Result<Option<Vec<String>>> {
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
    fn is_read_plainly(&self, state: &ConnectionState, name: &str) -> Result<bool> {
        let select = format!("SELECT * FROM {}", self.quoted(name));
        Ok(self.columns(state, name)?.is_some() && reaches_nothing(state, &select))
    }

    /// Whether reading and writing the table runs nothing: no constraint, index, trigger or action of a
    /// foreign key calls a function or reaches a virtual table.
    fn is_written_plainly(&self, state: &ConnectionState, name: &str) -> Result<bool> {
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

/// The schema of this database, if guests reach it.
pub(crate) fn schema_of(database: i64) -> Option<&'static str> {
    match database {
        MAIN => Some(SCHEMAS[0]),
        TEMP => Some(SCHEMAS[1]),
        _ => None,
    }
}

/// The table that begins at this page, and the virtual table of SQLite's own that keeps its data there; `None` if
/// there is no such virtual table.
pub(crate) fn shadow(
    state: &ConnectionState,
    schema: &'static str,
    page: i64,
) -> Result<Option<(String, String)>> {
    let master = master(schema);
    let mut names = Vec::new();
    let sql = format!("SELECT name FROM {master} WHERE rootpage = ? AND type = 'table'");
    state.handle.query(&sql, &[ValueRef::Integer(page)], &mut |row| {
        if let Ok(ValueRef::Text(name)) = row.column(0) {
            names.push(name.to_owned());
        }
        Ok(())
    })?;
    for name in names {
        if let Some(table) = shadowed(state, schema, &name)? {
            return Ok(Some((name, table)));
        }
    }
    Ok(None)
}

/// The virtual table of SQLite's own that keeps its data in a table of this name; `None` if there is none.
pub(crate) fn shadowed(
    state: &ConnectionState,
    schema: &'static str,
    name: &str,
) -> Result<Option<String>> {
    let Some((table, suffix)) = name.rsplit_once('_') else { return Ok(None) };
    if !SHADOWS.contains(&suffix.to_ascii_lowercase().as_str()) {
        return Ok(None);
    }
    let module = module_of(state, schema, table)?;
    let is_shadow = module.is_some_and(|module| MODULES.contains(&module.as_str()));
    Ok(is_shadow.then(|| table.to_owned()))
}

/// The module of the virtual table of this name, in ASCII lower case; `None` if there is no such table.
pub(crate) fn module_of(
    state: &ConnectionState,
    schema: &'static str,
    name: &str,
) -> Result<Option<String>> {
    let mut module = None;
    let sql = format!(
        "SELECT sql FROM {} WHERE name = ? COLLATE NOCASE AND rootpage = 0",
        master(schema)
    );
    state.handle.query(&sql, &[ValueRef::Text(name)], &mut |row| {
        if let Ok(ValueRef::Text(sql)) = row.column(0) {
            module = definition(sql).map(|(module, _)| module).or(module.take());
        }
        Ok(())
    })?;
    Ok(module)
}

/// The table that holds a schema.
fn master(schema: &str) -> &'static str {
    if schema == SCHEMAS[1] { "sqlite_temp_master" } else { "main.sqlite_master" }
}

/// Whether the statement calls nothing and reaches no virtual table.
fn reaches_nothing(state: &ConnectionState, sql: &str) -> bool {
    Program::read(state, sql.as_bytes(), Author::Guest).is_ok_and(|program| {
        program.calls.is_empty()
            && program.virtual_tables.is_empty()
            && program.refused.is_none()
            && !program.can_roll_back
            && !program.reaches_attached
    })
}

/// The module in `CREATE VIRTUAL TABLE … USING module`, in ASCII lower case, and what follows it.
pub(crate) fn definition(sql: &str) -> Option<(String, Lexer<'_>)> {
    let mut lexer = Lexer::new(sql);
    let first = lexer.first();
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

/// What the option `content` says, if it is there. The outer `None`: an option is not harmless.
pub(crate) fn options(mut lexer: Lexer<'_>) -> Option<Option<String>> {
    let mut content = None;
    let mut before = lexer.significant();
    while before.kind != TokenKind::End {
        let token = lexer.significant();
        if token.kind == TokenKind::Equals {
            let option = OPTIONS.iter().find(|option| before.is(option))?;
            if *option == CONTENT {
                // FTS4 takes everything between `=` and the comma as the name: one token, or none.
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
                // It should be an error to give it twice, but that is not relied on.
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
