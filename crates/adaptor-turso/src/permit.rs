//! Whether a guest's statement may run, judged by its program.
//!
//! The text does not tell, because a view of the file may call anything. EXPLAIN lists the instructions of
//! the program, with those of views. It does not say which virtual table is opened, so names of virtual
//! tables are looked for wherever they can come from: in the statement and in the views.

use std::sync::Arc;

use commensal_core::catalog::TABLE_PREFIX;
use commensal_core::ddl::lexer::{Lexer, TokenKind};
use commensal_core::host::calls::{self, Work, check_rights, needed_for};
use commensal_core::host::sql::Level;
use commensal_core::limits::{Capabilities, Capability};
use commensal_core::{Error, Result, ValueRef, ddl};
use turso_core::{Connection, Value};

use crate::error::{self, refusal};
use crate::growth::{self, Growth};
use crate::step::step;
use crate::value::borrowed;

/// Functions of the engine that are not for guests.
const FUNCTIONS_REFUSED: &[&str] = &["attach", "detach", "load_extension", "nextval", "setval"];

/// Prefixes of the engine's functions that give the time or random numbers and that SQLite does not have.
const RANDOM: &[&str] = &["uuid", "gen_random"];

/// Prefixes of virtual tables that are not for guests. Pragmas are looked at one by one.
const TABLES_REFUSED: &[&str] = &["btree_dump", "csv", "dbpage", "sqlite_dbpage", "wasm_"];

const PRAGMA: &str = "pragma_";

/// Functions that put several values together if they are given several paths.
const EXTRACTS: &[&str] = &["json_extract", "jsonb_extract"];

/// The first database that is attached.
const FIRST_ATTACHED: i64 = 2;

/// What was found out about a statement.
#[derive(Clone, Copy, Default)]
pub(crate) struct Permit {
    /// The capabilities that the guest needs for it.
    pub(crate) needs: Capabilities,
    /// How often it can double a value.
    pub(crate) doublings: u32,
    /// What the time and the memory of a row grow with.
    pub(crate) work: Work,
}

/// Finds out whether a guest may run a statement, which may only read, and what the guest needs for it.
///
/// # Errors
/// The guest may not run it.
pub(crate) fn examine(connection: &Arc<Connection>, sql: &str, level: Level) -> Result<Permit> {
    let (mut growth, mut refused) = (Growth::default(), None);
    let (mut needs, mut pages, mut opens_virtual) = (Capabilities::NONE, Vec::new(), false);
    let (mut work, mut extracts) = (Work::NONE, false);
    let is_before = |c: char| c.is_ascii_whitespace() || c == ';';
    let explain = format!("EXPLAIN {}", sql.trim_start_matches(is_before));
    rows(connection, &explain, |row| {
        let [_, Value::Text(opcode), p1, p2, p3, p4, ..] = row else { return Err(unreadable()) };
        let operand = |value: &Value| integer(value).ok_or_else(unreadable);
        match opcode.as_str() {
            "Function" | "AggStep" | "AggInverse" | "AggValue" | "AggFinal" => {
                let Value::Text(name) = p4 else { return Err(unreadable()) };
                // What an aggregate compares by follows in parentheses.
                let name = name.as_str().split('(').next().unwrap_or_default();
                // EXPLAIN does not tell how many arguments it has.
                work.add_call(name, usize::MAX);
                needs = of_function(name)?.iter().fold(needs, Capabilities::with);
                growth.call(name, operand(p3)?);
                extracts |= is_one_of(name, EXTRACTS);
                if growth::is_refused(name) {
                    refused.get_or_insert_with(|| name.to_owned());
                }
            }
            "OpenRead" => {
                let (Some(page), Some(database)) = (integer(p2), integer(p3)) else {
                    return Err(unreadable());
                };
                if database >= FIRST_ATTACHED {
                    let message =
                        "attached databases are not for guests: they reach main and temp only";
                    return Err(refusal(message));
                }
                pages.push((database, page));
            }
            "VOpen" => opens_virtual = true,
            // Sequences have instructions of their own, which also occur in statements that only read.
            "OpenWrite" => return Err(refusal("the statement writes: it is not for guests")),
            name if name.starts_with("Sequence")
                && !["Sequence", "SequenceTest"].contains(&name) =>
            {
                return Err(refusal("sequences are not for guests"));
            }
            opcode => {
                work.add_copies(usize::from(matches!(opcode, "Column" | "VColumn" | "Copy")));
                growth.add(opcode, [operand(p1)?, operand(p2)?, operand(p3)?]);
            }
        }
        Ok(())
    })?;
    check_rights(needs, level.rights).map_err(refusal)?;
    if let Some(name) = refused {
        let message = format!(
            "{name}() is not for guests with Turso, which does not limit the text that it \
             makes"
        );
        return Err(refusal(message));
    }
    let doublings = growth.doublings(sql.len(), level.value_bytes_max)?;
    check_catalog(connection, &pages)?;
    let check_text = |sql: &str| {
        if extracts {
            check_extracts(sql)?;
        }
        if opens_virtual { check_virtual_tables(sql) } else { Ok(()) }
    };
    if opens_virtual || extracts {
        check_text(sql)?;
        for schema in ["main", "temp"] {
            let views = format!("SELECT sql FROM {schema}.sqlite_schema WHERE type = 'view'");
            rows(connection, &views, |row| match row {
                [Value::Text(sql)] => check_text(sql.as_str()),
                _ => Ok(()),
            })?;
        }
    }
    Ok(Permit { needs, doublings, work })
}

/// Runs a statement of our own.
fn rows(
    connection: &Arc<Connection>,
    sql: &str,
    mut each: impl FnMut(&[Value]) -> Result<()>,
) -> Result<()> {
    let mut statement = connection.prepare_internal(sql).map_err(error::of_engine)?;
    while step(&mut statement)? {
        let Some(row) = statement.row() else { break };
        let values: Vec<Value> = row.get_values().cloned().collect();
        each(&values)?;
    }
    Ok(())
}

fn integer(value: &Value) -> Option<i64> {
    match borrowed(value) {
        ValueRef::Integer(integer) => Some(integer),
        _ => None,
    }
}

/// The capabilities that a call of a function needs.
fn of_function(name: &str) -> Result<Capabilities> {
    if is_one_of(name, FUNCTIONS_REFUSED) {
        return Err(refusal(format!("{name}() is not for guests")));
    }
    let needs = needed_for(name);
    Ok(match begins_with(name, RANDOM) {
        true => needs.with(Capability::Random).with(Capability::Clock),
        false => needs,
    })
}

/// Refuses the tables of definitions, which tell what other guests are and where they came from.
fn check_catalog(connection: &Arc<Connection>, pages: &[(i64, i64)]) -> Result<()> {
    if pages.is_empty() {
        return Ok(());
    }
    let sql = "SELECT tbl_name, rootpage FROM main.sqlite_schema WHERE rootpage <> 0";
    rows(connection, sql, |row| {
        let [Value::Text(name), page] = row else { return Ok(()) };
        let is_opened = || integer(page).is_some_and(|page| pages.contains(&(0, page)));
        match begins_with(name.as_str(), &[TABLE_PREFIX]) && is_opened() {
            true => {
                Err(refusal(format!("{} is not for guests: it holds definitions", name.as_str())))
            }
            false => Ok(()),
        }
    })
}

fn begins_with(name: &str, prefixes: &[&str]) -> bool {
    prefixes.iter().any(|prefix| {
        name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    })
}

fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Checks that no call in a statement or a view extracts from JSON by several paths, because the engine
/// does not limit what is then put together.
fn check_extracts(sql: &str) -> Result<()> {
    let mut lexer = Lexer::new(sql);
    // For each open bracket, the number of arguments so far if it belongs to such a call.
    let mut open: Vec<Option<usize>> = Vec::new();
    let mut before: Option<String> = None;
    loop {
        let token = lexer.significant();
        match token.kind {
            TokenKind::End => return Ok(()),
            TokenKind::LeftParenthesis => {
                let extracts = before.take().is_some_and(|name| is_one_of(&name, EXTRACTS));
                open.push(extracts.then_some(1));
            }
            TokenKind::RightParenthesis => drop(open.pop()),
            TokenKind::Comma => {
                if let Some(Some(arguments)) = open.last_mut() {
                    *arguments += 1;
                    if *arguments > 2 {
                        return Err(refusal(
                            "json_extract() with several paths is not for guests with Turso, which does \
                             not limit the text that it makes",
                        ));
                    }
                }
            }
            _ => {}
        }
        before = ddl::name(&token);
    }
}

/// Checks every name in a statement or a view.
fn check_virtual_tables(sql: &str) -> Result<()> {
    let mut lexer = Lexer::new(sql);
    loop {
        let token = lexer.significant();
        if token.kind == TokenKind::End {
            return Ok(());
        }
        let Some(name) = ddl::name(&token) else { continue };
        let is_pragma = begins_with(&name, &[PRAGMA]);
        let is_known =
            || calls::pragmas().any(|known| known.eq_ignore_ascii_case(&name[PRAGMA.len()..]));
        if is_pragma && !is_known() || begins_with(&name, TABLES_REFUSED) {
            return Err(refusal(format!("{name} is not for guests")));
        }
    }
}

#[cold]
fn unreadable() -> Error {
    refusal("the program of the statement cannot be read: Turso's EXPLAIN gives it in another form")
}
