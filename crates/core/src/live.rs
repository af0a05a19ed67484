//! The memory ceiling for all instances of a Database together, in use or idle, of all connections.
//!
//! An instance takes from the ceiling *before* it gets memory: when it is made, and each time a memory or a table
//! grows. It gives everything back when it is dropped. So the ceiling holds at every moment, not only when a
//! statement begins.
//!
//! Taking is one atomic change. Only when the ceiling is reached is the cache asked to drop idle instances, least
//! recently used first.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Weak};

use wasmparser::{Element, ElementItems, Parser, Payload};

/// Default of the ceiling: 1 GiB.
pub const LIVE_BYTES_MAX_DEFAULT: u64 = 1 << 30;

/// Default of the ceiling for compiled code: 512 MiB.
pub const CODE_BYTES_MAX_DEFAULT: u64 = 512 << 20;

/// Bytes that an instance costs the host besides its memory and tables: its store and the slots of its functions
/// and globals. An instance without memory was found to take 9.7 KB with the compiler and 6.3 KB with the
/// interpreter.
pub const INSTANCE_BYTES: u64 = 16 << 10;

/// Bytes that an element of a table costs.
pub const TABLE_ELEMENT_BYTES: u64 = 16;

/// Bytes that each function, import, global and export of a module costs an instance.
const ITEM_BYTES: u64 = 32;

/// Bytes that an instance of this module costs besides [`INSTANCE_BYTES`], its memory and its tables. Unreadable
/// parts count as nothing, because such a module does not compile either.
pub fn instance_bytes(wasm: &[u8]) -> u64 {
    let bytes = |payload| {
        let (count, each) = match payload {
            Payload::ImportSection(section) => (section.count(), ITEM_BYTES),
            Payload::FunctionSection(section) => (section.count(), ITEM_BYTES),
            Payload::GlobalSection(section) => (section.count(), ITEM_BYTES),
            // The interpreter copies the names.
            Payload::ExportSection(section) => {
                let name = |export: wasmparser::Export<'_>| ITEM_BYTES + export.name.len() as u64;
                return section.into_iter().flatten().map(name).sum();
            }
            Payload::ElementSection(section) => {
                return section.into_iter().flatten().map(segment_bytes).sum();
            }
            _ => (0, 0),
        };
        u64::from(count) * each
    };
    Parser::new(0).parse_all(wasm).map_while(Result::ok).map(bytes).sum()
}

/// Bytes of a segment. An instance has its own copy of segments that are not copied into a table at once.
fn segment_bytes(segment: Element<'_>) -> u64 {
    let elements = match segment.items {
        ElementItems::Functions(functions) => functions.count(),
        ElementItems::Expressions(_, expressions) => expressions.count(),
    };
    ITEM_BYTES + u64::from(elements) * TABLE_ELEMENT_BYTES
}

/// The ceiling and the bytes taken from it. Shared by all connections of a Database.
#[derive(Debug)]
pub struct LiveBytes {
    bytes_max: u64,
    taken: AtomicU64,
}

impl LiveBytes {
    /// A ceiling from which nothing is taken.
    pub fn new(bytes_max: u64) -> Self {
        Self { bytes_max, taken: AtomicU64::new(0) }
    }

    /// The ceiling in bytes.
    pub fn bytes_max(&self) -> u64 {
        self.bytes_max
    }

    /// Bytes taken.
    pub fn taken(&self) -> u64 {
        self.taken.load(Relaxed)
    }

    /// Takes this many bytes if they fit. Returns whether they did.
    fn try_take(&self, bytes: u64) -> bool {
        let more = |taken: u64| taken.checked_add(bytes).filter(|&sum| sum <= self.bytes_max);
        self.taken.fetch_update(Relaxed, Relaxed, more).is_ok()
    }

    fn give(&self, bytes: u64) {
        self.taken.fetch_sub(bytes, Relaxed);
    }
}

/// The error when the ceiling is reached and no idle instance is left to drop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveBytesExceeded {
    /// Bytes that were requested.
    pub bytes: u64,
    /// The ceiling in bytes.
    pub bytes_max: u64,
}

impl fmt::Display for LiveBytesExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "all instances together may have live_bytes_max = {} bytes, and {} more were asked for",
            self.bytes_max, self.bytes
        )
    }
}

/// Idle instances under the ceiling. They are dropped when it is reached.
pub trait IdleInstances: Send + Sync {
    /// The ceiling.
    fn ceiling(&self) -> &Arc<LiveBytes>;

    /// Drops the instance that has been idle the longest. Returns whether there was one.
    fn evict_one(&self) -> bool;
}

/// The bytes that one owner has taken from the ceiling. Dropping the account gives everything back.
#[derive(Debug)]
pub struct LiveAccount {
    live: Arc<LiveBytes>,
    /// The idle instances that can make room; `None` if the ceiling is the account's own.
    idle: Option<Weak<dyn IdleInstances>>,
    taken: u64,
}

impl LiveAccount {
    /// An account under the ceiling of this cache.
    pub fn new<C: IdleInstances + 'static>(cache: &Arc<C>) -> Self {
        let idle: Weak<C> = Arc::downgrade(cache);
        Self { live: Arc::clone(cache.ceiling()), idle: Some(idle), taken: 0 }
    }

    /// An account under a ceiling for which no idle instance makes room.
    pub fn under(live: &Arc<LiveBytes>) -> Self {
        Self { live: Arc::clone(live), idle: None, taken: 0 }
    }

    /// An account with its own ceiling.
    pub fn alone(bytes_max: u64) -> Self {
        Self { live: LiveBytes::new(bytes_max).into(), idle: None, taken: 0 }
    }

    /// Another account under the same ceiling, with nothing taken.
    #[must_use]
    pub fn another(&self) -> Self {
        Self { live: Arc::clone(&self.live), idle: self.idle.clone(), taken: 0 }
    }

    /// Bytes taken.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// Takes this many more bytes. Drops idle instances if they are in the way.
    ///
    /// # Errors
    /// The bytes do not fit. Nothing is taken then.
    pub fn take(&mut self, bytes: u64) -> Result<(), LiveBytesExceeded> {
        while !self.live.try_take(bytes) {
            let idle = self.idle.as_ref().and_then(Weak::upgrade);
            let makes_room = idle.is_some_and(|idle| idle.evict_one());
            if !makes_room {
                return Err(LiveBytesExceeded { bytes, bytes_max: self.live.bytes_max });
            }
        }
        self.taken += bytes;
        Ok(())
    }

    /// Gives back this many bytes, or all if fewer are taken.
    pub fn give(&mut self, bytes: u64) {
        let bytes = bytes.min(self.taken);
        self.taken -= bytes;
        self.live.give(bytes);
    }
}

impl Drop for LiveAccount {
    fn drop(&mut self) {
        self.live.give(self.taken);
    }
}

/// The memory of one instance. Its runtime asks before each growth.
#[derive(Debug)]
pub struct InstanceMemory {
    account: LiveAccount,
    /// Bytes that the account has taken for linear memory.
    memory_bytes: u64,
}

impl InstanceMemory {
    /// The memory of an instance that does not exist yet.
    pub fn new(account: LiveAccount) -> Self {
        Self { account, memory_bytes: 0 }
    }

    /// The memory of an instance that replaces this one.
    #[must_use]
    pub fn renewed(&self) -> Self {
        Self::new(self.account.another())
    }

    /// Bytes that the instance has taken in total.
    pub fn bytes(&self) -> u64 {
        self.account.taken()
    }

    /// Takes the bytes of an instance that is about to be made. `more` are those that the runtime knows of
    /// besides the cost of every instance.
    ///
    /// # Errors
    /// The ceiling is reached.
    pub fn begin(&mut self, more: u64) -> Result<(), LiveBytesExceeded> {
        self.account.take(INSTANCE_BYTES.saturating_add(more))
    }

    /// Takes the bytes for growing the linear memory from `current` to `desired` bytes. Bytes taken for an
    /// earlier growth that did not happen are used first.
    ///
    /// # Errors
    /// The ceiling is reached, and the memory must not grow.
    pub fn grow_memory(&mut self, current: usize, desired: usize) -> Result<(), LiveBytesExceeded> {
        let (current, desired) = (current as u64, desired as u64);
        if self.memory_bytes > current {
            self.account.give(self.memory_bytes - current);
            self.memory_bytes = current;
        }
        self.account.take(desired.saturating_sub(self.memory_bytes))?;
        self.memory_bytes = self.memory_bytes.max(desired);
        Ok(())
    }

    /// Changes the bytes that the engine holds for a statement of the guest from `held` to `bytes`.
    ///
    /// # Errors
    /// The ceiling is reached. Nothing changes, and the engine must not hold more than before.
    pub fn hold(&mut self, held: &mut u64, bytes: u64) -> Result<(), LiveBytesExceeded> {
        match bytes.checked_sub(*held) {
            Some(more) => self.account.take(more)?,
            None => self.account.give(*held - bytes),
        }
        *held = bytes;
        Ok(())
    }

    /// Gives back what was held.
    pub fn let_go(&mut self, held: &mut u64) {
        self.account.give(std::mem::take(held));
    }

    /// Takes the bytes for growing tables by this many elements.
    ///
    /// # Errors
    /// The ceiling is reached, and the table must not grow.
    pub fn grow_table(&mut self, elements: usize) -> Result<(), LiveBytesExceeded> {
        self.account.take((elements as u64).saturating_mul(TABLE_ELEMENT_BYTES))
    }

    /// Gives back the bytes for elements by which a table did not grow after all.
    pub fn table_did_not_grow(&mut self, elements: usize) {
        self.account.give((elements as u64).saturating_mul(TABLE_ELEMENT_BYTES));
    }
}
