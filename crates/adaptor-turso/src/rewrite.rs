//! Names of definitions in a parsed statement, replaced by names that the engine knows.
//!
//! The engine asks a dialect for scalar functions only. Aggregates and table functions it looks up
//! among those it was opened with, so these have names of their own there, and a statement that uses
//! a definition is changed to use them, after it was parsed and before it is compiled. The names of
//! result columns stay: the parser notes the text they are written as. What a schema keeps as text, views
//! and triggers, is not changed.

use turso_core::{LimboError, Result, WalkControl, walk_expr_mut};
use turso_parser::ast::{
    As, Cmd, CreateTableBody, Distinctness, Expr, FromClause, FunctionTail, InsertBody,
    JoinConstraint, Limit, Name, OneSelect, QualifiedName, ResultColumn, Select, SelectTable, Set,
    SortedColumn, Stmt, Update, Upsert, UpsertDo, Window, With,
};

use crate::row;

/// What names mean.
pub(crate) trait Meanings {
    /// The engine's name for an aggregate of a definition; `None` where the name means no such.
    ///
    /// # Errors
    /// The engine cannot use it so.
    fn aggregate(
        &mut self,
        name: &str,
        arguments: usize,
        tail: &FunctionTail,
    ) -> Result<Option<String>>;

    /// The engine's name for a table function of a definition; `None` where the name means no such.
    ///
    /// # Errors
    /// The engine cannot use it.
    fn table(&mut self, name: &str, is_call: bool) -> Result<Option<String>>;

    /// Is told of a collation.
    fn collation(&mut self, name: &str);
}

/// Replaces names throughout a statement.
///
/// # Errors
/// What a name means cannot be used there.
pub(crate) fn rewrite(cmd: &mut Cmd, meanings: &mut dyn Meanings) -> Result<()> {
    let (Cmd::Stmt(stmt) | Cmd::Explain(stmt) | Cmd::ExplainQueryPlan { stmt, .. }) = cmd;
    Rewriter { meanings, hidden: Vec::new() }.statement(stmt)
}

struct Rewriter<'a> {
    meanings: &'a mut dyn Meanings,
    /// Names of the common table expressions around, which hide tables.
    hidden: Vec<String>,
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
                self.select(&mut cte.select)?;
            }
        }
        body(self)?;
        self.hidden.truncate(before);
        Ok(())
    }

    fn select(&mut self, select: &mut Select) -> Result<()> {
        let Select { with, body, order_by, limit } = select;
        self.scoped(with, |this| {
            this.one_select(&mut body.select)?;
            for compound in &mut body.compounds {
                this.one_select(&mut compound.select)?;
            }
            this.order(order_by)?;
            let Some(Limit { expr, offset }) = limit else { return Ok(()) };
            this.expr(expr)?;
            this.optional(offset)
        })
    }

    fn one_select(&mut self, select: &mut OneSelect) -> Result<()> {
        match select {
            OneSelect::Values(rows) => rows.iter_mut().flatten().try_for_each(|e| self.expr(e)),
            OneSelect::Select { columns, from, where_clause, group_by, window_clause, .. } => {
                self.columns(columns)?;
                self.from(from)?;
                self.optional(where_clause)?;
                if let Some(group_by) = group_by {
                    group_by.exprs.iter_mut().try_for_each(|e| self.expr(e))?;
                    self.optional(&mut group_by.having)?;
                }
                for definition in window_clause {
                    let Window { partition_by, order_by, .. } = &mut definition.window;
                    partition_by.iter_mut().try_for_each(|e| self.expr(e))?;
                    self.order(order_by)?;
                }
                Ok(())
            }
        }
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
                let is_hidden = self
                    .hidden
                    .iter()
                    .any(|hidden| hidden.eq_ignore_ascii_case(name.name.as_str()));
                if is_hidden { Ok(()) } else { self.table_name(name, alias, false) }
            }
            SelectTable::TableCall(name, arguments, alias) => {
                arguments.iter_mut().try_for_each(|e| self.expr(e))?;
                self.table_name(name, alias, true)
            }
            SelectTable::Select { select, .. } => self.select(select),
            SelectTable::Sub(from, _) => self.sources(from),
        }
    }

    fn table_name(
        &mut self,
        name: &mut QualifiedName,
        alias: &mut Option<As>,
        is_call: bool,
    ) -> Result<()> {
        if name.namespace.is_some() {
            return Ok(());
        }
        if let Some(ours) = self.meanings.table(name.name.as_str(), is_call)? {
            let written = std::mem::replace(&mut name.name, Name::exact(ours));
            alias.get_or_insert(As::As(written));
        }
        Ok(())
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
            match expr {
                Expr::FunctionCall { .. } | Expr::FunctionCallStar { .. } => self.function(expr)?,
                Expr::Collate(_, name) => self.meanings.collation(name.as_str()),
                // The engine's walk does not go into these.
                Expr::Exists(select)
                | Expr::Subquery(select)
                | Expr::InSelect { rhs: select, .. } => {
                    self.select(select)?;
                }
                Expr::InTable { rhs, args, .. } => {
                    self.table_name(rhs, &mut None, !args.is_empty())?;
                }
                _ => {}
            }
            Ok(WalkControl::Continue)
        })?;
        Ok(())
    }

    /// Replaces an aggregate by the engine's, which has one argument.
    fn function(&mut self, call: &mut Expr) -> Result<()> {
        let (name, arguments, tail, distinct) = match call {
            Expr::FunctionCall { name, args, filter_over, distinctness, .. } => {
                (name, args.len(), filter_over, *distinctness == Some(Distinctness::Distinct))
            }
            Expr::FunctionCallStar { name, filter_over } => (name, 0, filter_over, false),
            _ => return Ok(()),
        };
        let Some(ours) = self.meanings.aggregate(name.as_str(), arguments, tail)? else {
            return Ok(());
        };
        if distinct && arguments != 1 {
            // The engine would see one.
            let message = "DISTINCT aggregates must have exactly one argument".to_owned();
            return Err(LimboError::ParseError(message));
        }
        *name = Name::exact(ours);
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
        Ok(())
    }
}

/// Arguments as one; see [`row`].
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
