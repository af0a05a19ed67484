//! Measures how deep SQL text nests, by its tokens, before the engine's parser sees it.
//!
//! The engine parses and compiles by recursion, and limits only expressions. Text with enough subselects or
//! UNIONs overflows the stack, which ends the process. So text is measured first: what is within the limit
//! gets a large enough stack (`stack.rs`), and the rest is refused.
//!
//! The tokens come from the engine's own lexer. The measure is an upper bound of the height of the syntax
//! tree: a group in brackets is one higher than its highest part, and a part is as high as its operators
//! and the highest group among them together.

use std::collections::{HashMap, HashSet};

use commensal_core::{Error, ErrorKind, Result};
use turso_parser::ast::Name;
use turso_parser::lexer::Lexer;
use turso_parser::token::TokenType as T;

/// Levels of nesting that a statement may have, with the views and triggers that it uses.
pub(crate) const LEVELS_MAX: usize = 1000;

/// How often a statement may use views, common table expressions, triggers and foreign keys with actions.
/// Uses within one another count, too.
pub(crate) const EXPANSIONS_MAX: usize = 5000;

/// How many tokens all these may have, counted at each use, with those that an alias stands for, at each
/// use of the alias. The engine takes some 400 bytes for each.
pub(crate) const TOKENS_MAX: usize = 200_000;

/// How many common table expressions in a row may be used before they are defined. Each costs a reading.
const LATER_MAX: usize = 6;

/// Levels of a subselect. Its stack frames are larger than those of an operator.
const SUBSELECT: usize = 5;

/// What the names in a text stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Expanded {
    /// Views, common table expressions, triggers and foreign keys, counted at each use.
    pub(crate) uses: usize,
    /// Tokens of these and of what aliases name.
    pub(crate) tokens: usize,
}

impl Expanded {
    pub(crate) fn and(self, other: Self) -> Self {
        let Self { uses, tokens } = self;
        Self { uses: uses.saturating_add(other.uses), tokens: tokens.saturating_add(other.tokens) }
    }

    fn max(self, other: Self) -> Self {
        Self { uses: self.uses.max(other.uses), tokens: self.tokens.max(other.tokens) }
    }

    /// What came after `before`.
    fn since(self, before: Self) -> Self {
        Self { uses: self.uses - before.uses, tokens: self.tokens - before.tokens }
    }
}

/// What text, or what a name stands for, adds to a statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) levels: usize,
    pub(crate) expanded: Expanded,
    /// Whether the statement gets into the schema.
    pub(crate) adds: bool,
}

/// What names in the text stand for.
pub(crate) trait Names {
    /// What a name stands for in a statement that does this to tables.
    ///
    /// # Errors
    /// It is too much.
    fn size(&mut self, name: &str, writes: Writes) -> Result<Size>;
}

/// What a statement does to tables, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Writes(u8);

impl Writes {
    pub(crate) const NOTHING: Self = Self(0);
    pub(crate) const INSERT: Self = Self(1);
    pub(crate) const UPDATE: Self = Self(2);
    pub(crate) const DELETE: Self = Self(4);

    fn of(kind: T) -> Self {
        match kind {
            T::TK_INSERT => Self::INSERT,
            // Rows in conflict are deleted, too.
            T::TK_REPLACE => Self(Self::INSERT.0 | Self::DELETE.0),
            T::TK_UPDATE => Self::UPDATE,
            T::TK_DELETE => Self::DELETE,
            _ => Self::NOTHING,
        }
    }

    fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn includes(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// No names: the text alone.
pub(crate) struct NoNames;

impl Names for NoNames {
    fn size(&mut self, _: &str, _: Writes) -> Result<Size> {
        Ok(Size::default())
    }
}

/// Measures the first statement of a text.
///
/// # Errors
/// It exceeds a limit.
pub(crate) fn measure(sql: &str, names: &mut dyn Names) -> Result<Size> {
    let mut known = Vec::new();
    for _ in 0..LATER_MAX {
        let mut scan = Scan::new(names, known);
        let size = scan.measure(sql)?;
        // A common table expression may use one that is defined later, whose size is known only now. Sizes
        // only grow, up to the limit.
        if !scan.is_early || scan.known == scan.ctes {
            return Ok(size);
        }
        known = scan.ctes;
    }
    Err(Error::new(
        ErrorKind::Limit,
        format!(
            "more than {LATER_MAX} common table expressions use one another before they are defined \
             (sql_expansions_max)"
        ),
    )
    .with_engine_code(1))
}

/// Refuses what exceeds a limit.
///
/// # Errors
/// It does.
pub(crate) fn check(levels: usize, expanded: Expanded) -> Result<Size> {
    let refuse = |what: String| Err(Error::new(ErrorKind::Limit, what).with_engine_code(1));
    if levels > LEVELS_MAX {
        return refuse(format!("SQL nests more than {LEVELS_MAX} levels deep (sql_levels_max)"));
    }
    if expanded.uses > EXPANSIONS_MAX {
        return refuse(format!(
            "SQL uses views, common table expressions, triggers and foreign keys more than \
             {EXPANSIONS_MAX} times (sql_expansions_max)"
        ));
    }
    if expanded.tokens > TOKENS_MAX {
        return refuse(format!(
            "the views, common table expressions, triggers and aliases that SQL uses have more than \
             {TOKENS_MAX} tokens at all their uses together (sql_tokens_max)"
        ));
    }
    Ok(Size { levels, expanded, adds: false })
}

/// A token, with only what is needed here.
#[derive(Clone, Copy)]
struct Token<'a> {
    kind: T,
    text: &'a [u8],
}

/// The tokens of a text, without white space and comments, and what came before the next one.
struct Tokens<'a> {
    lexer: Lexer<'a>,
    /// The kind of the last token.
    before: T,
    /// The last token, if it is a name.
    name: Option<&'a [u8]>,
    /// The name before the dot, if the last token was a dot.
    schema: Option<&'a [u8]>,
    has_begun: bool,
}

impl<'a> Tokens<'a> {
    fn new(sql: &'a str) -> Self {
        Self {
            lexer: Lexer::new(sql.as_bytes()),
            before: T::TK_EOF,
            name: None,
            schema: None,
            has_begun: false,
        }
    }

    /// The next token. `None` at the end, and where the engine's parser stops, too.
    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let token = self.lexer.next()?.ok()?;
            if token.token_type != T::TK_NONE {
                return Some(Token { kind: token.token_type, text: token.value });
            }
        }
    }

    fn advance(&mut self, token: &Token<'a>) {
        self.has_begun |= token.kind != T::TK_SEMI;
        self.before = token.kind;
        self.schema = if token.kind == T::TK_DOT { self.name } else { None };
        self.name = is_name(token.kind).then_some(token.text);
    }
}

/// What is between two brackets, or the whole text.
struct Group<'a> {
    /// Levels of the group itself.
    weight: usize,
    /// Levels that nest although they stand side by side: terms of a compound, common table expressions and
    /// generated columns. Each may use the one before.
    chain: usize,
    /// The highest part so far.
    highest: usize,
    /// Operators of the current part, and the highest group in it.
    operators: usize,
    child: usize,
    /// The token that ends it.
    end: T,
    /// The name before it, for example of a function.
    opened_by: Option<&'a [u8]>,
    /// The last name in it.
    before: Option<&'a [u8]>,
    /// A name in WITH, or a generated column, stands for it.
    defines: Option<Option<&'a [u8]>>,
    /// What there was before it.
    expanded: Expanded,
    own: usize,
    /// Tokens before its current part.
    part: usize,
    /// Tokens of its largest part, and whether a list of ORDER BY or GROUP BY is being read.
    largest: usize,
    is_order: bool,
    /// Common table expressions before it.
    ctes: usize,
}

impl<'a> Group<'a> {
    fn new(expanded: Expanded, own: usize) -> Self {
        Self {
            weight: 1,
            chain: 0,
            highest: 0,
            operators: 0,
            child: 0,
            end: T::TK_EOF,
            opened_by: None,
            before: None,
            defines: None,
            expanded,
            own,
            part: own,
            largest: 0,
            is_order: false,
            ctes: 0,
        }
    }

    fn end_part(&mut self) {
        self.highest = self.highest.max(self.operators + self.child);
        (self.operators, self.child) = (0, 0);
    }

    fn height(mut self) -> usize {
        self.end_part();
        self.weight + self.chain + self.highest
    }
}

/// Common table expressions, and what each stands for.
type Ctes = Vec<(String, Expanded)>;

struct Scan<'a, 'n> {
    names: &'n mut dyn Names,
    groups: Vec<Group<'a>>,
    ctes: Ctes,
    /// Those that the scan before found.
    known: Ctes,
    /// Names that were not common table expressions where they were used.
    other: HashSet<String>,
    /// Whether one of them was defined later.
    is_early: bool,
    expanded: Expanded,
    /// Tokens of the text so far.
    own: usize,
    /// Tokens of what is named by AS, or by a name after it.
    aliases: HashMap<String, usize>,
    /// The alias that was just read, if the last token can be one.
    alias: Option<(String, usize)>,
    /// Whether names are looked up.
    resolves: bool,
    writes: Writes,
    /// The table that rows are inserted into.
    target: Option<&'a [u8]>,
    /// The last name. The next token tells whether it stands before a dot. Then it is a schema, or the
    /// table of a column, and uses nothing.
    last: Option<Token<'a>>,
}

impl<'a, 'n> Scan<'a, 'n> {
    fn new(names: &'n mut dyn Names, known: Ctes) -> Self {
        Self {
            names,
            groups: vec![Group::new(Expanded::default(), 0)],
            ctes: Vec::new(),
            known,
            other: HashSet::new(),
            is_early: false,
            expanded: Expanded::default(),
            own: 0,
            aliases: HashMap::new(),
            alias: None,
            resolves: true,
            writes: Writes::NOTHING,
            target: None,
            last: None,
        }
    }

    fn measure(&mut self, sql: &'a str) -> Result<Size> {
        let mut tokens = Tokens::new(sql);
        let mut is_trigger = false;
        // The part before a trigger's statements says when it runs, not what it does.
        let mut is_head = false;
        let mut adds = false;
        while let Some(token) = tokens.next() {
            match token.kind {
                T::TK_SEMI if !tokens.has_begun => {}
                T::TK_SEMI if !is_trigger => break,
                // `; END` ends a trigger.
                T::TK_END if is_trigger && tokens.before == T::TK_SEMI => break,
                T::TK_TRIGGER if matches!(tokens.before, T::TK_CREATE | T::TK_TEMP) => {
                    (is_trigger, is_head) = (true, true);
                }
                T::TK_BEGIN => is_head = false,
                T::TK_CREATE | T::TK_ALTER => adds = true,
                kind if !is_head => self.writes = self.writes.and(Writes::of(kind)),
                _ => {}
            }
            // A dropped object is not compiled.
            self.resolves &= tokens.has_begun || token.kind != T::TK_DROP;
            self.end_name(token.kind)?;
            self.own += 1;
            self.take(&token, &tokens)?;
            self.end_part(&token, &tokens);
            tokens.advance(&token);
        }
        self.end_name(T::TK_EOF)?;
        while self.groups.len() > 1 {
            self.close()?;
        }
        let levels = self.groups.pop().map_or(0, Group::height) + SUBSELECT;
        let Size { levels, expanded, .. } = check(levels, self.expanded)?;
        let expanded = expanded.and(Expanded { uses: 0, tokens: self.own });
        Ok(Size { levels, expanded, adds })
    }

    fn take(&mut self, token: &Token<'a>, tokens: &Tokens<'a>) -> Result<()> {
        let before = tokens.before;
        let Some(group) = self.groups.last_mut() else { return Ok(()) };
        match token.kind {
            T::TK_LP | T::TK_LBRACKET | T::TK_CASE => {
                group.operators += 1;
                self.open(token.kind, tokens);
                if self.groups.len() > LEVELS_MAX {
                    check(self.groups.len(), Expanded::default())?;
                }
            }
            T::TK_RP | T::TK_RBRACKET | T::TK_END if token.kind == group.end => self.close()?,
            T::TK_SELECT | T::TK_VALUES | T::TK_WITH => {
                group.end_part();
                if matches!(before, T::TK_LP) {
                    group.weight = SUBSELECT;
                }
            }
            T::TK_UNION | T::TK_EXCEPT | T::TK_INTERSECT => {
                group.end_part();
                group.chain += 2;
            }
            // Clauses of ON CONFLICT nest, each in the one before.
            T::TK_DO => group.chain += 1,
            T::TK_FROM if before == T::TK_DISTINCT => group.operators += 1,
            // A trigger's next statement.
            T::TK_SEMI => {
                group.end_part();
                self.writes = Writes::NOTHING;
            }
            kind if ends_part(kind) => group.end_part(),
            kind => {
                if !is_leaf(kind) {
                    group.operators += 1;
                }
                if before == T::TK_INTO
                    || before == T::TK_DOT
                        && tokens.schema.is_some()
                        && self.target == tokens.schema
                {
                    self.target = Some(token.text);
                }
                match self.target {
                    // An upsert updates the table, too.
                    Some(target) if kind == T::TK_UPDATE && before == T::TK_DO => {
                        self.name(&Token { kind: T::TK_ID, text: target })?;
                    }
                    _ if is_name(kind) => self.last = Some(*token),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn open(&mut self, kind: T, tokens: &Tokens<'a>) {
        let mut group = Group::new(self.expanded, self.own);
        group.end = match kind {
            T::TK_LP => T::TK_RP,
            T::TK_LBRACKET => T::TK_RBRACKET,
            _ => T::TK_END,
        };
        group.opened_by = tokens.name;
        group.ctes = self.ctes.len();
        let around = self.groups.last().and_then(|group| group.before);
        if kind == T::TK_LP && matches!(tokens.before, T::TK_AS | T::TK_MATERIALIZED) {
            group.defines = Some(around);
        }
        self.groups.push(group);
    }

    fn close(&mut self) -> Result<()> {
        let Some(group) = self.groups.pop() else { return Ok(()) };
        let (defines, before) = (group.defines, group.opened_by);
        let expanded = self.expanded.since(group.expanded);
        let inner = expanded.and(Expanded { uses: 1, tokens: self.own - group.own });
        let height = group.height();
        let Some(around) = self.groups.last_mut() else { return Ok(()) };
        match defines {
            Some(name) => {
                around.chain += height;
                if let Some(name) = name.map(plain) {
                    self.is_early |= self.other.contains(&name);
                    self.ctes.push((name, inner));
                }
            }
            None => around.child = around.child.max(height),
        }
        // The name before `(columns) AS (…)`, and before `AS (…)`.
        if before.is_some() {
            around.before = before;
        }
        check(around.chain.max(height), Expanded::default()).map(drop)
    }

    /// Counts the last name, unless a dot is next.
    fn end_name(&mut self, next: T) -> Result<()> {
        if let Some(name) = self.last.take().filter(|_| next != T::TK_DOT) {
            self.name(&name)?;
        }
        if let Some((alias, size)) = self.alias.take() {
            let known = self.aliases.entry(alias).or_default();
            *known = size.max(*known);
        }
        Ok(())
    }

    /// Notes where a part of a list begins, and an alias, which comes last in a part.
    fn end_part(&mut self, token: &Token<'a>, tokens: &Tokens<'a>) {
        let own = self.own;
        let Some(group) = self.groups.last_mut() else { return };
        if ends_part(token.kind) || is_one(token.kind, &[T::TK_SELECT, T::TK_VALUES, T::TK_SEMI]) {
            group.largest = group.largest.max(own - group.part);
            group.part = own;
            if token.kind != T::TK_COMMA {
                group.is_order = is_one(token.kind, &[T::TK_ORDER, T::TK_GROUP]);
            }
        } else if token.kind == T::TK_INTEGER
            && group.is_order
            && is_one(tokens.before, &[T::TK_BY, T::TK_COMMA])
        {
            // A number there stands for a column.
            let column = Expanded { uses: 0, tokens: group.largest };
            self.expanded = self.expanded.and(column);
        } else if is_name(token.kind)
            && (tokens.before == T::TK_AS || tokens.before == T::TK_RP || is_leaf(tokens.before))
            && tokens.before != T::TK_DOT
        {
            self.alias = Some((plain(token.text), own - group.part));
        }
    }

    /// What a common table expression of this name stands for, or nothing if there is none.
    fn cte(&mut self, name: &str) -> Expanded {
        // Within its own text it is recursive, unless an inner one has its name.
        let is_own =
            |group: &&Group<'_>| group.defines.flatten().is_some_and(|own| plain(own) == name);
        let own = self.groups.iter().rev().find(is_own);
        let (from, known) = match own {
            Some(own) => (own.ctes, &[][..]),
            None => (0, &self.known[..]),
        };
        let of = |ctes: &[(String, Expanded)]| {
            // If several in brackets of their own have one name, the largest counts.
            ctes.iter().filter(|cte| cte.0 == name).map(|cte| cte.1).reduce(Expanded::max)
        };
        let found = of(&self.ctes[from..]);
        let (known, is_own) = (of(known), own.is_some());
        if found.is_none() && !is_own {
            self.other.insert(name.to_owned());
        }
        found.unwrap_or_default().max(known.unwrap_or_default())
    }

    fn name(&mut self, token: &Token<'a>) -> Result<()> {
        let text = token.text;
        let name = plain(text);
        let mut size = Size::default();
        if self.resolves {
            size = self.names.size(&name, self.writes)?;
        }
        // After a dot the name may mean what is in the schema, and not the common table expression.
        let alias = self.aliases.get(&name).copied().unwrap_or(0);
        let alias = Expanded { uses: 0, tokens: alias };
        self.expanded = self.expanded.and(size.expanded).and(self.cte(&name)).and(alias);
        if let Some(group) = self.groups.last_mut() {
            group.child = group.child.max(size.levels);
            if token.kind != T::TK_MATERIALIZED {
                group.before = Some(text);
            }
        }
        check(0, self.expanded).map(drop)
    }
}

/// A name without quotes, in ASCII lower case.
fn plain(name: &[u8]) -> String {
    Name::from_bytes(name).as_str().to_ascii_lowercase()
}

fn is_one(kind: T, kinds: &[T]) -> bool {
    kinds.contains(&kind)
}

/// Whether a token can be a name. The engine's parser takes keywords for names in many places.
fn is_name(kind: T) -> bool {
    matches!(
        kind.fallback_id_if_ok(),
        T::TK_ID
            | T::TK_STRING
            | T::TK_INDEXED
            | T::TK_JOIN_KW
            | T::TK_GENERATED
            | T::TK_WITHOUT
            | T::TK_COLUMNKW
            | T::TK_FILTER
            | T::TK_OVER
            | T::TK_WITHIN
            | T::TK_LATERAL
    )
}

/// Whether a token stands for itself, with nothing nested in it.
fn is_leaf(kind: T) -> bool {
    matches!(
        kind,
        T::TK_ID
            | T::TK_STRING
            | T::TK_INTEGER
            | T::TK_FLOAT
            | T::TK_BLOB
            | T::TK_VARIABLE
            | T::TK_NULL
            | T::TK_DOT
            | T::TK_CTIME_KW
            | T::TK_MATERIALIZED
            | T::TK_AS
    )
}

/// Whether no expression continues after it.
fn ends_part(kind: T) -> bool {
    matches!(
        kind,
        T::TK_COMMA
            | T::TK_FROM
            | T::TK_WHERE
            | T::TK_GROUP
            | T::TK_HAVING
            | T::TK_ORDER
            | T::TK_LIMIT
            | T::TK_JOIN
            | T::TK_ON
            | T::TK_SET
            | T::TK_INTO
            | T::TK_RETURNING
            | T::TK_WINDOW
            | T::TK_WHEN
            | T::TK_THEN
            | T::TK_ELSE
    )
}
