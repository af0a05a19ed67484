//! The functions that the benchmark compares with the same functions in C: ordinary code, as anybody would
//! write it with commensal-sdk. The loop of `guest_upper` uses WebAssembly's SIMD instructions, as the C
//! compiler uses those of the processor.
//!
//! ```sql
//! CREATE EXTENSION bench LANGUAGE wasm AS file://guests/prebuilt/bench.wasm;
//! SELECT guest_add(40, 2);         -- 42
//! SELECT guest_upper('Straße');    -- STRAßE
//! SELECT guest_byte_sum('ab');     -- 195
//! SELECT guest_dot(column1, column2) FROM (VALUES (2, 3), (4, 5));   -- 26
//! SELECT guest_bytes(column1) FROM (VALUES ('ab'), ('c'));           -- 294
//! SELECT sum(value) FROM guest_series(1, 4);   -- 10
//! ```

use core::convert::Infallible;

use commensal_sdk::{Aggregate, TableFunction};

/// The sum, wrapping around.
#[commensal_sdk::function(deterministic)]
pub fn guest_add(a: i64, b: i64) -> i64 {
    a.wrapping_add(b)
}

/// The text with ASCII letters in upper case, like SQLite's `upper()`.
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

/// The sum of products, wrapping around.
#[derive(Default)]
pub struct Dot(i64);

#[commensal_sdk::aggregate(name = "guest_dot")]
impl Aggregate for Dot {
    type Arguments<'a> = (i64, i64);
    type Output = i64;

    fn step(&mut self, (a, b): (i64, i64)) -> Result<(), String> {
        self.0 = self.0.wrapping_add(a.wrapping_mul(b));
        Ok(())
    }

    fn finalize(self) -> i64 {
        self.0
    }
}

/// The sum of the bytes of all texts.
#[derive(Default)]
pub struct Bytes(i64);

#[commensal_sdk::aggregate(name = "guest_bytes")]
impl Aggregate for Bytes {
    type Arguments<'a> = &'a str;
    type Output = i64;

    fn step(&mut self, text: &str) -> Result<(), String> {
        self.0 += sum_of_bytes(text);
        Ok(())
    }

    fn finalize(self) -> i64 {
        self.0
    }
}

/// Adds blocks of 16 bytes side by side, so that the compiler can use vectors. A sum of 256 bytes fits
/// into 16 bits.
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
fn sum_of_bytes(text: &str) -> i64 {
    let mut sum = 0;
    for part in text.as_bytes().chunks(16 * 256) {
        let (blocks, rest) = part.as_chunks::<16>();
        let mut lanes = [0u16; 16];
        for block in blocks {
            for (lane, &byte) in lanes.iter_mut().zip(block) {
                *lane += u16::from(byte);
            }
        }
        sum += lanes.into_iter().map(u32::from).sum::<u32>();
        sum += rest.iter().map(|&byte| u32::from(byte)).sum::<u32>();
    }
    sum.into()
}

/// The integers from `start` to `stop`, like SQLite's `generate_series`.
pub struct Series {
    next: i64,
    stop: i64,
    step: i64,
    done: bool,
}

#[commensal_sdk::table_function(
    name = "guest_series",
    columns("value"),
    arguments("start", "stop", "step")
)]
impl TableFunction for Series {
    type Arguments<'a> = (i64, i64, Option<i64>);
    type Row<'a> = (i64,);
    type Error = Infallible;

    fn open((start, stop, step): Self::Arguments<'_>) -> Result<Self, Infallible> {
        let step = step.filter(|step| *step != 0).unwrap_or(1);
        let done = if step > 0 { start > stop } else { start < stop };
        Ok(Self { next: start, stop, step, done })
    }

    fn next(&mut self) -> Result<Option<(i64,)>, Infallible> {
        if self.done {
            return Ok(None);
        }
        let value = self.next;
        match value.checked_add(self.step) {
            Some(next) if if self.step > 0 { next <= self.stop } else { next >= self.stop } => {
                self.next = next;
            }
            _ => self.done = true,
        }
        Ok(Some((value,)))
    }
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
        let mut dot = Dot::default();
        dot.step((2, 3)).unwrap();
        dot.step((i64::MAX, 2)).unwrap();
        assert_eq!(dot.finalize(), 4);
        let mut bytes = Bytes::default();
        bytes.step("ab").unwrap();
        bytes.step("c").unwrap();
        assert_eq!(bytes.finalize(), 294);
    }

    #[test]
    fn series_end_where_they_should() {
        let all = |start, stop, step| {
            let Ok(mut series) = Series::open((start, stop, step));
            let mut values = Vec::new();
            while let Ok(Some((value,))) = series.next() {
                values.push(value);
            }
            values
        };
        assert_eq!(all(1, 3, None), [1, 2, 3]);
        assert_eq!(all(3, 1, None), [0; 0]);
        assert_eq!(all(3, 0, Some(-2)), [3, 1]);
        assert_eq!(all(i64::MAX - 1, i64::MAX, Some(0)), [i64::MAX - 1, i64::MAX]);
        assert_eq!(all(i64::MIN, i64::MIN, Some(-1)), [i64::MIN]);
    }
}
