//! How large a statement is once an engine has put in what its names stand for.
//!
//! SQLite copies common table expressions and views for each of their uses, and the expressions of their
//! columns for each use of a column, before it does anything else; and it has no bound for that: thirty that
//! use the one before twice are a thousand million copies, some hundred bytes of text that take all memory.
//! Over triggers and foreign keys that lead from table to table its compiler recurses, until the stack ends.
//! So a guest's statement is measured first, by its tokens and those of what it may reach. The measure is an
//! upper bound: what only may be the name of a table counts as one, and a column as the largest of its table.

#[cfg(test)]
mod tests;
mod text;

use std::collections::HashMap;
use std::rc::Rc;

use crate::ddl::lexer::{Lexer, TokenKind};
use crate::ddl::{name, quote_identifier};
use crate::{Error, Result};
use text::{Parsed, Part, Use, too_much};

/// Tokens that a statement may have, with those of common table expressions, views, triggers and columns at
/// each of their uses. SQLite needs some 150 bytes for each.
pub const TOKENS_MAX: usize = 500_000;

/// Common table expressions, views, triggers and actions of foreign keys that may be within one another.
pub const LEVELS_MAX: usize = 100;

/// What the names of table functions begin with that ask a pragma, which may look at every view.
const PRAGMA: &str = "pragma_";

/// The views, triggers and foreign keys of a connection.
#[derive(Debug, Default)]
pub struct Definitions {
    all: Vec<Definition>,
    /// Which a name stands for, in ASCII lower case: views by their own, triggers by their table's, foreign
    /// keys by their parent's.
    by_name: HashMap<String, Vec<usize>>,
}

#[derive(Debug)]
struct Definition {
    sql: String,
    /// A view, which reading expands; writing fires the others.
    is_view: bool,
    parsed: Option<Rc<Parsed>>,
}

/// What is known of the size of a definition.
#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Unknown,
    /// It is being measured: who finds this is within it, and uses itself.
    Open,
    Known(Size),
}

/// What a text stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Size {
    tokens: usize,
    /// Tokens of its largest column.
    column: usize,
    levels: usize,
}

impl Size {
    /// With what is used beside it.
    fn and(self, other: Self) -> Result<Self> {
        let tokens = self.tokens.saturating_add(other.tokens);
        let Self { column, levels, .. } = self.max(other);
        if tokens > TOKENS_MAX {
            return Err(too_much(format!(
                "SQL has more than {TOKENS_MAX} tokens, with those of views, common table expressions, \
                 triggers and columns at each of their uses (sql_tokens_max)"
            )));
        }
        if levels > LEVELS_MAX { Err(too_deep()) } else { Ok(Self { tokens, column, levels }) }
    }

    /// Of one of the two, whichever it is.
    fn max(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.max(other.tokens),
            column: self.column.max(other.column),
            levels: self.levels.max(other.levels),
        }
    }

    /// Of one use of a definition of this size.
    fn used(self) -> Self {
        Self { levels: self.levels + 1, ..self }
    }

    /// Of what was counted already.
    fn again(self) -> Self {
        Self { tokens: 0, ..self }
    }
}

#[cold]
fn too_deep() -> Error {
    too_much(format!(
        "views, common table expressions, triggers or foreign keys are more than {LEVELS_MAX} levels deep \
         (sql_levels_max)"
    ))
}

impl Definitions {
    /// Adds a view.
    pub fn add_view(&mut self, view: &str, sql: &str) {
        self.add(view, sql.to_owned(), true);
    }

    /// Adds a trigger of a table or a view.
    pub fn add_trigger(&mut self, table: &str, sql: &str) {
        self.add(table, sql.to_owned(), false);
    }

    /// Adds the foreign keys of a table: what is done to a parent may be done to it, too.
    pub fn add_table(&mut self, table: &str, sql: &str) {
        let mut lexer = Lexer::new(sql);
        let mut token = lexer.significant();
        while token.kind != TokenKind::End {
            let is_reference = token.is("REFERENCES");
            token = lexer.significant();
            if is_reference && let Some(parent) = name(&token) {
                self.add(&parent, format!("DELETE FROM {}", quote_identifier(table)), false);
            }
        }
    }

    fn add(&mut self, name: &str, sql: String, is_view: bool) {
        self.by_name.entry(name.to_ascii_lowercase()).or_default().push(self.all.len());
        self.all.push(Definition { sql, is_view, parsed: None });
    }

    /// Checks the first statement of a text before the engine compiles it.
    ///
    /// # Errors
    /// It uses too many common table expressions and views, or they are too deep within one another.
    pub fn check(&mut self, sql: &str) -> Result<()> {
        let parsed = Parsed::new(sql)?;
        let states = vec![State::Unknown; self.all.len()];
        let mut measure = Measure { definitions: self, states, met: 0, is_cyclic: false };
        let size = measure.text(&parsed, 0)?;
        if !parsed.is_by_name {
            size.and(measure.every(0)?)?;
        }
        // How deep a cycle goes depends on where the engine enters it.
        if measure.is_cyclic && measure.met > LEVELS_MAX { Err(too_deep()) } else { Ok(()) }
    }

    fn parsed(&mut self, definition: usize) -> Result<Rc<Parsed>> {
        let definition = &mut self.all[definition];
        if let Some(parsed) = &definition.parsed {
            return Ok(Rc::clone(parsed));
        }
        let parsed = Rc::new(Parsed::new(&definition.sql)?);
        definition.parsed = Some(Rc::clone(&parsed));
        Ok(parsed)
    }
}

/// What is known of a text's common table expressions, and of the columns in each group.
struct Expressions {
    states: Vec<State>,
    columns: Vec<usize>,
}

/// Measures one statement.
struct Measure<'a> {
    definitions: &'a mut Definitions,
    /// What is known of each definition.
    states: Vec<State>,
    /// How many definitions were looked at.
    met: usize,
    /// Whether one uses itself through others.
    is_cyclic: bool,
}

impl Measure<'_> {
    /// The size of a text with what it uses, `depth` definitions deep.
    fn text(&mut self, text: &Parsed, depth: usize) -> Result<Size> {
        let mut state = Expressions {
            states: vec![State::Unknown; text.groups_of.len() - 1],
            columns: vec![0; text.groups.len()],
        };
        self.within(text, 0, &mut state, depth)
    }

    /// The size of the text outside of all common table expressions, or of one of them.
    fn within(
        &mut self,
        text: &Parsed,
        part: usize,
        state: &mut Expressions,
        depth: usize,
    ) -> Result<Size> {
        if depth > LEVELS_MAX {
            return Err(too_deep());
        }
        let mut size = Size::default();
        let groups = &text.groups_of[part];
        // What is in brackets comes after what is around them.
        for &number in groups.iter().rev() {
            let group = &text.groups[number];
            let mut column = state.columns[number];
            for used in &group.uses {
                let inner = self.used(text, number, used, state, depth)?;
                size = size.and(inner)?;
                column = column.max(inner.column);
            }
            let of = |part: Part| part.tokens.saturating_add(part.names.saturating_mul(column));
            let alone = Size { tokens: of(group.all), ..Size::default() };
            size = size.and(alone)?;
            if group.is_select {
                column = of(group.largest);
            }
            match group.parent.filter(|_| number != groups[0]) {
                Some(parent) => state.columns[parent] = state.columns[parent].max(column),
                None => size.column = column,
            }
        }
        Ok(size)
    }

    /// What a name stands for, where it is used.
    fn used(
        &mut self,
        text: &Parsed,
        group: usize,
        used: &Use,
        state: &mut Expressions,
        depth: usize,
    ) -> Result<Size> {
        let mut size = Size::default();
        let found = if used.is_qualified { &[] } else { text.ctes_of(&used.name, group) };
        for &cte in found {
            let inner = match state.states[cte] {
                State::Known(size) => size,
                // It is recursive.
                State::Open => continue,
                State::Unknown => {
                    state.states[cte] = State::Open;
                    let size = self.within(text, cte + 1, state, depth + 1)?.used();
                    state.states[cte] = State::Known(size);
                    size
                }
            };
            size = size.and(inner)?;
        }
        if found.is_empty() || text.writes {
            size = size.and(self.named(&used.name, text.writes, depth)?)?;
        }
        Ok(size)
    }

    /// What the name of a table stands for.
    fn named(&mut self, name: &str, writes: bool, depth: usize) -> Result<Size> {
        if name.starts_with(PRAGMA) {
            return self.every(depth);
        }
        // Of views of one name in several schemas one is meant; triggers all run, and are compiled once.
        let (mut view, mut rest) = (Size::default(), Size::default());
        for found in self.definitions.by_name.get(name).cloned().unwrap_or_default() {
            if self.definitions.all[found].is_view {
                view = view.max(self.definition(found, depth)?.used());
            } else if writes {
                let is_known = matches!(self.states[found], State::Known(_));
                let inner = self.definition(found, depth)?.used();
                rest = rest.and(if is_known { inner.again() } else { inner })?;
            }
        }
        view.and(rest)
    }

    /// The largest of all definitions, which a statement may look at one after the other.
    fn every(&mut self, depth: usize) -> Result<Size> {
        let mut size = Size::default();
        for definition in 0..self.states.len() {
            size = size.max(self.definition(definition, depth)?);
        }
        Ok(size)
    }

    fn definition(&mut self, definition: usize, depth: usize) -> Result<Size> {
        match self.states[definition] {
            State::Known(size) => return Ok(size),
            State::Open => {
                self.is_cyclic = true;
                return Ok(Size::default());
            }
            State::Unknown => {}
        }
        self.states[definition] = State::Open;
        self.met += 1;
        let parsed = self.definitions.parsed(definition)?;
        let size = self.text(&parsed, depth + 1)?;
        self.states[definition] = State::Known(size);
        Ok(size)
    }
}
