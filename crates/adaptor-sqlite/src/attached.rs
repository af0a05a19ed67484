//! Attached files whose indexes and columns were computed by other functions than those that `main` has
//! under the same names.
//!
//! SQLite finds a function by its name alone, so it would write such an index with `main`'s version, and
//! corrupt it. A file's catalog says what its own functions were. What it does not define is taken for
//! data that belongs to `main`.

use std::collections::HashMap;
use std::rc::Rc;

use commensal_core::catalog::{ObjectRow, read_attached};
use commensal_core::ddl::ObjectKind;
use commensal_core::define::uses_of;
use commensal_core::dependents::Uses;
use commensal_core::registry::{ObjectEntry, Registry};
use commensal_core::{Error, ErrorKind, Result, ValueRef};

use crate::names;
use crate::reader::Reader;
use crate::state::{State, is_transient};

/// Checks every attached database. Gives the name of the one that cannot be used, with the reason.
///
/// # Errors
/// A schema cannot be read.
pub(crate) fn conflict(state: &Rc<State>) -> Result<Option<(String, Error)>> {
    let registry = state.registry();
    if registry.objects().is_empty() {
        return Ok(None);
    }
    let mut schemas = Vec::new();
    state.handle.query("PRAGMA database_list", &[], &mut |row| {
        if let ValueRef::Text(name) = row.column(1)?
            && !["main", "temp"].contains(&name)
        {
            schemas.push(name.to_owned());
        }
        Ok(())
    })?;
    for schema in schemas {
        // What cannot be found out now is no reason to keep the file: it is said, and the file goes.
        if let Some(error) = conflict_with(state, &registry, &schema).unwrap_or_else(Some) {
            return Ok(Some((schema, error)));
        }
    }
    Ok(None)
}

/// Why an attached database cannot be used, if that is so.
fn conflict_with(state: &Rc<State>, registry: &Registry, schema: &str) -> Result<Option<Error>> {
    let limits = state.environment().settings.limits.clone();
    let read = read_attached(&Reader(state.handle), &limits, schema);
    let (theirs, problem) = match read {
        Ok(None) => return Ok(None),
        Ok(Some(theirs)) => (Some(by_name(theirs)), None),
        Err(error) if is_transient(&error) => return Err(error),
        // Whatever cannot be read may have been another definition.
        Err(error) => (None, Some(error)),
    };
    let differing = registry
        .objects()
        .iter()
        .filter(|object| theirs.as_ref().is_none_or(|theirs| differs(theirs, object)));
    let differing: Vec<_> = differing.map(|object| (object, uses_of(object))).collect();
    // The schema is gone through once, however many definitions there are.
    let uses = Uses::any_of(differing.iter().map(|(_, uses)| uses));
    if uses.is_empty() {
        return Ok(None);
    }
    let Some(user) = names::first_use_in(state.handle, schema, &uses)? else { return Ok(None) };
    let used = differing.iter().find(|(_, uses)| uses.occur_in(&user.sql));
    let Some((object, _)) = used else { return Ok(None) };
    let (kind, name) = (user.kind, user.name);
    let why = match problem {
        None => "of which that file has another definition than main".to_owned(),
        Some(problem) => {
            format!("and what that file has of it cannot be read: {}", problem.message())
        }
    };
    let message = format!(
        "the {kind} \"{name}\" of the attached database \"{schema}\" depends on the {} \"{}\", {why}: its \
         indexes would be corrupted; open the file by itself, or make the definitions the same",
        object.kind.name(),
        object.name,
    );
    Ok(Some(Error::new(ErrorKind::InUse, message)))
}

/// Definitions by kind, and name in ASCII lower case.
type ByName = HashMap<(ObjectKind, String), ObjectRow>;

fn by_name(rows: Vec<ObjectRow>) -> ByName {
    rows.into_iter().map(|row| ((row.kind, row.name.to_ascii_lowercase()), row)).collect()
}

/// Whether the file's catalog has another definition of this name.
fn differs(theirs: &ByName, object: &ObjectEntry) -> bool {
    let key = (object.kind, object.name.to_ascii_lowercase());
    theirs.get(&key).is_some_and(|row| {
        row.sha256 != object.module.sha256 || row.export != object.export || row.problem.is_some()
    })
}
