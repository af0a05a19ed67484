//! Tuples as rows of a table.

use alloc::string::String;

use super::RowWriter;
use crate::IntoOutput;
use crate::parameter::Type;

/// A row of a table: a tuple of 1 to 16 types that can be results.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a row of an SQL table",
    label = "not a row",
    note = "a row is a tuple of types that can be results of a function, such as `(i64, String)`; \
            with one column, `(i64,)`"
)]
pub trait Row<'a> {
    /// The types of the columns.
    const TYPES: &'static [Type];

    /// Writes the values into the row.
    ///
    /// # Errors
    /// A value is an error. The text is its message.
    fn write(self, row: &mut RowWriter<'_>) -> Result<(), String>;
}

macro_rules! tuples {
    ($($($name:ident $index:tt),+;)+) => {$(
        impl<'a, $($name: IntoOutput<'a>),+> Row<'a> for ($($name,)+) {
            const TYPES: &'static [Type] = &[$($name::TYPE),+];

            #[inline]
            fn write(self, row: &mut RowWriter<'_>) -> Result<(), String> {
                $(row.push(self.$index)?;)+
                Ok(())
            }
        }
    )+};
}

tuples! {
    A 0;
    A 0, B 1;
    A 0, B 1, C 2;
    A 0, B 1, C 2, D 3;
    A 0, B 1, C 2, D 3, E 4;
    A 0, B 1, C 2, D 3, E 4, F 5;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15;
}
