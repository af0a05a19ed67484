//! How a panic reaches the host: a record that it reads after a trap.
//!
//! On WebAssembly a panic ends in a trap, and then the host runs no more guest code. So the message has
//! to be where the host finds it by itself: the exported global `commensal_fault` is the address of a
//! record, which is NULL until a panic makes it an error record. Nothing here allocates, because the panic
//! may be about memory.
#![expect(unsafe_code, reason = "a static variable that the host reads")]

use core::fmt::{self, Write};

use commensal_abi::{Record, Tag};

use crate::memory::{Single, words};

/// The record whose address is the exported global.
#[unsafe(export_name = "commensal_fault")]
static FAULT: Single<[u64; 2]> = Single::new(NO_FAULT);

/// The bytes of [`Record::NULL`], in little-endian order.
const NO_FAULT: [u64; 2] = [Tag::Null as u64, 0];

/// The longest message that reaches the host, in bytes; a longer one is cut.
pub const MESSAGE_BYTES_MAX: usize = 1024;

static MESSAGE: Single<Message> = Single::new(Message { bytes: [0; MESSAGE_BYTES_MAX], len: 0 });

struct Message {
    bytes: [u8; MESSAGE_BYTES_MAX],
    len: usize,
}

impl Write for Message {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let free = &mut self.bytes[self.len..];
        let text = &text[..text.floor_char_boundary(free.len())];
        free[..text.len()].copy_from_slice(text.as_bytes());
        self.len += text.len();
        Ok(())
    }
}

/// Leaves a message for the host, which reports it if the call traps. It is for guests with a panic
/// handler of their own:
///
/// ```ignore
/// #[panic_handler]
/// fn panic(info: &core::panic::PanicInfo) -> ! {
///     commensal_sdk::fault::report(format_args!("{info}"));
///     core::arch::wasm32::unreachable()
/// }
/// ```
pub fn report(message: fmt::Arguments<'_>) {
    // SAFETY: one thread. A panic while a message is being written leaves no reference that is used again,
    // because a panic does not return.
    let buffer = unsafe { &mut *MESSAGE.get() };
    buffer.len = 0;
    // If a `Display` fails, what it has written so far is still worth reading.
    let _ = buffer.write_fmt(message);
    let record = Record::bytes(Tag::Error, buffer.bytes.as_ptr().addr() as u32, buffer.len as u32);
    // SAFETY: one thread, and the host reads the record only while no guest code runs.
    unsafe { *FAULT.get() = words(record) };
}

/// Makes panics report themselves. Only the first call has an effect, so a hook of the guest's own stays.
#[cfg(feature = "std")]
pub(crate) fn install_panic_hook() {
    static INSTALLED: Single<bool> = Single::new(false);
    // SAFETY: one thread.
    if unsafe { core::mem::replace(&mut *INSTALLED.get(), true) } {
        return;
    }
    std::panic::set_hook(alloc::boxed::Box::new(|info| {
        let message = info.payload_as_str().unwrap_or("panic");
        match info.location() {
            Some(location) => report(format_args!("{message} (panicked at {location})")),
            None => report(format_args!("{message}")),
        }
    }));
}

#[cfg(all(feature = "no_std_runtime", not(feature = "std")))]
mod runtime {
    use super::report;

    #[global_allocator]
    static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

    #[panic_handler]
    fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
        match info.location() {
            Some(location) => report(format_args!("{} (panicked at {location})", info.message())),
            None => report(format_args!("{}", info.message())),
        }
        core::arch::wasm32::unreachable()
    }
}
