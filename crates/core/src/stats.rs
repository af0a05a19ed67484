//! The counters behind the table `wasm_stats`.
//!
//! Each function of a Database has one set, which its connections share. Rows add to plain counters of their
//! statement. These are added up here when the statement ends.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counters of one function. Reading several of them is not atomic.
#[derive(Debug, Default)]
pub struct FunctionStats {
    calls: AtomicU64,
    errors: AtomicU64,
    traps: AtomicU64,
    fuel: AtomicU64,
    time_ns: AtomicU64,
    cache_hits: AtomicU64,
    cache_misses: AtomicU64,
    evictions: AtomicU64,
    instances: AtomicU64,
}

/// The values of [`FunctionStats`], or an addition to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls, including those that ended in an error.
    pub calls: u64,
    /// Calls that ended in an error of any kind.
    pub errors: u64,
    /// Calls that ended in a trap or an exceeded limit and cost the instance.
    pub traps: u64,
    /// Fuel, in the runtime's unit; 0 without metering.
    pub fuel: u64,
    /// Nanoseconds spent in calls; 0 unless timing was switched on.
    pub time_ns: u64,
    /// Statements that found their instance in the cache or in use by the connection.
    pub cache_hits: u64,
    /// Statements that found none there.
    pub cache_misses: u64,
    /// Instances dropped because the cache was full.
    pub evictions: u64,
    /// Instances made.
    pub instances: u64,
}

impl FunctionStats {
    /// Adds these counts.
    pub fn add(&self, counts: &Counts) {
        let Counts { calls, errors, traps, fuel, time_ns, cache_hits, cache_misses, .. } = *counts;
        for (counter, by) in [
            (&self.calls, calls),
            (&self.errors, errors),
            (&self.traps, traps),
            (&self.fuel, fuel),
            (&self.time_ns, time_ns),
            (&self.cache_hits, cache_hits),
            (&self.cache_misses, cache_misses),
            (&self.evictions, counts.evictions),
            (&self.instances, counts.instances),
        ] {
            if by > 0 {
                counter.fetch_add(by, Relaxed);
            }
        }
    }

    /// The counts so far.
    pub fn counts(&self) -> Counts {
        Counts {
            calls: self.calls.load(Relaxed),
            errors: self.errors.load(Relaxed),
            traps: self.traps.load(Relaxed),
            fuel: self.fuel.load(Relaxed),
            time_ns: self.time_ns.load(Relaxed),
            cache_hits: self.cache_hits.load(Relaxed),
            cache_misses: self.cache_misses.load(Relaxed),
            evictions: self.evictions.load(Relaxed),
            instances: self.instances.load(Relaxed),
        }
    }
}
