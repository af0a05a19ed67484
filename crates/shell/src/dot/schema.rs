//! `.tables` and `.schema`. The engine's own tables and the catalog's are listed only when a pattern
//! asks for them.

use std::io::Write;

use commensal::ValueRef;
use commensal::core::ddl::{quote_identifier, quote_text};

use super::script;
use crate::failure::Result;
use crate::session::Session;

/// `.tables [PATTERN]`: one name per line; in attached databases after the database's name.
pub(super) fn tables(session: &mut Session, arguments: &[String]) -> Result {
    let filter = filter("name", arguments);
    let sql = each_database(session, |prefix, schema| {
        format!(
            "SELECT {prefix} || name FROM {schema} WHERE type IN ('table', 'view') AND {filter}"
        )
    })?;
    print_lines(session, &format!("{sql} ORDER BY 1"), str::to_owned)
}

/// `.schema [PATTERN]`: the CREATE statements, in the order in which they were run.
pub(super) fn schema(session: &mut Session, arguments: &[String]) -> Result {
    let filter = filter("tbl_name", arguments);
    for (_, schema) in databases(session)? {
        let sql =
            format!("SELECT sql FROM {schema} WHERE sql IS NOT NULL AND {filter} ORDER BY rowid");
        // Also text that is not a statement, because this output is read, not run.
        print_lines(session, &sql, |sql| {
            let statement = script::statement(sql).unwrap_or_else(|_| sql.to_owned());
            format!("{statement};")
        })?;
    }
    Ok(())
}

fn filter(column: &str, arguments: &[String]) -> String {
    match arguments.first() {
        Some(pattern) => format!("{column} LIKE {}", quote_text(pattern)),
        None => [r"sqlite\_%", r"commensal\_%"]
            .map(|own| format!(r"{column} NOT LIKE '{own}' ESCAPE '\'"))
            .join(" AND "),
    }
}

/// One SELECT over the schema tables of all databases. `select` gets the prefix of names, as an
/// expression, and the schema table.
fn each_database(session: &Session, select: impl Fn(&str, &str) -> String) -> Result<String> {
    let selects: Vec<_> = databases(session)?
        .iter()
        .map(|(name, schema)| match name.as_str() {
            "main" => select("''", schema),
            name => select(&quote_text(&format!("{name}.")), schema),
        })
        .collect();
    Ok(selects.join(" UNION ALL "))
}

/// Name and schema table of each database of the connection.
fn databases(session: &Session) -> Result<Vec<(String, String)>> {
    let mut databases = Vec::new();
    let mut statement = session.connection.prepare("PRAGMA database_list")?;
    while statement.step()? {
        if let ValueRef::Text(name) = statement.column(1)? {
            let schema = format!("{}.sqlite_schema", quote_identifier(name));
            databases.push((name.to_owned(), schema));
        }
    }
    Ok(databases)
}

/// Prints the first column of a query, with each value formatted by `line`.
fn print_lines(session: &mut Session, sql: &str, line: impl Fn(&str) -> String) -> Result {
    let mut statement = session.connection.prepare(sql)?;
    while statement.step()? {
        if let ValueRef::Text(text) = statement.column(0)? {
            writeln!(session.output, "{}", line(text))?;
        }
    }
    Ok(())
}
