//! The instance cache: idle instances of all connections of a Database under one byte budget, least
//! recently used out first, and a ceiling for those in use.
//!
//! An instance belongs to the connection that made it. It is here only while no statement of that
//! connection uses it; the lock is taken when a statement starts or stops using a module, never for
//! a row.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::guest::Guest;
use crate::registry::Policy;
use crate::stats::{Counts, FunctionStats};

/// Default of `PRAGMA wasm_cache_size`: 10 MiB.
pub const CACHE_BYTES_MAX_DEFAULT: u64 = 10 << 20;

/// Default ceiling for instances in use: 1 GiB.
pub const LIVE_BYTES_MAX_DEFAULT: u64 = 1 << 30;

/// What makes two instances interchangeable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InstanceKey {
    /// The connection, by a number unique in the process.
    pub(crate) connection: u64,
    /// The module, by its hash.
    pub(crate) sha256: [u8; 32],
    /// The effective policy.
    pub(crate) policy: Policy,
}

struct Idle {
    key: InstanceKey,
    guest: Box<Guest>,
    bytes: u64,
    /// Of the function that made the instance; an eviction counts there.
    stats: Arc<FunctionStats>,
}

#[derive(Default)]
struct State {
    /// Least recently used first.
    idle: VecDeque<Idle>,
    idle_bytes: u64,
    live_bytes: u64,
    bytes_max: u64,
    live_bytes_max: u64,
}

/// See the module's description.
pub struct InstanceCache(Mutex<State>);

/// The ceiling for instances in use is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveBytesExceeded {
    /// The ceiling.
    pub bytes_max: u64,
}

impl InstanceCache {
    /// An empty cache with these budgets.
    pub fn new(bytes_max: u64, live_bytes_max: u64) -> Self {
        Self(Mutex::new(State { bytes_max, live_bytes_max, ..State::default() }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes of idle instances, and their maximum.
    pub fn size(&self) -> (u64, u64) {
        let state = self.state();
        (state.idle_bytes, state.bytes_max)
    }

    /// Sets the maximum, and drops what no longer fits.
    pub fn set_bytes_max(&self, bytes_max: u64) {
        let evicted = {
            let mut state = self.state();
            state.bytes_max = bytes_max;
            state.evict()
        };
        // Dropped outside of the lock.
        count_evictions(&evicted);
    }

    /// Takes an idle instance out, if there is one.
    pub(crate) fn take(&self, key: &InstanceKey) -> Result<Option<Box<Guest>>, LiveBytesExceeded> {
        let mut state = self.state();
        // The most recently used are behind, and there are few: 10 MiB hold nine of 1 MiB.
        let Some(position) = state.idle.iter().rposition(|idle| idle.key == *key) else {
            return Ok(None);
        };
        let bytes = state.idle[position].bytes;
        state.add_live(bytes)?;
        let idle = state.idle.remove(position);
        Ok(idle.map(|idle| {
            state.idle_bytes -= bytes;
            idle.guest
        }))
    }

    /// Puts an instance back that accounted for `live_bytes`.
    pub(crate) fn put(
        &self,
        key: InstanceKey,
        guest: Box<Guest>,
        live_bytes: u64,
        stats: Arc<FunctionStats>,
    ) {
        let bytes = guest.memory_bytes() as u64;
        let evicted = {
            let mut state = self.state();
            state.live_bytes = state.live_bytes.saturating_sub(live_bytes);
            state.idle_bytes += bytes;
            state.idle.push_back(Idle { key, guest, bytes, stats });
            state.evict()
        };
        count_evictions(&evicted);
    }

    /// Accounts for an instance about to be used.
    pub(crate) fn add_live(&self, bytes: u64) -> Result<(), LiveBytesExceeded> {
        self.state().add_live(bytes)
    }

    /// Takes back what [`InstanceCache::add_live`] or [`InstanceCache::take`] accounted for.
    pub(crate) fn remove_live(&self, bytes: u64) {
        let mut state = self.state();
        state.live_bytes = state.live_bytes.saturating_sub(bytes);
    }

    /// Drops the idle instances of a connection that ends.
    pub(crate) fn remove_connection(&self, connection: u64) {
        let removed: VecDeque<Idle> = {
            let mut state = self.state();
            let (removed, kept) =
                state.idle.drain(..).partition(|idle| idle.key.connection == connection);
            state.idle = kept;
            state.idle_bytes = state.idle.iter().map(|idle| idle.bytes).sum();
            removed
        };
        drop(removed);
    }
}

impl State {
    fn add_live(&mut self, bytes: u64) -> Result<(), LiveBytesExceeded> {
        if self.live_bytes.saturating_add(bytes) > self.live_bytes_max {
            return Err(LiveBytesExceeded { bytes_max: self.live_bytes_max });
        }
        self.live_bytes += bytes;
        Ok(())
    }

    fn evict(&mut self) -> Vec<Idle> {
        let mut evicted = Vec::new();
        while self.idle_bytes > self.bytes_max {
            let Some(idle) = self.idle.pop_front() else { break };
            self.idle_bytes -= idle.bytes;
            evicted.push(idle);
        }
        evicted
    }
}

fn count_evictions(evicted: &[Idle]) {
    for idle in evicted {
        idle.stats.add(&Counts { evictions: 1, ..Counts::default() });
    }
}
