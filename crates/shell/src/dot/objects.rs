//! The parts of a dump: rows of the schema table, and rows of tables.

use std::io::Write;

use commensal::{Connection, ValueRef};

use super::script;
use crate::failure::{Failure, Result};
use crate::literal::{Blob, Literal};
use crate::output::Output;

/// A row of the schema table.
pub(super) struct Object {
    pub(super) name: String,
    pub(super) sql: String,
}

pub(super) fn query(connection: &Connection, sql: &str) -> Result<Vec<Object>> {
    let mut objects = Vec::new();
    let mut statement = connection.prepare(sql)?;
    while statement.step()? {
        if let (ValueRef::Text(name), ValueRef::Text(sql)) =
            (statement.column(0)?, statement.column(1)?)
        {
            objects.push(Object { name: name.to_owned(), sql: sql.to_owned() });
        }
    }
    Ok(objects)
}

impl Object {
    /// Its statement, without the semicolon.
    pub(super) fn statement(&self) -> Result<String> {
        script::statement(&self.sql).map_err(|reason| {
            Failure::message(format!(
                "cannot dump \"{}\": its definition is not one that SQLite would store: {reason}; \
                 name what to dump to leave it out",
                self.name
            ))
        })
    }
}

/// Rows to insert.
pub(super) struct Rows {
    /// The table, in quotes.
    pub(super) into: String,
    /// The columns, if they are listed; otherwise empty.
    pub(super) columns: Vec<String>,
    /// The expressions for the values.
    pub(super) values: Vec<String>,
    /// The table to read, and a condition.
    pub(super) from: String,
}

impl Rows {
    /// One more column.
    pub(super) fn push(&mut self, column: String, value: String) {
        self.columns.push(column);
        self.values.push(value);
    }

    /// Writes an INSERT for each row.
    ///
    /// # Errors
    /// The database or the output reports an error.
    pub(super) fn write(&self, connection: &Connection, output: &mut Output) -> Result {
        let list = self.columns.join(",");
        let list = if list.is_empty() { list } else { format!("({list})") };
        let values = &self.values;
        let selected = values.iter().cloned().chain(bytes_of_text(values)).collect::<Vec<_>>();
        let sql = format!("SELECT {} FROM {}", selected.join(","), self.from);
        let mut statement = connection.prepare(&sql)?;
        while statement.step()? {
            write!(output, "INSERT INTO {}{list} VALUES(", self.into)?;
            for column in 0..values.len() {
                let comma = if column == 0 { "" } else { "," };
                match statement.column(column) {
                    Ok(value) => write!(output, "{comma}{}", Literal(value))?,
                    // Text that is not valid UTF-8.
                    Err(error) => match statement.column(values.len() + column) {
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
}

/// Expressions for the bytes of each column's text, because a dump also keeps text that is not valid UTF-8.
/// `None` for tables so wide that the result could have more columns than SQLite allows.
fn bytes_of_text(columns: &[String]) -> impl Iterator<Item = String> {
    let columns = if columns.len() > 1000 { &[] } else { columns };
    columns
        .iter()
        .map(|name| format!("CASE WHEN typeof({name})='text' THEN CAST({name} AS BLOB) END"))
}
