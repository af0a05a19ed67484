//! Finds attached files whose indexes and columns were computed by other functions than those that
//! `main` has under the same names.
//!
//! SQLite finds a function by its name alone, so it would write such an index with `main`'s version and
//! corrupt it. A file's catalog says what its own functions were. If the file does not define a
//! function, its data is assumed to belong to `main`.

use std::rc::Rc;
use std::sync::Arc;

use commensal_core::catalog::{LoadedCatalog, read_attached};
use commensal_core::ddl::ObjectKind;
use commensal_core::define::uses_of;
use commensal_core::dependents::Uses;
use commensal_core::environment::Environment;
use commensal_core::registry::{ObjectEntry, Registry};
use commensal_core::{Error, ErrorKind, Result, ValueRef};

use crate::codes::is_transient;
use crate::names;
use crate::reader::Reader;
use crate::state::ConnectionState;

/// Checks every attached database. Returns the name of the one that cannot be used, with the reason.
///
/// # Errors
/// A schema cannot be read.
pub(crate) fn conflict(state: &Rc<ConnectionState>) -> Result<Option<(String, Error)>> {
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
        // An error here is reason enough not to use the file, and is reported with it.
        if let Some(error) = conflict_with(state, &registry, &schema).unwrap_or_else(Some) {
            return Ok(Some((schema, error)));
        }
    }
    Ok(None)
}

/// Why an attached database cannot be used, or `None` if it can.
fn conflict_with(
    state: &Rc<ConnectionState>,
    registry: &Registry,
    schema: &str,
) -> Result<Option<Error>> {
    let environment = state.environment();
    let read = read_attached(&Reader(state.handle), &environment.settings.limits, schema);
    let (theirs, problem) = match read {
        Ok(None) => return Ok(None),
        Ok(Some(theirs)) => (Some(Theirs::new(theirs, &environment)), None),
        Err(error) if is_transient(&error) => return Err(error),
        // A definition that cannot be read may have been another one.
        Err(error) => (None, Some(error)),
    };
    let differing =
        registry.objects().iter().map(|object| (object, uses_of(object))).filter(
            |(object, uses)| theirs.as_ref().is_none_or(|theirs| theirs.differs(object, uses)),
        );
    let differing: Vec<_> = differing.collect();
    // One pass over the schema serves all definitions.
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

/// The definitions of an attached file, with the names of what each declares.
struct Theirs(Vec<(Arc<ObjectEntry>, Uses)>);

impl Theirs {
    fn new(loaded: LoadedCatalog, environment: &Environment) -> Self {
        let registry = Registry::build(loaded, environment, &|_, _| false);
        let with_uses = |object: &Arc<ObjectEntry>| (Arc::clone(object), uses_of(object));
        Self(registry.objects().iter().map(with_uses).collect())
    }

    /// Whether the file defines differently what `object` declares, under this name or another.
    fn differs(&self, object: &ObjectEntry, uses: &Uses) -> bool {
        let is_code_of = |other: &ObjectEntry| {
            other.kind == object.kind
                && other.module.sha256 == object.module.sha256
                && other.export == object.export
                && other.with.selection == object.with.selection
        };
        let is_named_as = |other: &ObjectEntry| {
            other.kind == object.kind && other.name.eq_ignore_ascii_case(&object.name)
        };
        let named = self.0.iter().find(|(other, _)| is_named_as(other));
        match named {
            Some((other, _)) => !is_code_of(other) || other.problem.is_some(),
            None => self.0.iter().any(|(other, theirs)| {
                // An extension that cannot be read may declare anything.
                let unknown = other.kind == ObjectKind::Extension && other.problem.is_some();
                unknown || theirs.overlaps(uses) && !is_code_of(other)
            }),
        }
    }
}
