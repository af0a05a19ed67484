//! Functions for libSQL, as its documentation writes them. Nothing here depends on Commensal.

use libsql_bindgen::{libsql_bindgen, FromLibSQL, IntoLibSQL};

/// The n-th Fibonacci number, by recursion.
#[libsql_bindgen]
pub fn lb_fib(n: i64) -> i64 {
    match n {
        0 | 1 => n,
        _ => lb_fib(n - 1) + lb_fib(n - 2),
    }
}

/// Half of the number.
#[libsql_bindgen]
pub fn lb_half(x: f64) -> f64 {
    x / 2.0
}

/// The text, repeated this many times.
#[libsql_bindgen]
pub fn lb_repeat(text: String, times: u32) -> String {
    text.repeat(times as usize)
}

/// The two texts, one after the other.
#[libsql_bindgen]
pub fn lb_concat(a: &str, b: &str) -> String {
    format!("{a}{b}")
}

/// The text, or a word for NULL.
#[libsql_bindgen]
pub fn lb_or(text: Option<String>) -> String {
    text.unwrap_or_else(|| "nothing".to_owned())
}

/// The bytes in reverse order.
#[libsql_bindgen]
pub fn lb_reverse(bytes: &mut [u8]) -> Vec<u8> {
    bytes.reverse();
    bytes.to_vec()
}
