//! Mode csv: RFC 4180 with line feeds. Empty text is quoted and NULL is not, so that with the default
//! nullvalue a reader can tell them apart.

use std::io::{self, Write};

use commensal::ValueRef;

use super::rows::{Rows, bytes};

pub(super) struct Csv<'f> {
    pub(super) columns: Vec<String>,
    pub(super) headers: bool,
    pub(super) null: &'f str,
}

impl Rows for Csv<'_> {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if !self.headers {
            return Ok(());
        }
        write_record(out, self.columns.iter(), |out, name| write_field(out, name.as_bytes()))
    }

    fn row(&mut self, out: &mut dyn Write, values: &[ValueRef<'_>]) -> io::Result<()> {
        write_record(out, values.iter(), |out, &value| match value {
            ValueRef::Null => out.write_all(self.null.as_bytes()),
            value => write_field(out, &bytes(value, self.null)),
        })
    }

    fn end(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

fn write_record<T>(
    out: &mut dyn Write,
    fields: impl Iterator<Item = T>,
    write_field: impl Fn(&mut dyn Write, T) -> io::Result<()>,
) -> io::Result<()> {
    for (i, field) in fields.enumerate() {
        if i > 0 {
            out.write_all(b",")?;
        }
        write_field(out, field)?;
    }
    out.write_all(b"\n")
}

fn write_field(out: &mut dyn Write, field: &[u8]) -> io::Result<()> {
    let plain = |byte: &u8| !matches!(byte, b',' | b'"' | b'\n' | b'\r');
    if !field.is_empty() && field.iter().all(plain) {
        return out.write_all(field);
    }
    out.write_all(b"\"")?;
    for (i, part) in field.split(|&byte| byte == b'"').enumerate() {
        if i > 0 {
            out.write_all(b"\"\"")?;
        }
        out.write_all(part)?;
    }
    out.write_all(b"\"")
}
