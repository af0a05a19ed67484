//! Replaces names of definitions in a parsed statement by names that the engine knows.
//!
//! The engine asks a dialect for scalar functions only. It looks up aggregates and table functions among
//! those it was opened with, where these have names of their own. So a statement that uses a definition is
//! changed to use these names, after it was parsed and before it is compiled. The names of result columns
//! stay, because the parser notes their text. A view that uses definitions is put in place of its name;
//! triggers are out of reach.

use std::sync::Arc;

use turso_core::dialect::sqlite::resolve_builtin_function;
use turso_core::schema::View;
use turso_core::{Func, LimboError, Result, WalkControl, walk_expr_mut};
use turso_parser::ast::{
    As, Cmd, CommonTableExpr, CreateTableBody, Distinctness, Expr, FromClause, FunctionTail,
    IndexedColumn, InsertBody, JoinConstraint, Limit, Materialized, Name, OneSelect, Operator,
    QualifiedName, ResultColumn, Select, SelectBody, SelectTable, Set, SortedColumn, Stmt, Update,
    Upsert, UpsertDo, Window, With,
};

use crate::lost::{self, Called};
use crate::{meaning, row};

/// What names mean.
pub(crate) trait Meanings {
    /// The statement's number for an aggregate of a definition, or `None` if the name means none.
    ///
    /// # Errors
    /// The engine cannot use it in this way.
    fn aggregate(
        &mut self,
        name: &str,
        arguments: usize,
        tail: &FunctionTail,
    ) -> Result<Option<usize>>;

    /// What a name in FROM means, with this number of arguments.
    ///
    /// # Errors
    /// The engine cannot use it.
    fn table(&mut self, name: &str, arguments: usize) -> Result<Table>;

    /// Takes note of a collation. Returns whether it is a definition's.
    fn collation(&mut self, name: &str) -> bool;
}

/// What a name in FROM means.
pub(crate) enum Table {
    /// A table function of a definition: the engine's name for it, and those of its arguments.
    Function(String, Vec<String>),
    /// A view.
    View(Arc<View>),
    /// Whatever the engine makes of it.
    Other,
}

/// Replaces names throughout a statement.
///
/// # Errors
/// A name means something that cannot be used there.
pub(crate) fn rewrite(cmd: &mut Cmd, meanings: &mut dyn Meanings) -> Result<()> {
    let (Cmd::Stmt(stmt) | Cmd::Explain(stmt) | Cmd::ExplainQueryPlan { stmt, .. }) = cmd;
    let writes = !matches!(stmt, Stmt::Select(_));
    let mut rewriter = Rewriter {
        meanings,
        hidden: Vec::new(),
        views: Vec::new(),
        writes,
        changed: false,
        allows_aggregates: false,
        depth: 0,
        derived: false,
        called: Vec::new(),
    };
    rewriter.statement(stmt)
}

struct Rewriter<'a> {
    meanings: &'a mut dyn Meanings,
    /// Names of the common table expressions in scope, which hide tables.
    hidden: Vec<String>,
    /// Names of the views that are being looked into.
    views: Vec<String>,
    /// Whether the statement writes.
    writes: bool,
    /// Whether anything was replaced.
    changed: bool,
    /// Whether aggregates can stand in this clause.
    allows_aggregates: bool,
    /// How many SELECTs are around this.
    depth: usize,
    /// Whether an outer query can compare what this SELECT gives.
    derived: bool,
    /// Table functions of the FROM clause.
    called: Vec<Called>,
}

impl Rewriter<'_> {
    fn statement(&mut self, stmt: &mut Stmt) -> Result<()> {
        match stmt {
            Stmt::Select(select) => self.select(select),
            Stmt::Insert { with, body, returning, .. } => self.scoped(with, |this| {
                if let InsertBody::Select(select, upsert) = body {
                    this.select(select)?;
                    this.upsert(upsert)?;
                }
                this.columns(returning)
            }),
            Stmt::Update(Update { with, sets, from, where_clause, returning, .. }) => {
                self.scoped(with, |this| {
                    this.sets(sets)?;
                    this.from(from)?;
                    this.optional(where_clause)?;
                    lost::check(&mut this.called, from.as_ref(), where_clause.as_deref(), &[])?;
                    this.may_fail(where_clause);
                    this.columns(returning)
                })
            }
            Stmt::Delete { with, where_clause, returning, .. } => self.scoped(with, |this| {
                this.optional(where_clause)?;
                this.columns(returning)
            }),
            Stmt::CreateTable { body: CreateTableBody::AsSelect(select), .. } => {
                self.select(select)
            }
            _ => Ok(()),
        }
    }

    /// Runs `body` where the names of these common table expressions are known.
    fn scoped(
        &mut self,
        with: &mut Option<With>,
        body: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        let before = self.hidden.len();
        if let Some(with) = with {
            let names = with.ctes.iter().map(|cte| cte.tbl_name.as_str().to_owned());
            self.hidden.extend(names);
            for cte in &mut with.ctes {
                self.derived(&mut cte.select)?;
            }
        }
        body(self)?;
        self.hidden.truncate(before);
        Ok(())
    }

    fn select(&mut self, select: &mut Select) -> Result<()> {
        self.within(select, false)
    }

    /// A SELECT whose columns the outer query can compare.
    fn derived(&mut self, select: &mut Select) -> Result<()> {
        self.within(select, true)
    }

    fn within(&mut self, select: &mut Select, derived: bool) -> Result<()> {
        let derived = std::mem::replace(&mut self.derived, derived);
        let called = std::mem::take(&mut self.called);
        self.depth += 1;
        let result = self.allowing(false, |this| this.parts(select));
        self.depth -= 1;
        self.called = called;
        self.derived = derived;
        result
    }

    fn parts(&mut self, select: &mut Select) -> Result<()> {
        let Select { with, body, order_by, limit } = select;
        self.scoped(with, |this| {
            this.one_select(&mut body.select)?;
            for compound in &mut body.compounds {
                this.one_select(&mut compound.select)?;
            }
            if !body.compounds.is_empty() {
                order_by.iter().try_for_each(|term| this.compound_order(&term.expr))?;
            }
            this.allowing(true, |this| this.order(order_by))?;
            let Some(Limit { expr, offset }) = limit else { return Ok(()) };
            this.expr(expr)?;
            this.optional(offset)
        })
    }

    /// Refuses to order a compound by a collation of a definition. The engine does not know it there, or takes its
    /// name for a locale's.
    fn compound_order(&mut self, term: &Expr) -> Result<()> {
        match term {
            Expr::Collate(_, name) if self.meanings.collation(name.as_str()) => {
                Err(LimboError::ParseError(format!(
                    "Turso does not order a compound SELECT by {}, the collation of a definition: say SELECT * FROM \
                     (…) ORDER BY …",
                    name.as_str()
                )))
            }
            Expr::Collate(term, _) => self.compound_order(term),
            Expr::Parenthesized(terms) => {
                terms.iter().try_for_each(|term| self.compound_order(term))
            }
            _ => Ok(()),
        }
    }

    fn one_select(&mut self, select: &mut OneSelect) -> Result<()> {
        match select {
            OneSelect::Values(rows) => rows.iter_mut().flatten().try_for_each(|e| self.expr(e)),
            OneSelect::Select { columns, from, where_clause, group_by, window_clause, .. } => {
                let before = std::mem::take(&mut self.changed);
                // Without FROM they may belong to the outer query, which the engine does not know.
                let allows = from.is_some() || self.depth == 1;
                self.allowing(allows, |this| this.columns(columns))?;
                self.called.clear();
                self.from(from)?;
                self.optional(where_clause)?;
                let derived = if self.derived { columns.as_slice() } else { &[] };
                lost::check(&mut self.called, from.as_ref(), where_clause.as_deref(), derived)?;
                if let Some(group_by) = group_by {
                    group_by.exprs.iter_mut().try_for_each(|e| self.expr(e))?;
                    self.allowing(true, |this| this.optional(&mut group_by.having))?;
                }
                for definition in window_clause {
                    let Window { partition_by, order_by, .. } = &mut definition.window;
                    partition_by.iter_mut().try_for_each(|e| self.expr(e))?;
                    self.order(order_by)?;
                }
                self.may_fail(where_clause);
                self.changed |= before;
                Ok(())
            }
        }
    }

    /// Runs `body` for a part in which aggregates can stand, or cannot.
    fn allowing(&mut self, allows: bool, body: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let before = std::mem::replace(&mut self.allows_aggregates, allows);
        let result = body(self);
        self.allows_aggregates = before;
        result
    }

    /// Tells the engine that a statement that writes can fail midway. It believes so of functions but not
    /// of aggregates and tables, and would not undo what the statement wrote.
    fn may_fail(&self, condition: &mut Option<Box<Expr>>) {
        if !(self.writes && self.changed) {
            return;
        }
        let call = Box::new(Expr::NotNull(packed(Vec::new())));
        *condition = Some(match condition.take() {
            None => call,
            Some(condition) => {
                let condition = Box::new(Expr::Parenthesized(vec![condition]));
                Box::new(Expr::Binary(condition, Operator::And, call))
            }
        });
    }

    fn columns(&mut self, columns: &mut [ResultColumn]) -> Result<()> {
        columns.iter_mut().try_for_each(|column| match column {
            ResultColumn::Expr(expr, _) => self.expr(expr),
            ResultColumn::Star | ResultColumn::TableStar(_) => Ok(()),
        })
    }

    fn from(&mut self, from: &mut Option<FromClause>) -> Result<()> {
        from.as_mut().map_or(Ok(()), |from| self.sources(from))
    }

    fn sources(&mut self, from: &mut FromClause) -> Result<()> {
        self.table(&mut from.select)?;
        for join in &mut from.joins {
            self.table(&mut join.table)?;
            if let Some(JoinConstraint::On(expr)) = &mut join.constraint {
                self.expr(expr)?;
            }
        }
        Ok(())
    }

    fn table(&mut self, table: &mut SelectTable) -> Result<()> {
        match table {
            SelectTable::Table(name, alias, _) => {
                let hides = |hidden: &String| hidden.eq_ignore_ascii_case(name.name.as_str());
                if self.hidden.iter().any(hides) || !is_of_file(name) {
                    return Ok(());
                }
                let written = name.name.as_str().to_owned();
                let meaning = self.table_name(name, alias, 0)?;
                if let Table::View(view) = &meaning
                    && let Some(select) = self.view(view)?
                {
                    let alias = alias.take().or_else(|| Some(As::As(name.name.clone())));
                    *table = SelectTable::Select { select, alias, lateral: false };
                } else if let Table::Function(_, arguments) = meaning {
                    self.called.push(Called::new(&written, alias.as_ref(), arguments, 0));
                } else if !self.views.is_empty() {
                    // Where the view is put, the name may mean something else.
                    name.namespace.get_or_insert_with(|| Name::exact("main".to_owned()));
                }
                Ok(())
            }
            SelectTable::TableCall(name, arguments, alias) => {
                arguments.iter_mut().try_for_each(|e| self.expr(e))?;
                if name.namespace.is_some() {
                    return Ok(());
                }
                let written = name.name.as_str().to_owned();
                let meaning = self.table_name(name, alias, arguments.len())?;
                if let Table::Function(_, names) = meaning {
                    let called = Called::new(&written, alias.as_ref(), names, arguments.len());
                    self.called.push(called);
                }
                Ok(())
            }
            SelectTable::Select { select, .. } => self.derived(select),
            SelectTable::Sub(from, _) => self.sources(from),
        }
    }

    /// Replaces the name of a table function. Returns what the name means.
    fn table_name(
        &mut self,
        name: &mut QualifiedName,
        alias: &mut Option<As>,
        arguments: usize,
    ) -> Result<Table> {
        let meaning = self.meanings.table(name.name.as_str(), arguments)?;
        if let Table::Function(ours, _) = &meaning {
            self.changed = true;
            let written = std::mem::replace(&mut name.name, Name::exact(ours.clone()));
            name.namespace = None;
            alias.get_or_insert(As::As(written));
        }
        Ok(meaning)
    }

    /// What a view selects, if something in it was replaced. The engine reads views from the schema, where
    /// nothing can be replaced.
    fn view(&mut self, view: &View) -> Result<Option<Select>> {
        if self.views.contains(&view.name) {
            // The engine reports that it is circular.
            return Ok(None);
        }
        self.views.push(view.name.clone());
        let hidden = std::mem::take(&mut self.hidden);
        let before = std::mem::take(&mut self.changed);
        let mut select = view.select_stmt.clone();
        let rewritten = self.derived(&mut select);
        self.views.pop();
        self.hidden = hidden;
        let changed = std::mem::replace(&mut self.changed, before);
        rewritten?;
        self.changed |= changed;
        if !changed {
            return Ok(None);
        }
        if view.explicit_columns.is_empty() {
            return Ok(Some(select));
        }
        // A common table expression can name the view's columns.
        let column = |name: &String| IndexedColumn {
            col_name: Name::exact(name.clone()),
            collation_name: None,
            order: None,
        };
        let name = Name::exact(view.name.clone());
        let table = QualifiedName { namespace: None, name: name.clone(), alias: None };
        let expression = CommonTableExpr {
            tbl_name: name,
            columns: view.explicit_columns.iter().map(column).collect(),
            materialized: Materialized::Any,
            select,
        };
        let all = OneSelect::Select {
            distinctness: None,
            columns: vec![ResultColumn::Star],
            from: Some(FromClause {
                select: Box::new(SelectTable::Table(table, None, None)),
                joins: Vec::new(),
            }),
            where_clause: None,
            group_by: None,
            window_clause: Vec::new(),
        };
        Ok(Some(Select {
            with: Some(With { recursive: false, ctes: vec![expression] }),
            body: SelectBody { select: all, compounds: Vec::new() },
            order_by: Vec::new(),
            limit: None,
        }))
    }

    fn order(&mut self, terms: &mut [SortedColumn]) -> Result<()> {
        terms.iter_mut().try_for_each(|term| self.expr(&mut term.expr))
    }

    fn sets(&mut self, sets: &mut [Set]) -> Result<()> {
        sets.iter_mut().try_for_each(|set| self.expr(&mut set.expr))
    }

    fn upsert(&mut self, upsert: &mut Option<Box<Upsert>>) -> Result<()> {
        let Some(upsert) = upsert else { return Ok(()) };
        if let UpsertDo::Set { sets, where_clause } = &mut upsert.do_clause {
            self.sets(sets)?;
            self.optional(where_clause)?;
        }
        self.upsert(&mut upsert.next)
    }

    fn optional(&mut self, expr: &mut Option<Box<Expr>>) -> Result<()> {
        expr.as_mut().map_or(Ok(()), |expr| self.expr(expr))
    }

    fn expr(&mut self, expr: &mut Expr) -> Result<()> {
        walk_expr_mut(expr, &mut |expr| {
            if self.function(expr)? {
                self.arguments(expr)?;
                return Ok(WalkControl::SkipChildren);
            }
            match expr {
                Expr::Collate(_, name) => {
                    self.meanings.collation(name.as_str());
                }
                // The engine's walk does not go into these.
                Expr::Exists(select)
                | Expr::Subquery(select)
                | Expr::InSelect { rhs: select, .. } => {
                    self.select(select)?;
                }
                Expr::InTable { rhs, args, .. } if rhs.namespace.is_none() => {
                    self.table_name(rhs, &mut None, args.len())?;
                }
                _ => {}
            }
            Ok(WalkControl::Continue)
        })?;
        Ok(())
    }

    /// Rewrites the arguments of an aggregate, in which no other aggregate can stand.
    fn arguments(&mut self, call: &mut Expr) -> Result<()> {
        self.allowing(false, |this| match call {
            Expr::FunctionCall { args, order_by, within_group, filter_over, .. } => {
                this.optional(&mut filter_over.filter_clause)?;
                args.iter_mut().try_for_each(|e| this.expr(e))?;
                this.order(order_by)?;
                this.order(within_group)
            }
            Expr::FunctionCallStar { filter_over, .. } => {
                this.optional(&mut filter_over.filter_clause)
            }
            _ => Ok(()),
        })
    }

    /// Replaces an aggregate by the engine's, which has one argument. Returns whether it is an aggregate.
    fn function(&mut self, call: &mut Expr) -> Result<bool> {
        let (name, arguments, tail, distinct, sorted) = match call {
            Expr::FunctionCall { name, args, filter_over, distinctness, order_by, .. } => {
                let distinct = *distinctness == Some(Distinctness::Distinct);
                (name, args.len(), filter_over, distinct, !order_by.is_empty())
            }
            Expr::FunctionCallStar { name, filter_over } => (name, 0, filter_over, false, false),
            _ => return Ok(false),
        };
        let Some(number) = self.meanings.aggregate(name.as_str(), arguments, tail)? else {
            let builtin = resolve_builtin_function(name.as_str(), arguments);
            return Ok(tail.over_clause.is_none() && matches!(builtin, Ok(Some(Func::Agg(_)))));
        };
        if distinct && arguments != 1 {
            // The engine would see one argument.
            let message = "DISTINCT aggregates must have exactly one argument".to_owned();
            return Err(LimboError::ParseError(message));
        }
        self.changed = true;
        let is_plain = tail.filter_clause.is_none() && !sorted;
        if !(is_plain || self.allows_aggregates) {
            // The engine would panic.
            let message = format!("misuse of aggregate function {}()", name.as_str());
            return Err(LimboError::ParseError(message));
        }
        *name = Name::exact(meaning::name(number, is_plain));
        match call {
            Expr::FunctionCall { args, .. } if arguments != 1 => {
                *args = vec![packed(std::mem::take(args))];
            }
            Expr::FunctionCallStar { name, filter_over } => {
                *call = Expr::FunctionCall {
                    name: name.clone(),
                    distinctness: None,
                    args: vec![packed(Vec::new())],
                    order_by: Vec::new(),
                    within_group: Vec::new(),
                    filter_over: filter_over.clone(),
                };
            }
            _ => {}
        }
        Ok(true)
    }
}

/// Whether a name can mean a view of the file.
fn is_of_file(name: &QualifiedName) -> bool {
    name.namespace.as_ref().is_none_or(|schema| schema.as_str().eq_ignore_ascii_case("main"))
}

/// Several arguments packed into one; see [`row`].
#[expect(clippy::vec_box, reason = "it is the parser's type")]
fn packed(args: Vec<Box<Expr>>) -> Box<Expr> {
    Box::new(Expr::FunctionCall {
        name: Name::exact(row::NAME.to_owned()),
        distinctness: None,
        args,
        order_by: Vec::new(),
        within_group: Vec::new(),
        filter_over: FunctionTail { filter_clause: None, over_clause: None },
    })
}
