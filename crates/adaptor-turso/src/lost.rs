//! Finds arguments of table functions that SQL gives but the engine does not pass on.
//!
//! An argument is a hidden column. Its value is what the column is compared with. SQLite passes that on
//! from AND, OR, IN and row values, also from an outer query. The engine does so only from an equation of
//! the column and from AND. Elsewhere the function would get NULL, and the query other rows than it asks
//! for, or none. So such a statement is refused before it is compiled. What SQLite does not pass on either,
//! such as `column > 1`, is NULL with both.

use turso_core::{LimboError, Result};
use turso_parser::ast::{
    As, Expr, FromClause, JoinConstraint, Operator, ResultColumn, SelectTable,
};

/// A table function of a definition in a FROM clause.
pub(crate) struct Called {
    /// The definition's name.
    pub(crate) function: String,
    /// The name that can qualify its columns.
    pub(crate) alias: String,
    /// The names of its arguments.
    pub(crate) arguments: Vec<String>,
    /// Which of them have a value.
    pub(crate) given: Vec<bool>,
}

impl Called {
    /// A call with this number of arguments.
    pub(crate) fn new(
        function: &str,
        alias: Option<&As>,
        arguments: Vec<String>,
        given: usize,
    ) -> Self {
        let alias = match alias {
            Some(As::As(name) | As::Elided(name) | As::ImplicitColumnName(name)) => name.as_str(),
            None => function,
        };
        let given = (0..arguments.len()).map(|position| position < given).collect();
        Self { function: function.to_owned(), alias: alias.to_owned(), arguments, given }
    }
}

/// Looks for lost arguments in a query over these functions. `derived` are the result columns that an outer
/// query can compare.
///
/// # Errors
/// An argument is lost. The message names the function and the argument.
pub(crate) fn check(
    called: &mut [Called],
    from: Option<&FromClause>,
    condition: Option<&Expr>,
    derived: &[ResultColumn],
) -> Result<()> {
    if called.is_empty() {
        return Ok(());
    }
    let mut conjuncts = Vec::new();
    if let Some(condition) = condition {
        split(condition, &mut conjuncts);
    }
    if let Some(from) = from {
        joined(from, called, &mut conjuncts);
    }
    for conjunct in &conjuncts {
        if let Expr::Binary(left, Operator::Equals, right) = conjunct {
            for side in [left, right] {
                if let Some((function, argument)) = find(called, side) {
                    called[function].given[argument] = true;
                }
            }
        }
    }
    conjuncts.iter().try_for_each(|conjunct| terms(called, conjunct))?;
    derived.iter().try_for_each(|column| match column {
        ResultColumn::Expr(expr, _) => operand(called, expr),
        ResultColumn::Star | ResultColumn::TableStar(_) => Ok(()),
    })
}

/// Collects the conditions of joins.
fn joined<'e>(from: &'e FromClause, called: &mut [Called], conjuncts: &mut Vec<&'e Expr>) {
    let tables = from.joins.iter().map(|join| &join.table).chain([&from.select]);
    for table in tables {
        if let SelectTable::Sub(from, _) = &**table {
            joined(from, called, conjuncts);
        }
    }
    for join in &from.joins {
        match &join.constraint {
            Some(JoinConstraint::On(condition)) => split(condition, conjuncts),
            Some(JoinConstraint::Using(names)) => {
                for function in &mut *called {
                    for (argument, given) in function.arguments.iter().zip(&mut function.given) {
                        *given |= names.iter().any(|n| n.as_str().eq_ignore_ascii_case(argument));
                    }
                }
            }
            None => {}
        }
    }
}

/// Splits an expression at AND.
fn split<'e>(expr: &'e Expr, conjuncts: &mut Vec<&'e Expr>) {
    match expr {
        Expr::Binary(left, Operator::And, right) => {
            split(left, conjuncts);
            split(right, conjuncts);
        }
        Expr::Parenthesized(inner) if inner.len() == 1 => split(&inner[0], conjuncts),
        _ => conjuncts.push(expr),
    }
}

/// Checks the comparisons from which SQLite takes an argument.
fn terms(called: &[Called], expr: &Expr) -> Result<()> {
    match expr {
        Expr::Binary(left, Operator::And | Operator::Or, right) => {
            terms(called, left)?;
            terms(called, right)
        }
        Expr::Parenthesized(inner) if inner.len() == 1 => terms(called, &inner[0]),
        Expr::Binary(left, Operator::Equals, right) => {
            operand(called, left)?;
            operand(called, right)
        }
        Expr::InList { lhs, not: false, .. }
        | Expr::InSelect { lhs, not: false, .. }
        | Expr::InTable { lhs, not: false, .. } => operand(called, lhs),
        _ => Ok(()),
    }
}

/// Checks an argument, or a row value with one.
fn operand(called: &[Called], expr: &Expr) -> Result<()> {
    if let Expr::Parenthesized(inner) = expr {
        return inner.iter().try_for_each(|expr| operand(called, expr));
    }
    let Some((function, argument)) = find(called, expr) else { return Ok(()) };
    let Called { function, arguments, given, .. } = &called[function];
    if given[argument] {
        return Ok(());
    }
    let argument = &arguments[argument];
    Err(LimboError::ParseError(format!(
        "{function}(): Turso does not pass the argument \"{argument}\" from OR, IN, row values or \
         an outer query: give it in the call, or by {argument} = … and AND; use UNION ALL for \
         several"
    )))
}

/// The function and the argument that a column stands for.
fn find(called: &[Called], expr: &Expr) -> Option<(usize, usize)> {
    let (table, column) = match expr {
        Expr::Id(column) | Expr::Name(column) => (None, column),
        Expr::Qualified(table, column) | Expr::DoublyQualified(_, table, column) => {
            (Some(table), column)
        }
        _ => return None,
    };
    called.iter().enumerate().find_map(|(number, called)| {
        let is_meant = |name: &str| called.alias.eq_ignore_ascii_case(name);
        if table.is_some_and(|table| !is_meant(table.as_str())) {
            return None;
        }
        let is_column = |argument: &String| argument.eq_ignore_ascii_case(column.as_str());
        called.arguments.iter().position(is_column).map(|argument| (number, argument))
    })
}
