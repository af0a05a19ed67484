//! Values for a statement's parameters.

use commensal_core::{Error, ErrorKind, Result, Value, ValueRef};

use crate::statement::Statement;

/// A Rust value that can be an SQL value.
pub trait ToValue {
    /// The SQL value, borrowed.
    fn to_value(&self) -> ValueRef<'_>;
}

macro_rules! to_value {
    ($($ty:ty, $value:ident => $into:expr;)*) => {$(
        impl ToValue for $ty {
            fn to_value(&self) -> ValueRef<'_> {
                let $value = self;
                $into
            }
        }
    )*};
}

to_value! {
    i64, v => ValueRef::Integer(*v);
    i32, v => ValueRef::Integer((*v).into());
    u32, v => ValueRef::Integer((*v).into());
    bool, v => ValueRef::Integer((*v).into());
    f64, v => ValueRef::Real(*v);
    str, v => ValueRef::Text(v);
    String, v => ValueRef::Text(v);
    [u8], v => ValueRef::Blob(v);
    Vec<u8>, v => ValueRef::Blob(v);
    Value, v => v.as_ref();
    ValueRef<'_>, v => *v;
}

impl<const N: usize> ToValue for [u8; N] {
    fn to_value(&self) -> ValueRef<'_> {
        ValueRef::Blob(self)
    }
}

impl<T: ToValue + ?Sized> ToValue for &T {
    fn to_value(&self) -> ValueRef<'_> {
        (**self).to_value()
    }
}

impl<T: ToValue> ToValue for Option<T> {
    fn to_value(&self) -> ValueRef<'_> {
        self.as_ref().map_or(ValueRef::Null, ToValue::to_value)
    }
}

/// Values for all parameters of a statement. By position: `()`, a tuple, an array or a slice. By name, with
/// its prefix (`":a"`): an array of pairs.
pub trait Params {
    /// Binds them.
    ///
    /// # Errors
    /// The number or names of the values do not match the statement's parameters.
    fn bind_all(self, statement: &mut Statement<'_>) -> Result<()>;
}

fn check_count(statement: &Statement<'_>, given: usize) -> Result<()> {
    let wanted = statement.parameter_count();
    if wanted == given {
        return Ok(());
    }
    let message = format!("the statement has {wanted} parameters, but {given} values are given");
    Err(Error::new(ErrorKind::Argument, message))
}

impl Params for () {
    fn bind_all(self, statement: &mut Statement<'_>) -> Result<()> {
        check_count(statement, 0)
    }
}

impl<T: ToValue> Params for &[T] {
    fn bind_all(self, statement: &mut Statement<'_>) -> Result<()> {
        check_count(statement, self.len())?;
        for (i, value) in self.iter().enumerate() {
            statement.bind(i + 1, value.to_value())?;
        }
        Ok(())
    }
}

impl<T: ToValue, const N: usize> Params for [T; N] {
    fn bind_all(self, statement: &mut Statement<'_>) -> Result<()> {
        self.as_slice().bind_all(statement)
    }
}

impl<T: ToValue, const N: usize> Params for [(&str, T); N] {
    fn bind_all(self, statement: &mut Statement<'_>) -> Result<()> {
        check_count(statement, N)?;
        for (name, value) in &self {
            let index = statement.parameter_index(name).ok_or_else(|| {
                let message = format!("the statement has no parameter \"{name}\"");
                Error::new(ErrorKind::Argument, message)
            })?;
            statement.bind(index, value.to_value())?;
        }
        Ok(())
    }
}

macro_rules! tuple_params {
    ($count:literal: $($ty:ident $field:tt),*) => {
        impl<$($ty: ToValue),*> Params for ($($ty,)*) {
            fn bind_all(self, statement: &mut Statement<'_>) -> Result<()> {
                check_count(statement, $count)?;
                $(statement.bind($field + 1, self.$field.to_value())?;)*
                Ok(())
            }
        }
    };
}

tuple_params!(1: A 0);
tuple_params!(2: A 0, B 1);
tuple_params!(3: A 0, B 1, C 2);
tuple_params!(4: A 0, B 1, C 2, D 3);
tuple_params!(5: A 0, B 1, C 2, D 3, E 4);
tuple_params!(6: A 0, B 1, C 2, D 3, E 4, F 5);
tuple_params!(7: A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple_params!(8: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
