//! The 16-byte record in which every argument and every result travels.
//!
//! | offset | size | field |
//! |---|---|---|
//! | 0 | 1 | tag |
//! | 1 | 1 | subtype |
//! | 2 | 1 | flags |
//! | 3 | 1 | zero |
//! | 4 | 4 | len |
//! | 8 | 8 | payload |

use core::fmt;

/// What a record holds. 1 to 5 are SQLite's own
/// [datatype codes](https://www.sqlite.org/c3ref/c_blob.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Tag {
    /// An error; the payload is its message.
    Error = 0,
    /// A 64-bit signed integer.
    Integer = 1,
    /// A 64-bit IEEE 754 number.
    Real = 2,
    /// UTF-8 text, which may contain NUL bytes.
    Text = 3,
    /// Bytes.
    Blob = 4,
    /// SQL NULL.
    Null = 5,
}

impl Tag {
    /// The tag with this code, if there is one.
    #[inline]
    pub const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Error,
            1 => Self::Integer,
            2 => Self::Real,
            3 => Self::Text,
            4 => Self::Blob,
            5 => Self::Null,
            _ => return None,
        })
    }

    /// Whether the payload is a pointer to `len` bytes.
    #[inline]
    pub const fn is_bytes(self) -> bool {
        matches!(self, Self::Error | Self::Text | Self::Blob)
    }
}

/// Flag: this argument has the same value in every call of the statement.
pub const FLAG_CONSTANT: u8 = 1;

/// Flag of a blob result that consists of `len` zero bytes. The guest stores none of them; the pointer is 0.
pub const FLAG_ZEROBLOB: u8 = 2;

/// Flag of a NULL that stands for an object of the guest. `len` is the object's type, which is not 0; the payload
/// is its number.
pub const FLAG_POINTER: u8 = 4;

/// Flag of a NULL among the arguments of a table's `update`: the column keeps its value.
pub const FLAG_NOCHANGE: u8 = 8;

/// A decoded record. `len` and `payload` mean what `tag` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// What the record holds.
    pub tag: Tag,
    /// SQLite's value subtype (74, `'J'`, for JSON); 0 for none.
    pub subtype: u8,
    /// The flags, as constants of this module; 0 for none.
    pub flags: u8,
    /// Bytes of text, blob or error message; 0 for the other tags.
    pub len: u32,
    /// The integer, the bits of the real, or the pointer to the bytes.
    pub payload: u64,
}

/// Why sixteen bytes are not a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordError {
    /// The tag byte is not one of 0 to 5.
    Tag(u8),
    /// A byte that must be zero is not: its offset in the record and its value.
    Reserved(u8, u8),
    /// A pointer's type is 0.
    PointerType,
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(code) => write!(f, "unknown tag {code} (0 to 5 are known)"),
            Self::Reserved(offset, value) => {
                write!(f, "byte {offset} of the record must be 0 but is {value}")
            }
            Self::PointerType => f.write_str("a pointer's type, its len, must not be 0"),
        }
    }
}

impl core::error::Error for RecordError {}

impl Record {
    /// Bytes of a record.
    pub const SIZE: usize = 16;
    /// Alignment of a record in guest memory.
    pub const ALIGN: usize = 8;

    /// The record of SQL NULL.
    pub const NULL: Self = Self { tag: Tag::Null, subtype: 0, flags: 0, len: 0, payload: 0 };

    /// The record of a column that keeps its value.
    pub const NOCHANGE: Self = Self { flags: FLAG_NOCHANGE, ..Self::NULL };

    /// The record of a pointer.
    pub const fn pointer_of(ty: u32, payload: u64) -> Self {
        Self { flags: FLAG_POINTER, len: ty, payload, ..Self::NULL }
    }

    /// The record of an integer.
    #[inline]
    pub const fn integer(value: i64) -> Self {
        Self { tag: Tag::Integer, payload: value as u64, ..Self::NULL }
    }

    /// The record of a real.
    #[inline]
    pub const fn real(value: f64) -> Self {
        Self { tag: Tag::Real, payload: value.to_bits(), ..Self::NULL }
    }

    /// The record of text, a blob or an error message of `len` bytes at `pointer`.
    #[inline]
    pub const fn bytes(tag: Tag, pointer: u32, len: u32) -> Self {
        Self { tag, len, payload: pointer as u64, ..Self::NULL }
    }

    /// The record as two words, which are little-endian in guest memory.
    #[inline]
    pub const fn to_words(self) -> [u64; 2] {
        let head = self.tag as u64
            | (self.subtype as u64) << 8
            | (self.flags as u64) << 16
            | (self.len as u64) << 32;
        [head, self.payload]
    }

    /// The integer, if the bytes are an integer's record without subtype and flags. Most results are, and one
    /// comparison tells.
    #[inline]
    pub const fn plain_integer(bytes: &[u8; Self::SIZE]) -> Option<i64> {
        let [a, b, c, d, e, f, g, h, payload @ ..] = *bytes;
        let head = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        if head == Tag::Integer as u64 { Some(i64::from_le_bytes(payload)) } else { None }
    }

    /// The record as its bytes in guest memory.
    #[inline]
    pub const fn to_bytes(self) -> [u8; Self::SIZE] {
        let [head, payload] = self.to_words();
        let (h, p) = (head.to_le_bytes(), payload.to_le_bytes());
        [
            h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7], p[0], p[1], p[2], p[3], p[4], p[5],
            p[6], p[7],
        ]
    }

    /// Reads an argument record.
    ///
    /// # Errors
    /// An unknown tag, or a byte that must be zero and is not.
    #[inline]
    pub const fn from_bytes(bytes: &[u8; Self::SIZE]) -> Result<Self, RecordError> {
        Self::read(bytes, FLAG_CONSTANT)
    }

    /// Reads a result record without flags, as nearly all are.
    ///
    /// # Errors
    /// Like [`Record::from_bytes`]. A record with flags fails too; [`Record::flagged_from_bytes`] reads it.
    #[inline]
    pub const fn result_from_bytes(bytes: &[u8; Self::SIZE]) -> Result<Self, RecordError> {
        Self::read(bytes, 0)
    }

    /// Reads a result record, which may have a flag.
    ///
    /// # Errors
    /// Like [`Record::from_bytes`].
    pub const fn flagged_from_bytes(bytes: &[u8; Self::SIZE]) -> Result<Self, RecordError> {
        let [tag, subtype, flags, reserved, a, b, c, d, payload @ ..] = *bytes;
        let (head, payload) = (u64::from_le_bytes([0, 0, 0, reserved, 0, 0, 0, 0]), payload);
        let payload = u64::from_le_bytes(payload);
        let (tag, zero_payload) = match (Tag::from_code(tag), flags) {
            (Some(tag @ Tag::Blob), FLAG_ZEROBLOB) => (tag, u64::MAX),
            (Some(Tag::Null), FLAG_POINTER) if matches!([a, b, c, d], [0, 0, 0, 0]) => {
                return Err(RecordError::PointerType);
            }
            (Some(tag @ Tag::Null), FLAG_POINTER) => (tag, 0),
            _ => return Self::result_from_bytes(bytes),
        };
        if head != 0 || payload & zero_payload != 0 {
            return Err(Self::reserved([head, payload], [u64::MAX, zero_payload]));
        }
        Ok(Self { tag, subtype, flags, len: u32::from_le_bytes([a, b, c, d]), payload })
    }

    /// Reads a value in a batch of a table that marks the values that an update may leave unchanged.
    ///
    /// # Errors
    /// Like [`Record::flagged_from_bytes`].
    pub const fn keepable_from_bytes(bytes: &[u8; Self::SIZE]) -> Result<Self, RecordError> {
        let mut value = *bytes;
        if Self::is_keepable(bytes) {
            value[2] = 0;
        }
        Self::flagged_from_bytes(&value)
    }

    /// Whether a value in a batch is one that an update may leave unchanged.
    pub const fn is_keepable(bytes: &[u8; Self::SIZE]) -> bool {
        bytes[2] == FLAG_NOCHANGE
    }

    /// Reads two words, because guests usually write two. A wider load would wait for both stores.
    #[inline]
    const fn read(b: &[u8; Self::SIZE], flags: u8) -> Result<Self, RecordError> {
        let (Some(head), Some(payload)) = (b.first_chunk(), b.last_chunk()) else {
            unreachable!();
        };
        let (head, payload) = (u64::from_le_bytes(*head), u64::from_le_bytes(*payload));
        let Some(tag) = Tag::from_code(head as u8) else {
            return Err(RecordError::Tag(head as u8));
        };
        let (zero_head, zero_payload) =
            if tag.is_bytes() { (0, u64::MAX << 32) } else { (u64::MAX << 32, 0) };
        let zero_head = zero_head | 0xff << 24 | (!flags as u64) << 16;
        if head & zero_head != 0 || payload & zero_payload != 0 {
            return Err(Self::reserved([head, payload], [zero_head, zero_payload]));
        }
        Ok(Self {
            tag,
            subtype: (head >> 8) as u8,
            flags: (head >> 16) as u8,
            len: (head >> 32) as u32,
            payload,
        })
    }

    /// Names the first byte that is set where it must be zero.
    #[cold]
    const fn reserved(words: [u64; 2], zero: [u64; 2]) -> RecordError {
        let i = if words[0] & zero[0] != 0 { 0 } else { 1 };
        let byte = (words[i] & zero[i]).trailing_zeros() / 8;
        RecordError::Reserved(i as u8 * 8 + byte as u8, (words[i] >> (byte * 8)) as u8)
    }

    /// The pointer of text, blob or error message.
    #[inline]
    pub const fn pointer(self) -> u32 {
        self.payload as u32
    }
}
