//! Records travel unchanged, and bytes that are not a record are refused.

use commensal_abi::record::{FLAG_CONSTANT, FLAG_ZEROBLOB};
use commensal_abi::{Record, RecordError, Tag};
use proptest::prelude::*;

#[track_caller]
fn round_trip(record: Record) {
    assert_eq!(Record::from_bytes(&record.to_bytes()), Ok(record));
}

#[test]
fn corners() {
    for integer in [0, 1, -1, i64::MIN, i64::MAX, i64::from(i32::MIN), i64::from(u32::MAX)] {
        round_trip(Record::integer(integer));
        assert_eq!(Record::integer(integer).payload as i64, integer);
    }
    for real in [0.0, -0.0, f64::MIN, f64::MAX, f64::MIN_POSITIVE, 5e-324, f64::INFINITY, f64::NAN]
    {
        round_trip(Record::real(real));
        assert_eq!(Record::real(real).payload, real.to_bits());
    }
    for tag in [Tag::Error, Tag::Text, Tag::Blob] {
        for (pointer, len) in [(0, 0), (8, 0), (u32::MAX, u32::MAX)] {
            round_trip(Record::bytes(tag, pointer, len));
            assert_eq!(Record::bytes(tag, pointer, len).pointer(), pointer);
        }
    }
    round_trip(Record::NULL);
}

#[test]
fn the_layout() {
    let record =
        Record { subtype: 74, flags: FLAG_CONSTANT, ..Record::bytes(Tag::Text, 0x0102, 7) };
    assert_eq!(record.to_bytes(), [3, 74, 1, 0, 7, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0]);
    let integer = [1, 0, 0, 0, 0, 0, 0, 0, 0xfe, 255, 255, 255, 255, 255, 255, 255];
    assert_eq!(Record::integer(-2).to_bytes(), integer);
    assert_eq!(Record::real(1.0).to_bytes()[8..], [0, 0, 0, 0, 0, 0, 0xf0, 0x3f]);
}

#[test]
fn the_records_of_the_document() {
    let document = include_str!("../../../docs/abi.md");
    let mut tags = [0; 6];
    for line in document.lines().filter(|line| line.starts_with("0x")) {
        let words = line.split_whitespace().skip(1).take(Record::SIZE);
        let bytes: Vec<u8> = words.map_while(|word| u8::from_str_radix(word, 16).ok()).collect();
        // Shorter lines show text.
        if let Ok(bytes) = bytes.try_into() {
            let record = Record::from_bytes(&bytes).unwrap_or_else(|e| panic!("{e}: {line}"));
            tags[record.tag as usize] += 1;
        }
    }
    assert_eq!(tags, [1, 5, 0, 3, 0, 1]);
}

#[test]
fn reserved_bytes() {
    let text = Record::bytes(Tag::Text, 8, 3).to_bytes();
    let integer = Record::integer(-1).to_bytes();
    let cases = [
        (text, 0, 6, RecordError::Tag(6)),
        (text, 2, 2, RecordError::Reserved(2, 2)),
        (text, 3, 1, RecordError::Reserved(3, 1)),
        (text, 12, 1, RecordError::Reserved(12, 1)),
        (text, 15, 255, RecordError::Reserved(15, 255)),
        (integer, 4, 1, RecordError::Reserved(4, 1)),
        (integer, 7, 9, RecordError::Reserved(7, 9)),
    ];
    for (mut bytes, at, value, error) in cases {
        bytes[at] = value;
        assert_eq!(Record::from_bytes(&bytes), Err(error));
        assert_eq!(Record::result_from_bytes(&bytes), Err(error));
    }
    let constant = Record { flags: FLAG_CONSTANT, ..Record::NULL }.to_bytes();
    assert!(Record::from_bytes(&constant).is_ok());
    assert_eq!(Record::result_from_bytes(&constant), Err(RecordError::Reserved(2, 1)));
}

#[test]
fn flags_of_results() {
    let zeros =
        Record { flags: FLAG_ZEROBLOB, subtype: 7, ..Record::bytes(Tag::Blob, 0, u32::MAX) };
    assert_eq!(zeros.to_bytes(), [4, 7, 2, 0, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(Record::flagged_from_bytes(&zeros.to_bytes()), Ok(zeros));
    assert_eq!(Record::result_from_bytes(&zeros.to_bytes()), Err(RecordError::Reserved(2, 2)));
    let cases = [
        (0, 3, RecordError::Reserved(2, 2)),
        (2, 3, RecordError::Reserved(2, 3)),
        (2, 8, RecordError::Reserved(2, 8)),
        (3, 1, RecordError::Reserved(3, 1)),
        (8, 9, RecordError::Reserved(8, 9)),
        (15, 1, RecordError::Reserved(15, 1)),
    ];
    for (at, value, error) in cases {
        let mut bytes = zeros.to_bytes();
        bytes[at] = value;
        assert_eq!(Record::flagged_from_bytes(&bytes), Err(error));
    }
    let pointer = Record::pointer_of(9, u64::MAX);
    let bytes = [5, 0, 4, 0, 9, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255];
    assert_eq!(pointer.to_bytes(), bytes);
    assert_eq!(Record::flagged_from_bytes(&bytes), Ok(pointer));
    assert_eq!(Record::result_from_bytes(&bytes), Err(RecordError::Reserved(2, 4)));
    for (at, value, error) in [
        (4, 0, RecordError::PointerType),
        (3, 1, RecordError::Reserved(3, 1)),
        (2, 6, RecordError::Reserved(2, 6)),
    ] {
        let mut bytes = bytes;
        bytes[at] = value;
        assert_eq!(Record::flagged_from_bytes(&bytes), Err(error));
    }
    let plain = Record::bytes(Tag::Text, 8, 3);
    assert_eq!(Record::flagged_from_bytes(&plain.to_bytes()), Ok(plain));
}

proptest! {
    #[test]
    fn every_integer(value: i64) {
        let record = Record::from_bytes(&Record::integer(value).to_bytes());
        prop_assert_eq!(record.map(|r| (r.tag, r.payload as i64)), Ok((Tag::Integer, value)));
    }

    #[test]
    fn every_real_bit_for_bit(bits: u64) {
        let record = Record::from_bytes(&Record::real(f64::from_bits(bits)).to_bytes());
        prop_assert_eq!(record.map(|r| (r.tag, r.payload)), Ok((Tag::Real, bits)));
    }

    #[test]
    fn every_range(tag in prop::sample::select(vec![Tag::Error, Tag::Text, Tag::Blob]), pointer: u32, len: u32, subtype: u8) {
        let record = Record { subtype, ..Record::bytes(tag, pointer, len) };
        prop_assert_eq!(Record::from_bytes(&record.to_bytes()), Ok(record));
        prop_assert_eq!(Record::result_from_bytes(&record.to_bytes()), Ok(record));
    }

    #[test]
    fn what_is_read_is_written_back(bytes: [u8; 16], tag in 0..6_u8) {
        let mut bytes = bytes;
        // Most random bytes are refused; with these zeroed, many are not.
        (bytes[0], bytes[2], bytes[3]) = (tag, 0, 0);
        let reserved = if Tag::from_code(tag).is_some_and(Tag::is_bytes) { 12..16 } else { 4..8 };
        bytes[reserved].fill(0);
        prop_assert_eq!(Record::from_bytes(&bytes).map(Record::to_bytes), Ok(bytes));
    }
}
