//! Takes over the functions of a file that libSQL has written.
//!
//! libSQL keeps its functions in a table of the file: their names, and their modules as text or binary.
//! Each becomes a definition here, all of them or none. The table stays, for libSQL.

use crate::ddl::{Create, ObjectKind, Source, With};
use crate::error::{Error, ErrorKind, Result};
use crate::value::Value;
use crate::write::{self, CatalogAccess};

/// The table of libSQL.
pub const LIBSQL_TABLE: &str = "libsql_wasm_func_table";

/// Its rows: name and module. Fails where the file has no such table.
pub const SELECT_LIBSQL: &str = "SELECT name, body FROM main.libsql_wasm_func_table ORDER BY name";

/// Creates a function of each row; how many there were to create. What has a name that is taken by a
/// function of ours already is left alone, so that the import can be made again.
///
/// # Errors
/// A row without a name or a module; what CREATE FUNCTION says. Then nothing is created.
pub fn libsql(access: &dyn CatalogAccess, rows: Vec<[Value; 2]>) -> Result<u64> {
    write::all(access, || {
        let mut all_written = Vec::new();
        for [name, body] in rows {
            let create = create(name, body)?;
            let written = write::create_written(access, &create, None).map_err(|e| {
                // Its offset is one of a statement that nobody has written.
                let name = &create.name;
                Error::new(e.kind(), format!("\"{name}\" in {LIBSQL_TABLE}: {}", e.message()))
            });
            all_written.extend(written?);
        }
        // A trigger that one of them fired can have undone another.
        all_written.iter().try_for_each(|written| written.check(access))?;
        Ok(all_written.len() as u64)
    })
}

fn create(name: Value, body: Value) -> Result<Create> {
    let unreadable =
        |what: &str| Error::new(ErrorKind::Catalog, format!("a row of {LIBSQL_TABLE} has {what}"));
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
