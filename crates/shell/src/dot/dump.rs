//! `.dump`: the SQL that makes the database again, for this shell and, as far as the database needs
//! nothing of ours, for sqlite3. With `--plain`, sqlite3 can restore all of it.
//!
//! Commensal's catalog comes first, with its rows: generated columns, indexes and CHECK constraints
//! of the tables after it may call the functions it defines. For virtual tables, only the definition is
//! written, into the schema table as sqlite3 does, because creating them could need tables that do not
//! exist yet. The tables that hold their rows are dumped like any other.

use std::io::Write;

use commensal::core::ddl::{quote_identifier, quote_text};
use commensal::{Connection, ValueRef};

use super::objects::{Object, Rows, query};
use super::plain::Plain;
use super::script;
use crate::failure::{Failure, Result};
use crate::literal::Literal;
use crate::output::Output;
use crate::session::Session;

/// `.dump [--plain] [TABLE…]`
pub(super) fn run(session: &mut Session, arguments: &[String]) -> Result {
    let (options, patterns): (Vec<_>, Vec<_>) =
        arguments.iter().cloned().partition(|argument| argument.starts_with("--"));
    if let Some(option) = options.iter().find(|option| *option != "--plain") {
        return Err(Failure::message(format!("unknown option \"{option}\"; .dump has --plain")));
    }
    let plain = !options.is_empty();
    if plain && !session.has_definitions {
        return Err(Failure::message(
            ".dump --plain needs the definitions of the file, which --no-wasm leaves out",
        ));
    }
    let (connection, output) = (&session.connection, &mut session.output);
    // One state of the database, whatever others write meanwhile.
    connection.execute_batch("SAVEPOINT commensal_dump")?;
    let plain = plain.then(|| Plain::new(connection)).transpose();
    let result = plain.and_then(|plain| write_dump(connection, output, &patterns, plain));
    let released = connection.execute_batch("RELEASE commensal_dump");
    if let Err(Failure::Report(_)) = result {
        writeln!(output, "ROLLBACK; -- because of an error while dumping")?;
    }
    result.and(released.map_err(Failure::from))
}

fn write_dump(
    connection: &Connection,
    output: &mut Output,
    patterns: &[String],
    mut plain: Option<Plain>,
) -> Result {
    writeln!(output, "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;")?;
    let tables = tables(connection, patterns)?;
    for table in &tables {
        let written = match &mut plain {
            Some(plain) if !is_special(table) => plain.write(connection, output, table)?,
            _ => false,
        };
        if !written {
            write_table(connection, output, table)?;
        }
    }
    if let Some(plain) = &plain {
        plain.finish(output)?;
    }
    let others = format!(
        "SELECT name, sql FROM main.sqlite_schema WHERE sql IS NOT NULL \
         AND type IN ('index', 'trigger', 'view') AND {} ORDER BY rowid",
        filter(patterns)
    );
    for object in query(connection, &others)? {
        if plain.as_ref().is_some_and(|plain| plain.has_index(&object.name)) {
            continue;
        }
        writeln!(output, "{};", object.statement()?)?;
    }
    if tables.iter().any(|table| script::is_virtual(&table.sql)) {
        writeln!(output, "PRAGMA writable_schema=OFF;")?;
    }
    writeln!(output, "COMMIT;")?;
    Ok(())
}

/// The catalog's tables, the others in the order in which they were made, sqlite_sequence. The last one of
/// the catalog is the table whose generation makes readers look at the others.
fn tables(connection: &Connection, patterns: &[String]) -> Result<Vec<Object>> {
    let sql = format!(
        r"SELECT name, sql FROM main.sqlite_schema
          WHERE type = 'table' AND sql IS NOT NULL AND {}
          ORDER BY name = 'sqlite_sequence', name NOT LIKE 'commensal\_%' ESCAPE '\',
                   name = 'commensal_meta', rowid",
        filter(patterns)
    );
    query(connection, &sql)
}

fn filter(patterns: &[String]) -> String {
    if patterns.is_empty() {
        return "true".to_owned();
    }
    let like: Vec<_> =
        patterns.iter().map(|pattern| format!("tbl_name LIKE {}", quote_text(pattern))).collect();
    format!("({})", like.join(" OR "))
}

fn write_table(connection: &Connection, output: &mut Output, table: &Object) -> Result {
    if table.name == "sqlite_sequence" {
        // Made by the first AUTOINCREMENT table.
        writeln!(output, "DELETE FROM sqlite_sequence;")?;
    } else if table.name == "sqlite_stat1" {
        // Makes the table. Not every build has the others, and ANALYZE fills them anew.
        writeln!(output, "ANALYZE sqlite_schema;")?;
    } else if table.name.starts_with("__turso_internal") {
        return Err(Failure::message(format!(
            "cannot dump \"{}\": no statement makes it again, and columns of Turso's own types need it; name the tables \
             that can do without",
            table.name
        )));
    } else if table.name.starts_with("sqlite_") {
        return Ok(());
    } else if script::is_virtual(&table.sql) {
        let [name, sql] = [&table.name, &table.sql].map(|text| Literal(ValueRef::Text(text)));
        writeln!(
            output,
            "PRAGMA writable_schema=ON;\n\
             INSERT INTO sqlite_schema(type,name,tbl_name,rootpage,sql)\
             VALUES('table',{name},{name},0,{sql});"
        )?;
        return Ok(());
    } else {
        writeln!(output, "{};", table.statement()?)?;
    }
    write_rows(connection, output, &table.name)
}

fn write_rows(connection: &Connection, output: &mut Output, table: &str) -> Result {
    let (values, generated) = columns(connection, table)?;
    let into = quote_identifier(table);
    let from = format!("main.{into}");
    let columns = if generated { values.clone() } else { Vec::new() };
    Rows { into, columns, values, from }.write(connection, output)
}

/// Whether SQLite makes a table by itself, or it is only put into the schema table.
fn is_special(table: &Object) -> bool {
    table.name.starts_with("sqlite_") || script::is_virtual(&table.sql)
}

/// The quoted names of the columns that hold values, and whether there are also generated ones.
fn columns(connection: &Connection, table: &str) -> Result<(Vec<String>, bool)> {
    let mut names = Vec::new();
    let mut generated = false;
    let sql = format!("PRAGMA main.table_xinfo({})", quote_identifier(table));
    let mut statement = connection.prepare(&sql)?;
    while statement.step()? {
        match (statement.column(1)?, statement.column(6)?) {
            (ValueRef::Text(name), ValueRef::Integer(0)) => names.push(quote_identifier(name)),
            _ => generated = true,
        }
    }
    Ok((names, generated))
}
