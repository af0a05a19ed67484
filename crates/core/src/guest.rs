//! Calls into a guest by ABI version 1: arguments into the scratch area, one typed call, the result
//! record out again.
//!
//! Everything a guest answers is checked here before anything else sees it. Each field is read once,
//! and no pointer into guest memory outlives the call. Knows nothing of SQL text, catalogs or engines.
//!
//! What each call goes through is inlined into one function of the adaptor: passing values and results
//! from function to function, through memory, costs more than what the functions do.

use commensal_abi::{Record, RecordError, Tag};

use crate::manifest::{Param, Signature};
use crate::runtime::{
    CompiledModule, Fault, FunctionId, Instance, InstanceConfig, ResolveError, StatementBudget,
    range,
};
use crate::value::{StorageClass, ValueRef};

/// The arguments of one call, in whatever form the engine has them.
pub trait Arguments {
    /// How many there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The argument at this position, from 0. Asked for each position in order, possibly twice.
    ///
    /// # Errors
    /// The argument is text that is not valid UTF-8.
    fn get(&self, position: usize) -> Result<ValueRef<'_>, InvalidUtf8>;

    /// The argument, if it is an integer: the shortest way for the most frequent class.
    fn integer(&self, position: usize) -> Option<i64> {
        match self.get(position) {
            Ok(ValueRef::Integer(integer)) => Some(integer),
            _ => None,
        }
    }

    /// SQLite's value subtype of the argument; 0 for none.
    fn subtype(&self, _position: usize) -> u8 {
        0
    }
}

impl Arguments for [ValueRef<'_>] {
    fn len(&self) -> usize {
        <[_]>::len(self)
    }

    fn get(&self, position: usize) -> Result<ValueRef<'_>, InvalidUtf8> {
        Ok(self[position])
    }
}

/// Text from the database that is not UTF-8, which no guest may see as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidUtf8;

/// Why a call gave no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The arguments do not fit; the guest was not called. The instance is fine.
    Argument(String),
    /// The guest answered with an error record: the message SQL users see, and the result code of
    /// SQLite that it asked for, if that is one it may have. The instance is fine.
    Guest(String, Option<i32>),
    /// The guest broke the ABI. The instance is to be dropped.
    Protocol(String),
    /// The result has more bytes than `result_bytes_max`. The instance is fine.
    ResultTooLarge(usize),
    /// The arguments did not fit into the guest's memory. The instance is to be dropped.
    ArgumentsTooLarge(usize),
    /// The call did not return. The instance is to be dropped. With the guest's own last words, if
    /// it left some.
    Fault(Fault, Option<String>),
}

/// The outcome of a call. The error is boxed: an outcome is moved several times in each call, and an
/// error happens once.
pub type CallResult<T> = Result<T, Box<CallError>>;

impl CallError {
    /// Whether the instance can still be used.
    pub fn instance_survives(&self) -> bool {
        matches!(self, Self::Argument(_) | Self::Guest(..) | Self::ResultTooLarge(_))
    }
}

/// Bytes of an error message that are shown.
const MESSAGE_BYTES_MAX: usize = 4096;

/// Bytes asked for with the first `commensal_scratch` call.
const SCRATCH_BYTES_INITIAL: u32 = 4096;

/// A guest function and what is known of it.
#[derive(Clone, Copy)]
pub struct Callee<'a> {
    /// The function, resolved in the instance that is called.
    pub function: FunctionId,
    /// What it takes and gives.
    pub signature: &'a Signature,
    /// Whether subtypes pass, in and out: few functions want them, and asking for them costs each
    /// argument a call.
    pub subtype: bool,
    /// Most bytes of a result.
    pub result_bytes_max: usize,
}

/// An instance with its scratch area.
pub struct Guest {
    instance: Box<dyn Instance>,
    scratch: u32,
    scratch_bytes: u32,
    /// Address of the record that a panicking guest fills, 0 for none.
    fault_record: u32,
    /// Where memory cannot be addressed: arguments on their way in, results on their way out.
    staging: Vec<u8>,
}

impl Guest {
    /// Makes an instance and asks it for its scratch area.
    ///
    /// # Errors
    /// A fault, or a guest that breaks the ABI.
    pub fn new(
        module: &dyn CompiledModule,
        config: InstanceConfig,
        budget: &mut StatementBudget,
    ) -> CallResult<Self> {
        let instance = module.instantiate(config).map_err(|fault| CallError::Fault(fault, None))?;
        let mut guest =
            Self { instance, scratch: 0, scratch_bytes: 0, fault_record: 0, staging: Vec::new() };
        guest.fault_record = guest.instance.global(commensal_abi::EXPORT_FAULT).unwrap_or_default();
        guest.grow_scratch(SCRATCH_BYTES_INITIAL, budget)?;
        Ok(guest)
    }

    /// Says that another statement begins to use the instance.
    pub(crate) fn begin_statement(&mut self) {
        self.instance.begin_statement();
    }

    /// Finds a guest function, once; the result holds for this instance only.
    ///
    /// # Errors
    /// There is no such export of that type.
    pub fn resolve(&mut self, export: &str) -> Result<FunctionId, ResolveError> {
        self.instance.resolve(export)
    }

    /// Bytes of linear memory.
    pub fn memory_bytes(&self) -> usize {
        self.instance.memory_bytes()
    }

    /// Fuel used by the last call; 0 without metering.
    pub fn fuel_used(&self) -> u64 {
        self.instance.fuel_used().unwrap_or(0)
    }

    /// Calls a function and hands its result to `sink`, without copying where memory can be
    /// addressed.
    ///
    /// # Errors
    /// See [`CallError`].
    #[inline]
    pub fn call<A: Arguments + ?Sized, R>(
        &mut self,
        callee: Callee<'_>,
        arguments: &A,
        budget: &mut StatementBudget,
        sink: impl FnOnce(ValueRef<'_>, u8) -> R,
    ) -> CallResult<R> {
        match self.place(callee, arguments)? {
            Placed::Done => {}
            Placed::Null => return Ok(sink(ValueRef::Null, 0)),
            Placed::Needs(bytes) => self.place_large(callee, arguments, bytes, budget)?,
        }
        let argc = arguments.len() as u32;
        let pointer = match self.instance.call(callee.function, argc, self.scratch, budget) {
            Ok(pointer) => pointer,
            Err(fault) => return Err(self.fault(*fault).into()),
        };
        if pointer == 0 {
            return Ok(sink(ValueRef::Null, 0));
        }
        self.result(pointer, callee, sink)
    }

    /// Writes the records and then the bytes of text and blobs, if they fit.
    #[inline(always)]
    fn place<A: Arguments + ?Sized>(
        &mut self,
        callee: Callee<'_>,
        arguments: &A,
    ) -> CallResult<Placed> {
        let (scratch, len) = (self.scratch as usize, self.scratch_bytes as usize);
        if let Some(memory) = self.instance.memory() {
            // The range was checked when the guest gave it, and memory never shrinks; a runtime that
            // breaks this gets the error instead of a panic.
            let area = memory.get_mut(scratch..scratch + len).ok_or_else(memory_shrank)?;
            return encode(area, self.scratch, callee, arguments);
        }
        self.staging.resize(len, 0);
        let placed = encode(&mut self.staging, self.scratch, callee, arguments)?;
        if matches!(placed, Placed::Done) {
            self.instance.write(self.scratch, &self.staging).map_err(|_| memory_shrank())?;
        }
        Ok(placed)
    }

    #[cold]
    fn place_large<A: Arguments + ?Sized>(
        &mut self,
        callee: Callee<'_>,
        arguments: &A,
        bytes: usize,
        budget: &mut StatementBudget,
    ) -> CallResult<()> {
        let size = u32::try_from(bytes.max(self.scratch_bytes as usize * 2))
            .ok()
            .filter(|&size| size <= i32::MAX as u32)
            .ok_or(CallError::ArgumentsTooLarge(bytes))?;
        self.grow_scratch(size, budget)?;
        match self.place(callee, arguments)? {
            Placed::Needs(bytes) => Err(CallError::ArgumentsTooLarge(bytes).into()),
            _ => Ok(()),
        }
    }

    #[cold]
    fn grow_scratch(&mut self, size: u32, budget: &mut StatementBudget) -> CallResult<()> {
        let pointer = match self.instance.scratch(size, budget) {
            Ok(pointer) => pointer,
            Err(fault) => return Err(self.fault(*fault).into()),
        };
        if pointer == 0 {
            return Err(CallError::ArgumentsTooLarge(size as usize).into());
        }
        if !(pointer as usize).is_multiple_of(Record::ALIGN) {
            let message = format!(
                "{} answered {pointer}, which is not {}-aligned",
                commensal_abi::EXPORT_SCRATCH,
                Record::ALIGN
            );
            return Err(CallError::Protocol(message).into());
        }
        if pointer as usize + size as usize > self.instance.memory_bytes() {
            let message = format!(
                "{} answered {size} bytes at {pointer}, outside of its memory of {} bytes",
                commensal_abi::EXPORT_SCRATCH,
                self.instance.memory_bytes()
            );
            return Err(CallError::Protocol(message).into());
        }
        (self.scratch, self.scratch_bytes) = (pointer, size);
        Ok(())
    }

    /// Hands the result at `pointer` to `sink`.
    #[inline(always)]
    fn result<R>(
        &mut self,
        pointer: u32,
        callee: Callee<'_>,
        sink: impl FnOnce(ValueRef<'_>, u8) -> R,
    ) -> CallResult<R> {
        if let Some(memory) = self.instance.memory() {
            let memory = &*memory;
            let place = range(memory, pointer, Record::SIZE).and_then(<[u8]>::first_chunk);
            if let (Some(integer), None | Some(StorageClass::Integer), 0) = (
                place.and_then(Record::plain_integer),
                callee.signature.returns,
                pointer % Record::ALIGN as u32,
            ) {
                return Ok(sink(ValueRef::Integer(integer), 0));
            }
            let record = record(pointer, place, memory.len())?;
            if record.tag != Tag::Error {
                let bytes = match record.tag.is_bytes() {
                    true => bytes_in(memory, record, callee.result_bytes_max)?,
                    false => &[],
                };
                return value(record, bytes, callee, sink);
            }
            return Err(self.error(record).into());
        }
        let record = self.read_record(pointer)?;
        if record.tag == Tag::Error {
            return Err(self.error(record).into());
        }
        let bytes = match record.tag.is_bytes() {
            true => self.read_bytes(record, callee.result_bytes_max)?,
            false => &[],
        };
        value(record, bytes, callee, sink)
    }

    /// The error of an error record.
    #[cold]
    fn error(&mut self, record: Record) -> CallError {
        if let Some(memory) = self.instance.memory() {
            return match bytes_in(memory, record, usize::MAX) {
                Ok(bytes) => message(record, bytes),
                Err(error) => *error,
            };
        }
        match self.read_bytes(record, usize::MAX) {
            Ok(bytes) => message(record, bytes),
            Err(error) => *error,
        }
    }

    /// The record at `pointer`, copied out.
    #[cold]
    fn read_record(&mut self, pointer: u32) -> CallResult<Record> {
        let mut bytes = [0; Record::SIZE];
        let read = self.instance.read(pointer, &mut bytes);
        record(pointer, read.is_ok().then_some(&bytes), self.instance.memory_bytes())
    }

    /// The bytes of text, a blob or a message, copied out.
    #[cold]
    fn read_bytes(&mut self, record: Record, bytes_max: usize) -> CallResult<&[u8]> {
        // Before anything is allocated for a length that the guest made up.
        check_len(record, bytes_max, self.instance.memory_bytes())?;
        self.staging.resize(record.len as usize, 0);
        self.instance.read(record.pointer(), &mut self.staging).map_err(|_| memory_shrank())?;
        Ok(&self.staging)
    }

    /// The fault, with what the guest wrote down before it trapped.
    #[cold]
    fn fault(&mut self, fault: Fault) -> CallError {
        let words = match &fault {
            Fault::Trap(_) if self.fault_record != 0 => self.last_words(),
            _ => None,
        };
        CallError::Fault(fault, words)
    }

    /// Memory of a guest that trapped is still readable, though none of its code may run.
    fn last_words(&mut self) -> Option<String> {
        const BYTES_MAX: usize = 64 << 10;
        let record = self.read_record(self.fault_record).ok()?;
        if record.tag != Tag::Error || record.len == 0 {
            return None;
        }
        self.read_bytes(record, BYTES_MAX).ok().map(|b| String::from_utf8_lossy(b).into_owned())
    }
}

/// What became of the arguments.
enum Placed {
    /// They are in the scratch area.
    Done,
    /// A NULL makes the result NULL.
    Null,
    /// They need this many bytes.
    Needs(usize),
}

/// Writes records and bytes into `area`, which lies at `base` in guest memory.
#[inline(always)]
fn encode<A: Arguments + ?Sized>(
    area: &mut [u8],
    base: u32,
    callee: Callee<'_>,
    arguments: &A,
) -> CallResult<Placed> {
    let signature = callee.signature;
    let count = arguments.len();
    let Some((records, area)) = area.split_at_mut_checked(count * Record::SIZE) else {
        return needs(signature, arguments);
    };
    if count < signature.params.len() {
        return Err(too_few(signature, arguments).into());
    }
    let mut bytes = Bytes { area, base: base + records.len() as u32, end: 0 };
    let (records, _) = records.as_chunks_mut::<{ Record::SIZE }>();
    for (position, place) in records.iter_mut().enumerate() {
        let subtype = if callee.subtype { arguments.subtype(position) } else { 0 };
        let record = match (signature.param(position), arguments.integer(position)) {
            (Some(Param { class: None | Some(StorageClass::Integer), .. }), Some(integer)) => {
                Record::integer(integer)
            }
            _ => match argument(signature, arguments, position)? {
                None => return Ok(Placed::Null),
                Some(value) => match bytes.record(value) {
                    Some(record) => record,
                    None => return needs(signature, arguments),
                },
            },
        };
        let [head, payload] = Record { subtype, ..record }.to_words();
        let (to_head, to_payload) = place.split_at_mut(size_of::<u64>());
        to_head.copy_from_slice(&head.to_le_bytes());
        to_payload.copy_from_slice(&payload.to_le_bytes());
    }
    Ok(Placed::Done)
}

/// Where the bytes of text and blobs go: after the records.
struct Bytes<'a> {
    area: &'a mut [u8],
    /// Address of the area in the guest.
    base: u32,
    /// Bytes taken so far.
    end: usize,
}

impl Bytes<'_> {
    /// The record of a value, whose bytes are put into the area; `None` if they do not fit.
    #[inline]
    fn record(&mut self, value: ValueRef<'_>) -> Option<Record> {
        Some(match value {
            ValueRef::Null => Record::NULL,
            ValueRef::Integer(i) => Record::integer(i),
            ValueRef::Real(r) => Record::real(r),
            ValueRef::Text(t) => Record::bytes(Tag::Text, self.put(t.as_bytes())?, t.len() as u32),
            ValueRef::Blob(b) => Record::bytes(Tag::Blob, self.put(b)?, b.len() as u32),
        })
    }

    #[inline]
    fn put(&mut self, bytes: &[u8]) -> Option<u32> {
        let start = self.end;
        let to = self.area.get_mut(start..start.checked_add(bytes.len())?)?;
        to.copy_from_slice(bytes);
        self.end = start + bytes.len();
        Some(self.base + start as u32)
    }
}

/// The bytes all arguments need. All are checked first, so that a wrong one is reported before
/// memory is asked for.
#[cold]
fn needs<A: Arguments + ?Sized>(signature: &Signature, arguments: &A) -> CallResult<Placed> {
    let mut bytes = arguments.len() * Record::SIZE;
    for position in 0..arguments.len() {
        bytes += match argument(signature, arguments, position)? {
            None => return Ok(Placed::Null),
            Some(ValueRef::Text(t)) => t.len(),
            Some(ValueRef::Blob(b)) => b.len(),
            Some(_) => 0,
        };
    }
    Ok(Placed::Needs(bytes))
}

/// The argument, converted from integer to real where the parameter says real; `None` for a NULL
/// that makes the result NULL.
#[inline(always)]
fn argument<'a, A: Arguments + ?Sized>(
    signature: &Signature,
    arguments: &'a A,
    position: usize,
) -> CallResult<Option<ValueRef<'a>>> {
    let Ok(value) = arguments.get(position) else { return Err(invalid_argument(position).into()) };
    let Some(param) = signature.param(position) else {
        return Err(too_many(signature, arguments).into());
    };
    match (param.class, value) {
        (_, ValueRef::Null) => Ok(param.nullable.then_some(ValueRef::Null)),
        (None, value) => Ok(Some(value)),
        (Some(class), value) if class == value.class() => Ok(Some(value)),
        (Some(StorageClass::Real), ValueRef::Integer(i)) => Ok(Some(ValueRef::Real(i as f64))),
        (Some(class), value) => Err(wrong_class(position, class, value.class()).into()),
    }
}

#[cold]
fn invalid_argument(position: usize) -> CallError {
    CallError::Argument(format!(
        "argument {} is text that is not valid UTF-8; CAST(… AS BLOB) passes its bytes",
        position + 1
    ))
}

#[cold]
fn wrong_class(position: usize, wanted: StorageClass, got: StorageClass) -> CallError {
    CallError::Argument(format!("argument {} has to be {wanted} but is {got}", position + 1))
}

#[cold]
fn too_few<A: Arguments + ?Sized>(signature: &Signature, arguments: &A) -> CallError {
    CallError::Argument(format!(
        "wrong number of arguments: it takes at least {} but got {}",
        signature.params.len(),
        arguments.len()
    ))
}

#[cold]
fn too_many<A: Arguments + ?Sized>(signature: &Signature, arguments: &A) -> CallError {
    CallError::Argument(format!(
        "wrong number of arguments: it takes {} but got {}",
        signature.params.len(),
        arguments.len()
    ))
}

/// The record that a guest answered at `pointer`; `bytes` are what lies there, if memory has as many.
#[inline(always)]
fn record(
    pointer: u32,
    bytes: Option<&[u8; Record::SIZE]>,
    memory_bytes: usize,
) -> CallResult<Record> {
    if !(pointer as usize).is_multiple_of(Record::ALIGN) {
        return Err(misaligned(pointer).into());
    }
    let Some(bytes) = bytes else { return Err(record_outside(pointer, memory_bytes).into()) };
    Ok(Record::result_from_bytes(bytes).map_err(no_record)?)
}

#[cold]
fn misaligned(pointer: u32) -> CallError {
    let align = Record::ALIGN;
    CallError::Protocol(format!("its result at {pointer} is not {align}-aligned"))
}

#[cold]
fn record_outside(pointer: u32, memory_bytes: usize) -> CallError {
    CallError::Protocol(format!(
        "its result at {pointer} is outside of its memory of {memory_bytes} bytes"
    ))
}

#[cold]
fn no_record(error: RecordError) -> CallError {
    CallError::Protocol(format!("its result is no record: {error}"))
}

/// Whether the bytes of text, a blob or a message are in memory, and not too many.
#[inline]
fn check_len(record: Record, bytes_max: usize, memory_bytes: usize) -> CallResult<()> {
    let (pointer, len) = (record.pointer(), record.len as usize);
    if pointer as usize + len > memory_bytes {
        return Err(bytes_outside(pointer, len, memory_bytes).into());
    }
    if len > bytes_max {
        return Err(CallError::ResultTooLarge(len).into());
    }
    Ok(())
}

/// The bytes of text, a blob or a message.
#[inline]
fn bytes_in(memory: &[u8], record: Record, bytes_max: usize) -> CallResult<&[u8]> {
    check_len(record, bytes_max, memory.len())?;
    Ok(range(memory, record.pointer(), record.len as usize).ok_or_else(memory_shrank)?)
}

/// The guest's own error: invalid UTF-8 and NULs, which C ends a text at, become U+FFFD, and what is
/// too long is cut.
#[cold]
fn message(record: Record, bytes: &[u8]) -> CallError {
    // SQLITE_TOOBIG, CONSTRAINT, MISMATCH, RANGE: all others could do more than undo the statement.
    let code = Some(i32::from(record.subtype)).filter(|c| matches!(c, 18 | 19 | 20 | 25));
    let cut = &bytes[..bytes.len().min(MESSAGE_BYTES_MAX)];
    let mut message = String::from_utf8_lossy(cut).replace('\0', "\u{FFFD}");
    if cut.len() < bytes.len() {
        message.push('…');
    }
    CallError::Guest(message, code)
}

#[cold]
fn bytes_outside(pointer: u32, len: usize, memory_bytes: usize) -> CallError {
    CallError::Protocol(format!(
        "its result of {len} bytes at {pointer} is outside of its memory of {memory_bytes} bytes"
    ))
}

/// Hands what a result record, which is no error, and its bytes say to `sink`.
#[inline(always)]
fn value<R>(
    record: Record,
    bytes: &[u8],
    callee: Callee<'_>,
    sink: impl FnOnce(ValueRef<'_>, u8) -> R,
) -> CallResult<R> {
    let returns = callee.signature.returns;
    let value = match record.tag {
        Tag::Null | Tag::Error => return Ok(sink(ValueRef::Null, 0)),
        Tag::Integer if returns == Some(StorageClass::Real) => {
            ValueRef::Real(record.payload as i64 as f64)
        }
        Tag::Integer => ValueRef::Integer(record.payload as i64),
        Tag::Real => ValueRef::Real(f64::from_bits(record.payload)),
        Tag::Text => ValueRef::Text(std::str::from_utf8(bytes).map_err(invalid_text)?),
        Tag::Blob => ValueRef::Blob(bytes),
    };
    check_class(returns, value.class())?;
    let value = match value {
        ValueRef::Real(real) if real.is_nan() => ValueRef::Null,
        value => value,
    };
    Ok(sink(value, if callee.subtype { record.subtype } else { 0 }))
}

#[inline]
fn check_class(declared: Option<StorageClass>, got: StorageClass) -> CallResult<()> {
    match declared {
        Some(declared) if declared != got => Err(wrong_result(declared, got).into()),
        _ => Ok(()),
    }
}

#[cold]
fn wrong_result(declared: StorageClass, got: StorageClass) -> CallError {
    CallError::Protocol(format!("it is declared to return {declared} but returned {got}"))
}

#[cold]
fn invalid_text(error: std::str::Utf8Error) -> CallError {
    CallError::Protocol(format!("its text is not valid UTF-8: {error}"))
}

#[cold]
fn memory_shrank() -> CallError {
    CallError::Protocol("its memory became smaller".to_owned())
}
