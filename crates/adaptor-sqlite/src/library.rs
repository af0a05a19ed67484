//! Which SQLite library made a call.
//!
//! A call finds its slot only through [`sqlite3_user_data`] of the library that made it. So the
//! functions that C calls exist once for each library that Commensal can serve in one process.
//!
//! [`sqlite3_user_data`]: https://www.sqlite.org/c3ref/user_data.html

use std::sync::OnceLock;

use commensal_core::{Error, ErrorKind, Result};

use crate::api::Api;

/// How many SQLite libraries one process can use. A program with even two is rare (say, Python's own
/// and one inside a package).
pub(crate) const LIBRARIES_MAX: usize = 8;

/// The libraries seen so far.
static LIBRARIES: [OnceLock<&'static Api>; LIBRARIES_MAX] =
    [const { OnceLock::new() }; LIBRARIES_MAX];

/// The library of this number. It is known before anything is registered with it.
#[inline]
pub(crate) fn library(number: usize) -> Option<&'static Api> {
    LIBRARIES[number].get().copied()
}

/// The number of this library.
///
/// # Errors
/// There are too many libraries.
pub(crate) fn number(api: &'static Api) -> Result<usize> {
    let same = |other: &&Api| std::ptr::eq(*other, api);
    LIBRARIES.iter().position(|library| same(library.get_or_init(|| api))).ok_or_else(|| {
        let message = format!("more than {LIBRARIES_MAX} SQLite libraries in one process");
        Error::new(ErrorKind::Engine, message)
    })
}

/// The instances of a function that is generic over the number of its library, and over a type.
macro_rules! by_library {
    ($function:ident $(, $type:ty)?) => {
        [
            $function::<0 $(, $type)?>,
            $function::<1 $(, $type)?>,
            $function::<2 $(, $type)?>,
            $function::<3 $(, $type)?>,
            $function::<4 $(, $type)?>,
            $function::<5 $(, $type)?>,
            $function::<6 $(, $type)?>,
            $function::<7 $(, $type)?>,
        ]
    };
}

pub(crate) use by_library;
