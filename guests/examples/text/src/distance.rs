//! The difference between two texts.

/// The Levenshtein distance: the smallest number of characters (Unicode scalar values) to insert, remove
/// or replace. The time grows with the product of both lengths.
#[commensal_sdk::function(deterministic)]
pub fn levenshtein(a: &str, b: &str) -> i64 {
    let b: Vec<char> = b.chars().collect();
    // row[j]: the distance between what has been read of `a` and the first j characters of `b`.
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()] as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        let cases = [
            ("", "", 0),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("flaw", "lawn", 2),
            ("größe", "grosse", 3),
            ("año", "ano", 1),
            ("👍", "👎", 1),
        ];
        for (a, b, expected) in cases {
            assert_eq!(levenshtein(a, b), expected, "{a} {b}");
            assert_eq!(levenshtein(b, a), expected, "{b} {a}");
        }
    }
}
