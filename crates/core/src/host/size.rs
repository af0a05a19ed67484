//! Measures how large a statement is once an engine has expanded its names.
//!
//! SQLite first copies common table expressions and views for each of their uses, and the expressions of their
//! columns for each use of a column. It sets no limit. Thirty expressions of which each uses the previous one
//! twice make a thousand million copies, so some hundred bytes of text take all memory. Its compiler also
//! recurses over triggers and foreign keys that lead from table to table until the stack ends. So a guest's
//! statement is measured first, by its tokens and those of everything it may reach. The measure is an upper
//! bound: a word that may be a table's name counts as one, and a column counts as the largest of its table.

#[cfg(test)]
mod tests;
mod text;

use std::collections::HashMap;
use std::rc::Rc;

use crate::Result;
use crate::ddl::lexer::{Lexer, TokenKind};
use crate::ddl::{name, quote_identifier};
use text::{LEVELS_MAX, Parsed, Part, Use, too_deep, too_much};

/// Tokens that a statement may have, counting common table expressions, views, triggers and columns at each of
/// their uses. SQLite needs some 150 bytes for each token.
pub const TOKENS_MAX: usize = 500_000;

/// Levels of SQLite's recursion, in fifths. A query and each definition take five, and each UNION, EXCEPT or
/// INTERSECT takes one.
const DEPTH_MAX: usize = LEVELS_MAX * LEVEL;
const LEVEL: usize = 5;

/// Columns of a query. This is SQLite's own limit.
const COLUMNS_MAX: usize = 2000;

/// The prefix of table functions that query a pragma, which may look at every view.
const PRAGMA: &str = "pragma_";

/// The views, triggers and foreign keys of a connection.
#[derive(Debug, Default)]
pub struct Definitions {
    all: Vec<Definition>,
    /// The definitions that a name in ASCII lower case stands for: views by their own name, triggers by their
    /// table's, foreign keys by their parent's.
    by_name: HashMap<String, Vec<usize>>,
    /// Tokens of each table's largest generated column.
    generated: HashMap<String, usize>,
    /// Tokens of a table, whose conditions and columns are compiled where it is written, and of its indexes, whose
    /// expressions are also copied where it is read.
    tables: HashMap<String, usize>,
    indexes: HashMap<String, usize>,
}

#[derive(Debug)]
struct Definition {
    sql: String,
    /// Whether it is a view, which reading expands. Writing fires the others.
    is_view: bool,
    parsed: Option<Rc<Parsed>>,
}

/// How far the size of a definition is known.
#[derive(Clone, Copy, Debug, Default)]
enum Measured {
    #[default]
    Unknown,
    /// It is being measured. A measurement that meets it is within it, so it uses itself.
    Open,
    Known(Size),
}

/// The size of a text after expansion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Size {
    tokens: usize,
    /// Tokens of its largest column, and number of its columns.
    column: usize,
    width: usize,
    /// Number of queries in it.
    selects: usize,
    /// Levels, in the unit of [`DEPTH_MAX`].
    levels: usize,
}

impl Size {
    /// The size of both, used side by side.
    fn and(self, other: Self) -> Result<Self> {
        let tokens = self.tokens.saturating_add(other.tokens);
        let Self { column, width, levels, .. } = self.max(other);
        let selects = self.selects.saturating_add(other.selects);
        if tokens > TOKENS_MAX {
            return Err(too_much(format!(
                "SQL has more than {TOKENS_MAX} tokens, with those of views, common table expressions, \
                 triggers and columns at each of their uses (sql_tokens_max)"
            )));
        }
        if levels > DEPTH_MAX {
            Err(too_deep())
        } else {
            Ok(Self { tokens, column, width, selects, levels })
        }
    }

    /// The size of whichever of the two is larger, measure by measure.
    fn max(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.max(other.tokens),
            column: self.column.max(other.column),
            width: self.width.max(other.width),
            selects: self.selects.max(other.selects),
            levels: self.levels.max(other.levels),
        }
    }

    /// The size of this as a program that runs within the statement.
    fn program(self) -> Self {
        Self { levels: self.levels + LEVEL, ..self }
    }

    /// The size of another use of something whose tokens were counted already.
    fn again(self) -> Self {
        Self { tokens: 0, selects: 0, ..self }
    }
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

    /// Adds the generated columns of a table and the actions of its foreign keys. Through them, a write to a
    /// parent also writes this table.
    pub fn add_table(&mut self, table: &str, sql: &str) {
        let column = text::generated(sql);
        if column > 0 {
            let known = self.generated.entry(table.to_ascii_lowercase()).or_default();
            *known = column.max(*known);
        }
        let mut lexer = Lexer::new(sql);
        let mut token = lexer.significant();
        let (mut parent, mut tokens): (Option<String>, usize) = (None, 0);
        while token.kind != TokenKind::End {
            tokens += 1;
            let is_reference = token.is("REFERENCES");
            // ON DELETE CASCADE, SET NULL or SET DEFAULT.
            if (token.is("CASCADE") || token.is("SET"))
                && let Some(parent) = parent.take()
            {
                self.add(&parent, format!("DELETE FROM {}", quote_identifier(table)), false);
            }
            token = lexer.significant();
            if is_reference {
                parent = name(&token);
            }
        }
        add_tokens(&mut self.tables, table, tokens);
    }

    /// Adds an index of a table.
    pub fn add_index(&mut self, table: &str, sql: &str) {
        let mut lexer = Lexer::new(sql);
        let mut tokens = 0;
        while lexer.significant().kind != TokenKind::End {
            tokens += 1;
        }
        add_tokens(&mut self.indexes, table, tokens);
    }

    fn add(&mut self, name: &str, sql: String, is_view: bool) {
        self.by_name.entry(name.to_ascii_lowercase()).or_default().push(self.all.len());
        self.all.push(Definition { sql, is_view, parsed: None });
    }

    /// Checks the first statement of a text before the engine compiles it. Its literals have at most `search_bytes_max`
    /// bytes if it searches, because an engine may compute what is constant while it compiles.
    ///
    /// # Errors
    /// It uses too many common table expressions and views, or they are nested too deeply, or its literals are too
    /// long.
    pub fn check(&mut self, sql: &str, search_bytes_max: usize) -> Result<()> {
        let parsed = Parsed::new(sql)?;
        let states = vec![Measured::Unknown; self.all.len()];
        let mut measure = Measure::new(self, states);
        let size = measure.text(&parsed, 0)?;
        if !parsed.is_by_name {
            size.and(measure.every(0)?)?;
        }
        // How deep a cycle goes depends on where the engine enters it.
        if measure.is_cyclic && measure.met > LEVELS_MAX {
            return Err(too_deep());
        }
        let states = measure.states;
        let used =
            self.all.iter().zip(&states).filter(|(_, state)| !matches!(state, Measured::Unknown));
        let used = used.filter_map(|(definition, _)| definition.parsed.as_deref());
        let (literals, searches) = used.chain([&parsed]).fold((0_usize, false), |sum, text| {
            (sum.0.saturating_add(text.literals), sum.1 | text.searches)
        });
        if searches && literals > search_bytes_max {
            return Err(too_much(format!(
                "a statement that searches has literals of more than {search_bytes_max} bytes \
                 (sql_search_bytes_max)"
            )));
        }
        Ok(())
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

/// The measurements of a text's common table expressions and groups.
struct Expressions {
    states: Vec<Measured>,
    /// The largest column, the sum of columns and the levels, by group.
    columns: Vec<usize>,
    widths: Vec<usize>,
    selects: Vec<usize>,
    levels: Vec<usize>,
}

/// Adds tokens to those of a table.
fn add_tokens(tables: &mut HashMap<String, usize>, table: &str, tokens: usize) {
    let known = tables.entry(table.to_ascii_lowercase()).or_default();
    *known = known.saturating_add(tokens);
}

/// Measures one statement.
struct Measure<'a> {
    definitions: &'a mut Definitions,
    /// The measurement of each definition.
    states: Vec<Measured>,
    /// Number of definitions that were measured.
    met: usize,
    /// The sizes of names that were counted already. The flag says whether the statement writes tables.
    named: HashMap<(String, bool), Size>,
    /// The definition that is being measured.
    innermost: Option<usize>,
    /// Whether a definition uses itself through others.
    is_cyclic: bool,
}

impl<'a> Measure<'a> {
    fn new(definitions: &'a mut Definitions, states: Vec<Measured>) -> Self {
        let named = HashMap::new();
        Self { definitions, states, met: 0, named, innermost: None, is_cyclic: false }
    }

    /// The size of a text with everything it uses, `depth` definitions deep.
    fn text(&mut self, text: &Parsed, depth: usize) -> Result<Size> {
        let mut state = Expressions {
            states: vec![Measured::Unknown; text.groups_of.len() - 1],
            columns: vec![0; text.groups.len()],
            widths: vec![0; text.groups.len()],
            selects: vec![0; text.groups.len()],
            levels: vec![0; text.groups.len()],
        };
        self.within(text, 0, &mut state, depth)
    }

    /// The size of the text outside all common table expressions, or of one of them.
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
        // Bracketed groups come after the groups around them, so go backwards.
        for &number in groups.iter().rev() {
            let group = &text.groups[number];
            let (mut column, mut width) = (state.columns[number], state.widths[number]);
            let (mut selects, mut levels) = (state.selects[number], state.levels[number]);
            for used in &group.uses {
                let inner = self.used(text, number, used, state, depth)?;
                size = size.and(inner)?;
                column = column.max(inner.column);
                width = width.saturating_add(inner.width);
                selects = selects.saturating_add(inner.selects);
                levels = levels.max(inner.levels);
            }
            let of = |part: Part, column: usize| {
                part.tokens.saturating_add(part.names.saturating_mul(column))
            };
            let own = of(group.largest, column);
            // An alias stands for the column, so it may be as large.
            let of = |part: Part| of(part, column.max(own));
            let all = of(group.all);
            let pushed = of(group.conditions).saturating_mul(selects);
            let windows = of(group.windows).saturating_mul(group.overs);
            let stars = group.stars.saturating_mul(width).min(COLUMNS_MAX);
            levels += group.compounds;
            if group.is_select {
                (column, width) = (own, group.width.saturating_add(stars).min(COLUMNS_MAX));
            }
            levels += if group.selects { LEVEL } else { 0 };
            let own = usize::from(group.selects) + group.compounds;
            let copied = pushed.saturating_add(windows);
            let tokens = all.saturating_add(stars.saturating_mul(column)).saturating_add(copied);
            // The queries of what it uses are counted with that.
            size = size.and(Size { tokens, selects: own, levels, ..Size::default() })?;
            selects = selects.saturating_add(own);
            match group.parent.filter(|_| number != groups[0]) {
                Some(parent) => {
                    state.columns[parent] = state.columns[parent].max(column);
                    state.widths[parent] = state.widths[parent].saturating_add(width);
                    state.selects[parent] = state.selects[parent].saturating_add(selects);
                    state.levels[parent] = state.levels[parent].max(levels);
                }
                None => (size.column, size.width) = (column, width),
            }
        }
        Ok(size)
    }

    /// The size of a name where it is used.
    fn used(
        &mut self,
        text: &Parsed,
        group: usize,
        used: &Use,
        state: &mut Expressions,
        depth: usize,
    ) -> Result<Size> {
        let mut size = Size::default();
        let ctes = if used.is_qualified { Vec::new() } else { text.ctes_of(&used.name, group) };
        for cte in ctes {
            let inner = match state.states[cte] {
                Measured::Known(size) => size,
                // The expression is recursive.
                Measured::Open => continue,
                Measured::Unknown => {
                    state.states[cte] = Measured::Open;
                    let size = self.within(text, cte + 1, state, depth + 1)?;
                    state.states[cte] = Measured::Known(size);
                    size
                }
            };
            size = size.and(inner)?;
        }
        // A name that looks like a common table expression may also be something else.
        size.and(self.named(&used.name, text.writes, depth)?)
    }

    /// The size of a table's name.
    fn named(&mut self, name: &str, writes: bool, depth: usize) -> Result<Size> {
        if name.starts_with(PRAGMA) {
            return self.every(depth);
        }
        let key = (name.to_owned(), writes);
        if let Some(size) = self.named.get(&key) {
            return Ok(*size);
        }
        // If several schemas have a view of this name, only one is meant. Triggers all run, and are compiled
        // once.
        let (mut view, mut rest) = (Size::default(), Size::default());
        rest.column = self.definitions.generated.get(name).copied().unwrap_or(0);
        let mut tokens = self.definitions.indexes.get(name).copied().unwrap_or(0);
        if writes {
            let table = self.definitions.tables.get(name).copied().unwrap_or(0);
            tokens = tokens.saturating_add(table);
        }
        // Each of their names may be that of a generated column.
        view.tokens = tokens.saturating_mul(rest.column.saturating_add(1));
        let found = self.definitions.by_name.get(name).cloned().unwrap_or_default();
        for &found in &found {
            if self.definitions.all[found].is_view {
                view = view.max(self.definition(found, depth)?);
            } else if writes {
                let is_known = matches!(self.states[found], Measured::Known(_));
                let inner = self.definition(found, depth)?.program();
                rest = rest.and(if is_known { inner.again() } else { inner })?;
            }
        }
        if found.iter().all(|&found| !matches!(self.states[found], Measured::Open)) {
            self.named.insert(key, view.and(rest.again())?);
        }
        view.and(rest)
    }

    /// The size of the largest definition. The statement may look at all of them one after the other.
    fn every(&mut self, depth: usize) -> Result<Size> {
        let mut size = Size::default();
        for definition in 0..self.states.len() {
            size = size.max(self.definition(definition, depth)?);
        }
        Ok(size)
    }

    fn definition(&mut self, definition: usize, depth: usize) -> Result<Size> {
        match self.states[definition] {
            Measured::Known(size) => return Ok(size),
            Measured::Open => {
                self.is_cyclic |= self.innermost != Some(definition);
                return Ok(Size::default());
            }
            Measured::Unknown => {}
        }
        self.states[definition] = Measured::Open;
        self.met += 1;
        let parsed = self.definitions.parsed(definition)?;
        let around = self.innermost.replace(definition);
        let size = self.text(&parsed, depth + 1)?;
        self.innermost = around;
        self.states[definition] = Measured::Known(size);
        Ok(size)
    }
}
