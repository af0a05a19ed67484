//! Mode list: values separated by `|`, for other programs, as sqlite3 prints them into a pipe.

use std::io::{self, Write};

use commensal::ValueRef;

use super::rows::{Rows, bytes};

pub(super) struct List<'f> {
    pub(super) columns: Vec<String>,
    pub(super) headers: bool,
    pub(super) null: &'f str,
}

impl Rows for List<'_> {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.headers { writeln!(out, "{}", self.columns.join("|")) } else { Ok(()) }
    }

    fn row(&mut self, out: &mut dyn Write, values: &[ValueRef<'_>]) -> io::Result<()> {
        for (i, &value) in values.iter().enumerate() {
            if i > 0 {
                out.write_all(b"|")?;
            }
            out.write_all(&bytes(value, self.null))?;
        }
        out.write_all(b"\n")
    }

    fn end(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}
