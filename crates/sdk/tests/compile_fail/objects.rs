//! Attributes on what is no implementation of their trait, and options that they do not have.

use std::cmp::Ordering;

use commensal_sdk::{Collation, CustomType, Value, ValueRef};

struct Bytes;

#[commensal_sdk::collation]
impl Bytes {}

#[commensal_sdk::custom_type]
impl Collation for Bytes {
    fn compare(a: &str, b: &str) -> Ordering {
        a.cmp(b)
    }
}

struct Generic<T>(T);

#[commensal_sdk::collation]
impl<T> Collation for Generic<T> {
    fn compare(a: &str, b: &str) -> Ordering {
        a.cmp(b)
    }
}

struct Other;

#[commensal_sdk::collation(deterministic)]
impl Collation for Other {
    fn compare(a: &str, b: &str) -> Ordering {
        a.cmp(b)
    }
}

struct Money;

#[commensal_sdk::custom_type(operators)]
impl CustomType for Money {
    type Stored = i64;

    fn encode(_: ValueRef<'_>) -> Result<i64, String> {
        Ok(0)
    }

    fn decode(_: i64) -> Result<Value, String> {
        Ok(Value::Null)
    }
}

fn main() {}
