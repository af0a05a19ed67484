//! Finds attached files whose indexes and columns were computed by other functions than those that
//! `main` has under the same names.
//!
//! SQLite finds a function by its name alone, so it would write such an index with `main`'s version and
//! corrupt it. A file's catalog says what its own functions were. If the file does not define a
//! function, its data is assumed to belong to `main`.

use std::rc::Rc;
use std::sync::Arc;

use commensal_core::catalog::{LoadedCatalog, read_attached};
use commensal_core::ddl::lexer::{Lexer, TokenKind};
use commensal_core::ddl::{ObjectKind, name, quote_identifier};
use commensal_core::define::{Dependent, EngineNames, Foreign, uses_of};
use commensal_core::dependents::Uses;
use commensal_core::environment::Environment;
use commensal_core::registry::{Namespace, ObjectEntry, Registry};
use commensal_core::{Error, ErrorKind, Result, ValueRef};

use crate::codes::is_transient;
use crate::names::{self, Names};
use crate::pending::{Attached, Known, Version, Watched};
use crate::reader::Reader;
use crate::state::ConnectionState;

/// Sees to it that the attached files can be used, before a statement uses one.
///
/// # Errors
/// One cannot be used: another process has changed it, or the definitions of `main`.
#[inline]
pub(crate) fn check(state: &Rc<ConnectionState>) -> Result<()> {
    if state.attached.any.get() { check_all(state) } else { Ok(()) }
}

#[cold]
fn check_all(state: &Rc<ConnectionState>) -> Result<()> {
    // Within a transaction, what has a snapshot of `main` may have changed a definition, or taken a change back. To read
    // the catalog without one would take it before the statement does. A call of a function reports a catalog that
    // cannot be read.
    let committed = state.handle.sees_committed();
    let reads = committed || state.handle.has_snapshot(c"main");
    let read = if reads { state.read(false).ok() } else { None };
    let registry = read.unwrap_or_else(|| state.registry());
    if registry.objects().is_empty() {
        return Ok(());
    }
    match look(state, registry, committed) {
        // Somebody has locked a file. What uses it waits for itself, and what was known last still holds.
        Err(error) if !is_transient(&error) => Err(error),
        _ => state.attached.problem().map_or(Ok(()), Err),
    }
}

/// Looks for problems where something has changed since the last time. Within a transaction it looks only at the
/// definitions, and at what was detached, because to look at a file would take a snapshot before the statement does.
fn look(state: &Rc<ConnectionState>, registry: Arc<Registry>, committed: bool) -> Result<()> {
    let Attached { any, known, .. } = &state.attached;
    let versions = match committed {
        true => state.handle.without_waiting(|| versions(state))?,
        false => known.borrow().versions.clone(),
    };
    if committed {
        any.set(!versions.is_empty());
    }
    let is_known = {
        let Known { registry: before, versions: seen, problem } = &*known.borrow();
        before.as_ref().is_some_and(|before| Arc::ptr_eq(before, &registry))
            && *seen == versions
            && match problem {
                Some((schema, _)) => names::attached(state.handle)?.any(|name| name == *schema),
                None => true,
            }
    };
    if !is_known {
        // What uses a file that cannot be read fails by itself.
        let unreadable = |error| if is_transient(&error) { Err(error) } else { Ok(None) };
        let problem = state.handle.without_waiting(|| find(state, &registry, unreadable))?;
        known.replace(Known { registry: Some(registry), versions, problem });
    }
    Ok(())
}

/// The attached schemas with their versions.
fn versions(state: &ConnectionState) -> Result<Vec<(String, Version)>> {
    let mut versions = Vec::new();
    let mut watched = state.attached.watched.take();
    for schema in names::attached(state.handle)? {
        let known = watched.iter().position(|watched| watched.schema == schema);
        let known = known.map(|known| watched.swap_remove(known));
        let version = match version(state, schema.clone(), known) {
            Err(error) if is_transient(&error) => return Err(error),
            // A file that cannot be read has none.
            version => version.ok(),
        };
        versions.push((schema, version));
    }
    Ok(versions)
}

/// The version of one schema, read with the statements that were prepared before.
fn version(state: &ConnectionState, schema: String, known: Option<Watched>) -> Result<[i64; 2]> {
    let mut watched = match known {
        Some(watched) => watched,
        None => {
            let quoted = quote_identifier(&schema);
            let prepare = |name| state.handle.prepare(&format!("PRAGMA {quoted}.{name}"));
            Watched { schema, pragmas: [prepare("schema_version")?, prepare("data_version")?] }
        }
    };
    let mut version = [0; 2];
    for (pragma, version) in watched.pragmas.iter_mut().zip(&mut version) {
        if pragma.step()?
            && let ValueRef::Integer(found) = pragma.column(0)?
        {
            *version = found;
        }
        pragma.reset();
    }
    state.attached.watched.borrow_mut().push(watched);
    Ok(version)
}

/// The schema that was attached last.
pub(crate) fn last(state: &ConnectionState) -> Result<Option<String>> {
    Ok(names::attached(state.handle)?.last())
}

/// Checks a statement that may make an index, a table or a column in an attached file, and would compute it with
/// `main`'s functions.
///
/// # Errors
/// It uses a name of which the file has another definition.
pub(crate) fn check_creation(state: &ConnectionState, sql: &str) -> Result<()> {
    if !state.attached.any.get() {
        return Ok(());
    }
    let named = match target(sql) {
        None => return Ok(()),
        Some(Target::Schema(name)) => Some(name),
        Some(Target::Table(name)) if is_own_table(state, &name)? => return Ok(()),
        Some(Target::Table(_)) => None,
    };
    let is_target =
        |schema: &String| named.as_ref().is_none_or(|name| schema.eq_ignore_ascii_case(name));
    let registry = state.registry();
    for schema in names::attached(state.handle)?.filter(is_target) {
        let differing = Differing::of(state, &registry, &schema)?;
        if let Some((object, _)) = differing.objects.iter().find(|(_, uses)| uses.occur_in(sql)) {
            let message = format!(
                "the attached database \"{schema}\" has another definition of the {} \"{}\" than main: what \
                 depends on it would be wrong there; open the file by itself, or make the definitions the same",
                object.kind.name(),
                object.name,
            );
            return Err(Error::new(ErrorKind::InUse, message));
        }
    }
    Ok(())
}

/// Where a statement makes something.
#[derive(Debug, PartialEq, Eq)]
enum Target {
    Schema(String),
    /// In this table, which may be of any schema.
    Table(String),
}

/// Where a CREATE makes an index or a table, if it names a schema, or an ALTER TABLE a column. A virtual table is made by
/// the function of its module.
fn target(sql: &str) -> Option<Target> {
    let mut lexer = Lexer::new(sql);
    let first = lexer.significant();
    let mut token = lexer.significant();
    let alters = first.is("ALTER");
    if token.is("UNIQUE") || token.is("VIRTUAL") {
        token = lexer.significant();
    }
    let creates = first.is("CREATE");
    let makes = token.is("TABLE") && (creates || alters) || token.is("INDEX") && creates;
    if !makes {
        return None;
    }
    let mut names = 0;
    loop {
        let before = token;
        token = lexer.significant();
        match token.kind {
            TokenKind::Dot => {
                // The values of a SELECT do not depend on anything later.
                let selects =
                    lexer.significant().kind != TokenKind::End && lexer.significant().is("AS");
                return name(&before).filter(|_| !selects).map(Target::Schema);
            }
            TokenKind::Identifier if alters && names > 0 => {
                return name(&before).map(Target::Table);
            }
            TokenKind::Identifier if ["ON", "AS", "USING"].iter().any(|word| token.is(word)) => {
                return None;
            }
            TokenKind::Identifier | TokenKind::QuotedIdentifier | TokenKind::String => names += 1,
            _ => return None,
        }
    }
}

/// Whether `temp` or `main` has this table, which SQLite prefers to those of attached files.
fn is_own_table(state: &ConnectionState, name: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM temp.sqlite_master WHERE name = ?1 COLLATE NOCASE UNION ALL \
               SELECT 1 FROM main.sqlite_master WHERE name = ?1 COLLATE NOCASE";
    let mut found = false;
    state.handle.query(sql, &[ValueRef::Text(name)], &mut |_| {
        found = true;
        Ok(())
    })?;
    Ok(found)
}

/// Checks every attached database. Returns the name of the one that cannot be used, with the reason.
///
/// # Errors
/// A schema cannot be read.
pub(crate) fn conflict(state: &Rc<ConnectionState>) -> Result<Option<(String, Error)>> {
    let registry = state.registry();
    if registry.objects().is_empty() {
        return Ok(None);
    }
    // An error here is reason enough not to use the file, and is reported with it.
    find(state, &registry, |error| Ok(Some(error)))
}

/// The first attached database that cannot be used, with the reason. `unreadable` says what an error means.
fn find(
    state: &ConnectionState,
    registry: &Registry,
    unreadable: impl Fn(Error) -> Result<Option<Error>>,
) -> Result<Option<(String, Error)>> {
    for schema in names::attached(state.handle)? {
        if let Some(error) = conflict_with(state, registry, &schema).or_else(&unreadable)? {
            return Ok(Some((schema, error)));
        }
    }
    Ok(None)
}

/// Why an attached database cannot be used, or `None` if it can.
fn conflict_with(
    state: &ConnectionState,
    registry: &Registry,
    schema: &str,
) -> Result<Option<Error>> {
    let Differing { objects: differing, problem } = Differing::of(state, registry, schema)?;
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

/// The definitions of `main` that are others in an attached file.
#[derive(Default)]
struct Differing<'r> {
    objects: Vec<(&'r Arc<ObjectEntry>, Uses)>,
    /// Why those of the file cannot be read.
    problem: Option<Error>,
}

impl<'r> Differing<'r> {
    fn of(state: &ConnectionState, registry: &'r Registry, schema: &str) -> Result<Self> {
        let environment = state.environment();
        let read = read_attached(&Reader(state.handle), &environment.settings.limits, schema);
        let (theirs, problem) = match read {
            Ok(None) => return Ok(Self::default()),
            Ok(Some(theirs)) => (Some(Theirs::new(theirs, &environment)), None),
            Err(error) if is_transient(&error) => return Err(error),
            // A definition that cannot be read may have been another one.
            Err(error) => (None, Some(error)),
        };
        let all = registry.objects().iter().map(|object| (object, uses_of(object)));
        let differs = |(object, uses): &(&Arc<ObjectEntry>, Uses)| {
            theirs.as_ref().is_none_or(|theirs| theirs.differs(object, uses))
        };
        Ok(Self { objects: all.filter(differs).collect(), problem })
    }
}

/// What SQLite knows about names, without what depends on definitions of attached files' own.
pub(crate) struct NamesOfMain(Rc<ConnectionState>, Names);

impl NamesOfMain {
    pub(crate) fn new(state: &Rc<ConnectionState>) -> Self {
        Self(Rc::clone(state), state.names())
    }

    /// Whether a file declares one of these names itself.
    fn has_own(&self, schema: &str, uses: &Uses) -> Result<bool> {
        let Self(state, _) = self;
        let environment = state.environment();
        let read = read_attached(&Reader(state.handle), &environment.settings.limits, schema);
        match read {
            Ok(Some(theirs)) => Ok(Theirs::new(theirs, &environment).declare(uses)),
            Ok(None) => Ok(false),
            Err(error) if is_transient(&error) => Err(error),
            // It may be `main`'s.
            Err(_) => Ok(false),
        }
    }
}

impl EngineNames for NamesOfMain {
    fn foreign(&self, namespace: Namespace, name: &str) -> Result<Option<Foreign>> {
        self.1.foreign(namespace, name)
    }

    fn dependents(&self, uses: &Uses) -> Result<Vec<Dependent>> {
        let mut dependents = self.1.dependents(uses)?;
        for schema in names::attached(self.0.handle)? {
            let is_of = |dependent: &Dependent| dependent.schema == schema;
            if dependents.iter().any(is_of) && self.has_own(&schema, uses)? {
                dependents.retain(|dependent| !is_of(dependent));
            }
        }
        Ok(dependents)
    }

    fn interrupted(&self) -> bool {
        self.1.interrupted()
    }
}

/// The definitions of an attached file, with the names of what each declares.
struct Theirs(Vec<(Arc<ObjectEntry>, Uses)>);

impl Theirs {
    fn new(loaded: LoadedCatalog, environment: &Environment) -> Self {
        let registry = Registry::build(loaded, environment, &|_, _| false);
        let with_uses = |object: &Arc<ObjectEntry>| (Arc::clone(object), uses_of(object));
        Self(registry.objects().iter().map(with_uses).collect())
    }

    fn declare(&self, uses: &Uses) -> bool {
        self.0.iter().any(|(_, theirs)| theirs.overlaps(uses))
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

#[cfg(test)]
mod tests {
    use super::{Target, target};

    #[test]
    fn what_is_made_is_found() {
        let schema = |name: &str| Some(Target::Schema(name.to_owned()));
        for (sql, expected) in [
            ("CREATE INDEX x.i ON t(f(a))", schema("x")),
            ("create unique index if not exists \"x y\".i on t(a)", schema("x y")),
            ("CREATE INDEX i ON t(f(x.a))", None),
            ("CREATE TABLE t AS SELECT x.a FROM x", None),
            ("CREATE TABLE x.t AS SELECT f(1)", None),
            ("CREATE TABLE table.t(a)", schema("table")),
            ("CREATE VIRTUAL TABLE IF NOT EXISTS x.t USING m(a)", schema("x")),
            ("CREATE VIRTUAL TABLE t USING m(a.b)", None),
            ("CREATE TEMP TABLE t(a)", None),
            ("CREATE VIEW x.v AS SELECT 1", None),
            ("ALTER TABLE x.t ADD b AS (f(a))", schema("x")),
            ("ALTER TABLE t ADD b AS (f(a))", Some(Target::Table("t".to_owned()))),
            ("ALTER TABLE [add] ADD b", Some(Target::Table("add".to_owned()))),
            ("INSERT INTO x.t VALUES (1)", None),
        ] {
            assert_eq!(target(sql), expected, "{sql}");
        }
    }
}
