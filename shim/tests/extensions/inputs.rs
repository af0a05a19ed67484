//! Values for the parameters of queries. The generator starts anew for each query, so that a failure can
//! be repeated.

use std::hash::{DefaultHasher, Hash, Hasher};

pub(crate) use commensal::Value;

/// A kind of values.
#[derive(Clone, Copy)]
pub(crate) enum Input {
    /// Any class.
    Any,
    /// An integer; small and large ones are equally frequent.
    Integer,
    /// An integer in this range.
    Within(i64, i64),
    /// A number.
    Number,
    /// A real of any size.
    Real,
    /// Text of any characters.
    Text,
    /// Text of few different letters, so that two of them have much in common.
    Word,
    /// A pattern of few different letters.
    Pattern(&'static str),
    /// Text of these characters.
    Of(&'static str),
    /// A blob.
    Blob,
    /// Bytes of UTF-16 in any order, with byte-order marks, lone surrogates and half a unit at the end.
    Units,
    /// Bytes that are UTF-8 or nearly so.
    Utf8,
    /// A JSON array of numbers and of texts that are numbers.
    Numbers,
    /// One of these texts.
    OneOf(&'static [&'static str]),
}

impl Input {
    pub(crate) fn value(&self, random: &mut Random) -> Value {
        match *self {
            Self::Any => match random.below(12) {
                0 => Value::Null,
                1 | 2 => Self::Integer.value(random),
                3 | 4 => Self::Real.value(random),
                5 | 6 => Self::Blob.value(random),
                7 | 8 => Self::Of("0123456789.eE+- x").value(random),
                _ => Self::Text.value(random),
            },
            Self::Integer => {
                let bits = random.below(64);
                Value::Integer((random.next() as i64) >> bits)
            }
            Self::Within(least, most) => {
                Value::Integer(least + random.below((most - least + 1) as u64) as i64)
            }
            Self::Number => match random.below(2) {
                0 => Self::Integer.value(random),
                _ => Self::Real.value(random),
            },
            Self::Real => Value::Real(real(random)),
            Self::Text => text(random, "abcXYZ019 -_.,'\"\\%\n\téß∂𝄞", 24),
            Self::Word => text(random, "abAB", 8),
            Self::Pattern(letters) => text(random, letters, 8),
            Self::Of(letters) => text(random, letters, 24),
            Self::Blob => {
                let len = random.below(40);
                Value::Blob((0..len).map(|_| random.next() as u8).collect())
            }
            Self::Units => {
                const UNITS: &[u16] = &[
                    0xfeff, 0xfffe, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xd83d, 0xde00, 0xffff, 0x41,
                    0xe9, 0x20ac, 0x7ff, 0x800, 0x4100, 0xfdd0, 0x3dd8, 0x00de,
                ];
                let mut bytes = Vec::new();
                for _ in 0..random.below(6) {
                    let unit = UNITS[random.below(UNITS.len() as u64) as usize];
                    bytes.extend(unit.to_le_bytes());
                }
                if random.below(4) == 0 {
                    bytes.push(random.next() as u8);
                }
                Value::Blob(bytes)
            }
            Self::Utf8 => {
                const PARTS: &[&[u8]] = &[
                    b"a",
                    b"\xef\xbb\xbf",
                    b"\xef\xbf\xbf",
                    b"\xef\xbf\xbe",
                    b"\xf0\x9f\x98\x80",
                    b"\xed\xa0\x80",
                    b"\xc0\x80",
                    b"\x80",
                    b"\xc3",
                    b"\xf4\x90\x80\x80",
                    b"\xff",
                    b"\xfb\xbf\xbf\xbf\xbf",
                    b"\xc3\xa9\x80",
                    b"\xe2\x82",
                    b"\0",
                ];
                let parts =
                    (0..random.below(5)).map(|_| PARTS[random.below(PARTS.len() as u64) as usize]);
                Value::Blob(parts.collect::<Vec<_>>().concat())
            }
            Self::Numbers => {
                let number = |random: &mut Random| match random.below(4) {
                    0 => random.below(100).to_string(),
                    1 => format!("\"{}\"", random.below(1000) as f64 / 8.0),
                    2 => format!("{:?}", random.below(1000) as f64 / 10.0 - 50.0),
                    _ => (random.below(20) as i64 - 10).to_string(),
                };
                let len = random.below(30);
                let numbers: Vec<String> = (0..len).map(|_| number(random)).collect();
                Value::Text(format!("[{}]", numbers.join(",")))
            }
            Self::OneOf(texts) => {
                Value::Text(texts[random.below(texts.len() as u64) as usize].to_owned())
            }
        }
    }
}

/// Reals of all exponents, with few digits and with all.
fn real(random: &mut Random) -> f64 {
    match random.below(4) {
        0 => f64::from(random.next() as i32) / 1000.0,
        1 => (random.below(2_000_000) as f64 - 1e6) / 100.0,
        2 => (random.below(1000) as f64) * 10f64.powi(random.below(40) as i32 - 20),
        _ => loop {
            let real = f64::from_bits(random.next());
            if real.is_finite() {
                break real;
            }
        },
    }
}

fn text(random: &mut Random, letters: &str, len_max: u64) -> Value {
    let letters: Vec<char> = letters.chars().collect();
    let len = random.below(len_max);
    Value::Text((0..len).map(|_| letters[random.below(letters.len() as u64) as usize]).collect())
}

/// A text that is the same for equal values. Reals are shown by their bits, zeros without a sign.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Real(real) => format!("{:?} {:x}", real, (real + 0.0).to_bits()),
        value => format!("{value:?}"),
    }
}

/// Xorshift, with a text as the seed.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        seed.hash(&mut hasher);
        Self(hasher.finish() | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        (self.next() >> 11) % end
    }
}
