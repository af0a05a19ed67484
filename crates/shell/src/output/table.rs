//! Mode table: for people. Columns are as wide as their widest value, nothing is cut or wrapped, and
//! control characters are shown and not sent to the terminal. Holds the whole result in memory.

use std::io::{self, Write};

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, CellAlignment, ContentArrangement};
use commensal::{StorageClass, ValueRef};

use super::rows::{Rows, text};
use crate::diagnostic::printable;

pub(super) struct Table<'f> {
    table: comfy_table::Table,
    null: &'f str,
}

impl<'f> Table<'f> {
    pub(super) fn new(columns: Vec<String>, headers: bool, null: &'f str) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_preset(UTF8_FULL_CONDENSED);
        table.set_content_arrangement(ContentArrangement::Disabled);
        if headers {
            table.set_header(columns.iter().map(|name| content(name)));
        }
        Self { table, null }
    }
}

impl Rows for Table<'_> {
    fn begin(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    fn row(&mut self, _out: &mut dyn Write, values: &[ValueRef<'_>]) -> io::Result<()> {
        self.table.add_row(values.iter().map(|&value| {
            let cell = Cell::new(content(&text(value, self.null)));
            match value.class() {
                StorageClass::Integer | StorageClass::Real => {
                    cell.set_alignment(CellAlignment::Right)
                }
                _ => cell,
            }
        }));
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.table.header().is_none() && self.table.row_count() == 0 {
            return Ok(());
        }
        for line in self.table.lines() {
            writeln!(out, "{line}")?;
        }
        Ok(())
    }
}

/// A tab has no fixed width.
fn content(text: &str) -> String {
    printable(text).replace('\t', "^I")
}
