//! Where a result goes.

use super::Pointer;
use crate::value::ValueRef;

/// Takes the result of one call; a closure takes what is a value.
pub trait Sink<R>: Sized {
    /// Takes a value that borrows its bytes, and its subtype; 0 for none.
    fn value(self, value: ValueRef<'_>, subtype: u8) -> R;

    /// Takes a blob of so many zeros, which are nowhere in memory; no more than the result may have.
    fn zeroblob(self, len: usize, subtype: u8) -> R {
        self.value(ValueRef::Blob(&vec![0; len]), subtype)
    }

    /// Takes a pointer of the guest's, which is NULL to everybody else; SQL is done with it at once where
    /// it can be nothing but NULL.
    fn pointer(self, _pointer: Pointer) -> R {
        self.value(ValueRef::Null, 0)
    }

    /// Runs the call of a scalar function whose result goes here. An engine that knows places of a
    /// statement tells [`HostServices::call_site`](crate::host::HostServices::call_site) meanwhile which it is.
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
