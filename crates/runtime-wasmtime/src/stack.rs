//! The machine stack of guests.

/// Machine stack that a call may use, in bytes. Wasmtime fixes it when an engine is made.
///
/// This is half of the smallest stack that threads commonly have (512 KiB, for secondary threads on macOS),
/// so a guest runs out of its own share first. The limit counts from where the host enters the guest. What
/// the host's functions need comes on top.
pub const STACK_BYTES: usize = 256 << 10;

/// The same in words.
pub(crate) const STACK: &str = "the limit of 256 KiB";
