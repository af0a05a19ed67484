//! Builds a manifest fragment while the guest is compiled.
//!
//! The type names come from traits, so that aliases and types of the guest's own work: constant
//! evaluation knows them, the attribute macro does not.

/// The first line of each fragment. Linkers concatenate the fragments of a module, so hosts accept it
/// several times.
pub const HEADER: &str = "{\"abi\":1}\n";

const _: () = assert!(commensal_abi::ABI_VERSION == 1, "HEADER says another version");

/// The length of all parts together, in bytes.
pub const fn len(lists: &[&[&str]]) -> usize {
    let (mut total, mut list) = (0, 0);
    while list < lists.len() {
        let mut part = 0;
        while part < lists[list].len() {
            total += lists[list][part].len();
            part += 1;
        }
        list += 1;
    }
    total
}

/// Joins the parts. `N` is their [`len`].
pub const fn concat<const N: usize>(lists: &[&[&str]]) -> [u8; N] {
    let mut bytes = [0; N];
    let (mut at, mut list) = (0, 0);
    while list < lists.len() {
        let mut part = 0;
        while part < lists[list].len() {
            let bytes_of_part = lists[list][part].as_bytes();
            let (_, rest) = bytes.split_at_mut(at);
            let (target, _) = rest.split_at_mut(bytes_of_part.len());
            target.copy_from_slice(bytes_of_part);
            at += bytes_of_part.len();
            part += 1;
        }
        list += 1;
    }
    assert!(at == N);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_concatenated() {
        const PARTS: &[&[&str]] = &[&[HEADER, "", "é"], &[], &["text?", "\n"]];
        const BYTES: [u8; len(PARTS)] = concat(PARTS);
        assert_eq!(BYTES, "{\"abi\":1}\nétext?\n".as_bytes());
        assert_eq!(concat::<0>(&[]), []);
    }
}
