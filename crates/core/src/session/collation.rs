//! Comparisons by a guest's collation.

use std::cmp::Ordering;
use std::sync::Arc;

use super::{Binding, Execution, Session};
use crate::error::{Error, ErrorKind, Result};
use crate::manifest::{CollationBody, Signature};
use crate::registry::CollationEntry;
use crate::value::ValueRef;

impl Binding {
    /// The binding of a collation.
    pub fn of_collation(entry: &CollationEntry) -> Self {
        Self {
            callable: Arc::clone(&entry.callable),
            exports: vec![entry.body.export().to_owned()],
            signature: Arc::new(Signature::of_order(entry.body.form())),
            subtype: false,
            validates: false,
        }
    }
}

impl Session {
    /// The order of two texts by the collation in a bound slot.
    ///
    /// # Errors
    /// The guest's error, or a fault.
    #[inline]
    pub fn compare(
        &self,
        execution: &mut Execution,
        slot: usize,
        entry: &CollationEntry,
        a: &str,
        b: &str,
    ) -> Result<Ordering> {
        match entry.body {
            CollationBody::Compare(_) => Ok(self.integer(execution, slot, entry, [a, b])?.cmp(&0)),
            CollationBody::Less(..) => {
                if self.integer(execution, slot, entry, [a, b])? != 0 {
                    return Ok(Ordering::Less);
                }
                let greater = self.integer(execution, slot, entry, [b, a])? != 0;
                Ok(if greater { Ordering::Greater } else { Ordering::Equal })
            }
        }
    }

    #[inline]
    fn integer(
        &self,
        execution: &mut Execution,
        slot: usize,
        entry: &CollationEntry,
        texts: [&str; 2],
    ) -> Result<i64> {
        let sink = |value: ValueRef<'_>, _: u8| match value {
            ValueRef::Integer(integer) => Some(integer),
            _ => None,
        };
        let texts = texts.map(ValueRef::Text);
        match execution.call(&self.environment, slot, texts.as_slice(), sink) {
            Ok(Some(integer)) => Ok(integer),
            Ok(None) => {
                let message = format!("{} gave NULL instead of an integer", entry.callable);
                Err(Error::new(ErrorKind::Fault, message))
            }
            Err(error) => Err(self.fail(execution, slot, *error)),
        }
    }
}
