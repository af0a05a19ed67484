//! Modes json and jsonl. Integers are numbers however large, infinities are 9.0e+999 as sqlite3
//! prints them (numbers that readers round to infinity), a blob is a string that holds its SQL
//! literal. Columns of the same name stay, as the standard permits. Control characters above ASCII are
//! escaped like those below, although JSON does not require it, because terminals obey them, too.

use std::io::{self, Write};

use commensal::ValueRef;
use commensal::core::real::Decimal;

use super::rows::Rows;
use crate::literal;

pub(super) struct Json {
    /// Each name as JSON, with its colon.
    keys: Vec<String>,
    array: bool,
    rows: u64,
}

impl Json {
    pub(super) fn array(columns: Vec<String>) -> Self {
        Self::new(columns, true)
    }

    pub(super) fn lines(columns: Vec<String>) -> Self {
        Self::new(columns, false)
    }

    fn new(columns: Vec<String>, array: bool) -> Self {
        let key = |name: String| format!("{}:", string(&name));
        Self { keys: columns.into_iter().map(key).collect(), array, rows: 0 }
    }
}

impl Rows for Json {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.array { out.write_all(b"[") } else { Ok(()) }
    }

    fn row(&mut self, out: &mut dyn Write, values: &[ValueRef<'_>]) -> io::Result<()> {
        if self.array && self.rows > 0 {
            out.write_all(b",\n")?;
        }
        self.rows += 1;
        out.write_all(b"{")?;
        for (i, (key, &value)) in self.keys.iter().zip(values).enumerate() {
            if i > 0 {
                out.write_all(b",")?;
            }
            out.write_all(key.as_bytes())?;
            write_value(out, value)?;
        }
        out.write_all(if self.array { b"}" } else { b"}\n" })
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.array { out.write_all(b"]\n") } else { Ok(()) }
    }
}

fn write_value(out: &mut dyn Write, value: ValueRef<'_>) -> io::Result<()> {
    match value {
        ValueRef::Null => out.write_all(b"null"),
        ValueRef::Integer(integer) => write!(out, "{integer}"),
        ValueRef::Real(f64::INFINITY) => out.write_all(b"9.0e+999"),
        ValueRef::Real(f64::NEG_INFINITY) => out.write_all(b"-9.0e+999"),
        ValueRef::Real(real) if real == 0.0 && real.is_sign_negative() => out.write_all(b"-0.0"),
        ValueRef::Real(real) => write!(out, "{}", Decimal(real)),
        ValueRef::Text(text) if text.contains(is_high_control) => {
            out.write_all(string(text).as_bytes())
        }
        ValueRef::Text(text) => Ok(serde_json::to_writer(out, text)?),
        ValueRef::Blob(blob) => write!(out, "\"{}\"", literal::Blob(blob)),
    }
}

/// Whether this is a control character that JSON need not escape.
fn is_high_control(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{9f}')
}

/// The text as JSON.
fn string(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    if !json.contains(is_high_control) {
        return json;
    }
    let mut escaped = String::with_capacity(json.len() + 8);
    for c in json.chars() {
        if is_high_control(c) {
            escaped.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            escaped.push(c);
        }
    }
    escaped
}
