//! Imports the functions of a file that libSQL wrote.
//!
//! libSQL keeps its functions in a table of the file: their names and their modules as text or binary. Each
//! becomes a definition, all of them or none. The table stays for libSQL.

use crate::catalog::{CatalogReader, Column, Select, Shape, shapes};
use crate::ddl::{Create, ObjectKind, Source, With};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::value::{Value, ValueRef};
use crate::write::{self, CatalogAccess};

/// The table of libSQL.
pub const LIBSQL_TABLE: &str = "libsql_wasm_func_table";

/// Largest size in bytes of all modules that are imported at once.
const BYTES_MAX: usize = 128 << 20;

/// Reads the names and modules in the table. The file may be an attack, so only an ordinary table is read, and
/// the length of each value before the value.
///
/// # Errors
/// The table is missing or is a view or has generated columns, a row lacks a name or module or exceeds their
/// limits, or there are more rows than `catalog_objects_max`.
pub fn read_libsql(reader: &dyn CatalogReader, limits: &Limits) -> Result<Vec<[Value; 2]>> {
    check_table(reader)?;
    let (text, bytes) = (limits.module_text_bytes_max, limits.module_bytes_max);
    let rows_max = limits.catalog_objects_max;
    let select = Select {
        schema: "main",
        table: LIBSQL_TABLE,
        // libSQL makes it WITHOUT ROWID.
        has_rowid: false,
        columns: vec![
            Column::Text("name", limits.name_bytes_max),
            Column::TextOrBlob("body", text, bytes),
            Column::Type("body"),
        ],
        rows_max: rows_max.saturating_add(1),
    };
    let (mut rows, mut total) = (Vec::new(), 0_usize);
    reader.select(&select, &mut |row| {
        let [name, body, class] = *row else { return Err(unreadable("other columns")) };
        let ValueRef::Text(name) = name else {
            return Err(unreadable("no name that a function can have"));
        };
        if rows.len() == rows_max {
            let message = format!(
                "{LIBSQL_TABLE} has more rows than catalog_objects_max = {rows_max}, which the host can raise"
            );
            return Err(Error::new(ErrorKind::Limit, message));
        }
        total += match (body, class) {
            (ValueRef::Text(body), _) => body.len(),
            (ValueRef::Blob(body), _) => body.len(),
            (ValueRef::Integer(length), ValueRef::Text("text" | "blob")) => {
                let message = format!(
                    "the module of \"{name}\" in {LIBSQL_TABLE} has {length} bytes, more than \
                     module_bytes_max = {bytes} or, of a text, module_text_bytes_max = {text}, which the \
                     host can raise"
                );
                return Err(Error::new(ErrorKind::Limit, message));
            }
            (_, ValueRef::Text("text")) => {
                return Err(unreadable(&format!("text that is not UTF-8 as the module of \"{name}\"")));
            }
            (_, ValueRef::Text(class)) => {
                let class = class.to_ascii_uppercase();
                return Err(unreadable(&format!("{class} as the module of \"{name}\"")));
            }
            _ => return Err(unreadable("no module")),
        };
        if total > BYTES_MAX {
            let message = format!("the modules in {LIBSQL_TABLE} have more than {BYTES_MAX} bytes in all");
            return Err(Error::new(ErrorKind::Limit, message));
        }
        rows.push([Value::Text(name.to_owned()), body.to_owned()]);
        Ok(())
    })?;
    Ok(rows)
}

/// Checks that the table is an ordinary one.
fn check_table(reader: &dyn CatalogReader) -> Result<()> {
    match shapes(reader, "main", &[(LIBSQL_TABLE, &["name", "body"])])? {
        [Shape::Ordinary] => Ok(()),
        [Shape::Missing] => {
            Err(Error::new(ErrorKind::NotFound, format!("no such table: main.{LIBSQL_TABLE}")))
        }
        [Shape::Other(what)] => {
            let message = format!("{LIBSQL_TABLE} {what}, so libSQL has not written it");
            Err(Error::new(ErrorKind::Catalog, message))
        }
    }
}

fn unreadable(what: &str) -> Error {
    Error::new(ErrorKind::Catalog, format!("a row of {LIBSQL_TABLE} has {what}"))
}

/// Creates a function from each row. Returns how many were created. Names that our functions already have are
/// skipped, so that the import can be repeated.
///
/// # Errors
/// A row without a name or module, or an error of CREATE FUNCTION. Then nothing is created.
pub fn libsql(access: &dyn CatalogAccess, rows: Vec<[Value; 2]>) -> Result<u64> {
    write::all(access, || {
        let mut all_written = Vec::new();
        for [name, body] in rows {
            let create = create(name, body)?;
            let written = write::create_written(access, &create, None).map_err(|e| {
                // Drops the offset, because nobody wrote this statement.
                let name = &create.name;
                Error::new(e.kind(), format!("\"{name}\" in {LIBSQL_TABLE}: {}", e.message()))
            });
            all_written.extend(written?);
        }
        // A trigger that one write fired may have undone another.
        all_written.iter().try_for_each(|written| written.check(access))?;
        Ok(all_written.len() as u64)
    })
}

fn create(name: Value, body: Value) -> Result<Create> {
    let name = match name {
        Value::Text(name) if !name.is_empty() && !name.contains('\0') => name,
        _ => return Err(unreadable("no name that a function can have")),
    };
    let source = match body {
        Value::Text(text) => Source::Text(text),
        Value::Blob(bytes) => Source::Blob(bytes),
        other => {
            let class = other.as_ref().class();
            return Err(unreadable(&format!("{class} as the module of \"{name}\"")));
        }
    };
    Ok(Create {
        kind: ObjectKind::Function,
        or_replace: false,
        if_not_exists: true,
        name,
        name_offset: 0,
        source,
        source_offset: 0,
        export: None,
        deterministic: false,
        with: With::default(),
        cascade_reindex: false,
    })
}
