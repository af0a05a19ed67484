//! Tells apart the scans of a table function in the rowids of their rows.
//!
//! A table function is one table, whose arguments are columns. Its rows are numbered from the beginning in each
//! scan. For `WHERE (a=1 AND b=2) OR (a=3 AND b=4)` SQLite scans twice and leaves out rows whose rowids it has
//! already seen. So rowids must differ if the arguments do. They must be equal if the arguments are, because a
//! row can satisfy both sides of the OR.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use crate::value::Value;

/// Distance between the rowids of scans with different arguments. No scan has this many rows.
const ROWS: i64 = 1 << 40;

/// At least this many arguments are remembered after others were seen. An OR has fewer sides.
const KNOWN_MAX: usize = 4096;

/// The arguments of a statement's scans. The number is bounded: of a join with millions of scans, only the last
/// are kept.
#[derive(Debug, Default)]
pub struct Scans {
    recent: HashMap<[u8; 32], i64>,
    /// The recent arguments from before they became too many.
    older: HashMap<[u8; 32], i64>,
    count: i64,
}

impl Scans {
    /// The number to add to the rowids of a scan with these arguments; 0 for the first.
    pub(super) fn offset(&mut self, arguments: &[Value]) -> i64 {
        let key = key(arguments);
        if let Some(&offset) = self.recent.get(&key) {
            return offset;
        }
        let offset = self.older.get(&key).copied().unwrap_or_else(|| {
            let count = self.count;
            self.count = count.wrapping_add(1);
            count.wrapping_mul(ROWS)
        });
        if self.recent.len() == KNOWN_MAX {
            self.older = std::mem::take(&mut self.recent);
        }
        self.recent.insert(key, offset);
        offset
    }
}

/// A key that is equal for arguments that SQL considers equal, and for no others.
fn key(arguments: &[Value]) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut part = |class: u8, bytes: &[u8]| {
        hash.update([class]);
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    for argument in arguments {
        match argument {
            Value::Null => part(0, &[]),
            Value::Integer(integer) => part(1, &integer.to_le_bytes()),
            Value::Real(real) if *real as i64 as f64 == *real && real.abs() < 9e18 => {
                part(1, &(*real as i64).to_le_bytes());
            }
            Value::Real(real) => part(2, &real.to_bits().to_le_bytes()),
            Value::Text(text) => part(3, text.as_bytes()),
            Value::Blob(blob) => part(4, blob),
        }
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_arguments_have_one_offset() {
        let mut scans = Scans::default();
        let lists = [
            vec![Value::Integer(1), Value::Null],
            vec![Value::Null, Value::Integer(1)],
            vec![Value::Text("ab".to_owned()), Value::Text("c".to_owned())],
            vec![Value::Text("a".to_owned()), Value::Text("bc".to_owned())],
            vec![Value::Blob(b"ab".to_vec()), Value::Text("c".to_owned())],
            vec![Value::Real(1.5)],
            vec![Value::Real(f64::INFINITY)],
        ];
        for _ in 0..2 {
            for (number, list) in (0..).zip(&lists) {
                assert_eq!(scans.offset(list), number * ROWS, "{list:?}");
            }
        }
        assert_eq!(scans.offset(&[Value::Real(1.0), Value::Null]), 0);
        assert_eq!(scans.offset(&[]), 7 * ROWS);
    }

    #[test]
    fn what_was_used_lately_is_known_and_memory_is_bounded() {
        let mut scans = Scans::default();
        let first = [Value::Text("first".to_owned())];
        assert_eq!(scans.offset(&first), 0);
        for number in 0..5 * KNOWN_MAX as i64 {
            assert_eq!(scans.offset(&[Value::Integer(number)]), (number + 1) * ROWS);
            assert_eq!(scans.offset(&first), 0);
            assert!(scans.recent.len() + scans.older.len() <= 2 * KNOWN_MAX);
        }
    }
}
