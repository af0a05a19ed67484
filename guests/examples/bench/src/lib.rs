//! The functions that the benchmark compares with the same ones in C: ordinary code, as anybody would
//! write it with commensal-sdk. The loop of `guest_upper` uses WebAssembly's SIMD instructions, as the C
//! compiler uses those of the processor.
//!
//! ```sql
//! CREATE EXTENSION bench LANGUAGE wasm AS file://guests/prebuilt/bench.wasm;
//! SELECT guest_add(40, 2);         -- 42
//! SELECT guest_upper('Straße');    -- STRAßE
//! SELECT guest_byte_sum('ab');     -- 195
//! ```

/// The sum, wrapping around.
#[commensal_sdk::function(deterministic)]
pub fn guest_add(a: i64, b: i64) -> i64 {
    a.wrapping_add(b)
}

/// The text with ASCII letters in upper case, as SQLite's `upper()`.
#[commensal_sdk::function(deterministic)]
pub fn guest_upper(text: &str) -> String {
    uppercase(text)
}

#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
fn uppercase(text: &str) -> String {
    text.to_ascii_uppercase()
}

/// The sum of the text's bytes.
#[commensal_sdk::function(deterministic)]
pub fn guest_byte_sum(text: &str) -> i64 {
    text.bytes().map(i64::from).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_do_what_they_say() {
        assert_eq!(guest_add(i64::MAX, 1), i64::MIN);
        assert_eq!(guest_upper("Straße 7"), "STRAßE 7");
        assert_eq!(guest_byte_sum("ab"), 195);
        assert_eq!(guest_byte_sum(""), 0);
    }
}
