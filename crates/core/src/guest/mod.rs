//! Calls into a guest by ABI version 1. Arguments go into the scratch area, one typed call runs, and the
//! result record is read back.
//!
//! Every answer of a guest is checked here before other code sees it. Each field is read once, and no
//! pointer into guest memory outlives the call. This module knows nothing of SQL text, catalogs or engines.
//!
//! All steps of a call are inlined into one function of the adaptor, because passing values and results
//! between functions through memory costs more than the functions themselves.

mod arguments;
mod auxiliary;
mod batch;
mod callee;
mod error;
mod fetch;
mod image;
mod lent;
mod native;
mod plan;
mod pointer;
mod pointers;
mod result;
mod sink;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use commensal_abi::{Record, Tag};
use web_time::Instant;

pub(crate) use self::arguments::unreadable;
pub use self::arguments::{Arguments, Null, Plain, Unreadable};
use self::arguments::{Placed, encode};
pub(crate) use self::batch::Batches;
pub use self::batch::{Appended, Batch};
pub use self::callee::Callee;
pub use self::error::{CallError, CallResult};
pub use self::fetch::Fetched;
pub(crate) use self::image::Image;
use self::lent::Lent;
pub use self::plan::Plan;
pub(crate) use self::plan::Words;
use self::pointer::Pointers;
pub use self::pointer::{Pointer, SentPointer};
pub use self::result::Returns;
use self::result::{bytes_in, check_len, memory_shrank, message, record, value, zeroblob};
pub use self::sink::Sink;
use crate::fault::Fault;
use crate::host::{HostState, TableState};
use crate::limits::Capability;
use crate::manifest::{CallForm, Signature};
use crate::runtime::{
    CompiledModule, FunctionId, Instance, InstanceConfig, ResolveError, Shape, StatementBudget,
    is_within, range,
};
use crate::stack::{self, Gauge};
use crate::value::{StorageClass, ValueRef};

/// Bytes that the first `commensal_scratch` call asks for.
const SCRATCH_BYTES_INITIAL: u32 = 4096;

/// The state of a guest that never frees its memory.
struct Renewable {
    /// Whether it has been called.
    used: bool,
    /// Whether its calls may write to the database.
    writes: bool,
    memory_bytes_max: usize,
}

/// The state of a guest that keeps auxiliary data.
struct Keeper {
    /// `commensal_auxdata_drop`, if the guest has it.
    drop: Option<FunctionId>,
}

/// Finds `commensal_scratch`. Without it, no call has arguments.
///
/// # Errors
/// It has another type than the ABI's.
fn find_scratch(instance: &mut dyn Instance) -> Result<Option<FunctionId>, Fault> {
    const EXPORT: &str = commensal_abi::EXPORT_SCRATCH;
    match instance.resolve(EXPORT, Shape::SCRATCH) {
        Ok(function) => Ok(Some(function)),
        Err(ResolveError::Missing) => Ok(None),
        Err(ResolveError::Signature(found)) => Err(Fault::Runtime(format!(
            "the export \"{EXPORT}\" has the type {found}, which is not that of the ABI"
        ))),
    }
}

#[cold]
fn waits() -> CallError {
    let message = "it returned while a statement of its own waits at a row: on this engine it has to read it to the \
                   end, or to reset or finalize it";
    CallError::Protocol(message.to_owned())
}

#[cold]
fn no_scratch() -> CallError {
    let message = format!("the module exports no \"{}\"", commensal_abi::EXPORT_SCRATCH);
    CallError::Fault(Fault::Runtime(message), None)
}

/// An instance with its scratch area.
pub struct Guest {
    instance: Box<dyn Instance>,
    /// `commensal_scratch`, if the guest has it.
    give_scratch: Option<FunctionId>,
    scratch: u32,
    scratch_bytes: u32,
    /// Address of the record that a panicking guest fills; 0 if it has none.
    fault_record: u32,
    /// Address of the record for results that a number cannot be; 0 if it has none.
    result_record: u32,
    /// Set for a guest that never frees its memory.
    renewable: Option<Renewable>,
    /// The guest's pointers that SQL values hold, once there are any.
    pointers: Option<Box<Pointers>>,
    /// Set for a guest that keeps auxiliary data.
    keeper: Option<Keeper>,
    /// A buffer for arguments and results, used if the host cannot address guest memory.
    staging: Vec<u8>,
    /// Checks whether the thread has enough stack for a call.
    gauge: Gauge,
    /// The number of guests' statements that the engine has, if it must have none when a guest returns.
    alive: Option<Arc<AtomicUsize>>,
    /// The code that it runs, which counts as used as long as the instance exists.
    _code: Option<Arc<dyn CompiledModule>>,
}

impl Guest {
    /// Makes an instance and asks it for its scratch area.
    ///
    /// # Errors
    /// A fault, or a guest that violates the ABI.
    pub fn new(
        module: &dyn CompiledModule,
        config: InstanceConfig,
        budget: &mut StatementBudget,
    ) -> CallResult<Self> {
        let alive = config.host.services.sql().and_then(|sql| sql.alive());
        let memory_bytes_max = config.memory_bytes_max;
        let mut gauge = Gauge::new(module.stack_bytes().saturating_add(stack::HOST_STACK_BYTES));
        gauge.check()?;
        let failed = |fault| CallError::Fault(fault, None);
        let mut instance = module.instantiate(config).map_err(failed)?;
        if module.is_thread_bound() {
            instance = Box::new(Lent::new(instance));
        }
        let give_scratch = find_scratch(&mut *instance).map_err(failed)?;
        let mut guest = Self {
            instance,
            give_scratch,
            scratch: 0,
            scratch_bytes: 0,
            fault_record: 0,
            result_record: 0,
            renewable: None,
            pointers: None,
            keeper: None,
            staging: Vec::new(),
            gauge,
            alive,
            _code: None,
        };
        guest.find_keeper(module);
        let renewable = guest.instance.global(commensal_abi::EXPORT_RENEWABLE);
        if renewable.is_some_and(|value| value != 0) {
            let writes = guest.with_host(|host| host.granted.contains(Capability::SqlWrite));
            let writes = writes.unwrap_or(true);
            guest.renewable = Some(Renewable { used: false, writes, memory_bytes_max });
        }
        guest.fault_record = guest.instance.global(commensal_abi::EXPORT_FAULT).unwrap_or_default();
        guest.result_record =
            guest.instance.global(commensal_abi::EXPORT_RESULT).unwrap_or_default();
        // A guest whose functions take only numbers needs none.
        if guest.give_scratch.is_some() {
            guest.grow_scratch(SCRATCH_BYTES_INITIAL, budget)?;
        }
        // Its start may have prepared some.
        guest.rest()?;
        Ok(guest)
    }

    /// The same guest, which notes that it uses this code.
    #[must_use]
    pub(crate) fn with_code(self, code: &Arc<dyn CompiledModule>) -> Self {
        Self { _code: Some(Arc::clone(code)), ..self }
    }

    /// Tells the guest's instance that another statement begins to use it.
    pub(crate) fn begin_statement(&mut self) {
        self.instance.begin_statement();
        self.gauge.reset();
        self.with_host(|host| host.auxiliary.end_statement());
        self.renew_pointers();
    }

    /// Lends the state of the host functions to `body`. `None` on a thread that cannot use the instance.
    #[inline]
    pub(crate) fn with_host<R>(&mut self, body: impl FnOnce(&mut HostState) -> R) -> Option<R> {
        let (mut body, mut result) = (Some(body), None);
        self.instance.with_host(&mut |host| result = body.take().map(|body| body(host)));
        result
    }

    /// Lends the state of the running table method to `body`. `None` as for [`Guest::with_host`].
    pub(crate) fn with_table<R>(&mut self, body: impl FnOnce(&mut TableState) -> R) -> Option<R> {
        self.with_host(|host| body(&mut host.table))
    }

    /// Whether the current thread can use it.
    pub(crate) fn is_here(&self) -> bool {
        self.instance.is_here()
    }

    /// Whether a statement may begin to use it.
    pub(crate) fn is_fit(&self) -> bool {
        self.instance.is_fit()
    }

    /// Resets all SQL statements that the guest has.
    pub(crate) fn reset_statements(&mut self) {
        self.with_host(|host| host.sql.reset_all(&mut host.memory));
    }

    /// Finds a guest function, once. The result is valid for this instance only.
    ///
    /// # Errors
    /// There is no export of that name, or it has another type.
    pub fn resolve(&mut self, export: &str) -> Result<FunctionId, ResolveError> {
        self.resolve_shape(export, Shape::RECORDS)
    }

    /// Finds a function of any shape, once. The result is valid for this instance only.
    ///
    /// # Errors
    /// There is no export of that name, or it has another shape.
    pub fn resolve_shape(
        &mut self,
        export: &str,
        shape: Shape<'_>,
    ) -> Result<FunctionId, ResolveError> {
        self.instance.resolve(export, shape)
    }

    /// Bytes of linear memory.
    pub fn memory_bytes(&self) -> usize {
        self.instance.memory_bytes()
    }

    /// Bytes that the instance has taken of the memory limit that all instances share.
    pub(crate) fn live_bytes(&mut self) -> u64 {
        self.with_host(|host| host.memory.bytes()).unwrap_or(0)
    }

    /// Fuel used by the last call; 0 without metering.
    pub fn fuel_used(&self) -> u64 {
        self.instance.fuel_used().unwrap_or(0)
    }

    /// Calls a function and passes its result to `sink`. Copies nothing if memory can be addressed.
    ///
    /// # Errors
    /// See [`CallError`].
    #[inline]
    pub fn call<A: Arguments + ?Sized, R>(
        &mut self,
        callee: Callee<'_>,
        arguments: &A,
        budget: &mut StatementBudget,
        sink: impl Sink<R>,
    ) -> CallResult<R> {
        if callee.signature.form == CallForm::Native {
            return self.call_native(callee, arguments, budget, sink);
        }
        match self.invoke(callee, arguments, budget)? {
            0 => Ok(sink.value(ValueRef::Null, 0)),
            pointer => self.result(pointer, callee.returns(), sink),
        }
    }

    /// Calls a function of any shape with one word per parameter. Returns the word of its result, 0 if it
    /// has none. If words are addresses, the caller has to place and check what they point to.
    ///
    /// # Errors
    /// A fault, or too little stack.
    pub fn call_words(
        &mut self,
        function: FunctionId,
        words: &[u64],
        budget: &mut StatementBudget,
    ) -> CallResult<u64> {
        self.call_words_here(function, words, budget)
    }

    /// The same within a function that is compiled for one caller.
    #[inline(always)]
    fn call_words_here(
        &mut self,
        function: FunctionId,
        words: &[u64],
        budget: &mut StatementBudget,
    ) -> CallResult<u64> {
        self.gauge.check()?;
        match self.instance.call(function, words, budget) {
            Ok(word) => self.rest().map(|()| word),
            Err(fault) => Err(self.fault(*fault).into()),
        }
    }

    /// Has the engine let go of the guest's statements, where it must have none when the guest returns. None may wait at a
    /// row then.
    #[inline(always)]
    fn rest(&mut self) -> CallResult<()> {
        match &self.alive {
            Some(alive) if alive.load(Relaxed) > 0 => self.rest_statements(),
            _ => Ok(()),
        }
    }

    #[cold]
    fn rest_statements(&mut self) -> CallResult<()> {
        match self.with_host(|host| host.sql.rest_all(&mut host.memory)) {
            Some(true) => Err(waits().into()),
            _ => Ok(()),
        }
    }

    /// Whether calls of scalar functions go through [`Guest::call_renewing`].
    #[inline]
    pub(crate) fn is_renewable(&self) -> bool {
        self.renewable.is_some()
    }

    /// Like [`Guest::call`], for a guest that never frees its memory and keeps nothing between calls. After
    /// a trap it repeats the call once in a new instance.
    ///
    /// # Errors
    /// Like [`Guest::call`].
    pub(crate) fn call_renewing<A: Arguments + ?Sized, R>(
        &mut self,
        callee: Callee<'_>,
        arguments: &A,
        budget: &mut StatementBudget,
        sink: impl Sink<R>,
    ) -> CallResult<R> {
        let mut sink = Some(sink);
        let mut give = |value: ValueRef<'_>, subtype: u8| {
            sink.take().map(|sink| sink.value(value, subtype)).ok_or_else(memory_shrank)
        };
        let used = self.renewable.as_mut().is_some_and(|r| std::mem::replace(&mut r.used, true));
        let writes = self.renewable.as_ref().is_some_and(|r| r.writes);
        if writes {
            self.with_host(|host| host.sql.has_written = false);
        }
        let mut error = match self.call(callee, arguments, budget, &mut give) {
            Err(error) if error.may_be_for_memory() => error,
            result => return Ok(result??),
        };
        let has_written = |guest: &mut Self| {
            writes && guest.with_host(|host| host.sql.has_written) != Some(false)
        };
        if has_written(self) {
            // The database would get what it wrote twice.
            return Err(error);
        }
        // A new instance has all its memory again. A larger scratch area also gives more memory to a guest
        // whose allocator never grows it.
        let large = self.renewable.as_ref().map_or(0, |r| r.memory_bytes_max / 8);
        for size in [SCRATCH_BYTES_INITIAL, u32::try_from(large).unwrap_or(0)] {
            if size == SCRATCH_BYTES_INITIAL && !used {
                continue;
            }
            match self.renew(size, budget) {
                Err(fault) if fault.is_timeout() => return Err(fault),
                // The first error says more than this one.
                Err(_) => break,
                Ok(()) => {}
            }
            error = match self.call(callee, arguments, budget, &mut give) {
                Err(error) if error.may_be_for_memory() => error,
                result => return Ok(result??),
            };
            if has_written(self) {
                break;
            }
        }
        Err(error)
    }

    /// Resets the instance to its initial state.
    #[cold]
    fn renew(&mut self, size: u32, budget: &mut StatementBudget) -> CallResult<()> {
        let start = Instant::now();
        let at_place = self.with_host(|host| host.auxiliary.at_place).unwrap_or(false);
        self.instance.renew().map_err(|fault| CallError::Fault(fault, None))?;
        self.with_host(|host| host.auxiliary.at_place = at_place);
        self.pointers = None;
        // This is not charged for the first instance of a statement, but a guest could need a new one for
        // each row.
        if !budget.charge(start.elapsed()) {
            return Err(CallError::Fault(Fault::StatementTimeout, None).into());
        }
        self.grow_scratch(size, budget)
    }

    /// Calls a function. Returns the address of its result record, 0 for NULL.
    #[inline(always)]
    fn invoke<A: Arguments + ?Sized>(
        &mut self,
        callee: Callee<'_>,
        arguments: &A,
        budget: &mut StatementBudget,
    ) -> CallResult<u32> {
        match self.place(callee, arguments)? {
            Placed::Done => {}
            Placed::Null => return Ok(0),
            Placed::Needs(bytes) => self.place_large(callee, arguments, bytes, budget)?,
        }
        self.enter(callee.function, arguments.len() as u32, budget)
    }

    /// Calls a function on the arguments in the scratch area. Returns the address of its result record, 0
    /// for NULL.
    #[inline(always)]
    fn enter(
        &mut self,
        function: FunctionId,
        argc: u32,
        budget: &mut StatementBudget,
    ) -> CallResult<u32> {
        self.gauge.check()?;
        match self.instance.call_records(function, argc, self.scratch, budget) {
            Ok(pointer) => self.rest().map(|()| pointer),
            Err(fault) => Err(self.fault(*fault).into()),
        }
    }

    /// Tells the guest something by a function whose answer is ignored, even if it is an error.
    ///
    /// # Errors
    /// A fault, or no time is left. The caller must drop the instance.
    fn tell(
        &mut self,
        function: FunctionId,
        arguments: &[ValueRef<'_>],
        budget: &mut StatementBudget,
    ) -> CallResult<()> {
        if budget.remaining().is_zero() {
            return Err(CallError::Fault(Fault::StatementTimeout, None).into());
        }
        let callee =
            Callee { function, signature: &Signature::ANY, subtype: false, result_bytes_max: 0 };
        self.without_sql(|guest| guest.invoke(callee, arguments, budget)).map(drop)
    }

    /// Lets `body` call the guest, which runs no SQL meanwhile. The engine may be ending the calling statement, and nobody
    /// would learn what became of others within that.
    pub(crate) fn without_sql<R>(&mut self, body: impl FnOnce(&mut Self) -> R) -> R {
        self.with_host(|host| host.sql.set_closed(true));
        let result = body(self);
        self.with_host(|host| host.sql.set_closed(false));
        result
    }

    /// Writes the records, then the bytes of text and blobs, if all of it fits.
    #[inline(always)]
    fn place<A: Arguments + ?Sized>(
        &mut self,
        callee: Callee<'_>,
        arguments: &A,
    ) -> CallResult<Placed> {
        let (scratch, len) = (self.scratch as usize, self.scratch_bytes as usize);
        let own = self.pointers_of();
        if let Some(memory) = self.instance.memory() {
            // The range was checked when the guest returned it, and memory never shrinks. A runtime that
            // breaks this gets an error instead of a panic.
            let area = memory.get_mut(scratch..).and_then(|area| area.get_mut(..len));
            let area = area.ok_or_else(memory_shrank)?;
            return encode(area, self.scratch, callee, own, arguments);
        }
        self.check_here()?;
        self.staging.resize(len, 0);
        let placed = encode(&mut self.staging, self.scratch, callee, own, arguments)?;
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
        self.grow_scratch_for(bytes, budget)?;
        match self.place(callee, arguments)? {
            Placed::Needs(bytes) => Err(CallError::ArgumentsTooLarge(bytes).into()),
            _ => Ok(()),
        }
    }

    /// Makes room for so many bytes, at least.
    #[cold]
    fn grow_scratch_for(&mut self, bytes: usize, budget: &mut StatementBudget) -> CallResult<()> {
        let size = u32::try_from(bytes.max(self.scratch_bytes as usize * 2))
            .ok()
            .filter(|&size| size <= i32::MAX as u32)
            .ok_or(CallError::ArgumentsTooLarge(bytes))?;
        self.grow_scratch(size, budget)
    }

    #[cold]
    fn grow_scratch(&mut self, size: u32, budget: &mut StatementBudget) -> CallResult<()> {
        let Some(function) = self.give_scratch else { return Err(no_scratch().into()) };
        let pointer = self.call_words(function, &[size.into()], budget)? as u32;
        if pointer == 0 {
            return Err(match self.instance.refused() {
                // This limit is not the guest's own, so a message about its arguments would be wrong.
                Some(fault @ Fault::LiveBytes(_)) => CallError::Fault(fault, None),
                _ => CallError::ArgumentsTooLarge(size as usize),
            }
            .into());
        }
        if !(pointer as usize).is_multiple_of(Record::ALIGN) {
            let message = format!(
                "{} returned {pointer}, which is not {}-aligned",
                commensal_abi::EXPORT_SCRATCH,
                Record::ALIGN
            );
            return Err(CallError::Protocol(message).into());
        }
        if !is_within(pointer, size, self.instance.memory_bytes()) {
            let message = format!(
                "{} returned {size} bytes at {pointer}, outside of its memory of {} bytes",
                commensal_abi::EXPORT_SCRATCH,
                self.instance.memory_bytes()
            );
            return Err(CallError::Protocol(message).into());
        }
        (self.scratch, self.scratch_bytes) = (pointer, size);
        Ok(())
    }

    /// Passes the value of the record at `pointer` to `sink`. Copies nothing if memory can be addressed.
    #[inline(always)]
    fn result<R>(&mut self, pointer: u32, returns: Returns, sink: impl Sink<R>) -> CallResult<R> {
        if let Some(memory) = self.instance.memory() {
            let memory = &*memory;
            let place = range(memory, pointer, Record::SIZE).and_then(<[u8]>::first_chunk);
            if let (Some(integer), None | Some(StorageClass::Integer), 0) = (
                place.and_then(Record::plain_integer),
                returns.class,
                pointer % Record::ALIGN as u32,
            ) {
                return Ok(sink.value(ValueRef::Integer(integer), 0));
            }
            let record = match record(pointer, place, memory.len()) {
                Ok(record) => record,
                Err(wrong) => {
                    let record = wrong.flagged(place, returns.keepable)?;
                    return self.flagged(record, returns, sink);
                }
            };
            if record.tag != Tag::Error {
                let bytes = match record.tag.is_bytes() {
                    true => bytes_in(memory, record, returns.bytes_max)?,
                    false => &[],
                };
                return value(record, bytes, returns, sink);
            }
            return Err(self.error(record).into());
        }
        self.check_here()?;
        let mut place = [0; Record::SIZE];
        let read = self.instance.read(pointer, &mut place);
        let place = read.is_ok().then_some(&place);
        match record(pointer, place, self.instance.memory_bytes()) {
            Ok(record) => self.copied(record, returns, sink),
            Err(wrong) => {
                let record = wrong.flagged(place, returns.keepable)?;
                self.flagged(record, returns, sink)
            }
        }
    }

    /// Passes the value of a record to `sink`, from a copy of its bytes.
    fn copied<R>(&mut self, record: Record, returns: Returns, sink: impl Sink<R>) -> CallResult<R> {
        if record.tag == Tag::Error {
            return Err(self.error(record).into());
        }
        let bytes = match record.tag.is_bytes() {
            true => self.read_bytes(record, returns.bytes_max)?,
            false => &[],
        };
        value(record, bytes, returns, sink)
    }

    /// Passes the value of a record with a flag to `sink`. A flag that is not for `sink` is already removed.
    #[cold]
    fn flagged<R>(
        &mut self,
        record: Record,
        returns: Returns,
        sink: impl Sink<R>,
    ) -> CallResult<R> {
        match (record.flags, record.tag) {
            (0, _) => self.copied(record, returns, sink),
            (_, Tag::Null) => Ok(sink.pointer(self.pointer(record.len, record.payload)?)),
            _ => zeroblob(record, returns, sink),
        }
    }

    /// The error of an error record.
    #[cold]
    fn error(&mut self, record: Record) -> CallError {
        match self.message(record) {
            // Translated guests have no messages of their own: these come from code that was added to them,
            // so they carry no function's name.
            CallError::Guest(message, _) if self.renewable.is_some() => {
                CallError::Argument(message)
            }
            error => error,
        }
    }

    fn message(&mut self, record: Record) -> CallError {
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

    /// Copies out the record at `pointer`.
    #[cold]
    fn read_record(&mut self, pointer: u32) -> CallResult<Record> {
        self.check_here()?;
        let mut bytes = [0; Record::SIZE];
        let read = self.instance.read(pointer, &mut bytes);
        Ok(record(pointer, read.is_ok().then_some(&bytes), self.instance.memory_bytes())?)
    }

    /// Copies out the bytes of text, a blob or a message.
    #[cold]
    fn read_bytes(&mut self, record: Record, bytes_max: usize) -> CallResult<&[u8]> {
        // Check the length, which the guest may have made up, before allocating for it.
        check_len(record, bytes_max, self.instance.memory_bytes())?;
        self.staging.resize(record.len as usize, 0);
        self.instance.read(record.pointer(), &mut self.staging).map_err(|_| memory_shrank())?;
        Ok(&self.staging)
    }

    /// Checks that the current thread may copy memory.
    fn check_here(&self) -> CallResult<()> {
        match self.instance.is_here() {
            true => Ok(()),
            false => Err(CallError::Fault(Fault::OtherThread, None).into()),
        }
    }

    /// Turns a fault into an error, with the message that the guest wrote down before it trapped.
    #[cold]
    fn fault(&mut self, fault: Fault) -> CallError {
        let words = match &fault {
            Fault::Trap(_) if self.fault_record != 0 => self.last_words(),
            _ => None,
        };
        CallError::Fault(fault, words)
    }

    /// The message of a guest that trapped. Its memory is still readable, though none of its code may run.
    fn last_words(&mut self) -> Option<String> {
        const BYTES_MAX: usize = 64 << 10;
        let record = self.read_record(self.fault_record).ok()?;
        if record.tag != Tag::Error || record.len == 0 {
            return None;
        }
        self.read_bytes(record, BYTES_MAX).ok().map(|b| String::from_utf8_lossy(b).into_owned())
    }
}
