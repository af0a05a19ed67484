//! How rows are printed: one file per mode. Knows values, nothing of statements.

mod csv;
mod json;
mod line;
mod list;
mod rows;
mod screen;
mod table;

use clap::ValueEnum;

pub(crate) use rows::Rows;
pub(crate) use screen::{Escape, Output, Screen, output};

/// A format for rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// Values separated by "|"; blobs as their bytes
    List,
    /// A table for people; blobs as X'…'
    Table,
    /// Comma-separated values (RFC 4180, but lines end with a line feed); blobs as their bytes
    Csv,
    /// An array of objects; blobs as strings of the form X'…'
    Json,
    /// An object a line; blobs as strings of the form X'…'
    Jsonl,
    /// A value a line; blobs as their bytes
    Line,
}

/// The user's choices.
#[derive(Clone, Debug)]
pub(crate) struct Format {
    pub(crate) mode: Mode,
    /// Whether column names are printed; by default the mode decides.
    pub(crate) headers: Option<bool>,
    /// The text for NULL.
    pub(crate) null: String,
}

impl Format {
    fn headers(&self) -> bool {
        self.headers.unwrap_or(self.mode == Mode::Table)
    }

    /// The writer of one result with these columns.
    pub(crate) fn rows(&self, columns: Vec<String>) -> Box<dyn Rows + '_> {
        let headers = self.headers();
        match self.mode {
            Mode::List => Box::new(list::List { columns, headers, null: &self.null }),
            Mode::Table => Box::new(table::Table::new(columns, headers, &self.null)),
            Mode::Csv => Box::new(csv::Csv { columns, headers, null: &self.null }),
            Mode::Json => Box::new(json::Json::array(columns)),
            Mode::Jsonl => Box::new(json::Json::lines(columns)),
            Mode::Line => Box::new(line::Line::new(columns, &self.null)),
        }
    }
}

#[cfg(test)]
mod tests {
    use commensal::ValueRef::{self, Blob, Integer, Null, Real, Text};

    use super::{Format, Mode};

    fn check(mode: Mode, headers: Option<bool>, rows: &[&[ValueRef<'_>]], expected: &str) {
        let format = Format { mode, headers, null: "NULL".to_owned() };
        let columns = ["a", "long name"].map(str::to_owned).to_vec();
        let mut writer = format.rows(columns);
        let mut out = Vec::new();
        writer.begin(&mut out).unwrap();
        for row in rows {
            writer.row(&mut out, row).unwrap();
        }
        writer.end(&mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), expected, "{mode:?}");
    }

    #[test]
    fn every_mode_prints_every_class() {
        let rows: &[&[ValueRef<'_>]] = &[
            &[Integer(i64::MIN), Real(1.0)],
            &[Text("x|\"y\",\nz"), Blob(b"\x01z")],
            &[Null, Text("")],
        ];
        check(Mode::List, None, rows, "-9223372036854775808|1.0\nx|\"y\",\nz|\u{1}z\nNULL|\n");
        check(Mode::List, Some(true), &[&[Null, Text("a\0b")]], "a|long name\nNULL|a\0b\n");
        check(
            Mode::Csv,
            Some(true),
            rows,
            "a,long name\n-9223372036854775808,1.0\n\"x|\"\"y\"\",\nz\",\u{1}z\nNULL,\"\"\n",
        );
        check(
            Mode::Json,
            None,
            rows,
            "[{\"a\":-9223372036854775808,\"long name\":1.0},\n\
             {\"a\":\"x|\\\"y\\\",\\nz\",\"long name\":\"X'017A'\"},\n\
             {\"a\":null,\"long name\":\"\"}]\n",
        );
        check(
            Mode::Jsonl,
            None,
            &[&[Real(f64::INFINITY), Real(-0.0)], &[Real(f64::NEG_INFINITY), Text("a\0b")]],
            "{\"a\":9.0e+999,\"long name\":-0.0}\n{\"a\":-9.0e+999,\"long name\":\"a\\u0000b\"}\n",
        );
        check(
            Mode::Line,
            None,
            &[&[Integer(1), Null], &[Integer(2), Text("b")]],
            "        a = 1\nlong name = NULL\n\n        a = 2\nlong name = b\n",
        );
        check(
            Mode::Table,
            None,
            &[&[Integer(1), Text("漢字\x1b")], &[Real(2.5), Blob(b"\xff")]],
            "┌─────┬───────────┐\n\
             │ a   ┆ long name │\n\
             ╞═════╪═══════════╡\n\
             │   1 ┆ 漢字^[    │\n\
             │ 2.5 ┆ X'FF'     │\n\
             └─────┴───────────┘\n",
        );
    }

    #[test]
    fn no_rows() {
        for (mode, headers, expected) in [
            (Mode::List, None, ""),
            (Mode::List, Some(true), "a|long name\n"),
            (Mode::Csv, Some(true), "a,long name\n"),
            (Mode::Json, None, "[]\n"),
            (Mode::Jsonl, None, ""),
            (Mode::Line, None, ""),
        ] {
            check(mode, headers, &[], expected);
        }
    }
}
