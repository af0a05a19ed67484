//! Tells whether a table in a file is an ordinary one of ours.
//!
//! Anybody may have written the file. A view or a virtual table in the table's place runs code when it is read,
//! and a generated column computes its values. So before any row is read, the schema must say that the table is
//! ordinary and has the expected columns. The rows are then read by a [`Select`](super::Select), which bounds
//! their number and asks for lengths before values.

use super::select::{CatalogReader, quoted_schema};
use crate::error::Result;
use crate::value::ValueRef;

/// What a schema has under a table's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Nothing.
    Missing,
    /// An ordinary table with the requested columns in this order, none of them generated.
    Ordinary,
    /// Something else. The text, which follows the table's name, says what.
    Other(&'static str),
}

/// Tells what a schema has under the names of these tables, which are in ASCII lower case and have their columns
/// with them. Reads only the schema.
///
/// # Errors
/// An error of the engine.
pub fn shapes<const N: usize>(
    reader: &dyn CatalogReader,
    schema: &str,
    tables: &[(&str, &[&str]); N],
) -> Result<[Shape; N]> {
    let mut found = [Shape::Missing; N];
    let sql = format!(
        "SELECT name, type, substr(sql, 1, 13) FROM {}.sqlite_master WHERE type IN ('table', 'view') AND \
         name COLLATE NOCASE IN ({})",
        quoted_schema(schema),
        vec!["?"; N].join(", ")
    );
    let names = tables.map(|(name, _)| ValueRef::Text(name));
    reader.query(&sql, &names, &mut |row| {
        if let [ValueRef::Text(name), kind, start] = *row
            && let Some(place) = tables.iter().position(|(table, _)| table.eq_ignore_ascii_case(name))
        {
            let is_table = kind == ValueRef::Text("table")
                && matches!(start, ValueRef::Text(start) if start.eq_ignore_ascii_case("create table "));
            found[place] = match is_table {
                true => Shape::Ordinary,
                false => Shape::Other("is not an ordinary table"),
            };
        }
        Ok(())
    })?;
    for ((table, columns), shape) in tables.iter().zip(&mut found) {
        if *shape != Shape::Ordinary {
            continue;
        }
        let actual = reader.columns(schema, table)?;
        let names = actual.iter().map(|column| column.name.to_ascii_lowercase());
        if actual.iter().any(|column| !column.ordinary) {
            *shape = Shape::Other("has a generated column");
        } else if !names.eq(columns.iter().copied()) {
            *shape = Shape::Other("has other columns");
        }
    }
    Ok(found)
}
