//! `.dump --plain`: tables that call what the file defines, written so that a SQLite without those
//! definitions restores them completely.
//!
//! Plain SQLite refuses to make such a table, and cannot compute its indexes. It can store both. So
//! the dump makes a stand-in with the same name, whose columns are those that the table stores, fills it,
//! and puts the original text into the schema table in place of the stand-in's. An index is made the
//! same way: on the stand-in or, if its keys are computed, on a separate table that holds these keys and
//! is dropped afterwards. What is on disk then is what SQLite would have written, so nothing has to be
//! rebuilt by a program that knows the definitions.
//!
//! Keys that are ordered by a collation of the file are an error, because only Commensal can order them.

use std::collections::HashSet;
use std::io::Write;

use commensal::core::ddl::{quote_identifier, quote_text};
use commensal::core::dependents::Uses;
use commensal::{Connection, ValueRef};

use super::objects::{Object, query};
use super::stand_in::{Index, Table, ordered};
use crate::failure::Result;
use crate::literal::Literal;
use crate::output::Output;

/// What a dump without the file's definitions has to remember.
pub(super) struct Plain {
    uses: Uses,
    /// Every name of the schema, in lower case, and those that this dump has taken.
    names: HashSet<String>,
    /// Changes of the schema table that follow when all rows are written.
    updates: Vec<String>,
    /// Indexes that were written with their tables.
    indexes: HashSet<String>,
    /// Tables that only hold keys.
    helpers: Vec<String>,
}

impl Plain {
    /// Reads the definitions of the file.
    ///
    /// # Errors
    /// The database reports an error.
    pub(super) fn new(connection: &Connection) -> Result<Self> {
        let kinds = |kind| format!("SELECT name FROM temp.wasm_functions WHERE {kind}");
        let functions = texts(connection, &kinds("kind <> 'collation'"))?;
        let collations = texts(connection, &kinds("kind = 'collation'"))?;
        let names = texts(connection, "SELECT lower(name) FROM main.sqlite_schema")?;
        let uses = Uses::new(
            functions.iter().map(String::as_str),
            collations.iter().map(String::as_str),
            [],
        );
        Ok(Self {
            uses,
            names: names.into_iter().collect(),
            updates: Vec::new(),
            indexes: HashSet::new(),
            helpers: Vec::new(),
        })
    }

    /// Writes a table and its indexes if plain SQLite could not make them. Returns whether it did.
    ///
    /// # Errors
    /// SQLite would not store the definition, a key is ordered by a collation of the file, a function fails, or
    /// the database or the output reports an error.
    pub(super) fn write(
        &mut self,
        connection: &Connection,
        output: &mut Output,
        object: &Object,
    ) -> Result<bool> {
        let used = format!(
            "SELECT name, sql FROM main.sqlite_schema \
             WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = {} COLLATE NOCASE",
            quote_text(&object.name)
        );
        let indexes = query(connection, &used)?;
        if !indexes.iter().chain([object]).any(|object| self.uses.occur_in(&object.sql)) {
            return Ok(false);
        }
        object.statement()?;
        let table = Table::read(connection, object)?;
        table.order_is_known()?;
        writeln!(output, "{};", table.stand_in())?;
        table.rows().write(connection, output)?;
        self.update("table", &object.name, &object.name, object, Some(&object.sql));
        for index in &table.indexes {
            self.write_index(connection, output, &table, index)?;
        }
        Ok(true)
    }

    /// Puts the original definitions into the schema table.
    ///
    /// # Errors
    /// The output reports an error.
    pub(super) fn finish(&self, output: &mut Output) -> Result {
        if self.updates.is_empty() {
            return Ok(());
        }
        writeln!(output, "PRAGMA writable_schema=ON;")?;
        for update in &self.updates {
            writeln!(output, "{update}")?;
        }
        // Tables that were made under other names have their own from here on.
        writeln!(output, "PRAGMA writable_schema=RESET;")?;
        for helper in &self.helpers {
            writeln!(output, "DROP TABLE {};", quote_identifier(helper))?;
        }
        Ok(())
    }

    /// Whether an index was written with its table.
    pub(super) fn has_index(&self, name: &str) -> bool {
        self.indexes.contains(name)
    }

    fn write_index(
        &mut self,
        connection: &Connection,
        output: &mut Output,
        table: &Table<'_>,
        index: &Index,
    ) -> Result {
        // Indexes of constraints have no text.
        if !index.object.sql.is_empty() {
            index.object.statement()?;
        }
        self.indexes.insert(index.object.name.clone());
        let made = self.name();
        let (on, keys) = match table.stored_keys(index) {
            Some(keys) => (table.object.name.clone(), keys),
            None => {
                let helper = self.name();
                let (keys, statement, rows) = table.helper(index, &helper)?;
                writeln!(output, "{statement};")?;
                rows.write(connection, output)?;
                self.helpers.push(helper.clone());
                (helper, keys)
            }
        };
        let keys = ordered(&index.keys, &keys);
        writeln!(
            output,
            "CREATE INDEX {} ON {}({keys});",
            quote_identifier(&made),
            quote_identifier(&on)
        )?;
        let sql = (!index.object.sql.is_empty()).then_some(index.object.sql.as_str());
        self.update("index", &made, &table.object.name, &index.object, sql);
        Ok(())
    }

    fn update(&mut self, kind: &str, made: &str, table: &str, object: &Object, sql: Option<&str>) {
        let sql = sql.map_or(ValueRef::Null, ValueRef::Text);
        self.updates.push(format!(
            "UPDATE sqlite_schema SET name={},tbl_name={},sql={} WHERE type='{kind}' AND name={};",
            text(&object.name),
            text(table),
            Literal(sql),
            text(made)
        ));
    }

    /// A name that the file does not have.
    fn name(&mut self) -> String {
        let mut number = self.names.len();
        loop {
            let name = format!("commensal_dump_{number}");
            if self.names.insert(name.clone()) {
                return name;
            }
            number += 1;
        }
    }
}

/// The first column of a query.
fn texts(connection: &Connection, sql: &str) -> Result<Vec<String>> {
    let mut texts = Vec::new();
    let mut statement = connection.prepare(sql)?;
    while statement.step()? {
        if let ValueRef::Text(text) = statement.column(0)? {
            texts.push(text.to_owned());
        }
    }
    Ok(texts)
}

fn text(text: &str) -> Literal<'_> {
    Literal(ValueRef::Text(text))
}
