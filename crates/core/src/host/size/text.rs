//! Finds out from the tokens of an SQL text what it defines and uses.

use std::collections::HashMap;

use crate::ddl::lexer::{Lexer, Token, TokenKind};
use crate::ddl::name;
use crate::host::calls::Search;
use crate::{Error, ErrorKind, Result};

/// Largest nesting of common table expressions, views, triggers and foreign key actions.
pub(super) const LEVELS_MAX: usize = 100;

/// Largest nesting of brackets.
const BRACKETS_MAX: usize = 1000;

/// Largest number of things that SQLite compares with all others of their kind, in a text.
const PARAMETERS_MAX: usize = 5_000;
const OVERS_MAX: usize = 500;
const CTES_MAX: usize = 2_000;
const CONDITIONS_MAX: usize = 40_000;

/// Largest product of the numbers of calls and of tokens in a text. SQLite compares each aggregate with all before it.
const CALLS_AND_TOKENS_MAX: usize = 40_000_000;

/// Statements that use only the names after `FROM`, `JOIN`, `INTO` and the like.
const BY_NAME: &[&str] =
    &["SELECT", "VALUES", "WITH", "INSERT", "REPLACE", "UPDATE", "DELETE", "CREATE", "REINDEX"];

/// Statements that fire triggers.
const WRITES: &[&str] = &["INSERT", "REPLACE", "UPDATE", "DELETE"];

/// The definitions and uses in a text.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    /// The bracketed groups, each after the one around it. The first is the whole text.
    pub(super) groups: Vec<Group>,
    /// The groups outside all common table expressions, then those of each expression.
    pub(super) groups_of: Vec<Vec<usize>>,
    /// Whether the statement uses only what it names.
    pub(super) is_by_name: bool,
    /// Whether the statement, or one within it, writes a table.
    pub(super) writes: bool,
    /// Number of parameters, and of OVER clauses.
    parameters: usize,
    overs: usize,
    /// Number of calls, and of tokens.
    calls: usize,
    tokens: usize,
    /// Bytes of its literals, and whether it calls a function that searches.
    pub(super) literals: usize,
    pub(super) searches: bool,
}

#[derive(Debug, Default)]
pub(super) struct Group {
    /// The group around this one.
    pub(super) parent: Option<usize>,
    /// The nearest group around this one that defines common table expressions, or may.
    pub(super) around: Option<usize>,
    /// The number of its common table expression plus one; 0 for the text outside.
    pub(super) part: usize,
    /// Common table expressions by name.
    pub(super) ctes: HashMap<String, Vec<Cte>>,
    pub(super) uses: Vec<Use>,
    /// Whether it is a query whose columns the surrounding text uses.
    pub(super) is_select: bool,
    /// Everything in it except bracketed queries.
    pub(super) all: Part,
    /// The contents of queries among its tables. Only an expression's query around it can see them.
    pub(super) sources: Part,
    /// An upper bound for each of its columns.
    pub(super) largest: Part,
    /// Conditions, which the engine copies into each query below.
    pub(super) conditions: Part,
    /// The text after WINDOW, which the engine copies for each OVER, and the number of these.
    pub(super) windows: Part,
    pub(super) overs: usize,
    /// Number of columns besides those of `*`, and of `*`.
    pub(super) width: usize,
    pub(super) stars: usize,
    /// Whether there is a SELECT, not only rows of VALUES.
    pub(super) selects: bool,
    /// Number of UNION, EXCEPT and INTERSECT. Each is within the one before.
    pub(super) compounds: usize,
}

/// A common table expression.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cte {
    pub(super) number: usize,
    /// Whether it may be a window, which hides no common table expression further out.
    pub(super) may_be_window: bool,
}

/// A part of a group, such as its largest column.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Part {
    pub(super) tokens: usize,
    /// Number of tokens that may be names of columns.
    pub(super) names: usize,
}

impl Part {
    fn add(&mut self, other: Self) {
        self.tokens = self.tokens.saturating_add(other.tokens);
        self.names = self.names.saturating_add(other.names);
    }
}

#[derive(Debug)]
pub(super) struct Use {
    /// In ASCII lower case.
    pub(super) name: String,
    /// Whether a schema precedes it, so that it is no common table expression.
    pub(super) is_qualified: bool,
}

/// A group that is being read.
struct Open {
    number: usize,
    /// Index on the stack of the query that contains it.
    query: usize,
    /// Whether the list of columns is being read.
    is_columns: bool,
    /// Whether conditions or windows are being read.
    is_condition: bool,
    is_window: bool,
    /// Whether a list of ORDER BY or GROUP BY is being read, where a number stands for a column.
    is_order: bool,
    /// The column that is being read, and the number of columns before it.
    column: Part,
    width: usize,
    stars: usize,
    /// Whether a table follows a comma.
    is_from: bool,
    /// Whether a table may come next.
    is_table: bool,
    /// Whether a schema came before.
    is_qualified: bool,
    /// The last name. It precedes `AS (`, or the columns in `name(columns) AS (`.
    last: Option<String>,
    /// Whether the group is in a list of tables.
    is_source: bool,
}

impl Open {
    fn new(number: usize, query: usize, is_from: bool) -> Self {
        Self {
            number,
            query,
            is_columns: false,
            is_condition: false,
            is_window: false,
            is_order: false,
            column: Part::default(),
            width: 0,
            stars: 0,
            is_from,
            is_table: is_from,
            is_qualified: false,
            last: None,
            is_source: is_from,
        }
    }
}

/// Whether the token is a function that searches, or an operator that calls one.
fn searches(token: &Token<'_>) -> bool {
    match token.kind {
        TokenKind::Identifier | TokenKind::QuotedIdentifier => {
            name(token).is_some_and(|name| Search::of(&name, usize::MAX) != Search::None)
        }
        _ => false,
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
        parsed.check_counts()?;
        // The number of groups with common table expressions around each group.
        let mut depths = vec![0; parsed.groups.len()];
        for group in 1..parsed.groups.len() {
            let has_some = |group: usize| usize::from(!parsed.groups[group].ctes.is_empty());
            let around = parsed.groups[group].around;
            depths[group] = around.map_or(0, |around| depths[around] + has_some(around));
            if depths[group] > LEVELS_MAX {
                return Err(too_deep());
            }
            if let Some(around) = parsed.groups[group].around
                && parsed.groups[around].ctes.is_empty()
            {
                parsed.groups[group].around = parsed.groups[around].around;
            }
        }
        Ok(parsed)
    }

    /// Checks the numbers of things that SQLite compares with all others of their kind. Nothing stops it then.
    fn check_counts(&self) -> Result<()> {
        let conditions = self.groups.iter().map(|group| group.conditions.tokens).max();
        let counts = [
            (self.parameters, PARAMETERS_MAX, "parameters"),
            (self.overs, OVERS_MAX, "OVER clauses"),
            (self.groups_of.len() - 1, CTES_MAX, "common table expressions"),
            (conditions.unwrap_or(0), CONDITIONS_MAX, "tokens in the conditions of a query"),
        ];
        if let Some((_, most, what)) = counts.into_iter().find(|(count, most, _)| count > most) {
            return Err(too_much(format!("SQL has more than {most} {what}")));
        }
        match self.calls.saturating_mul(self.tokens) > CALLS_AND_TOKENS_MAX {
            true => {
                Err(too_much(format!("SQL has {} calls in {} tokens", self.calls, self.tokens)))
            }
            false => Ok(()),
        }
    }

    fn take(
        &mut self,
        stack: &mut Vec<Open>,
        token: &Token<'_>,
        before: &Token<'_>,
        next: &Token<'_>,
    ) -> Result<()> {
        if matches!(token.kind, TokenKind::String | TokenKind::Blob) {
            self.literals += token.text.len();
        }
        self.searches |= searches(token);
        self.tokens += 1;
        let is_call = token.kind == TokenKind::LeftParenthesis && name(before).is_some();
        self.calls += usize::from(is_call);
        match token.kind {
            TokenKind::LeftParenthesis => return self.open(stack, before),
            TokenKind::RightParenthesis if stack.len() > 1 => self.close(stack),
            TokenKind::Identifier if is_one(token, ENDS_FROM) => {
                self.end_column(stack);
                let number = stack.len() - 1;
                let Some(group) = stack.last_mut() else { return Ok(()) };
                (group.is_from, group.is_table) = (false, false);
                group.is_condition = is_one(token, CONDITION);
                group.is_window = false;
                group.is_order = is_one(token, &["ORDER", "GROUP"]);
                group.is_columns = is_one(token, BEGINS_QUERY);
                if group.is_columns {
                    group.query = number;
                    (group.width, group.stars) = (0, 0);
                    self.groups[group.number].is_select = true;
                    self.groups[group.number].selects |= token.is("SELECT");
                }
                let is_compound = is_one(token, &["UNION", "EXCEPT", "INTERSECT"]);
                self.groups[group.number].compounds += usize::from(is_compound);
            }
            TokenKind::Identifier if is_one(token, FROM) => {
                // The text after IS DISTINCT FROM belongs to the same column.
                if !before.is("DISTINCT") {
                    self.end_column(stack);
                }
                let Some(group) = stack.last_mut() else { return Ok(()) };
                group.is_columns &= before.is("DISTINCT");
                group.is_condition &= before.is("DISTINCT");
                (group.is_from, group.is_table) = (true, true);
            }
            TokenKind::Identifier | TokenKind::QuotedIdentifier | TokenKind::String => {
                self.writes |= is_one(token, WRITES);
                if let Some(open) = stack.last_mut() {
                    open.is_condition |= token.is("ON");
                    open.is_window = (open.is_window || token.is("WINDOW")) && !token.is("WITH");
                }
                if token.is("OVER")
                    && let Some(query) = stack.last().map(|open| open.query)
                {
                    self.groups[stack[query].number].overs += 1;
                    self.overs += 1;
                }
                let is_name = self.take_name(stack, token, before, next);
                count(self, stack, Part { tokens: 1, names: usize::from(is_name) });
            }
            kind => {
                if matches!(kind, TokenKind::Comma | TokenKind::Semicolon) {
                    self.end_column(stack);
                    let Some(group) = stack.last_mut() else { return Ok(()) };
                    group.is_window &= kind == TokenKind::Comma;
                    group.is_table = group.is_from && kind == TokenKind::Comma;
                    group.is_from &= kind == TokenKind::Comma;
                }
                // `*` for all columns.
                let is_star = kind == TokenKind::Operator
                    && token.text == "*"
                    && (matches!(before.kind, TokenKind::Comma | TokenKind::Dot)
                        || is_one(before, &["SELECT", "DISTINCT", "ALL"]));
                if let Some(query) = stack.last().map(|open| open.query) {
                    stack[query].stars += usize::from(is_star);
                }
                let is_ordinal =
                    kind == TokenKind::Integer && stack.last().is_some_and(|open| open.is_order);
                self.parameters += usize::from(kind == TokenKind::Parameter);
                let names = usize::from(is_star || is_ordinal);
                count(self, stack, Part { tokens: 1, names });
            }
        }
        Ok(())
    }

    fn open(&mut self, stack: &mut Vec<Open>, before: &Token<'_>) -> Result<()> {
        let depth = stack.len();
        let Some(around) = stack.last_mut() else { return Ok(()) };
        let (number, parent) = (self.groups.len(), around.number);
        let mut part = self.groups[parent].part;
        // `FROM (a, b)`. Values, not tables, follow IN.
        let is_from = around.is_table && around.is_from && !before.is("IN");
        around.is_table = false;
        let mut query = around.query;
        if !around.is_window && (before.is("AS") || before.is("MATERIALIZED")) {
            part = self.groups_of.len();
            self.groups_of.push(Vec::new());
            let name = around.last.take().unwrap_or_default();
            let may_be_window = self.groups[parent].is_select;
            let cte = Cte { number: part - 1, may_be_window };
            self.groups[parent].ctes.entry(name).or_default().push(cte);
            // The name is not a column's.
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
        if !group.is_select || !is_of_part {
            return;
        }
        let mut all = group.all;
        all.add(group.sources);
        if closed.is_source {
            if let Some(query) = stack.last().map(|open| open.query) {
                self.groups[stack[query].number].sources.add(all);
            }
        } else {
            // A query within an expression uses columns of the query around it.
            count(self, stack, all);
        }
    }

    /// Ends the column that is being read, if it belongs to the innermost brackets.
    fn end_column(&mut self, stack: &mut [Open]) {
        let depth = stack.len() - 1;
        let Some(open) = stack.last_mut() else { return };
        let column = std::mem::take(&mut open.column);
        if open.is_columns && open.query == depth {
            let largest = &mut self.groups[open.number].largest;
            largest.tokens = largest.tokens.max(column.tokens);
            largest.names = largest.names.max(column.names);
            open.width += 1;
            let group = &mut self.groups[open.number];
            group.width = group.width.max(open.width);
            group.stars = group.stars.max(open.stars);
        }
    }

    /// Takes a token that can be a name. Returns whether it may be a column's.
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
        // Any other token is a name, unless it is a hint or a reserved word.
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
        // Other words may stand between UPDATE and the table.
        group.is_table &= next.kind == TokenKind::Dot || before.is("OR");
        group.last = Some(text);
        let is_other = matches!(next.kind, TokenKind::Dot | TokenKind::LeftParenthesis);
        is_column && !is_other && token.kind != TokenKind::String && !before.is("AS")
    }

    /// The common table expressions with this name that a group sees: those in the nearest group that has any.
    pub(super) fn ctes_of(&self, name: &str, group: usize) -> Vec<usize> {
        let mut found = Vec::new();
        let mut at = Some(group);
        while let Some(group) = at {
            let here = self.groups[group].ctes.get(name).map_or(&[][..], Vec::as_slice);
            found.extend(here.iter().map(|cte| cte.number));
            if here.iter().any(|cte| !cte.may_be_window) {
                break;
            }
            at = self.groups[group].around;
        }
        found
    }
}

/// The size of a table's largest generated column in tokens, with the columns that it uses; 0 for none.
pub(super) fn generated(sql: &str) -> usize {
    /// Longest chain of columns that use one another.
    const DEPTH_MAX: usize = 200;

    /// A column: its tokens, the names it uses, and its size once that is known.
    struct Column {
        tokens: usize,
        names: Vec<String>,
        size: Option<usize>,
    }

    fn size(columns: &mut HashMap<String, Column>, name: &str, depth: usize) -> usize {
        let Some(column) = columns.get_mut(name) else { return 0 };
        if let Some(size) = column.size {
            return size;
        }
        if depth > DEPTH_MAX {
            return usize::MAX;
        }
        // SQLite refuses columns that use themselves, so their size does not matter.
        column.size = Some(0);
        let (mut sum, names) = (column.tokens, column.names.clone());
        for name in names {
            sum = sum.saturating_add(size(columns, &name, depth + 1));
        }
        if let Some(column) = columns.get_mut(name) {
            column.size = Some(sum);
        }
        sum
    }

    let mut columns = HashMap::new();
    let (mut lexer, mut depth, mut is_first, mut own) =
        (Lexer::new(sql), 0_usize, true, String::new());
    let mut before = lexer.token();
    let mut open: Option<Column> = None;
    loop {
        let token = lexer.significant();
        match token.kind {
            TokenKind::End => break,
            TokenKind::LeftParenthesis => {
                depth += 1;
                if depth == 2 && before.is("AS") {
                    open = Some(Column { tokens: 0, names: Vec::new(), size: None });
                }
                is_first = depth == 1;
            }
            TokenKind::RightParenthesis => {
                if depth == 2
                    && let Some(column) = open.take()
                {
                    columns.insert(own.clone(), column);
                }
                depth = depth.saturating_sub(1);
            }
            TokenKind::Comma if depth == 1 => is_first = true,
            _ => {
                let text = name(&token).map(|text| text.to_ascii_lowercase());
                if let Some(column) = &mut open {
                    column.tokens += 1;
                    column.names.extend(text);
                } else if let Some(text) = text.filter(|_| is_first && depth == 1) {
                    (own, is_first) = (text, false);
                }
            }
        }
        before = token;
    }
    let names: Vec<_> = columns.keys().cloned().collect();
    names.iter().map(|name| size(&mut columns, name, 0)).max().unwrap_or(0)
}

/// Adds a part to the query that contains it.
fn count(parsed: &mut Parsed, stack: &mut [Open], part: Part) {
    let Some(query) = stack.last().map(|open| open.query) else { return };
    let open = &mut stack[query];
    open.column.add(part);
    let group = &mut parsed.groups[open.number];
    group.all.add(part);
    if open.is_condition {
        group.conditions.add(part);
    }
    if open.is_window {
        group.windows.add(part);
    }
}

fn is_one(token: &Token<'_>, words: &[&str]) -> bool {
    words.iter().any(|word| token.is(word))
}

/// Words that lead to a trigger, which has its own statements.
const TRIGGER_FOLLOWS: &[&str] = &["CREATE", "TEMP", "TEMPORARY"];

/// Words that begin a list of tables.
const FROM: &[&str] = &["FROM", "JOIN"];

/// Other words that a table follows.
const TABLE_FOLLOWS: &[&str] = &["INTO", "UPDATE", "IN"];

/// Reserved words that occur in expressions and between names.
const RESERVED: &[&str] = &[
    "AND", "AS", "BETWEEN", "CASE", "COLLATE", "DISTINCT", "ELSE", "ESCAPE", "EXISTS", "IS",
    "ISNULL", "NOT", "NOTNULL", "NULL", "ON", "OR", "THEN", "WHEN",
];

/// Words that a list of columns follows.
const BEGINS_QUERY: &[&str] = &["SELECT", "VALUES"];

/// Words that conditions follow, besides ON.
const CONDITION: &[&str] = &["WHERE", "HAVING"];

/// Words that end a list of tables. All are reserved in every version.
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

#[cold]
pub(super) fn too_deep() -> Error {
    too_much(format!(
        "views, common table expressions, triggers or foreign keys are more than {LEVELS_MAX} levels deep \
         (sql_levels_max)"
    ))
}
