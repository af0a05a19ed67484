//! Calls into a guest by ABI version 1: arguments into the scratch area, one typed call, the result
//! record out again.
//!
//! Everything a guest answers is checked here before anything else sees it. Each field is read once,
//! and no pointer into guest memory outlives the call. Knows nothing of SQL text, catalogs or engines.

use commensal_abi::{Record, Tag};

use crate::manifest::Signature;
use crate::runtime::{
    CompiledModule, Fault, FunctionId, Instance, InstanceConfig, ResolveError, StatementBudget,
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
    ) -> Result<Self, CallError> {
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

    /// Calls `function` and hands its result to `sink`, without copying where memory can be
    /// addressed.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn call<A: Arguments + ?Sized, R>(
        &mut self,
        function: FunctionId,
        signature: &Signature,
        arguments: &A,
        result_bytes_max: usize,
        budget: &mut StatementBudget,
        sink: impl FnOnce(ValueRef<'_>, u8) -> R,
    ) -> Result<R, CallError> {
        match self.place(signature, arguments)? {
            Placed::Done => {}
            Placed::Null => return Ok(sink(ValueRef::Null, 0)),
            Placed::Needs(bytes) => self.place_large(signature, arguments, bytes, budget)?,
        }
        let pointer =
            match self.instance.call(function, arguments.len() as u32, self.scratch, budget) {
                Ok(pointer) => pointer,
                Err(fault) => return Err(self.fault(fault)),
            };
        if pointer == 0 {
            return Ok(sink(ValueRef::Null, 0));
        }
        self.result(pointer, signature.returns, result_bytes_max, sink)
    }

    /// Writes the records and then the bytes of text and blobs, if they fit.
    #[inline]
    fn place<A: Arguments + ?Sized>(
        &mut self,
        signature: &Signature,
        arguments: &A,
    ) -> Result<Placed, CallError> {
        let (scratch, len) = (self.scratch as usize, self.scratch_bytes as usize);
        if let Some(memory) = self.instance.memory() {
            // The range was checked when the guest gave it, and memory never shrinks; a runtime that
            // breaks this gets the error instead of a panic.
            let area = memory.get_mut(scratch..scratch + len).ok_or_else(scratch_outside)?;
            return encode(area, self.scratch, signature, arguments);
        }
        self.staging.resize(len, 0);
        let placed = encode(&mut self.staging, self.scratch, signature, arguments)?;
        if matches!(placed, Placed::Done) {
            self.instance.write(self.scratch, &self.staging).map_err(|_| scratch_outside())?;
        }
        Ok(placed)
    }

    #[cold]
    fn place_large<A: Arguments + ?Sized>(
        &mut self,
        signature: &Signature,
        arguments: &A,
        bytes: usize,
        budget: &mut StatementBudget,
    ) -> Result<(), CallError> {
        let size = u32::try_from(bytes.max(self.scratch_bytes as usize * 2))
            .ok()
            .filter(|&size| size <= i32::MAX as u32)
            .ok_or(CallError::ArgumentsTooLarge(bytes))?;
        self.grow_scratch(size, budget)?;
        match self.place(signature, arguments)? {
            Placed::Needs(bytes) => Err(CallError::ArgumentsTooLarge(bytes)),
            _ => Ok(()),
        }
    }

    #[cold]
    fn grow_scratch(&mut self, size: u32, budget: &mut StatementBudget) -> Result<(), CallError> {
        let pointer = match self.instance.scratch(size, budget) {
            Ok(pointer) => pointer,
            Err(fault) => return Err(self.fault(fault)),
        };
        if pointer == 0 {
            return Err(CallError::ArgumentsTooLarge(size as usize));
        }
        if !(pointer as usize).is_multiple_of(Record::ALIGN) {
            return Err(CallError::Protocol(format!(
                "{} answered {pointer}, which is not {}-aligned",
                commensal_abi::EXPORT_SCRATCH,
                Record::ALIGN
            )));
        }
        if pointer as usize + size as usize > self.instance.memory_bytes() {
            return Err(CallError::Protocol(format!(
                "{} answered {size} bytes at {pointer}, outside of its memory of {} bytes",
                commensal_abi::EXPORT_SCRATCH,
                self.instance.memory_bytes()
            )));
        }
        (self.scratch, self.scratch_bytes) = (pointer, size);
        Ok(())
    }

    #[inline]
    fn result<R>(
        &mut self,
        pointer: u32,
        returns: Option<StorageClass>,
        result_bytes_max: usize,
        sink: impl FnOnce(ValueRef<'_>, u8) -> R,
    ) -> Result<R, CallError> {
        let record = self.record(pointer)?;
        match record.tag {
            Tag::Null => Ok(sink(ValueRef::Null, 0)),
            Tag::Integer => {
                let integer = record.payload as i64;
                let value = if returns == Some(StorageClass::Real) {
                    ValueRef::Real(integer as f64)
                } else {
                    check_class(returns, StorageClass::Integer)?;
                    ValueRef::Integer(integer)
                };
                Ok(sink(value, record.subtype))
            }
            Tag::Real => {
                check_class(returns, StorageClass::Real)?;
                let real = f64::from_bits(record.payload);
                let value = if real.is_nan() { ValueRef::Null } else { ValueRef::Real(real) };
                Ok(sink(value, record.subtype))
            }
            Tag::Text => {
                check_class(returns, StorageClass::Text)?;
                let text = std::str::from_utf8(self.bytes(record, result_bytes_max)?)
                    .map_err(invalid_text)?;
                Ok(sink(ValueRef::Text(text), record.subtype))
            }
            Tag::Blob => {
                check_class(returns, StorageClass::Blob)?;
                let bytes = self.bytes(record, result_bytes_max)?;
                Ok(sink(ValueRef::Blob(bytes), record.subtype))
            }
            Tag::Error => Err(self.error(record)),
        }
    }

    /// The message of an error record: invalid UTF-8 and NULs, which C ends a text at, become U+FFFD,
    /// and what is too long is cut.
    #[cold]
    fn error(&mut self, record: Record) -> CallError {
        // SQLITE_TOOBIG, CONSTRAINT, MISMATCH, RANGE: all others could do more than undo the
        // statement.
        let code = Some(i32::from(record.subtype)).filter(|c| matches!(c, 18 | 19 | 20 | 25));
        let bytes = match self.bytes(record, usize::MAX) {
            Ok(bytes) => bytes,
            Err(error) => return error,
        };
        let cut = &bytes[..bytes.len().min(MESSAGE_BYTES_MAX)];
        let mut message = String::from_utf8_lossy(cut).replace('\0', "\u{FFFD}");
        if cut.len() < bytes.len() {
            message.push('…');
        }
        CallError::Guest(message, code)
    }

    #[inline]
    fn record(&mut self, pointer: u32) -> Result<Record, CallError> {
        if !(pointer as usize).is_multiple_of(Record::ALIGN) {
            return Err(CallError::Protocol(format!(
                "its result at {pointer} is not {}-aligned",
                Record::ALIGN
            )));
        }
        let mut bytes = [0; Record::SIZE];
        if self.instance.read(pointer, &mut bytes).is_err() {
            return Err(CallError::Protocol(format!(
                "its result at {pointer} is outside of its memory of {} bytes",
                self.instance.memory_bytes()
            )));
        }
        Record::result_from_bytes(&bytes)
            .map_err(|e| CallError::Protocol(format!("its result is no record: {e}")))
    }

    /// The bytes of text, a blob or a message.
    #[inline]
    fn bytes(&mut self, record: Record, bytes_max: usize) -> Result<&[u8], CallError> {
        let (pointer, len) = (record.pointer(), record.len as usize);
        // Also where memory cannot be addressed: before anything is allocated for a length that the
        // guest made up.
        if pointer as usize + len > self.instance.memory_bytes() {
            return Err(CallError::Protocol(format!(
                "its result of {len} bytes at {pointer} is outside of its memory of {} bytes",
                self.instance.memory_bytes()
            )));
        }
        if len > bytes_max {
            return Err(CallError::ResultTooLarge(len));
        }
        // Asked twice because a borrow that is returned on one path only is not accepted.
        if self.instance.memory().is_some() {
            let memory = self.instance.memory().unwrap_or_default();
            return crate::runtime::range(memory, pointer, len).ok_or_else(scratch_outside);
        }
        self.staging.resize(len, 0);
        self.instance.read(pointer, &mut self.staging[..len]).map_err(|_| scratch_outside())?;
        Ok(&self.staging[..len])
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
        let record = self.record(self.fault_record).ok()?;
        if record.tag != Tag::Error || record.len == 0 {
            return None;
        }
        self.bytes(record, BYTES_MAX).ok().map(|b| String::from_utf8_lossy(b).into_owned())
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
#[inline]
fn encode<A: Arguments + ?Sized>(
    area: &mut [u8],
    base: u32,
    signature: &Signature,
    arguments: &A,
) -> Result<Placed, CallError> {
    let count = arguments.len();
    let mut end = count * Record::SIZE;
    if end > area.len() {
        return needs(signature, arguments);
    }
    if count < signature.params.len() {
        return Err(too_few(signature, arguments));
    }
    for position in 0..count {
        let Some(value) = argument(signature, arguments, position)? else {
            return Ok(Placed::Null);
        };
        let record = match value {
            ValueRef::Null => Record::NULL,
            ValueRef::Integer(i) => Record::integer(i),
            ValueRef::Real(r) => Record::real(r),
            ValueRef::Text(t) => match put(area, base, &mut end, t.as_bytes()) {
                Some(pointer) => Record::bytes(Tag::Text, pointer, t.len() as u32),
                None => return needs(signature, arguments),
            },
            ValueRef::Blob(b) => match put(area, base, &mut end, b) {
                Some(pointer) => Record::bytes(Tag::Blob, pointer, b.len() as u32),
                None => return needs(signature, arguments),
            },
        };
        let record = Record { subtype: arguments.subtype(position), ..record };
        let at = position * Record::SIZE;
        area[at..at + Record::SIZE].copy_from_slice(&record.to_bytes());
    }
    Ok(Placed::Done)
}

/// Appends bytes, if they fit; their address in the guest.
#[inline]
fn put(area: &mut [u8], base: u32, end: &mut usize, bytes: &[u8]) -> Option<u32> {
    let start = *end;
    let to = area.get_mut(start..start.checked_add(bytes.len())?)?;
    to.copy_from_slice(bytes);
    *end = start + bytes.len();
    Some(base + start as u32)
}

/// The bytes all arguments need. All are checked first, so that a wrong one is reported before
/// memory is asked for.
#[cold]
fn needs<A: Arguments + ?Sized>(signature: &Signature, arguments: &A) -> Result<Placed, CallError> {
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
#[inline]
fn argument<'a, A: Arguments + ?Sized>(
    signature: &Signature,
    arguments: &'a A,
    position: usize,
) -> Result<Option<ValueRef<'a>>, CallError> {
    let value = arguments.get(position).map_err(|InvalidUtf8| {
        CallError::Argument(format!(
            "argument {} is text that is not valid UTF-8; CAST(… AS BLOB) passes its bytes",
            position + 1
        ))
    })?;
    let Some(param) = signature.param(position) else { return Err(too_many(signature, arguments)) };
    match (param.class, value) {
        (None, value) => Ok(Some(value)),
        (_, ValueRef::Null) => Ok(param.nullable.then_some(ValueRef::Null)),
        (Some(class), value) if class == value.class() => Ok(Some(value)),
        (Some(StorageClass::Real), ValueRef::Integer(i)) => Ok(Some(ValueRef::Real(i as f64))),
        (Some(class), value) => Err(wrong_class(position, class, value.class())),
    }
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

#[inline]
fn check_class(declared: Option<StorageClass>, got: StorageClass) -> Result<(), CallError> {
    match declared {
        Some(declared) if declared != got => Err(CallError::Protocol(format!(
            "it is declared to return {declared} but returned {got}"
        ))),
        _ => Ok(()),
    }
}

#[cold]
fn invalid_text(error: std::str::Utf8Error) -> CallError {
    CallError::Protocol(format!("its text is not valid UTF-8: {error}"))
}

#[cold]
fn scratch_outside() -> CallError {
    CallError::Protocol("its memory became smaller".to_owned())
}
