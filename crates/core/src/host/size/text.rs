//! What a text of SQL defines and uses, by its tokens.

use std::collections::HashMap;

use crate::ddl::lexer::{Lexer, Token, TokenKind};
use crate::ddl::name;
use crate::{Error, ErrorKind, Result};

/// Brackets that may be within one another.
const BRACKETS_MAX: usize = 1000;

/// Statements that use what stands after `FROM`, `JOIN`, `INTO` and the like, and nothing else.
const BY_NAME: &[&str] =
    &["SELECT", "VALUES", "WITH", "INSERT", "REPLACE", "UPDATE", "DELETE", "CREATE", "REINDEX"];

/// What fires triggers.
const WRITES: &[&str] = &["INSERT", "REPLACE", "UPDATE", "DELETE"];

/// What a text defines, and what it uses.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    /// What is in brackets, each group after the one around it; the first is the whole text.
    pub(super) groups: Vec<Group>,
    /// The groups outside of all common table expressions, and then those of each.
    pub(super) groups_of: Vec<Vec<usize>>,
    /// Whether the statement uses what it names, and no more.
    pub(super) is_by_name: bool,
    /// Whether it, or what is in it, writes a table.
    pub(super) writes: bool,
}

#[derive(Debug, Default)]
pub(super) struct Group {
    /// The group around it.
    pub(super) parent: Option<usize>,
    /// The nearest group around it that defines common table expressions, or may.
    pub(super) around: Option<usize>,
    /// The common table expression that it is of, and one more; 0 for the text outside.
    pub(super) part: usize,
    /// Common table expressions by name.
    pub(super) ctes: HashMap<String, Vec<usize>>,
    pub(super) uses: Vec<Use>,
    /// Whether it is a query, whose columns are used by what is around it.
    pub(super) is_select: bool,
    /// All that is in it but for queries in brackets.
    pub(super) all: Part,
    /// Not less than each of the columns.
    pub(super) largest: Part,
}

/// A part of a group, the largest column say.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Part {
    pub(super) tokens: usize,
    /// How many of the tokens may be names of columns.
    pub(super) names: usize,
}

#[derive(Debug)]
pub(super) struct Use {
    /// In ASCII lower case.
    pub(super) name: String,
    /// A schema stands before it, so that it is no common table expression.
    pub(super) is_qualified: bool,
}

/// A group that is being read.
struct Open {
    number: usize,
    /// Where on the stack the query is that it is in.
    query: usize,
    /// Whether the list of columns is being read.
    is_columns: bool,
    /// The column that is being read.
    column: Part,
    /// Whether a comma is followed by a table.
    is_from: bool,
    /// Whether a table may come next.
    is_table: bool,
    /// A schema came before.
    is_qualified: bool,
    /// The last name: before `AS (`, and before the columns in `name(columns) AS (`.
    last: Option<String>,
    /// Whether it stands in a list of tables.
    is_source: bool,
}

impl Open {
    fn new(number: usize, query: usize, is_from: bool) -> Self {
        Self {
            number,
            query,
            is_columns: false,
            column: Part::default(),
            is_from,
            is_table: is_from,
            is_qualified: false,
            last: None,
            is_source: is_from,
        }
    }
}

impl Parsed {
    /// Reads the first statement of a text.
    pub(super) fn new(sql: &str) -> Result<Self> {
        let mut parsed =
            Self { groups: vec![Group::default()], groups_of: vec![vec![0]], ..Self::default() };
        let mut stack = vec![Open::new(0, 0, false)];
        let mut lexer = Lexer::new(sql);
        let mut before = Token { kind: TokenKind::End, text: "", offset: 0 };
        let mut token = lexer.significant();
        while matches!(token.kind, TokenKind::Semicolon) || token.is("EXPLAIN") {
            token = lexer.significant();
            for word in ["QUERY", "PLAN"] {
                if token.is(word) {
                    token = lexer.significant();
                }
            }
        }
        parsed.is_by_name = token.kind == TokenKind::LeftParenthesis || is_one(&token, BY_NAME);
        let mut is_trigger = false;
        while token.kind != TokenKind::End {
            is_trigger |= token.is("TRIGGER") && is_one(&before, TRIGGER_FOLLOWS);
            if token.kind == TokenKind::Semicolon && !is_trigger {
                break;
            }
            let next = lexer.significant();
            parsed.take(&mut stack, &token, &before, &next)?;
            before = token;
            token = next;
        }
        while stack.len() > 1 {
            parsed.close(&mut stack);
        }
        parsed.end_column(&mut stack);
        for group in 1..parsed.groups.len() {
            if let Some(around) = parsed.groups[group].around
                && parsed.groups[around].ctes.is_empty()
            {
                parsed.groups[group].around = parsed.groups[around].around;
            }
        }
        Ok(parsed)
    }

    fn take(
        &mut self,
        stack: &mut Vec<Open>,
        token: &Token<'_>,
        before: &Token<'_>,
        next: &Token<'_>,
    ) -> Result<()> {
        match token.kind {
            TokenKind::LeftParenthesis => return self.open(stack, before),
            TokenKind::RightParenthesis if stack.len() > 1 => self.close(stack),
            TokenKind::Identifier if is_one(token, ENDS_FROM) => {
                self.end_column(stack);
                let number = stack.len() - 1;
                let Some(group) = stack.last_mut() else { return Ok(()) };
                (group.is_from, group.is_table) = (false, false);
                group.is_columns = is_one(token, BEGINS_QUERY);
                if group.is_columns {
                    group.query = number;
                    self.groups[group.number].is_select = true;
                }
            }
            TokenKind::Identifier if is_one(token, FROM) => {
                // What follows IS DISTINCT FROM is of the same column.
                if !before.is("DISTINCT") {
                    self.end_column(stack);
                }
                let Some(group) = stack.last_mut() else { return Ok(()) };
                group.is_columns &= before.is("DISTINCT");
                (group.is_from, group.is_table) = (true, true);
            }
            TokenKind::Identifier | TokenKind::QuotedIdentifier | TokenKind::String => {
                self.writes |= is_one(token, WRITES);
                let is_name = self.take_name(stack, token, before, next);
                count(self, stack, Part { tokens: 1, names: usize::from(is_name) });
            }
            kind => {
                if matches!(kind, TokenKind::Comma | TokenKind::Semicolon) {
                    self.end_column(stack);
                    let Some(group) = stack.last_mut() else { return Ok(()) };
                    group.is_table = group.is_from && kind == TokenKind::Comma;
                    group.is_from &= kind == TokenKind::Comma;
                }
                // All columns.
                let is_star = kind == TokenKind::Operator
                    && token.text == "*"
                    && (matches!(before.kind, TokenKind::Comma | TokenKind::Dot)
                        || is_one(before, &["SELECT", "DISTINCT", "ALL"]));
                count(self, stack, Part { tokens: 1, names: usize::from(is_star) });
            }
        }
        Ok(())
    }

    fn open(&mut self, stack: &mut Vec<Open>, before: &Token<'_>) -> Result<()> {
        let depth = stack.len();
        let Some(around) = stack.last_mut() else { return Ok(()) };
        let (number, parent) = (self.groups.len(), around.number);
        let mut part = self.groups[parent].part;
        // `FROM (a, b)`; what follows IN are values.
        let is_from = around.is_table && around.is_from && !before.is("IN");
        around.is_table = false;
        let mut query = around.query;
        if before.is("AS") || before.is("MATERIALIZED") {
            part = self.groups_of.len();
            self.groups_of.push(Vec::new());
            let name = around.last.take().unwrap_or_default();
            self.groups[parent].ctes.entry(name).or_default().push(part - 1);
            // The name is none of a column.
            if let Some(open) = stack.get(query) {
                let names = &mut self.groups[open.number].all.names;
                *names = names.saturating_sub(1);
            }
            query = depth;
        }
        self.groups_of[part].push(number);
        let (parent, around) = (Some(parent), Some(parent));
        self.groups.push(Group { parent, around, part, ..Group::default() });
        stack.push(Open::new(number, query, is_from));
        if stack.len() > BRACKETS_MAX {
            let message = format!("SQL has more than {BRACKETS_MAX} brackets within one another");
            return Err(too_much(message));
        }
        Ok(())
    }

    fn close(&mut self, stack: &mut Vec<Open>) {
        self.end_column(stack);
        let Some(closed) = stack.pop() else { return };
        let group = &self.groups[closed.number];
        let is_of_part = stack.last().is_some_and(|o| self.groups[o.number].part == group.part);
        // A query within an expression uses columns of the one around it.
        if group.is_select && !closed.is_source && is_of_part {
            let all = group.all;
            count(self, stack, all);
        }
    }

    /// Ends the column that is being read, if it is one of the innermost brackets.
    fn end_column(&mut self, stack: &mut [Open]) {
        let depth = stack.len() - 1;
        let Some(open) = stack.last_mut() else { return };
        let column = std::mem::take(&mut open.column);
        if open.is_columns && open.query == depth {
            let largest = &mut self.groups[open.number].largest;
            largest.tokens = largest.tokens.max(column.tokens);
            largest.names = largest.names.max(column.names);
        }
    }

    /// Takes what can be a name. Gives whether it may be one of a column.
    fn take_name(
        &mut self,
        stack: &mut [Open],
        token: &Token<'_>,
        before: &Token<'_>,
        next: &Token<'_>,
    ) -> bool {
        let Some(group) = stack.last_mut() else { return false };
        if is_one(token, TABLE_FOLLOWS) {
            group.is_table = true;
            return false;
        }
        // A name elsewhere.
        let is_hint = token.is("MATERIALIZED") && (before.is("AS") || before.is("NOT"));
        if is_hint || is_one(token, RESERVED) {
            return false;
        }
        let text = name(token).unwrap_or_default().to_ascii_lowercase();
        let is_table = group.is_table;
        let is_column = !is_table || group.is_columns;
        if is_table && next.kind == TokenKind::Dot {
            group.is_qualified = true;
        } else if is_table {
            let is_qualified = std::mem::take(&mut group.is_qualified);
            self.groups[group.number].uses.push(Use { name: text.clone(), is_qualified });
        }
        // After UPDATE there may be words before the table.
        group.is_table &= next.kind == TokenKind::Dot || before.is("OR");
        group.last = Some(text);
        let is_other = matches!(next.kind, TokenKind::Dot | TokenKind::LeftParenthesis);
        is_column && !is_other && token.kind != TokenKind::String && !before.is("AS")
    }

    /// The common table expressions of this name that are seen from a group: those of the nearest group
    /// that has any.
    pub(super) fn ctes_of(&self, name: &str, group: usize) -> &[usize] {
        let mut at = Some(group);
        while let Some(group) = at {
            if let Some(found) = self.groups[group].ctes.get(name) {
                return found;
            }
            at = self.groups[group].around;
        }
        &[]
    }
}

/// Counts something to the query that it is in.
fn count(parsed: &mut Parsed, stack: &mut [Open], part: Part) {
    let Some(query) = stack.last().map(|open| open.query) else { return };
    let open = &mut stack[query];
    for sum in [&mut open.column, &mut parsed.groups[open.number].all] {
        sum.tokens = sum.tokens.saturating_add(part.tokens);
        sum.names = sum.names.saturating_add(part.names);
    }
}

fn is_one(token: &Token<'_>, words: &[&str]) -> bool {
    words.iter().any(|word| token.is(word))
}

/// What makes a trigger, which has statements of its own.
const TRIGGER_FOLLOWS: &[&str] = &["CREATE", "TEMP", "TEMPORARY"];

/// What a list of tables begins with.
const FROM: &[&str] = &["FROM", "JOIN"];

/// What else a table follows.
const TABLE_FOLLOWS: &[&str] = &["INTO", "UPDATE", "IN"];

/// Reserved words that are in expressions and between names.
const RESERVED: &[&str] = &[
    "AND", "AS", "BETWEEN", "CASE", "COLLATE", "DISTINCT", "ELSE", "ESCAPE", "EXISTS", "IS",
    "ISNULL", "NOT", "NOTNULL", "NULL", "ON", "OR", "THEN", "WHEN",
];

/// What a list of columns follows.
const BEGINS_QUERY: &[&str] = &["SELECT", "VALUES"];

/// What ends a list of tables; all are reserved words in every version.
const ENDS_FROM: &[&str] = &[
    "SELECT",
    "VALUES",
    "WHERE",
    "GROUP",
    "HAVING",
    "ORDER",
    "LIMIT",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "SET",
];

#[cold]
pub(super) fn too_much(message: String) -> Error {
    Error::new(ErrorKind::Limit, message).with_engine_code(1)
}
