//! Writing definitions: CREATE and DROP as changes of the catalog's tables.
//!
//! [`define`] checks everything before this module writes, and what was written is read back. All writes of a
//! statement are in one transaction or savepoint, so a failure leaves everything as it was. An adaptor lends a
//! connection for our SQL as [`CatalogAccess`].

mod access;
mod verify;

pub use self::access::CatalogAccess;
use self::access::qualified;
pub(crate) use self::verify::Written;
use crate::catalog::{self, Generation};
use crate::ddl::{Create, Drop, ObjectKind};
use crate::define::{self, Definition, Removal};
use crate::error::{Error, ErrorKind, Result};
use crate::manifest::Type;
use crate::registry::Registry;
use crate::value::ValueRef;

/// Runs a CREATE. `parameter` is the value bound to the source, if the source is a parameter. Returns false if
/// the object exists and the statement says IF NOT EXISTS.
///
/// # Errors
/// A failed check or a failed write.
pub fn create(
    access: &dyn CatalogAccess,
    create: &Create,
    parameter: Option<ValueRef<'_>>,
) -> Result<bool> {
    create_written(access, create, parameter).map(|written| written.is_some())
}

/// Like [`create`], but returns what was written, if anything.
///
/// # Errors
/// Like [`create`].
pub(crate) fn create_written(
    access: &dyn CatalogAccess,
    create: &Create,
    parameter: Option<ValueRef<'_>>,
) -> Result<Option<Written>> {
    check_possible(access).map_err(|e| e.at(create.name_offset))?;
    let define = || {
        let registry = access.current()?;
        let names = access.names(&registry);
        let environment = access.environment();
        let definition = define::create(create, parameter, environment, &registry, &*names)?;
        Ok((registry.generation, definition))
    };
    // Checked once before the lock is taken, because compiling takes time.
    let (generation, definition) = define()?;
    let Some(mut definition) = definition else { return Ok(None) };
    let mut written = None;
    transaction(access, || {
        let mut is_known = access.current()?.generation == generation;
        if is_known && is_unseen(access, create)? {
            access.refresh()?;
            is_known = false;
        }
        if !is_known {
            match define()?.1 {
                Some(again) => definition = again,
                None => return Ok(()),
            }
        }
        let before = access.registry();
        let Some(generation) = write(access, create, &definition)? else { return Ok(()) };
        let stored = Written::of(&definition);
        verify::created(access, &definition, &stored, &generation)?;
        let after = access.refresh()?;
        verify::usable(&after, &stored)?;
        definition.hand_over(access.environment(), &after);
        let types = |registry| types_of(registry, definition.kind, &definition.name);
        access.change_types(&types(&before), &types(&after))?;
        access.rebuild(&definition.rebuild)?;
        written = Some(stored);
        Ok(())
    })?;
    Ok(written)
}

/// Runs a DROP. Returns false if the object does not exist and the statement says IF EXISTS.
///
/// # Errors
/// A failed check or a failed write.
pub fn drop(access: &dyn CatalogAccess, drop: &Drop) -> Result<bool> {
    check_possible(access).map_err(|e| e.at(drop.name_offset))?;
    let removal = || {
        let registry = access.current()?;
        define::drop(drop, &registry, &*access.names(&registry))
    };
    let Some(found) = removal()? else { return Ok(false) };
    if let Some(index) = found.drop_indexes.first()
        && access.is_within_statement()
    {
        let message = format!(
            "index \"{}\" depends on {} \"{}\", and no index can be dropped while a statement writes: \
             DROP INDEX first, or run this in a statement of its own",
            index.name,
            found.kind.name(),
            found.name
        );
        return Err(Error::new(ErrorKind::InUse, message).at(drop.name_offset));
    }
    transaction(access, || {
        let Some(Removal { kind, name, drop_indexes }) = removal()? else { return Ok(()) };
        access.change_types(&types_of(&access.registry(), kind, &name), &[])?;
        for index in &drop_indexes {
            access.execute(&format!("DROP INDEX {}", qualified(index)), &[])?;
        }
        let parameters = [ValueRef::Text(catalog::kind_text(kind)), ValueRef::Text(&name)];
        access.execute(catalog::DELETE_OBJECT, &parameters)?;
        let generation = update_generation(access)?;
        verify::dropped(access, kind, &name, &generation)
    })?;
    Ok(true)
}

/// The types that a definition declares.
fn types_of(registry: &Registry, kind: ObjectKind, name: &str) -> Vec<Type> {
    let object = registry.object(kind, name).filter(|_| kind == ObjectKind::Extension);
    let Some(object) = object else { return Vec::new() };
    let manifest = object.module.manifest().ok().flatten();
    manifest.map_or_else(Vec::new, |manifest| object.with.selection.of(manifest).types)
}

/// Runs several of these statements as one.
///
/// # Errors
/// The error of one of them. Then none takes effect.
pub(crate) fn all<T>(
    access: &dyn CatalogAccess,
    statements: impl FnOnce() -> Result<T>,
) -> Result<T> {
    check_possible(access)?;
    let mut done = None;
    transaction(access, || {
        done = Some(statements()?);
        Ok(())
    })?;
    done.ok_or_else(|| Error::new(ErrorKind::Engine, "the transaction was not run"))
}

/// Checks that definitions can be written now.
fn check_possible(access: &dyn CatalogAccess) -> Result<()> {
    access.environment().check_catalog_is_loaded()?;
    if access.is_writing() {
        // The write's transaction could be neither committed nor rolled back while that statement runs.
        return Err(Error::new(
            ErrorKind::InUse,
            "a statement of this connection that writes is still running: step it to its end, or \
             reset it, before definitions are changed",
        ));
    }
    Ok(())
}

/// Writes a new generation. This is the last write, after the triggers, which use the engine's random numbers.
fn update_generation(access: &dyn CatalogAccess) -> Result<Generation> {
    let generation = access.new_generation()?;
    access.execute(catalog::UPDATE_GENERATION, &[ValueRef::Blob(&generation)])?;
    Ok(generation)
}

/// Whether the file has a definition of this name that the snapshot does not know, because it was written by hand, or
/// cannot be read.
fn is_unseen(access: &dyn CatalogAccess, create: &Create) -> Result<bool> {
    let registry = access.registry();
    if registry.generation.is_none() || registry.object(create.kind, &create.name).is_some() {
        return Ok(false);
    }
    is_stored(access, create)
}

fn is_stored(access: &dyn CatalogAccess, create: &Create) -> Result<bool> {
    let kind = catalog::kind_text(create.kind);
    let parameters = [ValueRef::Text(kind), ValueRef::Text(&create.name)];
    access.select(catalog::SELECT_OBJECT, &parameters, &mut |_| {})
}

/// Writes a definition. `None` if there is one and the statement says IF NOT EXISTS.
fn write(
    access: &dyn CatalogAccess,
    create: &Create,
    definition: &Definition,
) -> Result<Option<Generation>> {
    if access.registry().generation.is_none() {
        for sql in catalog::SCHEMA {
            access.execute(sql, &[])?;
        }
    }
    let sql = match create.or_replace {
        true => catalog::UPSERT_OBJECT,
        // Not even one that cannot be read is replaced.
        false if is_stored(access, create)? => {
            return if create.if_not_exists {
                Ok(None)
            } else {
                Err(define::already_exists(create))
            };
        }
        false => catalog::INSERT_OBJECT,
    };
    access.execute(catalog::INSERT_MODULE, &verify::module(definition))?;
    access.execute(sql, &Written::of(definition).parameters())?;
    update_generation(access).map(Some)
}

/// Runs writes as one: in their own transaction, or in a savepoint of the open one.
fn transaction(access: &dyn CatalogAccess, writes: impl FnOnce() -> Result<()>) -> Result<()> {
    let rowid = access.last_insert_rowid();
    if access.is_within_statement() {
        let result = writes();
        access.set_last_insert_rowid(rowid);
        return result;
    }
    let (begin, commit, rollback): (&str, &str, &[&str]) = if access.is_autocommit() {
        ("BEGIN IMMEDIATE", "COMMIT", &["ROLLBACK"])
    } else {
        (
            "SAVEPOINT commensal_ddl",
            "RELEASE commensal_ddl",
            &["ROLLBACK TO commensal_ddl", "RELEASE commensal_ddl"],
        )
    };
    access.execute(begin, &[])?;
    let result = writes().and_then(|()| access.execute(commit, &[]));
    if result.is_err() && !access.is_autocommit() {
        for sql in rollback {
            // The original error is reported, whether or not the rollback fails too.
            let _ = access.execute(sql, &[]);
        }
    }
    access.set_last_insert_rowid(rowid);
    // Whichever way this ended, the registry follows the tables.
    let current = access.current().map(std::mem::drop);
    result.and(current)
}
