//! Where an instance's memory lies, kept between calls.
//!
//! Wasmtime finds the bytes of a memory through seven loads that wait for each other, and a call needs them
//! twice. That was a sixth of the time of a call. Memory moves only when it grows, which is rare and
//! announced.
#![expect(unsafe_code, reason = "a pointer into guest memory is kept between calls")]

use wasmtime::{Memory, Store};

use crate::store_data::StoreData;

/// The bytes of one memory. Belongs to the instance whose store has the memory.
pub(crate) struct View {
    memory: Memory,
    base: *mut u8,
    len: usize,
}

// SAFETY: the pointer is into memory that the store beside it owns, and is used through a unique
// borrow of the view only. Both move between threads together.
unsafe impl Send for View {}

impl View {
    /// The memory as it lies now.
    pub(crate) fn new(store: &Store<StoreData>, memory: Memory) -> Self {
        Self { memory, base: memory.data_ptr(store), len: memory.data_size(store) }
    }

    /// Finds the memory again if it may have grown. To be called whenever the guest has run.
    #[inline]
    pub(crate) fn renew(&mut self, store: &mut Store<StoreData>) {
        if std::mem::take(&mut store.data_mut().memory_grew) {
            *self = Self::new(store, self.memory);
        }
    }

    /// Bytes of the memory.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The bytes.
    #[inline]
    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: `base` and `len` are those of the memory, which lives as long as its store, and so
        // as long as the instance that has both. Wasmtime moves or lengthens a memory only when it
        // grows. Guests grow it through the store's limiter, which sets `memory_grew` (see
        // `StoreData::memory_growing`), and the host never does; `renew` runs after each time a guest
        // ran. Nothing else reaches the memory while this borrow lasts: guests run only through the
        // instance, which is borrowed for it.
        unsafe { std::slice::from_raw_parts_mut(self.base, self.len) }
    }
}
