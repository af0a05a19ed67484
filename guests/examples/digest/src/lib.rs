//! Cryptographic hash functions, as lower-case hexadecimal text.
//!
//! ```sql
//! CREATE EXTENSION digest LANGUAGE wasm AS file://guests/prebuilt/digest.wasm;
//! SELECT sha256('abc');          -- ba7816bf…
//! SELECT blake3(readfile('a'));  -- of a blob
//! ```
//!
//! Text is hashed as UTF-8, so `sha256('abc')` and `sha256(X'616263')` are the same. The hash of NULL is
//! NULL. Numbers are errors, because a number can be written as text in several ways.

use commensal_sdk::ValueRef;
use sha2::{Digest, Sha256, Sha512};

/// The bytes to hash; `None` for NULL.
fn input(value: ValueRef<'_>) -> Result<Option<&[u8]>, String> {
    match value {
        ValueRef::Null => Ok(None),
        ValueRef::Text(text) => Ok(Some(text.as_bytes())),
        ValueRef::Blob(bytes) => Ok(Some(bytes)),
        ValueRef::Integer(_) | ValueRef::Real(_) => Err(format!(
            "only text and blobs have a hash, not {}: use CAST(… AS TEXT)",
            value.class()
        )),
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS[usize::from(nibble)] as char;
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// SHA-256 of text or a blob.
///
/// # Errors
/// The argument is a number.
#[commensal_sdk::function(deterministic)]
pub fn sha256(value: ValueRef<'_>) -> Result<Option<String>, String> {
    Ok(input(value)?.map(|bytes| hex(&Sha256::digest(bytes))))
}

/// SHA-512 of text or a blob.
///
/// # Errors
/// The argument is a number.
#[commensal_sdk::function(deterministic)]
pub fn sha512(value: ValueRef<'_>) -> Result<Option<String>, String> {
    Ok(input(value)?.map(|bytes| hex(&Sha512::digest(bytes))))
}

/// BLAKE3 of text or a blob.
///
/// # Errors
/// The argument is a number.
#[commensal_sdk::function(deterministic)]
pub fn blake3(value: ValueRef<'_>) -> Result<Option<String>, String> {
    Ok(input(value)?.map(|bytes| hex(::blake3::hash(bytes).as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_test_vectors() {
        let sha256_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(ValueRef::Text("abc")).unwrap().unwrap(), sha256_abc);
        assert_eq!(sha256(ValueRef::Blob(b"abc")).unwrap().unwrap(), sha256_abc);
        assert_eq!(
            sha256(ValueRef::Text("")).unwrap().unwrap(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(
            sha512(ValueRef::Text("abc")).unwrap().unwrap(),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
             2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        );
        assert_eq!(
            blake3(ValueRef::Blob(b"")).unwrap().unwrap(),
            "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
        );
    }

    #[test]
    fn only_bytes_have_a_hash() {
        assert_eq!(sha256(ValueRef::Null), Ok(None));
        assert!(sha512(ValueRef::Integer(1)).unwrap_err().contains("not integer"));
        assert!(blake3(ValueRef::Real(0.5)).unwrap_err().contains("not real"));
    }
}
