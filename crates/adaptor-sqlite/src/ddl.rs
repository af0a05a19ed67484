//! Writing definitions: CREATE and DROP as changes of the catalog's tables.
//!
//! The core has checked everything before this writes. All writes of a statement are in one
//! transaction or savepoint; what a failure leaves is what was there before.

use std::rc::Rc;

use commensal_core::catalog;
use commensal_core::ddl::{Create, Drop, quote_identifier};
use commensal_core::define::{self, Definition, Dependent, Removal};
use commensal_core::{Error, ErrorKind, Result, ValueRef};

use crate::names::Names;
use crate::state::State;

/// Runs a CREATE.
///
/// # Errors
/// A check, or a write.
pub(crate) fn create(
    state: &Rc<State>,
    create: &Create,
    parameter: Option<ValueRef<'_>>,
) -> Result<()> {
    check_possible(state).map_err(|e| e.at(create.name_offset))?;
    let define = |state: &Rc<State>| {
        let registry = state.current()?;
        let names = Names::new(state);
        let definition = define::create(create, parameter, &state.environment, &registry, &names)?;
        Ok((registry.generation, definition))
    };
    // Once before the lock is taken, because compiling takes its time.
    let (generation, definition) = define(state)?;
    let Some(mut definition) = definition else { return Ok(()) };
    transaction(state, || {
        if state.current()?.generation != generation {
            match define(state)?.1 {
                Some(again) => definition = again,
                None => return Ok(()),
            }
        }
        write(state, &definition)?;
        definition.hand_over(&*state.refresh()?);
        for dependent in &definition.rebuild {
            reindex(state, dependent)?;
        }
        Ok(())
    })
}

/// Runs a DROP.
///
/// # Errors
/// A check, or a write.
pub(crate) fn drop(state: &Rc<State>, drop: &Drop) -> Result<()> {
    check_possible(state).map_err(|e| e.at(drop.name_offset))?;
    let removal = |state: &Rc<State>| {
        let registry = state.current()?;
        define::drop(drop, &registry, &Names::new(state))
    };
    if removal(state)?.is_none() {
        return Ok(());
    }
    transaction(state, || {
        let Some(Removal { kind, name, drop_indexes }) = removal(state)? else { return Ok(()) };
        for index in &drop_indexes {
            state.handle.execute(&format!("DROP INDEX {}", qualified(index)), &[])?;
        }
        let parameters = [ValueRef::Text(catalog::kind_text(kind)), ValueRef::Text(&name)];
        state.handle.execute(catalog::DELETE_OBJECT, &parameters)?;
        update_generation(state)
    })
}

/// Whether definitions can be written at all now.
fn check_possible(state: &State) -> Result<()> {
    state.environment.check_catalog_is_loaded()?;
    if state.handle.is_writing() {
        // Its transaction could be neither committed nor rolled back under it.
        return Err(Error::new(
            ErrorKind::InUse,
            "a statement of this connection that writes is still running: step it to its end, or \
             reset it, before definitions are changed",
        ));
    }
    Ok(())
}

/// The last write of all, after the triggers: the random numbers of SQLite, which they use, are the
/// same in two processes that were forked from one.
fn update_generation(state: &State) -> Result<()> {
    let mut generation = [0; 16];
    getrandom::fill(&mut generation).map_err(|e| {
        Error::new(ErrorKind::Engine, format!("the system has no random numbers: {e}"))
    })?;
    state.handle.execute(catalog::UPDATE_GENERATION, &[ValueRef::Blob(&generation)])
}

fn write(state: &State, definition: &Definition) -> Result<()> {
    let handle = state.handle;
    if state.registry().generation.is_none() {
        for sql in catalog::SCHEMA {
            handle.execute(sql, &[])?;
        }
    }
    let sha256 = ValueRef::Blob(&definition.sha256);
    let bytes = ValueRef::Integer(i64::try_from(definition.wasm.len()).unwrap_or(i64::MAX));
    let manifest = ValueRef::Text(&definition.manifest);
    let wasm = ValueRef::Blob(&definition.wasm);
    handle.execute(catalog::INSERT_MODULE, &[sha256, bytes, manifest, wasm])?;
    let options = catalog::options_text(&definition.with);
    handle.execute(
        catalog::UPSERT_OBJECT,
        &[
            ValueRef::Text(catalog::kind_text(definition.kind)),
            ValueRef::Text(&definition.name),
            sha256,
            definition.export.as_deref().map_or(ValueRef::Null, ValueRef::Text),
            ValueRef::Integer(definition.deterministic.into()),
            ValueRef::Text(&options),
        ],
    )?;
    update_generation(state)
}

fn reindex(state: &State, dependent: &Dependent) -> Result<()> {
    state.handle.execute(&format!("REINDEX {}", qualified(dependent)), &[])
}

fn qualified(dependent: &Dependent) -> String {
    let (schema, name) = (&dependent.schema, &dependent.name);
    format!("{}.{}", quote_identifier(schema), quote_identifier(name))
}

/// Runs writes as one: in a transaction of their own, or in a savepoint of the one that is open.
/// The rowid of the last INSERT stays what it was: the writes are no INSERT of the user.
fn transaction(state: &Rc<State>, writes: impl FnOnce() -> Result<()>) -> Result<()> {
    let handle = state.handle;
    // SAFETY: the connection is open.
    let rowid = unsafe { (handle.api.sqlite3_last_insert_rowid)(handle.db()) };
    let (begin, commit, rollback): (&str, &str, &[&str]) = if handle.is_autocommit() {
        ("BEGIN IMMEDIATE", "COMMIT", &["ROLLBACK"])
    } else {
        (
            "SAVEPOINT commensal_ddl",
            "RELEASE commensal_ddl",
            &["ROLLBACK TO commensal_ddl", "RELEASE commensal_ddl"],
        )
    };
    handle.execute(begin, &[])?;
    let result = writes().and_then(|()| handle.execute(commit, &[]));
    if result.is_err() && !handle.is_autocommit() {
        for sql in rollback {
            // What failed is reported; a rollback that fails too changes nothing about that.
            let _ = handle.execute(sql, &[]);
        }
    }
    // SAFETY: the connection is open.
    unsafe { (handle.api.sqlite3_set_last_insert_rowid)(handle.db(), rowid) };
    // What memory says follows from the tables, whichever way this ended.
    let current = state.current().map(std::mem::drop);
    result.and(current)
}
