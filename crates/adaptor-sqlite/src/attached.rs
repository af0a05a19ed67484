//! Attached files whose indexes and columns were computed by other functions than those that `main` has
//! under the same names.
//!
//! SQLite finds a function by its name alone, so it would write such an index with `main`'s version, and
//! corrupt it. A file's catalog says what its own functions were. What it does not define is taken for
//! data that belongs to `main`.

use std::rc::Rc;

use commensal_core::catalog::kind_text;
use commensal_core::ddl::quote_identifier;
use commensal_core::define::{DependentKind, uses_of};
use commensal_core::registry::ObjectEntry;
use commensal_core::{Error, ErrorKind, Result, ValueRef};

use crate::names::Names;
use crate::state::State;
use crate::statement::Handle;

/// Checks every attached database. Gives the name of the one that cannot be used, with the reason.
///
/// # Errors
/// A schema cannot be read.
pub(crate) fn conflict(state: &Rc<State>) -> Result<Option<(String, Error)>> {
    let registry = state.registry();
    if registry.objects().is_empty() {
        return Ok(None);
    }
    let handle = state.handle;
    let mut schemas = Vec::new();
    handle.query("PRAGMA database_list", &[], &mut |row| {
        if let ValueRef::Text(name) = row.column(1)?
            && !["main", "temp"].contains(&name)
        {
            schemas.push(name.to_owned());
        }
        Ok(())
    })?;
    for schema in schemas {
        if !has_catalog(handle, &schema)? {
            continue;
        }
        for object in registry.objects() {
            let uses = uses_of(object);
            let mut dependents = Vec::new();
            if !uses.is_empty() {
                Names::new(state).dependents_in(&schema, &uses, &mut dependents)?;
            }
            if let Some(dependent) = dependents.first()
                && differs(handle, &schema, object)?
            {
                let kind = match dependent.kind {
                    DependentKind::Index => "index",
                    _ => "table",
                };
                let message = format!(
                    "the {kind} \"{}\" of the attached database \"{schema}\" depends on the {} \
                     \"{}\", of which that file has another definition than main: its indexes would be \
                     corrupted; open the file by itself, or make the definitions the same",
                    dependent.name,
                    object.kind.name(),
                    object.name,
                );
                return Ok(Some((schema, Error::new(ErrorKind::InUse, message))));
            }
        }
    }
    Ok(None)
}

/// Whether there is something of the name of the catalog's table, be it a table or not.
fn has_catalog(handle: Handle, schema: &str) -> Result<bool> {
    let mut has = false;
    let sql = format!(
        "SELECT 1 FROM {}.sqlite_master WHERE name = 'commensal_object' COLLATE NOCASE",
        quote_identifier(schema)
    );
    handle.query(&sql, &[], &mut |_| {
        has = true;
        Ok(())
    })?;
    Ok(has)
}

/// Whether the file's catalog has another definition of this name. One that is no plain table counts as
/// such: nothing of a file that is not trusted is computed here.
fn differs(handle: Handle, schema: &str, object: &ObjectEntry) -> Result<bool> {
    let schema = quote_identifier(schema);
    let mut plain = false;
    let sql = format!(
        "SELECT type = 'table' AND lower(substr(sql, 1, 13)) = 'create table ' FROM {schema}.sqlite_master \
         WHERE name = 'commensal_object' COLLATE NOCASE"
    );
    handle.query(&sql, &[], &mut |row| {
        plain = row.column(0)? == ValueRef::Integer(1);
        Ok(())
    })?;
    if plain {
        let sql = format!("PRAGMA {schema}.table_xinfo(commensal_object)");
        handle.query(&sql, &[], &mut |row| {
            plain &= row.column(6)? == ValueRef::Integer(0);
            Ok(())
        })?;
    }
    let mut differs = !plain;
    if plain {
        let sql = format!(
            "SELECT sha256 IS ?3 AND export IS ?4 FROM {schema}.commensal_object WHERE kind = ?1 AND \
             name = ?2 COLLATE NOCASE"
        );
        let export = object.export.as_deref().map_or(ValueRef::Null, ValueRef::Text);
        let parameters = [
            ValueRef::Text(kind_text(object.kind)),
            ValueRef::Text(&object.name),
            ValueRef::Blob(&object.module.sha256),
            export,
        ];
        handle.query(&sql, &parameters, &mut |row| {
            differs = row.column(0)? != ValueRef::Integer(1);
            Ok(())
        })?;
    }
    Ok(differs)
}
