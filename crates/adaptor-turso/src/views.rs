//! Counts the columns of a schema's views. The engine works them out when it opens a file, and each view
//! that selects everything from two others has twice as many as these.

use std::collections::HashMap;

use turso_parser::ast::{
    Cmd, CreateTableBody, FromClause, OneSelect, ResultColumn, Select, SelectTable, Stmt,
};
use turso_parser::parser::Parser;

/// How many columns a view may have. The engine runs no statement with as many.
const VIEW_COLUMNS_MAX: usize = 2000;

/// How many columns all views of a schema may have together. The engine keeps some 300 bytes for each.
const ALL_VIEW_COLUMNS_MAX: usize = 100_000;

/// The columns of the tables and views seen so far.
#[derive(Default)]
pub(crate) struct Columns {
    /// By names in ASCII lower case.
    known: HashMap<String, usize>,
    of_views: usize,
}

impl Columns {
    /// Counts the columns of a table or a view.
    ///
    /// # Errors
    /// A text: a view has too many columns.
    pub(crate) fn add(&mut self, name: &str, sql: &str) -> Result<(), String> {
        let Ok(Some(Cmd::Stmt(statement))) = Parser::new(sql.as_bytes()).next_cmd() else {
            // The engine reports it itself.
            return Ok(());
        };
        let count = match &statement {
            Stmt::CreateTable {
                body: CreateTableBody::ColumnsAndConstraints { columns, .. },
                ..
            } => columns.len(),
            Stmt::CreateView { select, .. } | Stmt::CreateMaterializedView { select, .. } => {
                let count = self.of_select(select, &mut Vec::new())?;
                self.of_views += count;
                if self.of_views > ALL_VIEW_COLUMNS_MAX {
                    let limit = "view_columns_max";
                    return Err(format!(
                        "all views have more than {ALL_VIEW_COLUMNS_MAX} columns ({limit})"
                    ));
                }
                count
            }
            _ => return Ok(()),
        };
        self.known.insert(name.to_ascii_lowercase(), count);
        Ok(())
    }

    fn of_select(&self, select: &Select, ctes: &mut Vec<(String, usize)>) -> Result<usize, String> {
        let around = ctes.len();
        for cte in select.with.iter().flat_map(|with| &with.ctes) {
            let count = self.of_select(&cte.select, ctes)?;
            ctes.push((cte.tbl_name.as_str().to_ascii_lowercase(), count));
        }
        let count = match &select.body.select {
            OneSelect::Values(rows) => rows.first().map_or(0, Vec::len),
            OneSelect::Select { columns, from, .. } => {
                let mut sources = Vec::new();
                if let Some(from) = from {
                    self.of_from(from, ctes, &mut sources)?;
                }
                let all: usize = sources.iter().sum();
                let most = sources.into_iter().max().unwrap_or(0);
                let column = |column: &ResultColumn| match column {
                    ResultColumn::Expr(..) => 1,
                    ResultColumn::Star => all,
                    ResultColumn::TableStar(_) => most,
                };
                columns.iter().map(column).sum()
            }
        };
        ctes.truncate(around);
        if count > VIEW_COLUMNS_MAX {
            return Err(format!("it has more than {VIEW_COLUMNS_MAX} columns (view_columns_max)"));
        }
        Ok(count)
    }

    fn of_from(
        &self,
        from: &FromClause,
        ctes: &mut Vec<(String, usize)>,
        sources: &mut Vec<usize>,
    ) -> Result<(), String> {
        let tables = std::iter::once(&from.select).chain(from.joins.iter().map(|join| &join.table));
        for table in tables {
            match &**table {
                SelectTable::Table(name, ..) | SelectTable::TableCall(name, ..) => {
                    let name = name.name.as_str().to_ascii_lowercase();
                    let cte = ctes.iter().rev().find(|(cte, _)| *cte == name);
                    // An unknown table, such as a table function, has a few.
                    let known =
                        cte.map(|(_, count)| *count).or_else(|| self.known.get(&name).copied());
                    sources.push(known.unwrap_or(1));
                }
                SelectTable::Select { select, .. } => sources.push(self.of_select(select, ctes)?),
                SelectTable::Sub(from, _) => self.of_from(from, ctes, sources)?,
            }
        }
        Ok(())
    }
}
