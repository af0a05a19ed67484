//! Decides which calls are measured with the clock: one of a few, at random.
//!
//! Two looks at the clock cost as much as a third of a short call. So a measured call stands for those that
//! are not measured. A guest must not know which call it is, or it would do its work in the others.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// One of this many calls is measured. A power of two.
pub(crate) const CALLS: u32 = 8;

/// Decides for one call after another ([xorshift](https://www.jstatsoft.org/article/view/v008i14)).
pub(crate) struct Sampler(u64);

impl Sampler {
    /// Starts at a value that nobody knows: the standard library's hashes have random keys.
    pub(crate) fn new() -> Self {
        Self(RandomState::new().hash_one(CALLS) | 1)
    }

    /// Whether to measure the next call.
    #[inline]
    pub(crate) fn next(&mut self) -> bool {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 32) as u32).is_multiple_of(CALLS)
    }
}
