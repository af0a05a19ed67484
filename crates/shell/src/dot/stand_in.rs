//! A table that stores the rows of another, without its constraints and computed columns, and the
//! tables and keys from which its indexes are made: for `.dump --plain`.

use commensal::core::ddl::lexer::{Lexer, TokenKind};
use commensal::core::ddl::{quote_identifier, quote_text};
use commensal::{Connection, ValueRef};

use super::index_text::IndexText;
use super::objects::{Object, Rows, query};
use crate::failure::{Failure, Result};

/// A table that cannot be made by a program that does not know its definitions.
pub(super) struct Table<'t> {
    pub(super) object: &'t Object,
    columns: Vec<Column>,
    pub(super) indexes: Vec<Index>,
    /// The order of a table WITHOUT ROWID.
    primary_key: Option<Vec<Key>>,
    /// The number of the column that is the rowid.
    rowid_column: Option<i64>,
    /// A name of the rowid that no column has.
    rowid: Option<&'static str>,
}

struct Column {
    name: String,
    /// Whether the table stores it and does not compute it.
    stored: bool,
}

pub(super) struct Index {
    pub(super) object: Object,
    partial: bool,
    pub(super) keys: Vec<Key>,
}

/// A key of an index, as `PRAGMA index_xinfo` has it.
pub(super) struct Key {
    /// The number of the column, -1 for the rowid, -2 for an expression.
    column: i64,
    descending: bool,
    collation: String,
}

impl<'t> Table<'t> {
    pub(super) fn read(connection: &Connection, object: &'t Object) -> Result<Self> {
        let columns = columns(connection, &object.name)?;
        let mut indexes = Vec::new();
        let mut primary_key = None;
        let mut has_key_index = false;
        let sql = format!("PRAGMA main.index_list({})", quote_identifier(&object.name));
        let mut statement = connection.prepare(&sql)?;
        while statement.step()? {
            let (ValueRef::Text(name), ValueRef::Text(origin)) =
                (statement.column(1)?, statement.column(3)?)
            else {
                continue;
            };
            let partial = statement.column(4)? == ValueRef::Integer(1);
            let (keys, of_rowids) = keys(connection, name)?;
            has_key_index |= origin == "pk";
            if origin == "pk" && !of_rowids {
                primary_key = Some(keys);
                continue;
            }
            let sql = format!(
                "SELECT name, coalesce(sql, '') FROM main.sqlite_schema WHERE type = 'index' AND name = {}",
                quote_text(name)
            );
            let object = query(connection, &sql)?.into_iter().next();
            let object = object.ok_or_else(|| Failure::message(format!("no index \"{name}\"")))?;
            indexes.push(Index { object, partial, keys });
        }
        let mut of_key = columns.iter().enumerate().filter(|(_, (_, of_key))| *of_key);
        let rowid_column = match (of_key.next(), of_key.next()) {
            (Some((column, _)), None) if !has_key_index => i64::try_from(column).ok(),
            _ => None,
        };
        let columns: Vec<_> = columns.into_iter().map(|(column, _)| column).collect();
        let rowid = ["rowid", "_rowid_", "oid"]
            .into_iter()
            .find(|rowid| !columns.iter().any(|column| column.name.eq_ignore_ascii_case(rowid)));
        Ok(Self { object, columns, indexes, primary_key, rowid_column, rowid })
    }

    fn stored(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.columns.len()).filter(|&column| self.columns[column].stored)
    }

    /// The name that a column has in the stand-in.
    fn stand_in_name(&self, column: i64) -> String {
        match (column, self.rowid_column) {
            (-1, None) => "rowid".to_owned(),
            (-1, Some(column)) | (column, _) => format!("c{column}"),
        }
    }

    /// The statement that makes a table for what this one stores. Its columns have no types, so each value
    /// stays unchanged.
    pub(super) fn stand_in(&self) -> String {
        let mut columns: Vec<_> = self
            .stored()
            .map(|column| {
                let of_rowids = i64::try_from(column).ok() == self.rowid_column;
                format!("c{column}{}", if of_rowids { self.rowid_type() } else { "" })
            })
            .collect();
        columns.extend(self.primary_key_clause());
        let name = quote_identifier(&self.object.name);
        format!("CREATE TABLE {name}({}){}", columns.join(","), self.without_rowid())
    }

    /// The rowid's type, with AUTOINCREMENT if numbers must not be used again.
    fn rowid_type(&self) -> &'static str {
        let mut lexer = Lexer::new(&self.object.sql);
        loop {
            match lexer.significant() {
                token if token.is("AUTOINCREMENT") => return " INTEGER PRIMARY KEY AUTOINCREMENT",
                token if token.kind == TokenKind::End => return " INTEGER PRIMARY KEY",
                _ => {}
            }
        }
    }

    fn primary_key_clause(&self) -> Option<String> {
        self.primary_key.as_ref().map(|keys| {
            let names: Vec<_> = keys.iter().map(|key| format!("c{}", key.column)).collect();
            format!("PRIMARY KEY({})", ordered(keys, &names))
        })
    }

    fn without_rowid(&self) -> &'static str {
        if self.primary_key.is_some() { " WITHOUT ROWID" } else { "" }
    }

    /// The columns of the stand-in and what they hold. Rowids are kept, because indexes refer to them;
    /// if they have no name in a table, none of its indexes is built separately.
    pub(super) fn rows(&self) -> Rows {
        let mut rows = self.no_rows(&self.object.name);
        if let (None, None, Some(rowid)) = (&self.primary_key, self.rowid_column, self.rowid) {
            rows.push("rowid".to_owned(), rowid.to_owned());
        }
        for column in self.stored() {
            rows.push(format!("c{column}"), quote_identifier(&self.columns[column].name));
        }
        rows
    }

    /// The names that the keys of an index have in the stand-in, if that stores all of them and the
    /// index has all rows.
    pub(super) fn stored_keys(&self, index: &Index) -> Option<Vec<String>> {
        let stored = |key: &Key| match usize::try_from(key.column) {
            Ok(column) => self.columns[column].stored,
            Err(_) => key.column == -1,
        };
        let keys = || index.keys.iter().map(|key| self.stand_in_name(key.column)).collect();
        (!index.partial && index.keys.iter().all(stored)).then(keys)
    }

    /// A table of an index's keys and of what distinguishes rows: the names of its keys, its statement and
    /// its rows.
    pub(super) fn helper(
        &self,
        index: &Index,
        helper: &str,
    ) -> Result<(Vec<String>, String, Rows)> {
        let text = IndexText::new(&index.object.sql);
        let mut rows = self.no_rows(helper);
        self.push_identity(&mut rows, index)?;
        let mut names = Vec::new();
        for (position, key) in index.keys.iter().enumerate() {
            let known = match key.column {
                -1 => Some("r".to_owned()),
                column => Some(format!("c{column}")).filter(|name| rows.columns.contains(name)),
            };
            let name = known.unwrap_or_else(|| format!("k{position}"));
            if !rows.columns.contains(&name) {
                let value = match key.column {
                    -2 => text.keys.get(position).cloned(),
                    column => self.value(column),
                };
                let value = value.ok_or_else(|| {
                    Failure::message(format!("cannot read the keys of \"{}\"", index.object.name))
                })?;
                rows.push(name.clone(), value);
            }
            names.push(name);
        }
        let mut columns = rows.columns.clone();
        match self.primary_key_clause() {
            Some(clause) => columns.push(clause),
            None => columns[0].push_str(" INTEGER PRIMARY KEY"),
        }
        let statement = format!(
            "CREATE TABLE {}({}){}",
            quote_identifier(helper),
            columns.join(","),
            self.without_rowid()
        );
        if let Some(condition) = text.condition {
            rows.from.push_str(&format!(" WHERE {condition}"));
        }
        Ok((names, statement, rows))
    }

    /// The end of an index's entries.
    fn push_identity(&self, rows: &mut Rows, index: &Index) -> Result {
        let unnamed = || {
            Failure::message(format!(
                "cannot dump \"{}\" for plain SQLite: no name is left for its rowid, to which \"{}\" \
                 refers",
                self.object.name, index.object.name
            ))
        };
        if let Some(keys) = &self.primary_key {
            for key in keys {
                rows.push(format!("c{}", key.column), self.value(key.column).ok_or_else(unnamed)?);
            }
            return Ok(());
        }
        let rowid = match self.rowid_column {
            Some(column) => self.value(column),
            None => self.rowid.map(str::to_owned),
        };
        rows.push("r".to_owned(), rowid.ok_or_else(unnamed)?);
        Ok(())
    }

    /// Rows of this table, to be inserted into another.
    fn no_rows(&self, into: &str) -> Rows {
        Rows {
            into: quote_identifier(into),
            columns: Vec::new(),
            values: Vec::new(),
            from: format!("main.{}", quote_identifier(&self.object.name)),
        }
    }

    /// The expression for a column.
    fn value(&self, column: i64) -> Option<String> {
        let column = self.columns.get(usize::try_from(column).ok()?)?;
        Some(quote_identifier(&column.name))
    }

    /// # Errors
    /// A key is ordered by a collation that SQLite does not have.
    pub(super) fn order_is_known(&self) -> Result {
        let indexes = self.indexes.iter().map(|index| (&index.object.name, &index.keys));
        let own = self.primary_key.iter().map(|keys| (&self.object.name, keys));
        for (name, keys) in indexes.chain(own) {
            let unknown = keys.iter().find(|key| {
                let known = ["BINARY", "NOCASE", "RTRIM"];
                !known.iter().any(|known| key.collation.eq_ignore_ascii_case(known))
            });
            if let Some(Key { collation, .. }) = unknown {
                return Err(Failure::message(format!(
                    "cannot dump \"{}\" for plain SQLite: \"{name}\" is in the order of the collation \
                     \"{collation}\", which is not known there; name what to dump to leave the table \
                     out, or dump without --plain",
                    self.object.name
                )));
            }
        }
        Ok(())
    }
}

/// The columns of a table, and whether each belongs to the primary key.
fn columns(connection: &Connection, table: &str) -> Result<Vec<(Column, bool)>> {
    let mut columns = Vec::new();
    let sql = format!("PRAGMA main.table_xinfo({})", quote_identifier(table));
    let mut statement = connection.prepare(&sql)?;
    while statement.step()? {
        if let ValueRef::Text(name) = statement.column(1)? {
            // 2: generated, not stored.
            let stored = statement.column(6)? != ValueRef::Integer(2);
            let of_key = statement.column(5)? != ValueRef::Integer(0);
            columns.push((Column { name: name.to_owned(), stored }, of_key));
        }
    }
    Ok(columns)
}

/// The keys of an index, and whether rowids follow them.
fn keys(connection: &Connection, index: &str) -> Result<(Vec<Key>, bool)> {
    let (mut keys, mut of_rowids) = (Vec::new(), false);
    let sql = format!("PRAGMA main.index_xinfo({})", quote_identifier(index));
    let mut statement = connection.prepare(&sql)?;
    while statement.step()? {
        let ValueRef::Integer(column) = statement.column(1)? else { continue };
        if statement.column(5)? == ValueRef::Integer(0) {
            of_rowids |= column == -1;
            continue;
        }
        let descending = statement.column(3)? == ValueRef::Integer(1);
        let ValueRef::Text(collation) = statement.column(4)? else { continue };
        keys.push(Key { column, descending, collation: collation.to_owned() });
    }
    Ok((keys, of_rowids))
}

/// Keys with their order, as in CREATE INDEX.
pub(super) fn ordered(keys: &[Key], names: &[String]) -> String {
    let ordered: Vec<_> = keys
        .iter()
        .zip(names)
        .map(|(key, name)| {
            let descending = if key.descending { " DESC" } else { "" };
            format!("{name} COLLATE {}{descending}", quote_identifier(&key.collation))
        })
        .collect();
    ordered.join(",")
}
