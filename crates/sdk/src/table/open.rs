//! A cursor of a table function, between the host's calls.

use alloc::string::{String, ToString};

use super::batch::Rows;
use super::{Row, TableFunction};
use crate::aggregate::FromArguments;
use crate::export::Arguments;
use crate::parameter::Type;
use crate::value::ValueRef;

/// A cursor of a table function, with the rows that the host reads.
pub struct OpenTable<T> {
    /// `None` for the empty table that a NULL makes.
    cursor: Option<T>,
    rows: Rows,
    /// What went wrong after the rows of the batch.
    error: Option<String>,
}

impl<T: TableFunction> OpenTable<T> {
    /// The cursor for these arguments; `rows` are what another one left.
    ///
    /// # Errors
    /// An argument that does not fit, or the function's own error: the message, and whether it is
    /// the function's own.
    pub fn open(arguments: &Arguments<'_>, rows: Rows) -> Result<Result<Self, String>, String> {
        let types = <T::Arguments<'static> as FromArguments<'static>>::TYPES;
        let mut cursor = None;
        if !has_null_where_none_is_taken(types, arguments)? {
            cursor = match T::open(T::Arguments::from_arguments(*arguments)?) {
                Ok(cursor) => Some(cursor),
                Err(error) => return Ok(Err(error.to_string())),
            };
        }
        Ok(Ok(Self { cursor, rows, error: None }))
    }

    /// The next rows, at most so many; empty at the end.
    ///
    /// # Errors
    /// The function's own: its message. Rows that came before it were given before.
    pub fn next(&mut self, rows_max: usize) -> Result<&[u64], String> {
        if let Some(message) = self.error.take() {
            return Err(message);
        }
        let Some(cursor) = &mut self.cursor else { return Ok(&[]) };
        let columns = <T::Row<'static> as Row>::TYPES.len();
        let rows = &mut self.rows;
        let filled = rows.fill(rows_max, columns, |to| match cursor.next() {
            Ok(Some(row)) => row.write(to).map(|()| true),
            Ok(None) => Ok(false),
            Err(error) => Err(error.to_string()),
        });
        match filled {
            Ok(false) => {}
            Ok(true) => self.cursor = None,
            Err(message) if rows.len() == 0 => return Err(message),
            Err(message) => self.error = Some(message),
        }
        if rows.len() == 0 { Ok(&[]) } else { Ok(rows.finish(columns)) }
    }

    /// Ends the scan; what the next one can use again.
    pub fn close(self) -> Rows {
        self.rows
    }
}

/// A table function with a NULL where it takes none has no rows.
fn has_null_where_none_is_taken(types: &[Type], arguments: &Arguments<'_>) -> Result<bool, String> {
    for (index, ty) in types.iter().enumerate() {
        if !ty.nullable && matches!(arguments.get(index)?, ValueRef::Null) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The manifest's names of the types of a table's columns: those of its rows, then its arguments.
pub const fn column<T: TableFunction, const COLUMNS: usize, const ARGUMENTS: usize>(
    index: usize,
) -> &'static str {
    let (row, arguments) =
        (<T::Row<'static> as Row>::TYPES, <T::Arguments<'static> as FromArguments>::TYPES);
    assert!(row.len() == COLUMNS, "columns(…) has to name each element of Row");
    assert!(arguments.len() == ARGUMENTS, "arguments(…) has to name each element of Arguments");
    match index < COLUMNS {
        true => row[index].class_name(),
        false => arguments[index - COLUMNS].class_name(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of a text, up to one that is `!`.
    struct Lines(String);

    impl TableFunction for Lines {
        type Arguments<'a> = (&'a str, Option<i64>);
        type Row<'a> = (String,);
        type Error = &'static str;

        fn open((text, skip): Self::Arguments<'_>) -> Result<Self, Self::Error> {
            let skip = usize::try_from(skip.unwrap_or(0)).map_err(|_| "a negative number")?;
            Ok(Self(text.chars().skip(skip).collect()))
        }

        fn next(&mut self) -> Result<Option<(String,)>, Self::Error> {
            let Some((line, rest)) = self.0.split_once('/') else { return Ok(None) };
            let (line, rest) = (String::from(line), String::from(rest));
            self.0 = rest;
            if line == "!" { Err("no more") } else { Ok(Some((line,))) }
        }
    }

    fn open(arguments: &[ValueRef<'static>]) -> Result<Result<OpenTable<Lines>, String>, String> {
        OpenTable::open(&Arguments(arguments), Rows::default())
    }

    #[test]
    fn rows_come_before_the_error_that_follows_them() {
        let text = ValueRef::Text("a/b/c/!/d/");
        let mut table = open(&[text, ValueRef::Integer(2)]).unwrap().unwrap();
        let rows = |words: Result<&[u64], String>| words.map(|w| w.first().map(|w| *w as u32));
        assert_eq!(rows(table.next(1)), Ok(Some(1)));
        assert_eq!(rows(table.next(4)), Ok(Some(1)));
        assert_eq!(rows(table.next(4)), Err("no more".into()));
    }

    #[test]
    fn a_null_where_none_is_taken_means_no_rows() {
        let mut table = open(&[ValueRef::Null, ValueRef::Null]).unwrap().unwrap();
        assert_eq!(table.next(4), Ok(&[][..]));
        let mut table = open(&[ValueRef::Text("a/"), ValueRef::Null]).unwrap().unwrap();
        assert_eq!(table.next(4).map(<[u64]>::len), Ok(5));
        assert_eq!(table.next(4), Ok(&[][..]));
    }

    #[test]
    fn errors_of_arguments_and_of_the_author_are_told_apart() {
        let integer = open(&[ValueRef::Integer(1), ValueRef::Null]).err();
        assert_eq!(integer, Some("argument 1: expected text, got integer".into()));
        let negative = open(&[ValueRef::Text(""), ValueRef::Integer(-1)]).unwrap().err();
        assert_eq!(negative, Some("a negative number".into()));
    }
}
