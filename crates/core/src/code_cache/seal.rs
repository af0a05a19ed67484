//! What makes an entry trustworthy: HMAC-SHA-256 (RFC 2104) over its key and its content, with the secret of the
//! directory. Knows no files.

use sha2::{Digest, Sha256};

/// Bytes of a secret.
pub(super) const SECRET_BYTES: usize = 32;

/// How an entry begins. The code of the authentication follows.
const MAGIC: &[u8; 8] = b"cmslcod1";

const HEADER_BYTES: usize = MAGIC.len() + 32;

/// The block of SHA-256 in bytes.
const BLOCK_BYTES: usize = 64;

/// What only the user's processes know.
pub(super) struct Secret([u8; SECRET_BYTES]);

/// The secret in these bytes. `None` if they have another length, or are the zeros that a file system can leave
/// after a crash.
pub(super) fn secret(bytes: Vec<u8>) -> Option<Secret> {
    let bytes = <[u8; SECRET_BYTES]>::try_from(bytes).ok()?;
    (bytes != [0; SECRET_BYTES]).then_some(Secret(bytes))
}

/// What an entry with this content begins with.
pub(super) fn header(secret: &Secret, key: [u8; 32], content: &[u8]) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    let (magic, code) = header.split_at_mut(MAGIC.len());
    magic.copy_from_slice(MAGIC);
    code.copy_from_slice(&authentication(secret, key, content));
    header
}

/// Whether the entry was written with this secret, under this key.
pub(super) fn is_sealed(secret: &Secret, key: [u8; 32], entry: &[u8]) -> bool {
    let Some((header, content)) = entry.split_at_checked(HEADER_BYTES) else { return false };
    let Some(code) = header.strip_prefix(MAGIC) else { return false };
    let expected = authentication(secret, key, content);
    // The time does not depend on where they differ.
    let difference = code.iter().zip(&expected).fold(0, |all, (a, b)| all | (a ^ b));
    difference == 0
}

/// The content of an entry that is sealed.
pub(super) fn content(entry: &[u8]) -> &[u8] {
    entry.get(HEADER_BYTES..).unwrap_or_default()
}

fn authentication(secret: &Secret, key: [u8; 32], content: &[u8]) -> [u8; 32] {
    hmac(&secret.0, &[MAGIC, &key, content])
}

/// The HMAC-SHA-256 of the parts, one after the other. `secret` is not longer than a block.
fn hmac(secret: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let padded = |with: u8| {
        let mut block = [with; BLOCK_BYTES];
        block.iter_mut().zip(secret).for_each(|(byte, secret)| *byte ^= secret);
        block
    };
    let mut inner = Sha256::new_with_prefix(padded(0x36));
    parts.iter().for_each(|part| inner.update(part));
    Sha256::new_with_prefix(padded(0x5c)).chain_update(inner.finalize()).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Cases 1 to 3 of RFC 4231.
    #[test]
    fn it_is_hmac() {
        for (secret, parts, expected) in [
            (
                &[0x0b; 20][..],
                &[&b"Hi "[..], b"There"][..],
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe",
                &[b"what do ya want for nothing?"],
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &[0xaa; 20],
                &[&[0xdd; 50]],
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
            ),
        ] {
            assert_eq!(hex(&hmac(secret, parts)), expected);
        }
    }

    #[test]
    fn every_byte_counts() {
        let secret = secret(vec![7; 32]).unwrap();
        let (key, content) = ([1; 32], b"machine code");
        let entry = [&header(&secret, key, content)[..], content].concat();
        assert!(is_sealed(&secret, key, &entry));
        assert_eq!(super::content(&entry), content);
        for place in 0..entry.len() {
            let mut other = entry.clone();
            other[place] ^= 1;
            assert!(!is_sealed(&secret, key, &other), "{place}");
            assert!(!is_sealed(&secret, key, &entry[..place]), "{place}");
        }
        assert!(!is_sealed(&secret, key, &[&entry[..], b"x"].concat()), "longer");
        assert!(!is_sealed(&secret, [2; 32], &entry), "another key");
        assert!(!is_sealed(&Secret([8; 32]), key, &entry), "another secret");
    }

    #[test]
    fn a_secret_has_its_length_and_is_not_zero() {
        for bytes in [vec![], vec![7; 31], vec![7; 33], vec![0; 32]] {
            assert!(secret(bytes).is_none());
        }
    }
}
