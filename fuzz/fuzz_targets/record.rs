//! Sixteen bytes into the record: refused, or written back as they were.
#![no_main]

use commensal_core::abi::Record;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: [u8; Record::SIZE]| {
    let argument = Record::from_bytes(&bytes);
    if let Ok(record) = argument {
        assert_eq!(record.to_bytes(), bytes);
        assert!(record.tag.is_bytes() || record.len == 0);
    }
    match Record::result_from_bytes(&bytes) {
        Ok(record) => assert_eq!((Ok(record), record.flags), (argument, 0)),
        Err(_) => assert!(argument.is_err() || bytes[2] != 0),
    }
});
