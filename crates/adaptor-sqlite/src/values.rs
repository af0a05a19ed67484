//! SQLite's values as arguments of a guest.

use std::ffi::c_int;

use commensal_core::guest::{Arguments, Null, Plain, Unreadable};
use commensal_core::{Result, ValueRef};

use crate::api::code::*;
use crate::api::{Api, sqlite3_value};
use crate::pointer;
use crate::statement::bytes;

/// SQLite's values as arguments.
#[derive(Clone, Copy)]
pub(crate) struct Values<'a> {
    api: &'static Api,
    values: &'a [*mut sqlite3_value],
}

impl Values<'_> {
    /// # Safety
    /// `argv` points to `argc` values of the library of `api` that live as long as this.
    #[inline]
    pub(crate) unsafe fn new(
        api: &'static Api,
        argc: c_int,
        argv: *mut *mut sqlite3_value,
    ) -> Self {
        let values: &[_] = match usize::try_from(argc) {
            // SAFETY: the caller's promise.
            Ok(argc) if argc > 0 => unsafe { std::slice::from_raw_parts(argv, argc) },
            _ => &[],
        };
        Self { api, values }
    }

    /// Whether it is the value of a column that an update leaves as it is.
    pub(crate) fn is_nochange(&self, position: usize) -> bool {
        // SAFETY: SQLite gave the value for the duration of the call, which `self` does not outlive.
        unsafe { (self.api.sqlite3_value_nochange)(self.values[position]) != 0 }
    }

    /// All but the first `count`.
    #[inline]
    pub(crate) fn after(&self, count: usize) -> Self {
        Self { api: self.api, values: self.values.get(count..).unwrap_or_default() }
    }
}

impl Arguments for Values<'_> {
    #[inline]
    fn len(&self) -> usize {
        self.values.len()
    }

    #[inline(always)]
    fn get(&self, position: usize) -> Result<ValueRef<'_>, Unreadable> {
        // SAFETY: SQLite gave the value for the duration of the call, which `self` does not outlive.
        unsafe { value_ref(self.api, self.values[position]) }
    }

    #[inline(always)]
    fn integer(&self, position: usize) -> Option<i64> {
        let (api, value) = (self.api, *self.values.get(position)?);
        // SAFETY: as above.
        unsafe {
            match (api.sqlite3_value_type)(value) {
                SQLITE_INTEGER => Some((api.sqlite3_value_int64)(value)),
                _ => None,
            }
        }
    }

    #[inline(always)]
    fn real(&self, position: usize) -> Option<f64> {
        let (api, value) = (self.api, *self.values.get(position)?);
        // SAFETY: as above.
        unsafe {
            match (api.sqlite3_value_type)(value) {
                SQLITE_FLOAT => Some((api.sqlite3_value_double)(value)),
                SQLITE_INTEGER => Some((api.sqlite3_value_int64)(value) as f64),
                _ => None,
            }
        }
    }

    #[inline(always)]
    fn plain(&self, position: usize) -> Option<Plain<'_>> {
        let (api, value) = (self.api, *self.values.get(position)?);
        // SAFETY: as above.
        unsafe {
            match (api.sqlite3_value_type)(value) {
                SQLITE_INTEGER => Some(Plain::Integer((api.sqlite3_value_int64)(value))),
                SQLITE_TEXT => {
                    let text = (api.sqlite3_value_text)(value);
                    if text.is_null() {
                        // `get` says why.
                        return None;
                    }
                    utf8(bytes(text, (api.sqlite3_value_bytes)(value))).map(Plain::Text)
                }
                _ => None,
            }
        }
    }

    #[inline(always)]
    fn text(&self, position: usize) -> Option<&str> {
        let (api, value) = (self.api, *self.values.get(position)?);
        // SAFETY: as above.
        let text = unsafe {
            if (api.sqlite3_value_type)(value) != SQLITE_TEXT {
                return None;
            }
            let text = (api.sqlite3_value_text)(value);
            if text.is_null() {
                // `get` says why.
                return None;
            }
            bytes(text, (api.sqlite3_value_bytes)(value))
        };
        utf8(text)
    }

    fn null(&self, position: usize) -> Null {
        // SAFETY: as above.
        unsafe { pointer::of(self.api, self.values[position]) }
    }

    #[inline]
    fn subtype(&self, position: usize) -> u8 {
        // SAFETY: as above. Subtypes are one byte.
        unsafe { (self.api.sqlite3_value_subtype)(self.values[position]) as u8 }
    }
}

/// Text, if it is UTF-8. Most text is ASCII, which takes a third of the time to check.
#[inline]
pub(crate) fn utf8(text: &[u8]) -> Option<&str> {
    match is_ascii(text) {
        // SAFETY: ASCII is UTF-8.
        true => Some(unsafe { std::str::from_utf8_unchecked(text) }),
        false => std::str::from_utf8(text).ok(),
    }
}

/// The same as that of a slice, which looks at one word at a time.
#[inline]
fn is_ascii(text: &[u8]) -> bool {
    const HIGH: u128 = u128::from_ne_bytes([0x80; 16]);
    let Some(last) = text.last_chunk::<16>() else { return text.is_ascii() };
    let (chunks, _) = text.as_chunks::<16>();
    // Blocks, because long text that is not ASCII says so soon.
    let mut blocks = chunks.chunks(16);
    let joined = |a: u128, chunk: &[u8; 16]| a | u128::from_ne_bytes(*chunk);
    blocks.all(|block| block.iter().fold(0, joined) & HIGH == 0)
        && u128::from_ne_bytes(*last) & HIGH == 0
}

/// A value of SQLite's.
///
/// # Safety
/// SQLite gave the value, which lives as long as `'a`.
#[inline(always)]
pub(crate) unsafe fn value_ref<'a>(
    api: &'static Api,
    value: *mut sqlite3_value,
) -> Result<ValueRef<'a>, Unreadable> {
    // SAFETY: the caller's promise. The bytes stay until the value is asked for in another form, which
    // nobody does; the length is asked after the pointer, as the C API demands.
    unsafe {
        // No pointer means no memory: to convert the text, or to write out a blob of zeros.
        Ok(match (api.sqlite3_value_type)(value) {
            SQLITE_INTEGER => ValueRef::Integer((api.sqlite3_value_int64)(value)),
            SQLITE_FLOAT => ValueRef::Real((api.sqlite3_value_double)(value)),
            SQLITE_TEXT => {
                let text = (api.sqlite3_value_text)(value);
                if text.is_null() {
                    return Err(Unreadable::NoMemory);
                }
                let text = bytes(text, (api.sqlite3_value_bytes)(value));
                ValueRef::Text(std::str::from_utf8(text).map_err(|_| Unreadable::InvalidUtf8)?)
            }
            SQLITE_BLOB => {
                let blob = (api.sqlite3_value_blob)(value).cast::<u8>();
                let len = (api.sqlite3_value_bytes)(value);
                if blob.is_null() && len > 0 {
                    return Err(Unreadable::NoMemory);
                }
                ValueRef::Blob(bytes(blob, len))
            }
            _ => ValueRef::Null,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_that_is_not_ascii_is_found() {
        for len in (0..70).chain(250..290).chain(510..530) {
            let mut text = vec![b'a'; len];
            assert!(is_ascii(&text), "{len}");
            for place in 0..len {
                for byte in [0x80, 0xff] {
                    text[place] = byte;
                    assert!(!is_ascii(&text), "{place} of {len}");
                }
                text[place] = 0x7f;
            }
        }
    }
}
