//! The destination of a result.

use super::Pointer;
use crate::value::ValueRef;

/// Takes the result of one call. A closure is a sink for values.
pub trait Sink<R>: Sized {
    /// Takes a value that borrows its bytes, and its subtype; 0 for none.
    fn value(self, value: ValueRef<'_>, subtype: u8) -> R;

    /// Takes an integer without a subtype.
    fn integer(self, integer: i64) -> R {
        self.value(ValueRef::Integer(integer), 0)
    }

    /// Takes a real without a subtype, which is not NaN.
    fn real(self, real: f64) -> R {
        self.value(ValueRef::Real(real), 0)
    }

    /// Takes a blob of `len` zeros, which are not in memory. There are no more than the result may have.
    fn zeroblob(self, len: usize, subtype: u8) -> R {
        self.value(ValueRef::Blob(&vec![0; len]), subtype)
    }

    /// Takes a pointer of the guest, which is NULL to everybody else. By default it is dropped at once and
    /// becomes NULL.
    fn pointer(self, _pointer: Pointer) -> R {
        self.value(ValueRef::Null, 0)
    }

    /// Runs the call of a scalar function whose result goes here. An engine that knows places in a statement sets
    /// [`HostServices::call_site`](crate::host::HostServices::call_site) meanwhile.
    fn within<T>(self, body: impl FnOnce(Self) -> T) -> T {
        body(self)
    }
}

impl<R, F: FnOnce(ValueRef<'_>, u8) -> R> Sink<R> for F {
    #[inline(always)]
    fn value(self, value: ValueRef<'_>, subtype: u8) -> R {
        self(value, subtype)
    }
}
