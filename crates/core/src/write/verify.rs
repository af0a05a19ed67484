//! Reads back what CREATE and DROP wrote.
//!
//! The file may have triggers on the catalog's tables, or tables with other conflict clauses. These can undo or
//! change a write without an error. Then a statement would report success although it did nothing.

use super::access::CatalogAccess;
use crate::catalog::{self, Generation};
use crate::ddl::ObjectKind;
use crate::define::Definition;
use crate::error::{Error, ErrorKind, Result};
use crate::registry::Registry;
use crate::value::ValueRef;

/// A definition as it must be in the catalog.
pub(crate) struct Written {
    kind: ObjectKind,
    name: String,
    sha256: [u8; 32],
    export: Option<String>,
    deterministic: bool,
    options: String,
}

impl Written {
    pub(super) fn of(definition: &Definition) -> Self {
        Self {
            kind: definition.kind,
            name: definition.name.clone(),
            sha256: definition.sha256,
            export: definition.export.clone(),
            deterministic: definition.deterministic,
            options: catalog::options_text(&definition.with),
        }
    }

    /// The values of a row of `commensal_object`.
    pub(super) fn parameters(&self) -> [ValueRef<'_>; 6] {
        [
            ValueRef::Text(catalog::kind_text(self.kind)),
            ValueRef::Text(&self.name),
            ValueRef::Blob(&self.sha256),
            self.export.as_deref().map_or(ValueRef::Null, ValueRef::Text),
            ValueRef::Integer(self.deterministic.into()),
            ValueRef::Text(&self.options),
        ]
    }

    /// Checks that the definition is in the catalog.
    ///
    /// # Errors
    /// It is not.
    pub(crate) fn check(&self, access: &dyn CatalogAccess) -> Result<()> {
        if has_row(access, catalog::SELECT_WRITTEN_OBJECT, &self.parameters())? {
            return Ok(());
        }
        Err(undone(
            access,
            &format!("the definition of \"{}\" is not as it was written", self.name),
        ))
    }
}

/// The values of a row of `commensal_module`.
pub(super) fn module(definition: &Definition) -> [ValueRef<'_>; 4] {
    [
        ValueRef::Blob(&definition.sha256),
        ValueRef::Integer(i64::try_from(definition.wasm.len()).unwrap_or(i64::MAX)),
        ValueRef::Text(&definition.manifest),
        ValueRef::Blob(&definition.wasm),
    ]
}

/// Checks the catalog after a CREATE has written.
///
/// # Errors
/// Something is not in the catalog as it was written.
pub(super) fn created(
    access: &dyn CatalogAccess,
    definition: &Definition,
    written: &Written,
    generation: &Generation,
) -> Result<()> {
    written.check(access)?;
    let name = &definition.name;
    if !has_row(access, catalog::SELECT_WRITTEN_MODULE, &module(definition))? {
        return Err(undone(access, &format!("the module of \"{name}\" is not as it was written")));
    }
    check_generation(access, generation)
}

/// Checks that the created object can be used, after the catalog was read again.
///
/// # Errors
/// It has a problem that a call would report.
pub(super) fn usable(registry: &Registry, written: &Written) -> Result<()> {
    let object = registry.object(written.kind, &written.name);
    let problem = match object {
        Some(object) => object.problem.as_deref(),
        None => Some(registry.problem.as_deref().unwrap_or("it was not read")),
    };
    problem.map_or(Ok(()), |problem| {
        let message = format!("\"{}\" could not be used: {problem}", written.name);
        Err(Error::new(ErrorKind::Catalog, message))
    })
}

/// Checks the catalog after a DROP has written.
///
/// # Errors
/// The definition is still in the catalog.
pub(super) fn dropped(
    access: &dyn CatalogAccess,
    kind: ObjectKind,
    name: &str,
    generation: &Generation,
) -> Result<()> {
    let parameters = [ValueRef::Text(catalog::kind_text(kind)), ValueRef::Text(name)];
    if has_row(access, catalog::SELECT_OBJECT, &parameters)? {
        return Err(undone(access, &format!("the definition of \"{name}\" is still there")));
    }
    check_generation(access, generation)
}

/// Checks the generation, because other connections notice changes by it.
fn check_generation(access: &dyn CatalogAccess, generation: &Generation) -> Result<()> {
    if has_row(access, catalog::SELECT_WRITTEN_GENERATION, &[ValueRef::Blob(generation)])? {
        return Ok(());
    }
    Err(undone(access, "the catalog's generation is not as it was written"))
}

fn has_row(access: &dyn CatalogAccess, sql: &str, parameters: &[ValueRef<'_>]) -> Result<bool> {
    access.select(sql, parameters, &mut |_| {})
}

/// The error for a write that was undone, with the triggers that may have done it.
#[cold]
fn undone(access: &dyn CatalogAccess, what: &str) -> Error {
    let mut triggers = Vec::new();
    let sql = catalog::select_foreign_triggers();
    // The error is true even without their names.
    let _ = access.select(&sql, &[], &mut |name| triggers.push(format!("\"{name}\"")));
    let cause = match triggers.as_slice() {
        [] => "a trigger or a constraint of the catalog's tables changed it".to_owned(),
        triggers => format!("triggers on the catalog's tables changed it: {}", triggers.join(", ")),
    };
    Error::new(ErrorKind::Catalog, format!("{what}: {cause}"))
}
