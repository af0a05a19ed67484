//! Numbers and names of a statement's parameters. Values are not its concern.

use crate::error::{Error, ErrorKind, Result};

/// The largest number of a parameter:
/// [SQLITE_MAX_VARIABLE_NUMBER](https://www.sqlite.org/limits.html#max_variable_number).
pub const PARAMETER_NUMBER_MAX: usize = 32_766;

/// The parameters of a statement, numbered as
/// [SQLite numbers them](https://www.sqlite.org/lang_expr.html#varparam).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    count: usize,
    names: Vec<(usize, String)>,
}

impl Parameters {
    /// The largest number, like
    /// [`sqlite3_bind_parameter_count`](https://www.sqlite.org/c3ref/bind_parameter_count.html).
    pub const fn count(&self) -> usize {
        self.count
    }

    /// The number, from 1, of the parameter with this name, which includes its prefix (`:a`, `@a`, `$a`, `?5`),
    /// like [`sqlite3_bind_parameter_index`](https://www.sqlite.org/c3ref/bind_parameter_index.html).
    pub fn index(&self, name: &str) -> Option<usize> {
        self.names.iter().find(|(_, known)| known == name).map(|&(number, _)| number)
    }

    /// The name of this parameter with its prefix, like
    /// [`sqlite3_bind_parameter_name`](https://www.sqlite.org/c3ref/bind_parameter_name.html). `?` has none.
    pub fn name(&self, number: usize) -> Option<&str> {
        self.names.iter().find(|&&(known, _)| known == number).map(|(_, name)| name.as_str())
    }

    /// Numbers a parameter token that begins at `offset`.
    pub(super) fn number(&mut self, text: &str, offset: usize) -> Result<usize> {
        let number = match text.strip_prefix('?') {
            Some("") => self.count + 1,
            Some(digits) => digits.parse().unwrap_or(usize::MAX),
            None => self.index(text).unwrap_or(self.count + 1),
        };
        if !(1..=PARAMETER_NUMBER_MAX).contains(&number) {
            let message =
                format!("the number of a parameter is between ?1 and ?{PARAMETER_NUMBER_MAX}");
            return Err(Error::new(ErrorKind::Syntax, message).at(offset));
        }
        self.count = self.count.max(number);
        if text != "?" && self.name(number).is_none() {
            self.names.push((number, text.to_owned()));
        }
        Ok(number)
    }
}
