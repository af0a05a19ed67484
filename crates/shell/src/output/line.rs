//! Mode line: a line for each value, after its column's name, and an empty line between rows.

use std::io::{self, Write};

use commensal::ValueRef;
use unicode_width::UnicodeWidthStr;

use super::rows::{Rows, bytes};

pub(super) struct Line<'f> {
    /// Each padded to the width of the widest.
    columns: Vec<String>,
    null: &'f str,
    rows: u64,
}

impl<'f> Line<'f> {
    pub(super) fn new(columns: Vec<String>, null: &'f str) -> Self {
        let width = columns.iter().map(|name| name.width()).max().unwrap_or(0);
        let pad = |name: String| " ".repeat(width - name.width()) + &name;
        Self { columns: columns.into_iter().map(pad).collect(), null, rows: 0 }
    }
}

impl Rows for Line<'_> {
    fn begin(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    fn row(&mut self, out: &mut dyn Write, values: &[ValueRef<'_>]) -> io::Result<()> {
        if self.rows > 0 {
            out.write_all(b"\n")?;
        }
        self.rows += 1;
        for (column, &value) in self.columns.iter().zip(values) {
            write!(out, "{column} = ")?;
            out.write_all(&bytes(value, self.null))?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    fn end(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}
