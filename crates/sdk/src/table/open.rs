//! The cursors of a table function between the host's calls.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::batch::Rows;
use super::{Row, TableFunction};
use crate::ValueRef;
use crate::aggregate::FromArguments;
use crate::export::Arguments;
use crate::output::Output;
use crate::parameter::Type;

/// The cursors of a table function. A handle is an index into the list. Places are used again, with the
/// memory that their rows had, because a join opens a cursor for each row of another table.
pub struct OpenTables<T>(Vec<OpenTable<T>>);

/// A cursor with the rows that the host reads, or the memory that a closed one has left.
struct OpenTable<T> {
    is_open: bool,
    /// `None` at the end, and if the table is empty because an argument is NULL.
    cursor: Option<T>,
    rows: Rows,
    /// An error that came after the rows of the batch, and fails the next call.
    error: Option<String>,
}

impl<T> OpenTables<T> {
    /// An empty list.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    fn get(&mut self, handle: i64) -> Result<&mut OpenTable<T>, String> {
        let place = usize::try_from(handle).ok().and_then(|place| self.0.get_mut(place));
        place.filter(|place| place.is_open).ok_or_else(|| unknown(handle))
    }
}

impl<T> Default for OpenTables<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cold]
fn unknown(handle: i64) -> String {
    format!("there is no cursor {handle}")
}

/// The exports of a table function.
impl<T: TableFunction> OpenTables<T> {
    /// `open`: makes a cursor and returns its handle.
    ///
    /// # Errors
    /// An argument does not fit its parameter. An error of the author's is an output.
    pub fn open(&mut self, arguments: &Arguments<'_>) -> Result<Output<'static>, String> {
        let types = <T::Arguments<'static> as FromArguments<'static>>::TYPES;
        let cursor = if has_null_where_none_is_taken(types, arguments)? {
            None
        } else {
            match T::open(T::Arguments::from_arguments(*arguments, 0)?) {
                Ok(cursor) => Some(cursor),
                Err(error) => return Ok(Output::Error(error.to_string())),
            }
        };
        let place = self.0.iter().position(|place| !place.is_open).unwrap_or(self.0.len());
        if place == self.0.len() {
            self.0.push(OpenTable {
                is_open: true,
                cursor: None,
                rows: Rows::default(),
                error: None,
            });
        }
        let opened = &mut self.0[place];
        opened.is_open = true;
        opened.cursor = cursor;
        Ok(Output::Integer(place as i64))
    }

    /// `next`: a batch of rows, empty at the end.
    ///
    /// # Errors
    /// No cursor has this handle. The inner error is the function's own; the call before has returned the
    /// rows that came before it.
    #[inline]
    pub fn next(&mut self, arguments: &Arguments<'_>) -> Result<Result<&[u64], String>, String> {
        let (handle, rows_max) = (arguments.get(0)?, arguments.get::<i64>(1)?);
        Ok(self.get(handle)?.next(rows_max as usize))
    }

    /// `close`: ends a cursor and keeps its memory for the next one.
    ///
    /// # Errors
    /// No cursor has this handle.
    pub fn close(&mut self, arguments: &Arguments<'_>) -> Result<Output<'static>, String> {
        let place = self.get(arguments.get(0)?)?;
        (place.is_open, place.cursor, place.error) = (false, None, None);
        Ok(Output::Null)
    }
}

impl<T: TableFunction> OpenTable<T> {
    #[inline]
    fn next(&mut self, rows_max: usize) -> Result<&[u64], String> {
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
}

/// Whether an argument is NULL whose type does not take NULL: then the table has no rows.
fn has_null_where_none_is_taken(types: &[Type], arguments: &Arguments<'_>) -> Result<bool, String> {
    for (index, ty) in types.iter().enumerate() {
        if !ty.nullable && matches!(arguments.get(index)?, ValueRef::Null) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The names of the types of a table's columns in the manifest: those of its rows, then its arguments.
pub const fn column<T: TableFunction, const COLUMNS: usize, const ARGUMENTS: usize>(
    index: usize,
) -> &'static str {
    let (row, arguments) =
        (<T::Row<'static> as Row>::TYPES, <T::Arguments<'static> as FromArguments>::TYPES);
    assert!(
        !<T::Arguments<'static> as FromArguments>::VARIADIC,
        "a table function takes a fixed number of arguments"
    );
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

    /// A table of the lines of a text, up to one that is `!`.
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

    /// An open cursor for these arguments.
    fn open(arguments: &[ValueRef<'static>]) -> Result<OpenTables<Lines>, String> {
        let mut tables = OpenTables::new();
        match tables.open(&Arguments(arguments))? {
            Output::Error(message) => Err(format!("Lines: {message}")),
            handle => {
                assert_eq!(handle, Output::Integer(0));
                Ok(tables)
            }
        }
    }

    /// The number of rows in the next batch of the first cursor; `None` at the end.
    fn next(tables: &mut OpenTables<Lines>, rows_max: i64) -> Result<Option<u32>, String> {
        let arguments = [ValueRef::Integer(0), ValueRef::Integer(rows_max)];
        tables.next(&Arguments(&arguments))?.map(|words| words.first().map(|word| *word as u32))
    }

    #[test]
    fn rows_come_before_the_error_that_follows_them() {
        let text = ValueRef::Text("a/b/c/!/d/");
        let mut tables = open(&[text, ValueRef::Integer(2)]).unwrap();
        assert_eq!(next(&mut tables, 1), Ok(Some(1)));
        assert_eq!(next(&mut tables, 4), Ok(Some(1)));
        assert_eq!(next(&mut tables, 4), Err("no more".into()));
    }

    #[test]
    fn a_null_where_none_is_taken_means_no_rows() {
        let mut tables = open(&[ValueRef::Null, ValueRef::Null]).unwrap();
        assert_eq!(next(&mut tables, 4), Ok(None));
        let mut tables = open(&[ValueRef::Text("a/"), ValueRef::Null]).unwrap();
        assert_eq!(next(&mut tables, 4), Ok(Some(1)));
        assert_eq!(next(&mut tables, 4), Ok(None));
    }

    #[test]
    fn a_closed_cursor_leaves_its_place_to_the_next() {
        let first = [ValueRef::Integer(0)];
        let mut tables = open(&[ValueRef::Text("a/!/"), ValueRef::Null]).unwrap();
        assert_eq!(next(&mut tables, 4), Ok(Some(1)));
        assert_eq!(tables.close(&Arguments(&first)), Ok(Output::Null));
        assert_eq!(next(&mut tables, 4), Err("there is no cursor 0".into()));
        assert_eq!(tables.close(&Arguments(&first)), Err("there is no cursor 0".into()));
        let text = [ValueRef::Text("b/c/"), ValueRef::Null];
        for handle in [0, 1] {
            assert_eq!(tables.open(&Arguments(&text)), Ok(Output::Integer(handle)));
        }
        assert_eq!(next(&mut tables, 4), Ok(Some(2)));
        assert_eq!(next(&mut tables, 4), Ok(None));
    }

    #[test]
    fn errors_of_arguments_and_of_the_author_are_told_apart() {
        let integer = open(&[ValueRef::Integer(1), ValueRef::Null]).err();
        assert_eq!(integer, Some("argument 1: expected text, got integer".into()));
        let negative = open(&[ValueRef::Text(""), ValueRef::Integer(-1)]).err();
        assert_eq!(negative, Some("Lines: a negative number".into()));
    }
}
