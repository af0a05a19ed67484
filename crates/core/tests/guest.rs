//! Calls by ABI version 1, against an instance written in Rust: once with memory that the host can
//! address, once with memory that it can only copy from and to, as in a browser.

use std::sync::Arc;
use std::time::Duration;

use commensal_core::abi::Record;
use commensal_core::fault::Fault;
use commensal_core::guest::{
    Appended, Arguments, Batch, CallError, Callee, Guest, Null, Pointer, Sink, Unreadable,
};
use commensal_core::host::{HostServices, HostState, LogLevel};
use commensal_core::limits::Capabilities;
use commensal_core::manifest::{Param, Signature};
use commensal_core::runtime::{
    CompiledModule, FunctionId, Instance, InstanceConfig, Memory, OutOfBounds, ResolveError, Shape,
    StatementBudget,
};
use commensal_core::{StorageClass, Value, ValueRef};
use proptest::prelude::*;

/// The guest's code: it gets memory, argument count and address, and returns the address of the result.
type Body = fn(&mut [u8], u32, u32) -> Result<u32, Fault>;

#[derive(Clone)]
struct Double {
    body: Body,
    scratch: fn(&mut Vec<u8>, u32) -> Result<u32, Fault>,
    addressable: bool,
}

struct DoubleInstance {
    double: Double,
    memory: Vec<u8>,
    host: HostState,
}

impl CompiledModule for Double {
    fn instantiate(&self, config: InstanceConfig) -> Result<Box<dyn Instance>, Fault> {
        let memory = vec![0; 64 << 10];
        Ok(Box::new(DoubleInstance { double: self.clone(), memory, host: config.host }))
    }

    fn code_bytes(&self) -> usize {
        0
    }

    fn stack_bytes(&self) -> usize {
        0
    }

    fn imports(&self, _: &dyn Fn(&str, &str) -> bool) -> bool {
        false
    }
}

impl Memory for DoubleInstance {
    fn memory(&mut self) -> Option<&mut [u8]> {
        self.double.addressable.then_some(&mut self.memory)
    }

    fn memory_bytes(&self) -> usize {
        self.memory.len()
    }

    fn read(&mut self, offset: u32, into: &mut [u8]) -> Result<(), OutOfBounds> {
        let start = offset as usize;
        into.copy_from_slice(self.memory.get(start..start + into.len()).ok_or(OutOfBounds)?);
        Ok(())
    }

    fn write(&mut self, offset: u32, from: &[u8]) -> Result<(), OutOfBounds> {
        let start = offset as usize;
        let to = self.memory.get_mut(start..start + from.len()).ok_or(OutOfBounds)?;
        to.copy_from_slice(from);
        Ok(())
    }
}

/// The number of `commensal_scratch`.
const SCRATCH: FunctionId = FunctionId(1);

impl Instance for DoubleInstance {
    fn resolve(&mut self, _: &str, shape: Shape<'_>) -> Result<FunctionId, ResolveError> {
        Ok(if shape == Shape::SCRATCH { SCRATCH } else { FunctionId(0) })
    }

    fn global(&mut self, export: &str) -> Option<u32> {
        (export == commensal_core::abi::EXPORT_FAULT).then_some(FAULT_RECORD)
    }

    fn call(
        &mut self,
        function: FunctionId,
        params: &[u64],
        _: &mut StatementBudget,
    ) -> Result<u64, Box<Fault>> {
        let word = |index: usize| params[index] as u32;
        let result = match function {
            SCRATCH => (self.double.scratch)(&mut self.memory, word(0)),
            _ => (self.double.body)(&mut self.memory, word(0), word(1)),
        };
        result.map(u64::from).map_err(Box::new)
    }

    fn with_host(&mut self, body: &mut dyn FnMut(&mut HostState)) {
        body(&mut self.host);
    }

    fn fuel_used(&self) -> Option<u64> {
        None
    }
}

struct NoServices;

impl HostServices for NoServices {
    fn interrupted(&self) -> bool {
        false
    }
    fn log(&self, _: LogLevel, _: &str) {}
    fn now_ns(&self) -> i64 {
        0
    }
    fn random(&self, _: &mut [u8]) -> Result<(), String> {
        Err("there is none".into())
    }
}

/// Where the double keeps its last words.
const FAULT_RECORD: u32 = 64;
/// Where the double writes results.
const RESULT: u32 = 128;

fn grow(memory: &mut Vec<u8>, size: u32) -> Result<u32, Fault> {
    let at = 1024;
    let end = at + size as usize;
    if memory.len() < end {
        memory.resize(end, 0);
    }
    Ok(at as u32)
}

fn result(memory: &mut [u8], record: [u8; 16]) -> Result<u32, Fault> {
    memory[RESULT as usize..RESULT as usize + 16].copy_from_slice(&record);
    Ok(RESULT)
}

fn record(tag: u8, len: u32, payload: u64) -> [u8; 16] {
    let mut record = [0; 16];
    record[0] = tag;
    record[4..8].copy_from_slice(&len.to_le_bytes());
    record[8..].copy_from_slice(&payload.to_le_bytes());
    record
}

/// Returns the last argument's own record.
fn last(memory: &mut [u8], argc: u32, argv: u32) -> Result<u32, Fault> {
    let _ = memory;
    Ok(argv + 16 * (argc - 1))
}

fn guest(double: &Double) -> Result<Guest, CallError> {
    let config = InstanceConfig {
        memory_bytes_max: usize::MAX,
        table_elements_max: 0,
        call_timeout: Duration::MAX,
        fuel: None,
        host: HostState::new(Capabilities::NONE, Arc::new(NoServices)),
    };
    Guest::new(double, config, &mut budget()).map_err(|error| *error)
}

fn budget() -> StatementBudget {
    StatementBudget::new(Duration::MAX)
}

fn call(
    guest: &mut Guest,
    signature: &Signature,
    arguments: &[ValueRef<'_>],
) -> Result<Value, CallError> {
    let callee =
        Callee { function: FunctionId(0), signature, subtype: true, result_bytes_max: 1 << 20 };
    guest
        .call(callee, arguments, &mut budget(), |value: ValueRef<'_>, _: u8| value.to_owned())
        .map_err(|error| *error)
}

/// Calls with both kinds of memory, whose results must be the same.
fn both(body: Body, signature: &Signature, arguments: &[ValueRef<'_>]) -> Result<Value, CallError> {
    let [one, other] = [true, false].map(|addressable| {
        let double = Double { body, scratch: grow, addressable };
        guest(&double).and_then(|mut guest| call(&mut guest, signature, arguments))
    });
    assert_eq!(format!("{one:?}"), format!("{other:?}"), "both kinds of memory give the same");
    one
}

fn values() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::Integer),
        any::<f64>().prop_filter("NaN becomes NULL", |r| !r.is_nan()).prop_map(Value::Real),
        ".{0,40}".prop_map(Value::Text),
        proptest::collection::vec(any::<u8>(), 0..6000).prop_map(Value::Blob),
    ]
}

proptest! {
    #[test]
    fn the_last_of_any_arguments_comes_back(arguments in proptest::collection::vec(values(), 1..6)) {
        let borrowed: Vec<ValueRef<'_>> = arguments.iter().map(Value::as_ref).collect();
        let got = both(last, &Signature::ANY, &borrowed);
        prop_assert_eq!(got.as_ref(), Ok(arguments.last().expect("at least one")));
    }
}

#[test]
fn one_instance_takes_small_arguments_after_large_ones() {
    for addressable in [true, false] {
        let double = Double { body: last, scratch: grow, addressable };
        let mut guest = guest(&double).expect("it starts");
        let large = "x".repeat(500_000);
        for text in ["small", &large, "", &large[..5000], "small again"] {
            let got = call(&mut guest, &Signature::ANY, &[ValueRef::Text(text)]);
            assert_eq!(got, Ok(Value::Text(text.to_owned())));
        }
    }
}

fn signature(params: &[Param], returns: Option<StorageClass>) -> Signature {
    Signature { params: params.to_vec(), variadic: None, returns, ..Signature::ANY }
}

const TEXT: Param = Param { class: Some(StorageClass::Text), nullable: false };
const TEXT_OR_NULL: Param = Param { class: Some(StorageClass::Text), nullable: true };
const REAL: Param = Param { class: Some(StorageClass::Real), nullable: false };

fn trap(_: &mut [u8], _: u32, _: u32) -> Result<u32, Fault> {
    Err(Fault::Trap("called".into()))
}

#[test]
fn parameters_are_checked_from_left_to_right_before_the_guest_is_called() {
    use ValueRef::{Integer, Null, Text};
    let argument = |what: &str| Err(CallError::Argument(what.to_owned()));
    for (params, arguments, expected) in [
        (&[TEXT][..], &[Null][..], Ok(Value::Null)),
        (&[TEXT, TEXT], &[Null, Integer(1)], Ok(Value::Null)),
        (&[TEXT, TEXT], &[Integer(1), Null], argument("argument 1 has to be text but is integer")),
        (&[REAL], &[Text("1")], argument("argument 1 has to be real but is text")),
        (&[TEXT_OR_NULL, REAL], &[Null, Null], Ok(Value::Null)),
        (&[TEXT], &[], argument("wrong number of arguments: it takes at least 1 but got 0")),
        (
            &[TEXT],
            &[Text("a"), Text("b")],
            argument("wrong number of arguments: it takes 1 but got 2"),
        ),
    ] {
        assert_eq!(both(trap, &signature(params, None), arguments), expected, "{arguments:?}");
    }
}

fn zeros(memory: &mut [u8], _: u32, _: u32) -> Result<u32, Fault> {
    memory[8..24].copy_from_slice(&[4, 0, 2, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    Ok(8)
}

#[test]
fn a_blob_of_zeros_is_a_blob() {
    let blob = signature(&[], Some(StorageClass::Blob));
    assert_eq!(both(zeros, &blob, &[]), Ok(Value::Blob(vec![0; 3])));
    let message = "it is declared to return text but returned blob";
    let text = both(zeros, &signature(&[], Some(StorageClass::Text)), &[]);
    assert_eq!(text, Err(CallError::Protocol(message.into())));
}

/// Returns a pointer if there are no arguments, otherwise the flags of the argument.
fn pointer(memory: &mut [u8], argc: u32, argv: u32) -> Result<u32, Fault> {
    let record = match argc {
        0 => Record::pointer_of(7, u64::MAX),
        _ => Record::integer(memory[argv as usize + 2].into()),
    };
    memory[8..24].copy_from_slice(&record.to_bytes());
    Ok(8)
}

/// Takes a pointer, like an engine that has pointers.
struct Take;

impl Sink<Option<Pointer>> for Take {
    fn value(self, _: ValueRef<'_>, _: u8) -> Option<Pointer> {
        None
    }

    fn pointer(self, pointer: Pointer) -> Option<Pointer> {
        Some(pointer)
    }
}

/// A pointer as the only argument.
struct Passed(Pointer);

impl Arguments for Passed {
    fn len(&self) -> usize {
        1
    }

    fn get(&self, _: usize) -> Result<ValueRef<'_>, Unreadable> {
        Ok(ValueRef::Null)
    }

    fn null(&self, _: usize) -> Null {
        Null::Pointer(self.0.sent())
    }
}

#[test]
fn a_pointer_comes_back_to_the_instance_that_made_it() {
    for addressable in [true, false] {
        let double = Double { body: pointer, scratch: grow, addressable };
        let [mut own, mut other] = [(); 2].map(|()| guest(&double).expect("it starts"));
        let signature = Signature::ANY;
        let callee = Callee {
            function: FunctionId(0),
            signature: &signature,
            subtype: false,
            result_bytes_max: 0,
        };
        let none: &[ValueRef<'_>] = &[];
        let made = own.call(callee, none, &mut budget(), Take);
        let passed = Passed(made.expect("a result").expect("a pointer"));
        let flags = |guest: &mut Guest| {
            let flags = |value: ValueRef<'_>, _: u8| value.to_owned();
            guest.call(callee, &passed, &mut budget(), flags).expect("a result")
        };
        assert_eq!(flags(&mut other), Value::Integer(0), "it has made none");
        let others = other.call(callee, none, &mut budget(), Take).expect("a result");
        assert_eq!(flags(&mut other), Value::Integer(0), "it has made {others:?}");
        assert_eq!(flags(&mut own), Value::Integer(4));
        assert_eq!(call(&mut own, &signature, &[]), Ok(Value::Null), "who knows none has NULL");
    }
}

#[test]
fn an_integer_becomes_a_real_where_real_is_declared() {
    let real = signature(&[REAL], None);
    assert_eq!(both(last, &real, &[ValueRef::Integer(3)]), Ok(Value::Real(3.0)));
    let any = signature(&[Param::ANY], Some(StorageClass::Real));
    assert_eq!(both(last, &any, &[ValueRef::Integer(3)]), Ok(Value::Real(3.0)));
    assert_eq!(both(last, &any, &[ValueRef::Null]), Ok(Value::Null));
    let text = both(last, &any, &[ValueRef::Text("3")]);
    let message = "it is declared to return real but returned text";
    assert_eq!(text, Err(CallError::Protocol(message.into())));
}

#[test]
fn what_breaks_the_abi_is_refused() {
    fn pointer<const AT: u32>(_: &mut [u8], _: u32, _: u32) -> Result<u32, Fault> {
        Ok(AT)
    }
    fn tag(memory: &mut [u8], _: u32, _: u32) -> Result<u32, Fault> {
        result(memory, record(6, 0, 0))
    }
    fn reserved(memory: &mut [u8], _: u32, _: u32) -> Result<u32, Fault> {
        result(memory, record(3, 1, 1 << 32))
    }
    fn outside(memory: &mut [u8], _: u32, _: u32) -> Result<u32, Fault> {
        result(memory, record(4, 100, 65_500))
    }
    fn huge(memory: &mut [u8], _: u32, _: u32) -> Result<u32, Fault> {
        result(memory, record(0, u32::MAX, u32::MAX.into()))
    }
    fn not_utf8(memory: &mut [u8], _: u32, _: u32) -> Result<u32, Fault> {
        memory[200] = 0xff;
        result(memory, record(3, 1, 200))
    }
    for (body, expected) in [
        (pointer::<4> as Body, "its result at 4 is not 8-aligned"),
        (pointer::<65_528>, "its result at 65528 is outside of its memory of 65536 bytes"),
        (
            pointer::<0xffff_fff8>,
            "its result at 4294967288 is outside of its memory of 65536 bytes",
        ),
        (tag, "its result is not a record: unknown tag 6 (0 to 5 are known)"),
        (reserved, "its result is not a record: byte 12 of the record must be 0 but is 1"),
        (outside, "its result of 100 bytes at 65500 is outside of its memory of 65536 bytes"),
        (
            huge,
            "its result of 4294967295 bytes at 4294967295 is outside of its memory of 65536 bytes",
        ),
        (not_utf8, "its text is not valid UTF-8: invalid utf-8 sequence of 1 bytes from index 0"),
    ] {
        let got = both(body, &Signature::ANY, &[]);
        assert_eq!(got, Err(CallError::Protocol(expected.into())));
        assert!(!got.expect_err("just seen").instance_survives());
    }
}

#[test]
fn messages_are_shown_as_far_as_they_can_be() {
    fn odd(memory: &mut [u8], _: u32, _: u32) -> Result<u32, Fault> {
        memory[200..204].copy_from_slice(b"a\0b\xff");
        let mut record = record(0, 4, 200);
        record[1] = 19;
        result(memory, record)
    }
    fn long(memory: &mut [u8], _: u32, _: u32) -> Result<u32, Fault> {
        memory[10_000..20_000].fill(b'x');
        let mut record = record(0, 10_000, 10_000);
        record[1] = 9;
        result(memory, record)
    }
    let expected = CallError::Guest("a\u{FFFD}b\u{FFFD}".into(), Some(19));
    assert_eq!(both(odd, &Signature::ANY, &[]), Err(expected));
    let expected = CallError::Guest(format!("{}…", "x".repeat(4096)), None);
    assert_eq!(both(long, &Signature::ANY, &[]), Err(expected));
}

#[test]
fn last_words_are_read_after_a_trap_only() {
    fn panics(memory: &mut [u8], _: u32, _: u32) -> Result<u32, Fault> {
        memory[300..304].copy_from_slice(b"help");
        memory[64..80].copy_from_slice(&record(0, 4, 300));
        Err(Fault::Trap("unreachable".into()))
    }
    let fault = Fault::Trap("unreachable".into());
    let got = both(panics, &Signature::ANY, &[]);
    assert_eq!(got, Err(CallError::Fault(fault, Some("help".into()))));
    // A record of zeros is an error without a message, so there are no words.
    let got = both(trap, &Signature::ANY, &[]);
    assert_eq!(got, Err(CallError::Fault(Fault::Trap("called".into()), None)));
}

#[test]
fn a_bad_scratch_area_is_refused() {
    fn zero(_: &mut Vec<u8>, _: u32) -> Result<u32, Fault> {
        Ok(0)
    }
    fn misaligned(_: &mut Vec<u8>, _: u32) -> Result<u32, Fault> {
        Ok(1025)
    }
    fn outside(_: &mut Vec<u8>, _: u32) -> Result<u32, Fault> {
        Ok(0xffff_fff8)
    }
    fn traps(_: &mut Vec<u8>, _: u32) -> Result<u32, Fault> {
        Err(Fault::CallTimeout)
    }
    let start = |scratch, addressable| guest(&Double { body: last, scratch, addressable }).err();
    for addressable in [true, false] {
        for (scratch, expected) in [
            (zero as fn(&mut Vec<u8>, u32) -> _, CallError::ArgumentsTooLarge(4096)),
            (
                misaligned,
                CallError::Protocol(
                    "commensal_scratch returned 1025, which is not 8-aligned".into(),
                ),
            ),
            (
                outside,
                CallError::Protocol(
                    "commensal_scratch returned 4096 bytes at 4294967288, outside of its memory of \
                     65536 bytes"
                        .into(),
                ),
            ),
            (traps, CallError::Fault(Fault::CallTimeout, None)),
        ] {
            assert_eq!(start(scratch, addressable), Some(expected));
        }
    }
}

/// Returns, for each row of two integers, their sum and their difference, as rows of a table.
fn sums(memory: &mut [u8], _: u32, argv: u32) -> Result<u32, Fault> {
    let word = |memory: &[u8], record: u32| {
        let at = (argv + record * 16 + 8) as usize;
        i64::from_le_bytes(memory[at..at + 8].try_into().expect("eight bytes"))
    };
    let (factor, rows) = (word(memory, 0), word(memory, 1) as u32);
    let given = rows.min(1000);
    let mut batch = Vec::from(given.to_le_bytes());
    batch.extend(2_u32.to_le_bytes());
    for row in 0..given {
        let (a, b) = (word(memory, 2 + row * 2), word(memory, 3 + row * 2));
        for value in [row.into(), factor * (a + b), factor * (a - b)] {
            batch.extend(Record::integer(value).to_bytes());
        }
    }
    memory[BATCH..BATCH + batch.len()].copy_from_slice(&batch);
    result(memory, record(4, batch.len() as u32, BATCH as u64))
}

/// Where the double's rows are.
const BATCH: usize = 32 << 10;

#[test]
fn rows_are_mapped_to_rows_without_an_aggregate() {
    let integer = Param { class: Some(StorageClass::Integer), nullable: false };
    let signature = signature(&[integer, integer], None);
    for addressable in [true, false] {
        let double = Double { body: sums, scratch: grow, addressable };
        let mut guest = guest(&double).expect("it starts");
        let mut batch = Batch::new(1, 8 << 10);
        let mut map = |batch: &mut Batch| {
            let rows = guest.map_rows(batch, FunctionId(0), &[10], 2, &mut budget());
            let rows = rows.map_err(|error| *error)?;
            let mut values = Vec::new();
            for row in 0..rows.rows {
                let at = |column: u32| rows.first + row * rows.row_bytes + (column + 1) * 16;
                for column in [0, 1] {
                    let sink = |value: ValueRef<'_>, _: u8| value.to_owned();
                    let value = guest.value_at(at(column), None, usize::MAX, false, sink);
                    values.push(value.map_err(|error| *error)?);
                }
            }
            Ok::<_, CallError>(values)
        };
        // Twice, so that the rows also come from a batch that was emptied.
        for round in 1..3 {
            for row in [[1, 2], [30, 4], [i64::from(round), 6]] {
                let row = row.map(ValueRef::Integer);
                let appended = batch.append(&signature, false, row.as_slice());
                assert_eq!(appended.map_err(|e| *e), Ok(Appended::Done));
            }
            let null = [ValueRef::Null, ValueRef::Integer(1)];
            let appended = batch.append(&signature, false, null.as_slice());
            assert_eq!(appended.map_err(|e| *e), Ok(Appended::Done));
            assert_eq!(batch.rows(), 3, "NULL keeps a row from the guest");
            let round = i64::from(round);
            let expected = [30, -10, 340, 260, 10 * (round + 6), 10 * (round - 6)];
            assert_eq!(map(&mut batch), Ok(expected.map(Value::Integer).to_vec()));
            assert!(batch.is_empty());
        }
        // A batch gets full, and then a row that does not fit is not in it.
        let row = [ValueRef::Integer(1), ValueRef::Integer(1)];
        let rows = (0..).take_while(|_| {
            batch.append(&signature, false, row.as_slice()).map_err(|e| *e) != Ok(Appended::Full)
        });
        assert_eq!(rows.count(), (8 << 10) / 32 - 1);
        assert_eq!(map(&mut batch).map(|values| values.len()), Ok(2 * 255));
        // A batch without rows is an error, even if no rows were passed.
        let nothing = map(&mut batch).expect_err("it gives no rows");
        assert!(matches!(nothing, CallError::Protocol(_)), "{nothing:?}");
    }
}
