//! `.dump`: the SQL that makes the database anew, for this shell and, as far as the database needs
//! nothing of ours, for sqlite3.
//!
//! Commensal's catalog comes first, with its rows: generated columns, indexes and CHECK constraints
//! of the tables after it may call the functions it defines. Of virtual tables only the definition is
//! written, into the schema table as sqlite3 does, since creating them could need what is not there
//! yet; the tables that hold their rows are dumped like any other.

use std::io::Write;

use commensal::core::ddl::{quote_identifier, quote_text};
use commensal::{Connection, ValueRef};

use super::script;
use crate::failure::{Failure, Result};
use crate::literal::{Blob, Literal};
use crate::output::Output;
use crate::session::Session;

/// A row of the schema table.
struct Table {
    name: String,
    sql: String,
}

/// `.dump [TABLE…]`
pub(super) fn run(session: &mut Session, patterns: &[String]) -> Result {
    let (connection, output) = (&session.connection, &mut session.output);
    // One state of the database, whatever others write meanwhile.
    connection.execute_batch("SAVEPOINT commensal_dump")?;
    let result = write_dump(connection, output, patterns);
    let released = connection.execute_batch("RELEASE commensal_dump");
    if let Err(Failure::Report(_)) = result {
        writeln!(output, "ROLLBACK; -- because of an error while dumping")?;
    }
    result.and(released.map_err(Failure::from))
}

fn write_dump(connection: &Connection, output: &mut Output, patterns: &[String]) -> Result {
    writeln!(output, "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;")?;
    let tables = tables(connection, patterns)?;
    for table in &tables {
        write_table(connection, output, table)?;
    }
    let indexes = format!(
        "SELECT name, sql FROM main.sqlite_schema WHERE sql IS NOT NULL \
         AND type IN ('index', 'trigger', 'view') AND {} ORDER BY rowid",
        filter(patterns)
    );
    for object in query(connection, &indexes)? {
        writeln!(output, "{};", object.statement()?)?;
    }
    if tables.iter().any(|table| script::is_virtual(&table.sql)) {
        writeln!(output, "PRAGMA writable_schema=OFF;")?;
    }
    writeln!(output, "COMMIT;")?;
    Ok(())
}

/// The catalog's tables, the others in the order in which they were made, sqlite_sequence. Last of
/// the catalog comes the table whose generation makes readers look at the others.
fn tables(connection: &Connection, patterns: &[String]) -> Result<Vec<Table>> {
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

fn query(connection: &Connection, sql: &str) -> Result<Vec<Table>> {
    let mut tables = Vec::new();
    let mut statement = connection.prepare(sql)?;
    while statement.step()? {
        if let (ValueRef::Text(name), ValueRef::Text(sql)) =
            (statement.column(0)?, statement.column(1)?)
        {
            tables.push(Table { name: name.to_owned(), sql: sql.to_owned() });
        }
    }
    Ok(tables)
}

impl Table {
    /// Its statement, without the semicolon.
    fn statement(&self) -> Result<String> {
        script::statement(&self.sql).map_err(|reason| {
            Failure::message(format!(
                "cannot dump \"{}\": its definition is nothing that SQLite would store, {reason}; \
                 name what to dump to leave it out",
                self.name
            ))
        })
    }
}

fn write_table(connection: &Connection, output: &mut Output, table: &Table) -> Result {
    if table.name == "sqlite_sequence" {
        // Made by the first AUTOINCREMENT table.
        writeln!(output, "DELETE FROM sqlite_sequence;")?;
    } else if table.name == "sqlite_stat1" {
        // Makes the table. Not every build has the others, and ANALYZE fills them anew.
        writeln!(output, "ANALYZE sqlite_schema;")?;
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
    let (columns, generated) = columns(connection, table)?;
    let names = columns.join(",");
    let table = quote_identifier(table);
    let into = if generated { format!("{table}({names})") } else { table.clone() };
    let selected = columns.iter().cloned().chain(bytes_of_text(&columns)).collect::<Vec<_>>();
    let sql = format!("SELECT {} FROM main.{table}", selected.join(","));
    let mut statement = connection.prepare(&sql)?;
    while statement.step()? {
        write!(output, "INSERT INTO {into} VALUES(")?;
        for column in 0..columns.len() {
            let comma = if column == 0 { "" } else { "," };
            match statement.column(column) {
                Ok(value) => write!(output, "{comma}{}", Literal(value))?,
                // Text that is not valid UTF-8.
                Err(error) => match statement.column(columns.len() + column) {
                    Ok(ValueRef::Blob(bytes)) => {
                        write!(output, "{comma}CAST({} AS TEXT)", Blob(bytes))?;
                    }
                    _ => return Err(error.into()),
                },
            }
        }
        writeln!(output, ");")?;
    }
    Ok(())
}

/// Expressions for the bytes of each column's text, since a dump keeps what is not valid UTF-8 too.
/// None for tables so wide that the result could have more columns than SQLite allows.
fn bytes_of_text(columns: &[String]) -> impl Iterator<Item = String> {
    let columns = if columns.len() > 1000 { &[] } else { columns };
    columns
        .iter()
        .map(|name| format!("CASE WHEN typeof({name})='text' THEN CAST({name} AS BLOB) END"))
}

/// The quoted names of the columns that hold values, and whether there are generated ones besides.
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
