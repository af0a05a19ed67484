//! The wire formats of Commensal's ABI version 1, as code. `docs/abi.md` describes them in words.
//!
//! Host and guest share this crate, so it has no dependencies and knows neither side. Only an owned [`Value`]
//! allocates. All integers are little-endian. Pointers and lengths are unsigned 32-bit offsets into the guest's
//! exported memory.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod record;
pub mod value;

pub use record::{Record, RecordError, Tag};
pub use value::{StorageClass, Value, ValueRef};

/// The version of the ABI that this crate describes; the manifest's `"abi"` field.
pub const ABI_VERSION: u32 = 1;

/// Name of the custom section that holds the manifest, with one JSON object per line.
pub const MANIFEST_SECTION: &str = "commensal";

/// Export: the guest's only linear memory.
pub const EXPORT_MEMORY: &str = "memory";

/// Export `(size: i32) -> i32`: returns an 8-aligned pointer to at least `size` bytes for arguments, valid until
/// the next such call; 0 if the guest is out of memory.
pub const EXPORT_SCRATCH: &str = "commensal_scratch";

/// Optional export `() -> ()`: runs once after instantiation.
pub const EXPORT_INITIALIZE: &str = "_initialize";

/// Optional exported immutable global of type `i32` with a constant initialiser: the address of a record that the
/// host may read after a trap, without running guest code. The record is NULL until the guest's panic handler
/// makes it an error record with the panic's message.
pub const EXPORT_FAULT: &str = "commensal_fault";

/// Optional exported immutable global of type `i32` with a constant initialiser: the address of the record that holds
/// the result of a function of the native form if a number cannot be it: NULL, an error, or one of the
/// [reserved](NATIVE_INTEGER) results.
pub const EXPORT_RESULT: &str = "commensal_result";

/// The integer that stands for the result in the record [`EXPORT_RESULT`], if the guest has it. A NaN does for reals, and
/// [`NATIVE_BYTES`] for text and blobs.
pub const NATIVE_INTEGER: i64 = i64::MIN;

/// The result of a function of text or a blob that stands for the record [`EXPORT_RESULT`], or for NULL if the guest has
/// none. Other results have the number of bytes in the high half, and the address in the low one.
pub const NATIVE_BYTES: u64 = u64::MAX;

/// Optional export, a guest function of two integers: SQL no longer uses the pointer with this type and payload.
pub const EXPORT_POINTER_DROP: &str = "commensal_pointer_drop";

/// Optional export, a guest function of one integer: the number that `auxdata_set` kept is no longer kept.
pub const EXPORT_AUXDATA_DROP: &str = "commensal_auxdata_drop";

/// Optional exported immutable global of type `i32`, not 0: the guest never frees its memory. When a call of a
/// scalar function traps, the host may repeat it in a new instance.
pub const EXPORT_RENEWABLE: &str = "commensal_renewable";

/// Name of the import module that holds the host's functions.
pub const HOST_MODULE: &str = "commensal";

/// Argument count of a function that takes any number of arguments.
pub const VARIADIC: i32 = -1;
