//! The smallest guest: no standard library, a few kilobytes.
//!
//! ```sql
//! CREATE EXTENSION hello LANGUAGE wasm AS file://guests/prebuilt/hello.wasm;
//! SELECT hello('world');   -- Hello, world!
//! SELECT divide(7, 2);     -- 3
//! SELECT divide(1, 0);     -- an error: attempt to divide by zero
//! ```
//!
//! The feature `no_std_runtime` of commensal-sdk supplies the allocator and the panic handler that a
//! `no_std` program needs. Natively, for the tests, the standard library supplies both.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

use alloc::format;
use alloc::string::String;

/// A greeting.
#[commensal_sdk::function(deterministic)]
pub fn hello(name: &str) -> String {
    format!("Hello, {name}!")
}

/// The quotient, rounded towards zero. A division by zero panics, which SQL sees as an
/// error.
#[commensal_sdk::function(deterministic)]
pub fn divide(dividend: i64, divisor: i64) -> i64 {
    dividend / divisor
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greets_and_divides() {
        assert_eq!(hello("wörld"), "Hello, wörld!");
        assert_eq!(divide(-7, 2), -3);
    }

    #[test]
    #[should_panic(expected = "attempt to divide by zero")]
    fn division_by_zero_panics() {
        divide(1, 0);
    }
}
