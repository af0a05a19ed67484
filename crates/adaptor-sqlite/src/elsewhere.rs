//! Indexes outside of `main` that depend on definitions of `main`: in `temp`, and in attached files.
//!
//! Whoever replaces a definition rebuilds what depends on it, but sees nothing of another connection's `temp` and
//! attached files. So a connection that reads another version of the catalog looks at its own. It rebuilds what no
//! longer fits before its next statement. Within a transaction, or where no statement of ours can come first,
//! statements fail until that is done.

use std::rc::Rc;
use std::sync::Arc;

use commensal_core::ddl::lexer::Lexer;
use commensal_core::ddl::quote_identifier;
use commensal_core::define::{Dependent, DependentKind, uses_of};
use commensal_core::dependents::Uses;
use commensal_core::registry::{ObjectEntry, Registry};
use commensal_core::{Error, ErrorKind, Result, ValueRef};

use crate::names;
use crate::raised::Raised;
use crate::rebuild::{index_problem, reindex};
use crate::state::ConnectionState;

/// The schemas other than `main`.
fn schemas(state: &ConnectionState) -> Result<Vec<String>> {
    let mut schemas = names::schemas(state.handle)?;
    schemas.retain(|name| name != "main");
    Ok(schemas)
}

/// Whether both are the same code under the same name.
fn is_same(a: &ObjectEntry, b: &ObjectEntry) -> bool {
    a.kind == b.kind
        && a.name.eq_ignore_ascii_case(&b.name)
        && a.module.sha256 == b.module.sha256
        && a.export == b.export
        && a.with.selection == b.with.selection
}

/// Takes note of what depends on definitions that are new, or others, from one snapshot to the next.
///
/// # Errors
/// A schema cannot be read.
pub(crate) fn note(state: &ConnectionState, before: &Registry, after: &Registry) -> Result<()> {
    let schemas = schemas(state)?;
    if schemas.is_empty() {
        return Ok(());
    }
    let is_new =
        |object: &&Arc<ObjectEntry>| !before.objects().iter().any(|known| is_same(object, known));
    let new = after.objects().iter().filter(is_new);
    let new: Vec<Uses> = new.map(|object| uses_of(object)).collect();
    depend_later(state, Uses::any_of(&new), &schemas);
    Ok(())
}

/// As [`depend`], but what cannot be read, because somebody has locked or damaged it, is looked at before a later
/// statement.
fn depend_later(state: &ConnectionState, uses: Uses, schemas: &[String]) {
    if uses.is_empty() {
        return;
    }
    if state.handle.without_waiting(|| depend(state, &uses, schemas)).is_err() {
        state.elsewhere.unseen.borrow_mut().push(uses);
    }
}

/// Looks at the file that was attached last, whose indexes may be of an earlier version of `main`'s definitions.
/// Returns its name, with the reason, if it cannot be used.
///
/// # Errors
/// A schema cannot be read.
pub(crate) fn attached(state: &Rc<ConnectionState>) -> Result<Option<(String, Error)>> {
    let registry = state.registry();
    let all: Vec<_> = registry.objects().iter().map(|object| uses_of(object)).collect();
    let Some(schema) = schemas(state)?.pop().filter(|schema| schema != "temp") else {
        return Ok(None);
    };
    depend(state, &Uses::any_of(&all), std::slice::from_ref(&schema))?;
    Ok(settle(state).err().map(|error| (schema, error)))
}

fn depend(state: &ConnectionState, uses: &Uses, schemas: &[String]) -> Result<()> {
    if uses.is_empty() {
        return Ok(());
    }
    let names = state.names();
    let mut found = Vec::new();
    let mut result = Ok(());
    for schema in schemas {
        // One file that cannot be read keeps no other one from being looked at.
        result = result.and(names.dependents_in(schema, uses, &mut found));
    }
    let mut pending = state.elsewhere.pending.borrow_mut();
    for dependent in found {
        if dependent.kind != DependentKind::VirtualTable && !pending.contains(&dependent) {
            pending.push(dependent);
        }
    }
    result
}

/// Sees to it that indexes outside of `main` fit the definitions.
///
/// # Errors
/// Some do not, and cannot be rebuilt now.
#[inline]
pub(crate) fn settle(state: &Rc<ConnectionState>) -> Result<()> {
    let elsewhere = &state.elsewhere;
    let is_settled = elsewhere.pending.borrow().is_empty() && elsewhere.unseen.borrow().is_empty();
    if is_settled { Ok(()) } else { settle_pending(state) }
}

#[cold]
fn settle_pending(state: &Rc<ConnectionState>) -> Result<()> {
    let elsewhere = &state.elsewhere;
    let settling = Raised::new(&elsewhere.settling);
    if settling.was_up() || reindexes(state) {
        return Ok(());
    }
    let unseen = elsewhere.unseen.take();
    if !unseen.is_empty() {
        depend_later(state, Uses::any_of(&unseen), &schemas(state)?);
    }
    let mut pending = elsewhere.pending.borrow().clone();
    if pending.is_empty() {
        return Ok(());
    }
    pending.retain(|dependent| exists(state, dependent));
    elsewhere.pending.replace(pending.clone());
    let handle = state.handle;
    let Some(misfit) = misfit(state, &pending)? else {
        if handle.sees_committed() {
            elsewhere.pending.borrow_mut().clear();
        }
        return Ok(());
    };
    if !(handle.is_autocommit() && handle.is_idle()) {
        return Err(Error::new(
            ErrorKind::InUse,
            format!("{misfit}: say REINDEX, outside of transactions"),
        ));
    }
    if let Some((_, error)) = crate::attached::conflict(state)? {
        return Err(error);
    }
    handle.execute("BEGIN", &[])?;
    let rebuilt = reindex(handle, &pending).and_then(|_| handle.execute("COMMIT", &[]));
    // A commit that somebody else's lock keeps from happening leaves the transaction open.
    if rebuilt.is_err() && !handle.is_autocommit() {
        handle.execute("ROLLBACK", &[])?;
    }
    rebuilt.map_err(|error| {
        let code = error.engine_code();
        let error =
            Error::new(error.kind(), format!("{misfit}, and it cannot be rebuilt: {error}"));
        code.into_iter().fold(error, Error::with_engine_code)
    })?;
    elsewhere.pending.borrow_mut().clear();
    Ok(())
}

/// Whether a REINDEX runs, which has to use the new version.
fn reindexes(state: &ConnectionState) -> bool {
    let mut found = false;
    let _ = state.handle.for_each_writing(|sql| {
        found |= Lexer::new(&String::from_utf8_lossy(sql)).significant().is("REINDEX");
        Ok(())
    });
    found
}

fn exists(state: &ConnectionState, dependent: &Dependent) -> bool {
    let Dependent { schema, name, .. } = dependent;
    let schema = quote_identifier(schema);
    let sql = format!("SELECT 1 FROM {schema}.sqlite_master WHERE name = ?1");
    let mut found = false;
    let read = state.handle.query(&sql, &[ValueRef::Text(name)], &mut |_| {
        found = true;
        Ok(())
    });
    // One that cannot be read is still there; a schema that is gone is not.
    found || read.is_err_and(|error| !error.message().starts_with("no such table"))
}

/// Whether a DROP TABLE may change other tables: SQLite deletes the rows first if foreign keys are on and something
/// refers to them.
pub(crate) fn may_delete_by_keys(state: &ConnectionState) -> bool {
    let look = || {
        if (!state.attached.any.get() && state.elsewhere.pending.borrow().is_empty())
            || !are_keys_on(state)?
        {
            return Ok(false);
        }
        let mut found = false;
        for schema in names::schemas(state.handle)? {
            found |= names::has_references(state.handle, &schema)?;
        }
        Ok::<_, Error>(found)
    };
    // What cannot be read may.
    state.handle.without_waiting(look).unwrap_or(true)
}

fn are_keys_on(state: &ConnectionState) -> Result<bool> {
    let mut on = false;
    state.handle.query("PRAGMA foreign_keys", &[], &mut |row| {
        on = row.column(0)? == ValueRef::Integer(1);
        Ok(())
    })?;
    Ok(on)
}

/// What no longer fits, in words.
fn misfit(state: &ConnectionState, pending: &[Dependent]) -> Result<Option<String>> {
    for dependent in pending {
        if let Some(problem) = index_problem(state.handle, dependent)? {
            let kind = if dependent.kind == DependentKind::Index { "index" } else { "table" };
            return Ok(Some(format!(
                "the {kind} \"{}\".\"{}\" was made with another version of a definition ({problem})",
                dependent.schema, dependent.name
            )));
        }
    }
    Ok(None)
}
