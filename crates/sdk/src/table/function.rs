//! The trait of table functions.

use core::fmt::Display;

use super::Row;
use crate::FromArguments;

/// A table function: `SELECT … FROM name(arguments)`.
///
/// A value of the type is a cursor. [`open`](TableFunction::open) makes it for each scan; it is asked for
/// rows until it has no more, and dropped. A query that ends early drops it early. Put the attribute
/// [`table_function`](crate::table_function) on the impl block:
///
/// ```
/// use commensal_sdk::TableFunction;
///
/// /// The words of a text.
/// struct Words {
///     text: String,
///     at: usize,
/// }
///
/// #[commensal_sdk::table_function(name = "words", columns("word", "position"), arguments("text"))]
/// impl TableFunction for Words {
///     type Arguments<'a> = (&'a str,);
///     type Row<'a> = (&'a str, i64);
///     type Error = core::convert::Infallible;
///
///     fn open((text,): Self::Arguments<'_>) -> Result<Self, Self::Error> {
///         Ok(Self { text: text.to_owned(), at: 0 })
///     }
///
///     fn next(&mut self) -> Result<Option<Self::Row<'_>>, Self::Error> {
///         let rest = &self.text[self.at..];
///         let Some(start) = rest.find(|c: char| !c.is_whitespace()) else { return Ok(None) };
///         let word = rest[start..].split(char::is_whitespace).next().unwrap_or_default();
///         let position = self.at + start;
///         self.at = position + word.len();
///         Ok(Some((word, position as i64)))
///     }
/// }
///
/// // It stays an ordinary type: test it natively.
/// let mut words = Words::open(("to  be",)).unwrap();
/// assert_eq!(words.next(), Ok(Some(("to", 0))));
/// assert_eq!(words.next(), Ok(Some(("be", 4))));
/// assert_eq!(words.next(), Ok(None));
/// ```
///
/// ```sql
/// SELECT word FROM words('to be or not') ORDER BY word;
/// SELECT title, word FROM posts, words(posts.title);
/// ```
pub trait TableFunction: Sized + 'static {
    /// The arguments that SQL passes: a tuple of [`FromArgument`](crate::FromArgument) types, one for each name
    /// in `arguments(…)`. Arguments that SQL leaves out are NULL. If an argument is NULL and its type does not
    /// take NULL, the table is empty and `open` is not called.
    type Arguments<'a>: FromArguments<'a>;

    /// A row: a tuple of [`IntoOutput`](crate::IntoOutput) types, one for each name in `columns(…)`.
    /// It may borrow from the cursor.
    type Row<'a>: Row<'a>;

    /// The error type. Its text is the SQL error.
    type Error: Display;

    /// Starts a scan.
    ///
    /// # Errors
    /// The statement fails with the error's text.
    fn open(arguments: Self::Arguments<'_>) -> Result<Self, Self::Error>;

    /// The next row, or `None` at the end, after which it is not called again.
    ///
    /// The host asks for rows ahead of the query: a few at first, and more as the scan goes on.
    ///
    /// # Errors
    /// The statement fails with the error's text, after it has used the rows before.
    fn next(&mut self) -> Result<Option<Self::Row<'_>>, Self::Error>;
}
