//! Running statements, their rows, and the values in them.

use std::fmt;

use commensal_core::engine::EngineStatement;
use commensal_core::{Error, ErrorKind, Result, Value, ValueRef};

use crate::params::Params;
use crate::statement::Statement;

impl<'c> Statement<'c> {
    /// Binds all parameters.
    ///
    /// # Errors
    /// The number or names of the values do not match the statement's parameters.
    pub fn bind_all(&mut self, params: impl Params) -> Result<()> {
        params.bind_all(self)
    }

    /// Runs the statement to its end.
    ///
    /// # Errors
    /// As [`Statement::bind_all`] and [`Statement::step`].
    pub fn execute(&mut self, params: impl Params) -> Result<()> {
        let mut rows = self.query(params)?;
        while rows.next()?.is_some() {}
        Ok(())
    }

    /// Starts the statement and returns its rows.
    ///
    /// # Errors
    /// As [`Statement::bind_all`].
    pub fn query(&mut self, params: impl Params) -> Result<Rows<'_, 'c>> {
        self.reset();
        self.bind_all(params)?;
        Ok(Rows { statement: self })
    }
}

/// The rows of a running statement. Dropping it ends the execution.
#[derive(Debug)]
pub struct Rows<'s, 'c> {
    statement: &'s mut Statement<'c>,
}

impl Rows<'_, '_> {
    /// The next row; `None` at the end.
    ///
    /// # Errors
    /// The engine or a function reports an error.
    #[expect(clippy::should_implement_trait, reason = "a row borrows the statement")]
    pub fn next(&mut self) -> Result<Option<Row<'_>>> {
        Ok(self.statement.step()?.then_some(Row { engine: self.statement.engine.as_ref() }))
    }
}

impl Drop for Rows<'_, '_> {
    fn drop(&mut self) {
        self.statement.reset();
    }
}

/// One row.
pub struct Row<'r> {
    engine: &'r (dyn EngineStatement + 'r),
}

impl fmt::Debug for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries((0..self.engine.column_count()).map(|i| self.engine.column(i)))
            .finish()
    }
}

impl Row<'_> {
    /// A value, borrowed. Columns count from 0.
    ///
    /// # Errors
    /// The value is text that is not valid UTF-8.
    pub fn get_ref(&self, column: usize) -> Result<ValueRef<'_>> {
        self.engine.column(column)
    }

    /// A value as a Rust type.
    ///
    /// # Errors
    /// As [`Row::get_ref`], or the value has another class or is out of range.
    pub fn get<T: FromValue>(&self, column: usize) -> Result<T> {
        let value = self.get_ref(column)?;
        T::from_value(value).ok_or_else(|| {
            Error::new(
                ErrorKind::Argument,
                format!(
                    "column {column} is {} and does not fit into {}",
                    value.class(),
                    std::any::type_name::<T>()
                ),
            )
        })
    }
}

/// A Rust type that SQL values can become.
pub trait FromValue: Sized {
    /// The Rust value; `None` if the class does not fit or the value is out of range.
    fn from_value(value: ValueRef<'_>) -> Option<Self>;
}

macro_rules! from_value {
    ($($ty:ty: $($pattern:pat => $into:expr),+;)*) => {$(
        impl FromValue for $ty {
            fn from_value(value: ValueRef<'_>) -> Option<Self> {
                match value {
                    $($pattern => $into,)+
                    _ => None,
                }
            }
        }
    )*};
}

from_value! {
    i64: ValueRef::Integer(i) => Some(i);
    i32: ValueRef::Integer(i) => i.try_into().ok();
    u64: ValueRef::Integer(i) => i.try_into().ok();
    bool: ValueRef::Integer(i) => Some(i != 0);
    f64: ValueRef::Real(r) => Some(r), ValueRef::Integer(i) => Some(i as f64);
    String: ValueRef::Text(t) => Some(t.to_owned());
    Vec<u8>: ValueRef::Blob(b) => Some(b.to_owned());
}

impl FromValue for Value {
    fn from_value(value: ValueRef<'_>) -> Option<Self> {
        Some(value.to_owned())
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Null => Some(None),
            value => T::from_value(value).map(Some),
        }
    }
}
