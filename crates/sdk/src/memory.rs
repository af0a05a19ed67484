//! Guest memory: argument records, which the host writes, the result record, which it reads, and scratch.
//!
//! Only this file turns addresses into references. It trusts the host, which controls the guest anyway:
//! argument records are as ABI version 1 says, their text is UTF-8, and all of it stays in place until
//! the next call into the module.
#![expect(unsafe_code, reason = "addresses from the host become references here")]

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::UnsafeCell;
use core::marker::PhantomData;

use commensal_abi::{NATIVE_BYTES, NATIVE_INTEGER, Record, Tag};

use crate::ValueRef;
use crate::export::{Arguments, Count};
use crate::output::Output;

#[cfg(target_feature = "atomics")]
compile_error!("a guest has one thread: build it without the target feature \"atomics\"");

/// A static variable. A guest has only one thread.
pub struct Single<T>(UnsafeCell<T>);

// SAFETY: a guest has one thread: see the check for "atomics" above.
unsafe impl<T> Sync for Single<T> {}

impl<T> Single<T> {
    /// Makes a variable with this value.
    pub const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    pub(crate) const fn get(&self) -> *mut T {
        self.0.get()
    }
}

/// An argument record, whose bytes are valid for `'a`.
#[repr(C, align(8))]
pub struct Argument<'a> {
    tag: u8,
    subtype: u8,
    flags: u8,
    zero: u8,
    len: u32,
    payload: u64,
    bytes: PhantomData<&'a [u8]>,
}

const _: () = assert!(size_of::<Argument<'_>>() == Record::SIZE);
const _: () = assert!(align_of::<Argument<'_>>() == Record::ALIGN);

impl<'a> Argument<'a> {
    const fn new(tag: Tag, len: u32, payload: u64) -> Self {
        Self { tag: tag as u8, subtype: 0, flags: 0, zero: 0, len, payload, bytes: PhantomData }
    }

    /// An integer.
    #[inline]
    pub const fn integer(integer: i64) -> Self {
        Self::new(Tag::Integer, 0, integer.cast_unsigned())
    }

    /// A real.
    #[inline]
    pub const fn real(real: f64) -> Self {
        Self::new(Tag::Real, 0, real.to_bits())
    }

    /// The text of so many bytes at this address.
    ///
    /// # Safety
    /// It is UTF-8 and valid for `'a`.
    #[inline]
    pub const unsafe fn text(address: i32, bytes: i32) -> Self {
        Self::new(Tag::Text, bytes.cast_unsigned(), address.cast_unsigned() as u64)
    }

    /// The blob of so many bytes at this address.
    ///
    /// # Safety
    /// It is valid for `'a`.
    #[inline]
    pub const unsafe fn blob(address: i32, bytes: i32) -> Self {
        Self::new(Tag::Blob, bytes.cast_unsigned(), address.cast_unsigned() as u64)
    }

    #[inline]
    pub(crate) fn value(&self) -> ValueRef<'a> {
        match Tag::from_code(self.tag) {
            Some(Tag::Integer) => ValueRef::Integer(self.payload as i64),
            Some(Tag::Real) => ValueRef::Real(f64::from_bits(self.payload)),
            // SAFETY: the host has checked that what it passes as text is UTF-8.
            Some(Tag::Text) => ValueRef::Text(unsafe { str::from_utf8_unchecked(self.bytes()) }),
            Some(Tag::Blob) => ValueRef::Blob(self.bytes()),
            Some(Tag::Null | Tag::Error) | None => ValueRef::Null,
        }
    }

    #[inline]
    fn bytes(&self) -> &'a [u8] {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: a record of text or a blob points to `len` bytes in memory, and nothing writes them
        // before the next call.
        unsafe { core::slice::from_raw_parts(self.payload as u32 as *const u8, self.len as usize) }
    }
}

/// The record of the last call's result, which the host reads before the next call: every result of a function that is
/// called with records, and one that a number cannot be of another.
#[unsafe(export_name = "commensal_result")]
static RESULT: Single<[u64; 2]> = Single::new([Tag::Null as u64, 0]);

/// The bytes of the last call's result, if the guest allocated them.
struct Last {
    bytes: Vec<u8>,
}

static LAST: Single<Last> = Single::new(Last { bytes: Vec::new() });

/// The body of an exported function: frees the last result, checks the number of arguments, calls
/// `invoke` and puts its result where the host finds it.
///
/// # Safety
/// `argv` is the address of `argc` argument records of ABI version 1, valid until the next call.
#[inline]
pub unsafe fn call(
    name: &str,
    count: Count,
    argc: i32,
    argv: i32,
    invoke: impl for<'a> Fn(&Arguments<'a>) -> Result<Output<'a>, String>,
) -> i32 {
    let last = Last::freed();
    let records = if argc == 0 {
        &[]
    } else {
        // SAFETY: the caller's promise.
        unsafe { core::slice::from_raw_parts(argv as *const Argument<'_>, argc as usize) }
    };
    let output = count.check(records.len()).and_then(|()| invoke(&Arguments(records)));
    match output {
        Ok(Output::Null) => 0,
        Ok(output) => last.put(output),
        Err(message) => last.put(named(name, &message)),
    }
}

/// The body of an exported function of the native form whose result is an integer: frees the last result, calls
/// `invoke` and returns its result, or leaves it in the record if it is none that an integer can be.
///
/// # Safety
/// The bytes of the arguments are valid until the next call.
#[inline]
pub unsafe fn native_integer<'a>(
    name: &str,
    arguments: &'a [Argument<'a>],
    invoke: impl Fn(&Arguments<'a>) -> Result<Output<'a>, String>,
) -> i64 {
    let last = Last::freed();
    match invoke(&Arguments(arguments)) {
        Ok(Output::Integer(integer)) if integer != NATIVE_INTEGER => integer,
        other => {
            last.put_any(name, other);
            NATIVE_INTEGER
        }
    }
}

/// Like [`native_integer`], for a result that is a real.
///
/// # Safety
/// As for [`native_integer`].
#[inline]
pub unsafe fn native_real<'a>(
    name: &str,
    arguments: &'a [Argument<'a>],
    invoke: impl Fn(&Arguments<'a>) -> Result<Output<'a>, String>,
) -> f64 {
    let last = Last::freed();
    match invoke(&Arguments(arguments)) {
        Ok(Output::Real(real)) if !real.is_nan() => real,
        other => {
            last.put_any(name, other);
            f64::NAN
        }
    }
}

/// Like [`native_integer`], for a result that is text or a blob: its bytes in the high half, its address in the low one.
///
/// # Safety
/// As for [`native_integer`].
#[inline]
pub unsafe fn native_bytes<'a>(
    name: &str,
    arguments: &'a [Argument<'a>],
    invoke: impl Fn(&Arguments<'a>) -> Result<Output<'a>, String>,
) -> i64 {
    let last = Last::freed();
    let bytes = match invoke(&Arguments(arguments)) {
        Ok(Output::Text(Cow::Borrowed(text))) => text.as_bytes(),
        Ok(Output::Blob(Cow::Borrowed(blob))) => blob,
        Ok(Output::Text(Cow::Owned(text))) => last.keep(text.into_bytes()),
        Ok(Output::Blob(Cow::Owned(blob))) => last.keep(blob),
        other => {
            last.put_any(name, other);
            return NATIVE_BYTES.cast_signed();
        }
    };
    ((bytes.len() as i64) << 32) | (bytes.as_ptr().addr() as i64)
}

/// The body of an export of an aggregate or a table function: [`call`] with its states or cursors.
///
/// # Safety
/// As for [`call`]. Nothing else uses `states`.
#[inline]
pub unsafe fn call_states<S>(
    name: &str,
    count: Count,
    argc: i32,
    argv: i32,
    states: &'static Single<S>,
    method: impl for<'a> Fn(&mut S, &Arguments<'a>) -> Result<Output<'static>, String>,
) -> i32 {
    // SAFETY: the caller's promise.
    unsafe {
        call(name, count, argc, argv, |arguments| {
            // SAFETY: one thread, and the host enters no instance in which a call is running, so no
            // other reference to the states exists.
            method(&mut *states.get(), arguments)
        })
    }
}

#[cold]
fn named(name: &str, message: &str) -> Output<'static> {
    Output::Error(format!("{name}(): {message}"))
}

impl Last {
    /// The place for the next result. The last one is freed.
    #[inline]
    fn freed() -> &'static mut Self {
        // SAFETY: no call is running, so no other reference to the last result exists.
        let last = unsafe { &mut *LAST.get() };
        if last.bytes.capacity() > 0 {
            last.bytes = Vec::new();
        }
        last
    }

    /// Writes any result into the record.
    #[cold]
    fn put_any(&mut self, name: &str, output: Result<Output<'_>, String>) {
        self.put(output.unwrap_or_else(|message| named(name, &message)));
    }

    /// Writes the result into the record and returns its address.
    #[inline]
    fn put(&mut self, output: Output<'_>) -> i32 {
        let record = match output {
            Output::Null => Record::NULL,
            Output::Integer(i) => Record::integer(i),
            Output::Real(r) => Record::real(r),
            Output::Text(Cow::Borrowed(t)) => bytes(Tag::Text, t.as_bytes()),
            Output::Text(Cow::Owned(t)) => bytes(Tag::Text, self.keep(t.into_bytes())),
            Output::Blob(Cow::Borrowed(b)) => bytes(Tag::Blob, b),
            Output::Blob(Cow::Owned(b)) => bytes(Tag::Blob, self.keep(b)),
            Output::Error(message) => bytes(Tag::Error, self.keep(message.into_bytes())),
        };
        // SAFETY: one thread, and the host reads the record only while no guest code runs.
        unsafe { *RESULT.get() = words(record) };
        RESULT.get().addr() as i32
    }

    #[inline]
    fn keep(&mut self, owned: Vec<u8>) -> &[u8] {
        self.bytes = owned;
        &self.bytes
    }
}

#[inline]
fn bytes(tag: Tag, bytes: &[u8]) -> Record {
    Record::bytes(tag, bytes.as_ptr().addr() as u32, bytes.len() as u32)
}

/// The record as two words, because two stores are faster than sixteen.
#[inline]
pub(crate) fn words(record: Record) -> [u64; 2] {
    let [a, b] = *record.to_bytes().as_chunks::<8>().0 else {
        unreachable!("a record is 16 bytes")
    };
    [u64::from_le_bytes(a), u64::from_le_bytes(b)]
}

static SCRATCH: Single<Vec<u64>> = Single::new(Vec::new());

/// The export [`commensal_abi::EXPORT_SCRATCH`]: an 8-aligned address of `size` bytes, valid until
/// the next call of this export, or 0 if there is no memory.
///
/// The host calls it before everything else, so it also installs the hook that reports
/// panics.
#[unsafe(no_mangle)]
extern "C" fn commensal_scratch(size: i32) -> i32 {
    #[cfg(feature = "std")]
    crate::fault::install_panic_hook();
    // SAFETY: no call is running, so no other reference to the area exists.
    let scratch = unsafe { &mut *SCRATCH.get() };
    let words = (size as u32 as usize).div_ceil(size_of::<u64>()).max(1);
    if words > scratch.capacity() {
        // The old area is freed first, because both need not fit into memory together.
        *scratch = Vec::new();
        if scratch.try_reserve_exact(words).is_err() {
            return 0;
        }
    }
    scratch.as_mut_ptr().addr() as i32
}
