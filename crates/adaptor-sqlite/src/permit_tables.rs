//! Which virtual tables a guest's statement may reach.
//!
//! A program has the address of each. That is enough for tables of definitions; others are compared with
//! what EXPLAIN calls the harmless tables. Most modules are not harmless: they read files, or run SQL.
//! Full-text search and R-trees run statements of their own, whose programs nobody lists, over tables that
//! follow from their name and options. So these have to be plain tables.

use std::collections::{HashMap, HashSet};

use commensal_core::Result;
use commensal_core::ddl::lexer::{Lexer, TokenKind};
use commensal_core::ddl::{self, quote_identifier};
use commensal_core::host::calls::{self, Search};

use crate::full_text;
use crate::known::{Known, changes_virtual};
use crate::names;
use crate::program::{Author, OfTable, Program};
use crate::refusal::{of_full_text, refusal};
use crate::schema::{MODULES, Object, SCHEMAS, definition, options, schema_of};
use crate::state::ConnectionState;

/// Virtual tables that have no definition in a file and only read.
const EPONYMOUS: &[&str] = &["json_each", "json_tree", "jsonb_each", "jsonb_tree"];

/// Checks the virtual tables of a program, and gives how it searches them. A guest cannot add a column with a constraint, because SQLite
/// then checks the whole table with a statement whose program nobody lists.
///
/// # Errors
/// A virtual table is not for guests; the guest's time is over.
pub(crate) fn check(
    state: &ConnectionState,
    known: &mut Known,
    program: &Program,
    sql: &str,
) -> Result<Search> {
    let mut unknown: Vec<&str> = program.virtual_tables.iter().map(String::as_str).collect();
    unknown.retain(|text| !address(text).is_some_and(|at| state.is_connected(at)));
    if unknown.is_empty() && program.drops_virtual.is_empty() {
        check_full_text(state, known, program, &Modules::new(), sql)?;
        return Ok(Search::None);
    }
    let has_attached = has_attached(state)?;
    let mut modules = Modules::new();
    unknown.retain(|text| find_known(state, known, text, &mut modules).is_none());
    // Pragmas also tell of attached databases.
    let pragmas = calls::pragmas().filter(|_| !has_attached).map(|name| format!("pragma_{name}"));
    for name in EPONYMOUS.iter().map(|name| (*name).to_owned()).chain(pragmas) {
        if unknown.is_empty() {
            break;
        }
        // No table of a file is in `temp`, so none can take the name.
        if let Some(found) = address_of(state, "temp", &name) {
            unknown.retain(|text| *text != found);
        }
    }
    // Those that the statement names come first, because they are most likely the ones.
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
            "the statement reaches a virtual table that is not for guests: they can use those of \
             definitions, of full-text search and R-trees over plain tables, json_each, json_tree, \
             and the pragmas that only read",
        ));
    }
    check_full_text(state, known, program, &modules, sql)?;
    // FTS5 takes the square of a query's length to parse it, and its length for each row, and does not stop meanwhile.
    let is_fts5 =
        |table: &String| modules.get(table).is_some_and(|(_, _, module)| module == "fts5");
    // It also keeps each word of a row, and each of its prefixes, in memory until the row is complete.
    let is_index = |table: &String| {
        modules.get(table).is_some_and(|(_, _, module)| full_text::is_module(module))
    };
    Ok(if program.searched.iter().any(is_fts5) {
        Search::Product
    } else if program.updated.iter().any(is_index) {
        Search::Pattern
    } else {
        Search::None
    })
}

/// Whether a running statement uses a virtual table that looks for other tables while it is read: full-text search for
/// those behind it, pragmas for whatever they are asked.
///
/// # Errors
/// SQLite cannot explain the statement.
pub(crate) fn look_up_tables(state: &ConnectionState, sql: &[u8]) -> Result<bool> {
    // The methods of such a table change those behind it themselves.
    if changes_virtual(state, &String::from_utf8_lossy(sql))? {
        return Ok(false);
    }
    let mut tables = Program::read(state, sql, Author::Application)?.virtual_tables;
    tables.retain(|text| !address(text).is_some_and(|at| state.is_connected(at)));
    for name in EPONYMOUS {
        if tables.is_empty() {
            break;
        }
        if let Some(found) = address_of(state, "temp", name) {
            tables.retain(|text| *text != found);
        }
    }
    Ok(!tables.is_empty())
}

/// Virtual tables by the address that EXPLAIN shows: schema, name and module.
type Modules = HashMap<String, (&'static str, String, String)>;

/// Looks for a virtual table where it was found before.
fn find_known(
    state: &ConnectionState,
    known: &mut Known,
    text: &str,
    modules: &mut Modules,
) -> Option<()> {
    let (schema, name) = known.table(text)?;
    let module = known.schema(state, schema).ok()?.objects.get(&name)?.module.clone()?;
    // SQLite is still asked whether it is there, because an address alone proves nothing.
    (address_of(state, schema, &name)? == text).then_some(())?;
    modules.insert(text.to_owned(), (schema, name, module));
    Some(())
}

/// Whether the tables behind a virtual table are plain. It has one of the modules for guests.
fn is_plain(
    state: &ConnectionState,
    known: &mut Known,
    schema: &'static str,
    name: &str,
) -> Result<bool> {
    let schema = known.schema(state, schema)?;
    let Some(object) = schema.objects.get(name) else { return Ok(false) };
    known.is_plain(schema.name, name, || schema.is_plain(state, name, object))
}

/// Whether a guest may drop the virtual table of this name in a database: one of a definition, or one of
/// the modules for guests over plain tables.
fn is_dropped_by_guests(
    state: &ConnectionState,
    known: &mut Known,
    database: i64,
    name: &str,
) -> Result<bool> {
    let Some(schema) = schema_of(database) else { return Ok(false) };
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

/// Checks the calls that are full-text search's own if their first argument is a column. EXPLAIN shows no
/// difference to an argument that is computed from one.
fn check_full_text(
    state: &ConnectionState,
    known: &mut Known,
    program: &Program,
    modules: &Modules,
    sql: &str,
) -> Result<()> {
    for OfTable { call, table } in &program.full_text {
        // Each letter of a format takes as much memory as the table has columns and the query has words.
        if call.name == "matchinfo" && call.arguments != 1 {
            return Err(refusal("matchinfo() with a format is not for guests"));
        }
        // At worst this calls a placeholder of ours, which does no harm.
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
/// in a statement without any other text: no view, no trigger.
fn has_only_columns(state: &ConnectionState, known: &mut Known, sql: &str) -> Result<bool> {
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
pub(crate) fn has_attached(state: &ConnectionState) -> Result<bool> {
    Ok(names::attached(state.handle)?.next().is_some())
}

/// Whether a statement that makes a virtual table uses a module that is for guests.
pub(crate) fn is_made_by_guests(state: &ConnectionState, sql: &str) -> bool {
    definition(sql).is_some_and(|(module, lexer)| {
        is_definition(state, &module)
            || MODULES.contains(&module.as_str()) && options(lexer).is_some()
    })
}

fn is_definition(state: &ConnectionState, module: &str) -> bool {
    state.tables.borrow().registered.contains(module)
}

/// The address in `vtab:…`.
fn address(text: &str) -> Option<usize> {
    let digits = text.strip_prefix("vtab:")?;
    usize::from_str_radix(digits.strip_prefix("0x").unwrap_or(digits), 16).ok()
}

/// The address that EXPLAIN shows for this virtual table, if there is one.
fn address_of(state: &ConnectionState, schema: &str, name: &str) -> Option<String> {
    let sql = format!("SELECT 1 FROM {schema}.{}", quote_identifier(name));
    let program = Program::read(state, sql.as_bytes(), Author::Guest).ok()?;
    match <[String; 1]>::try_from(program.virtual_tables) {
        Ok([found]) => Some(found),
        Err(_) => None,
    }
}
