//! What the attributes expand to calls this module. Do not use it by hand: any release may
//! change it.

use alloc::format;
use alloc::vec::Vec;

pub use alloc::string::String;

pub use crate::aggregate::{FromArguments, States};
pub use crate::manifest::{HEADER, concat, len};
#[cfg(target_arch = "wasm32")]
pub use crate::memory::{
    Argument, Single, call, call_states, native_bytes, native_integer, native_real,
};
use crate::parameter::{ArgumentError, FromArgument};
#[cfg(target_arch = "wasm32")]
pub use crate::table::exports as table;
pub use crate::table::{OpenCursor, OpenTables, TableFunction, VirtualTable, column, connected};
pub use crate::{Collation, CustomType, IntoOutput, Output, ParametricType};

/// An argument in guest memory. A native build has no guest memory, and uses the value itself.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) type Argument<'a> = crate::ValueRef<'a>;

/// The arguments of one call.
#[derive(Clone, Copy)]
pub struct Arguments<'a>(pub(crate) &'a [Argument<'a>]);

impl<'a> Arguments<'a> {
    /// The argument at `index`, from 0. The caller has checked that it exists.
    ///
    /// # Errors
    /// The argument does not fit its parameter; the text says why.
    #[inline]
    pub fn get<T: FromArgument<'a>>(&self, index: usize) -> Result<T, String> {
        #[cfg(target_arch = "wasm32")]
        let value = self.0[index].value();
        #[cfg(not(target_arch = "wasm32"))]
        let value = self.0[index];
        T::from_argument(value).map_err(|error| at(index, &error))
    }

    /// The arguments from `index` on.
    ///
    /// # Errors
    /// As [`Arguments::get`].
    #[inline]
    pub fn rest<T: FromArgument<'a>>(&self, index: usize) -> Result<Vec<T>, String> {
        (index..self.0.len()).map(|index| self.get(index)).collect()
    }
}

#[cold]
fn at(index: usize, error: &ArgumentError) -> String {
    format!("argument {}: {error}", index + 1)
}

/// How many arguments a function takes.
#[derive(Clone, Copy, Debug)]
pub enum Count {
    /// This number.
    Exactly(usize),
    /// This number or more.
    AtLeast(usize),
}

impl Count {
    /// Checks a number of arguments.
    ///
    /// # Errors
    /// There are too few or too many arguments; the text says how many it takes.
    #[inline]
    pub fn check(self, count: usize) -> Result<(), String> {
        match self {
            Self::Exactly(n) if count == n => Ok(()),
            Self::AtLeast(n) if count >= n => Ok(()),
            _ => Err(self.wrong(count)),
        }
    }

    #[cold]
    fn wrong(self, count: usize) -> String {
        match self {
            Self::Exactly(n) => format!("takes {n} arguments, got {count}"),
            Self::AtLeast(n) => format!("takes {n} or more arguments, got {count}"),
        }
    }
}

/// Whether the name of a type in the manifest is that of this class, with or without `?`.
pub const fn is_class(name: &str, class: &str) -> bool {
    let (name, class) = (name.as_bytes(), class.as_bytes());
    let mut i = 0;
    while i < class.len() {
        if i == name.len() || name[i] != class[i] {
            return false;
        }
        i += 1;
    }
    name.len() == i || (name.len() == i + 1 && name[i] == b'?')
}

/// The name of the type of parameter `T` in the manifest.
pub const fn parameter<T: FromArgument<'static>>() -> &'static str {
    T::TYPE.name()
}

/// The name of the type of result `T` in the manifest.
pub const fn result<T: IntoOutput<'static>>() -> &'static str {
    T::TYPE.name()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ValueRef;

    #[test]
    fn errors_name_the_position() {
        let arguments = Arguments(&[ValueRef::Integer(1), ValueRef::Text("x")]);
        assert_eq!(arguments.get::<i64>(0), Ok(1));
        assert_eq!(
            arguments.get::<i64>(1),
            Err(String::from("argument 2: expected integer, got text"))
        );
        assert_eq!(arguments.rest::<&str>(1), Ok(Vec::from(["x"])));
        assert_eq!(arguments.rest::<&str>(2), Ok(Vec::new()));
        assert_eq!(
            arguments.rest::<&str>(0),
            Err(String::from("argument 1: expected text, got integer"))
        );
    }

    #[test]
    fn classes_are_compared_with_names_of_types() {
        assert!(is_class("text", "text") && is_class("text?", "text"));
        for name in ["", "tex", "texts", "text??", "blob", "any?"] {
            assert!(!is_class(name, "text"), "{name}");
        }
    }

    #[test]
    fn the_number_of_arguments_is_checked() {
        let cases = [
            (Count::Exactly(2), 2, Ok(())),
            (Count::Exactly(2), 1, Err("takes 2 arguments, got 1")),
            (Count::Exactly(0), 1, Err("takes 0 arguments, got 1")),
            (Count::AtLeast(1), 9, Ok(())),
            (Count::AtLeast(1), 0, Err("takes 1 or more arguments, got 0")),
        ];
        for (expected, count, result) in cases {
            assert_eq!(expected.check(count), result.map_err(String::from));
        }
    }
}
