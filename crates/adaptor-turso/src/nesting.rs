//! How deep a statement nests with what it uses of the schema. The engine compiles views, triggers and
//! actions of foreign keys in place, at each use.

use std::sync::Arc;

use commensal_core::{Error, Result};
use turso_core::schema::{Schema, Trigger};
use turso_core::{Connection, NamespaceId};
use turso_parser::ast::{RefAct, TriggerEvent};

use crate::comparisons::{self, Totals};
use crate::levels::{self, Expanded, Names, Size, Writes};

/// Levels that compiling a trigger, or the action of a foreign key, takes.
const PROGRAM: usize = 6;

/// What is known of a statement before the engine parses it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Nesting {
    pub(crate) levels: usize,
    /// The action of a foreign key can cause itself, as often as the rows make it.
    pub(crate) recursive: bool,
    /// The text, or part of it, gets into the schema.
    pub(crate) adds: bool,
}

/// Measures the first statement of a text.
///
/// # Errors
/// It exceeds a limit.
pub(crate) fn measure(connection: &Connection, sql: &str) -> Result<Nesting> {
    let schema = connection.current_schema();
    let root = NamespaceId::ROOT;
    let has_views = schema.views(root).next().is_some();
    let has_triggers = schema.triggers(root).next().is_some();
    let mut graph = Graph {
        has_views,
        has_triggers,
        has_foreign_keys: connection.foreign_keys_enabled(),
        schema,
        path: Vec::new(),
        expansions: 0,
        totals: Totals::default(),
        widest: 0,
        recursive: false,
    };
    let size = levels::measure(sql, &mut graph)?;
    Ok(Nesting { levels: size.levels, recursive: graph.recursive, adds: size.adds })
}

struct Graph {
    schema: Arc<Schema>,
    has_views: bool,
    has_triggers: bool,
    has_foreign_keys: bool,
    /// What is being looked into. The engine does not compile these within themselves.
    path: Vec<Object>,
    /// How many objects were looked into.
    expansions: usize,
    totals: Totals,
    /// The most columns of a table or view that the text names that is looked into.
    widest: usize,
    recursive: bool,
}

#[derive(PartialEq, Eq)]
enum Object {
    View(String),
    Trigger(String),
    /// The child table, the number of the foreign key among its own, and what happens to the parent.
    ForeignKey(String, usize, Writes),
}

/// The event that runs a trigger.
fn event(event: &TriggerEvent) -> Writes {
    match event {
        TriggerEvent::Insert => Writes::INSERT,
        TriggerEvent::Delete => Writes::DELETE,
        TriggerEvent::Update | TriggerEvent::UpdateOf(_) => Writes::UPDATE,
    }
}

/// What a foreign key's action does to the child table.
fn effect(on: Writes, act: RefAct) -> Option<Writes> {
    match act {
        RefAct::Cascade => Some(on),
        RefAct::SetNull | RefAct::SetDefault => Some(Writes::UPDATE),
        RefAct::Restrict | RefAct::NoAction => None,
    }
}

impl Names for Graph {
    fn size(&mut self, name: &str, writes: Writes) -> Result<Size> {
        let mut size = Size::default();
        let root = NamespaceId::ROOT;
        if !self.path.is_empty()
            && let Some(table) = self.schema.get_table(root, name)
        {
            self.widest = self.widest.max(table.columns().len());
        }
        if self.has_views
            && let Some(view) = self.schema.get_view(root, name)
        {
            self.widest = self.widest.max(view.columns.len());
            let text = |graph: &mut Self| graph.text(&view.sql);
            self.within(Object::View(view.name.clone()), &mut size, text)?;
        }
        if writes != Writes::NOTHING && self.has_triggers {
            let runs = |trigger: &&Arc<Trigger>| writes.includes(event(&trigger.event));
            let triggers = self.schema.get_triggers_for_table(root, name);
            let triggers: Vec<_> = triggers.filter(runs).cloned().collect();
            for trigger in triggers {
                let text = |graph: &mut Self| graph.text(&trigger.sql);
                self.within(Object::Trigger(trigger.name.clone()), &mut size, text)?;
            }
        }
        if writes != Writes::NOTHING && self.has_foreign_keys {
            self.children(name, writes, &mut size)?;
        }
        Ok(size)
    }
}

impl Graph {
    /// Measures the text of a view or trigger.
    fn text(&mut self, sql: &str) -> Result<Size> {
        let counted = comparisons::check(sql, &comparisons::OF_SCHEMAS)?;
        self.totals.add_joins(&counted)?;
        let around = std::mem::take(&mut self.widest);
        let size = levels::measure(sql, self)?;
        let widest = std::mem::replace(&mut self.widest, around);
        self.totals.add_columns(&counted, widest)?;
        Ok(size)
    }

    /// Adds what foreign keys that refer to a table do.
    fn children(&mut self, parent: &str, writes: Writes, size: &mut Size) -> Result<()> {
        let schema = Arc::clone(&self.schema);
        for child in schema.tables(NamespaceId::ROOT).filter_map(|table| table.btree()) {
            for (number, key) in child.foreign_keys.iter().enumerate() {
                if !key.parent_table.eq_ignore_ascii_case(parent) {
                    continue;
                }
                for (on, act) in [(Writes::DELETE, key.on_delete), (Writes::UPDATE, key.on_update)]
                {
                    let Some(effect) = effect(on, act).filter(|_| writes.includes(on)) else {
                        continue;
                    };
                    let object = Object::ForeignKey(child.name.clone(), number, on);
                    self.recursive |= self.path.contains(&object);
                    self.within(object, size, |graph| graph.size(&child.name, effect))?;
                }
            }
        }
        Ok(())
    }

    /// Looks into an object and adds its size.
    fn within(
        &mut self,
        object: Object,
        size: &mut Size,
        body: impl FnOnce(&mut Self) -> Result<Size>,
    ) -> Result<()> {
        if self.path.contains(&object) {
            return Ok(());
        }
        self.expansions += 1;
        let uses = self.expansions;
        levels::check(PROGRAM * self.path.len(), Expanded { uses, tokens: 0 })?;
        let what = object.to_string();
        self.path.push(object);
        let inner = body(self);
        self.path.pop();
        let inner = inner.map_err(|error| about(&what, &error))?;
        size.levels = size.levels.max(inner.levels + PROGRAM);
        size.expanded = size.expanded.and(inner.expanded).and(Expanded { uses: 1, tokens: 0 });
        Ok(())
    }
}

/// The error, with the object that has the text.
#[cold]
fn about(what: &str, error: &Error) -> Error {
    // The outermost one is enough.
    let message = error.message();
    let reason = message.split_once(": ").map_or(message, |(_, reason)| reason);
    let code = error.engine_code();
    let about = Error::new(error.kind(), format!("{what}: {reason}"));
    code.into_iter().fold(about, Error::with_engine_code)
}

impl std::fmt::Display for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::View(name) => write!(f, "the view {name}"),
            Self::Trigger(name) => write!(f, "the trigger {name}"),
            Self::ForeignKey(child, ..) => write!(f, "a foreign key of the table {child}"),
        }
    }
}
