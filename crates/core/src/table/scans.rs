//! Which scan of a table function a row is from, as a part of its rowid.
//!
//! A table function is one table, in which arguments are columns; its rows are counted anew in each
//! scan. For `WHERE (a=1 AND b=2) OR (a=3 AND b=4)` SQLite scans twice and leaves out the rows whose
//! rowids it has had. So rowids have to differ where arguments do, and have to be the same where they
//! do not, since a row can satisfy both sides of the OR.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use crate::value::Value;

/// How far the rowids of scans with different arguments are apart: no scan gets through so many rows.
const ROWS: i64 = 1 << 40;

/// Arguments that are remembered at least, after others were seen. An OR has fewer sides.
const KNOWN_MAX: usize = 4096;

/// The arguments that the scans of a statement had. Bounded: of a join with millions of scans, the last
/// ones.
#[derive(Debug, Default)]
pub struct Scans {
    recent: HashMap<[u8; 32], i64>,
    /// What was recent before that became too many.
    older: HashMap<[u8; 32], i64>,
    count: i64,
}

impl Scans {
    /// What to add to the rowids of a scan with these arguments; 0 for the first.
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

/// The same for arguments that SQL takes for equal, and for no others.
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
