//! Comparisons by a guest's collation.

use std::cmp::Ordering;
use std::sync::Arc;

use super::{Binding, Scope, Session};
use crate::error::{Error, ErrorKind, Result};
use crate::manifest::{Param, Signature};
use crate::registry::{CollationBody, CollationEntry};
use crate::value::{StorageClass, ValueRef};

impl Session {
    /// Binds a slot to a collation. Its module is compiled if that is due, from the bytes that
    /// `read_module` finds under a hash.
    ///
    /// # Errors
    /// Its definition cannot be used; as [`Session::bind`].
    #[cold]
    pub fn bind_collation(
        &self,
        scope: &mut Scope,
        slot: usize,
        entry: &CollationEntry,
        read_module: impl FnOnce(&[u8; 32]) -> Result<Vec<u8>>,
    ) -> Result<()> {
        let module = self.compiled(&entry.callable, read_module)?;
        let binding = Binding {
            callable: Arc::clone(&entry.callable),
            exports: vec![entry.body.export().to_owned()],
            signature: Arc::new(Signature {
                params: vec![Param { class: Some(StorageClass::Text), nullable: false }; 2],
                variadic: None,
                returns: Some(StorageClass::Integer),
            }),
            subtype: false,
            validates: false,
        };
        self.bind(scope, slot, binding, module.as_ref())
    }

    /// The order of two texts by the collation in a bound slot.
    ///
    /// # Errors
    /// What the guest reports; a fault.
    #[inline]
    pub fn compare(
        &self,
        scope: &mut Scope,
        slot: usize,
        entry: &CollationEntry,
        a: &str,
        b: &str,
    ) -> Result<Ordering> {
        match entry.body {
            CollationBody::Compare(_) => Ok(self.integer(scope, slot, entry, [a, b])?.cmp(&0)),
            CollationBody::Less(_) => {
                if self.integer(scope, slot, entry, [a, b])? != 0 {
                    return Ok(Ordering::Less);
                }
                let greater = self.integer(scope, slot, entry, [b, a])? != 0;
                Ok(if greater { Ordering::Greater } else { Ordering::Equal })
            }
        }
    }

    #[inline]
    fn integer(
        &self,
        scope: &mut Scope,
        slot: usize,
        entry: &CollationEntry,
        texts: [&str; 2],
    ) -> Result<i64> {
        let sink = |value: ValueRef<'_>, _| match value {
            ValueRef::Integer(integer) => Some(integer),
            _ => None,
        };
        let texts = texts.map(ValueRef::Text);
        match scope.call(&self.environment, slot, texts.as_slice(), sink) {
            Ok(Some(integer)) => Ok(integer),
            Ok(None) => {
                let message = format!("{} gave NULL instead of an integer", entry.callable);
                Err(Error::new(ErrorKind::Fault, message))
            }
            Err(error) => Err(self.fail(scope, slot, *error)),
        }
    }
}
