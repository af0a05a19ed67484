//! The instance cache: idle instances of all connections of a Database under one byte budget. The least recently
//! used are evicted first. They also count towards the ceiling for all instances (`live.rs`), and are dropped
//! when that is reached.
//!
//! An instance belongs to the connection that made it. It is here only while no statement of that connection uses
//! it. The lock is taken when a statement starts or stops using a module, never for a row.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::guest::Guest;
use crate::live::{IdleInstances, LiveBytes};
use crate::policy::Policy;
use crate::stats::{Counts, FunctionStats};

/// The properties that make two instances interchangeable.
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
    /// Counters of the function that made the instance. An eviction counts there.
    stats: Arc<FunctionStats>,
}

#[derive(Default)]
struct IdleQueue {
    /// Least recently used first.
    idle: VecDeque<Idle>,
    idle_bytes: u64,
    bytes_max: u64,
}

/// The idle instances of a Database's connections.
pub struct InstanceCache {
    state: Mutex<IdleQueue>,
    live: Arc<LiveBytes>,
}

impl fmt::Debug for InstanceCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InstanceCache").field("live", &self.live).finish_non_exhaustive()
    }
}

impl InstanceCache {
    /// An empty cache with limits for the bytes of idle instances and of all instances.
    pub fn new(bytes_max: u64, live_bytes_max: u64) -> Self {
        let state = IdleQueue { bytes_max, ..IdleQueue::default() };
        Self { state: Mutex::new(state), live: LiveBytes::new(live_bytes_max).into() }
    }

    /// The ceiling for all instances.
    pub fn live(&self) -> &Arc<LiveBytes> {
        &self.live
    }

    fn state(&self) -> MutexGuard<'_, IdleQueue> {
        // Nothing panics half-way through a change while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes of idle instances, and their maximum.
    pub fn size(&self) -> (u64, u64) {
        let state = self.state();
        (state.idle_bytes, state.bytes_max)
    }

    /// Sets the maximum and drops instances that no longer fit.
    pub fn set_bytes_max(&self, bytes_max: u64) {
        let evicted = {
            let mut state = self.state();
            state.bytes_max = bytes_max;
            state.evict()
        };
        // Dropped outside the lock.
        count_evictions(&evicted);
    }

    /// Takes out an idle instance that the current thread can use, if there is one.
    pub(crate) fn take(&self, key: &InstanceKey) -> Option<Box<Guest>> {
        let mut state = self.state();
        // The most recently used are at the end, and there are few: 10 MiB hold nine of 1 MiB.
        let is_usable = |guest: &Guest| guest.is_here() && guest.is_fit();
        let is_wanted = |idle: &Idle| idle.key == *key && is_usable(&idle.guest);
        let position = state.idle.iter().rposition(is_wanted)?;
        let idle = state.idle.remove(position)?;
        state.idle_bytes -= idle.bytes;
        Some(idle.guest)
    }

    /// Puts an instance back.
    pub(crate) fn put(&self, key: InstanceKey, mut guest: Box<Guest>, stats: Arc<FunctionStats>) {
        let bytes = guest.live_bytes();
        let evicted = {
            let mut state = self.state();
            state.idle_bytes += bytes;
            state.idle.push_back(Idle { key, guest, bytes, stats });
            state.evict()
        };
        count_evictions(&evicted);
    }

    /// Drops the idle instances of a connection that is ending.
    pub(crate) fn remove_connection(&self, connection: u64) {
        self.remove(|key| key.connection == connection);
    }

    /// Drops the idle instances of these modules, by their hash.
    pub(crate) fn remove_modules(&self, gone: &[[u8; 32]]) {
        self.remove(|key| gone.contains(&key.sha256));
    }

    fn remove(&self, is_gone: impl Fn(&InstanceKey) -> bool) {
        let removed: VecDeque<Idle> = {
            let mut state = self.state();
            let (removed, kept) = state.idle.drain(..).partition(|idle| is_gone(&idle.key));
            state.idle = kept;
            state.idle_bytes = state.idle.iter().map(|idle| idle.bytes).sum();
            removed
        };
        drop(removed);
    }
}

impl IdleInstances for InstanceCache {
    fn ceiling(&self) -> &Arc<LiveBytes> {
        &self.live
    }

    fn evict_one(&self) -> bool {
        let evicted = {
            let mut state = self.state();
            let evicted = state.idle.pop_front();
            state.idle_bytes -= evicted.as_ref().map_or(0, |idle| idle.bytes);
            evicted
        };
        // Dropped outside the lock.
        count_evictions(evicted.as_slice());
        evicted.is_some()
    }
}

impl IdleQueue {
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
