//! The ceiling for the memory of all instances of a Database, whoever uses them and whether they are
//! in use or idle.
//!
//! An instance takes from it *before* it is given memory: when it is made, and each time a memory or
//! a table grows. It gives all of it back when it is dropped. So the ceiling holds at every moment,
//! not only where a statement begins.
//!
//! Taking is one atomic change. Only where the ceiling is reached is the cache asked to drop idle
//! instances, the least recently used first.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Weak};

use wasmparser::{Element, ElementItems, Parser, Payload};

/// Default of the ceiling: 1 GiB.
pub const LIVE_BYTES_MAX_DEFAULT: u64 = 1 << 30;

/// What an instance costs the host besides its memory and tables: its store, its functions' and
/// globals' places. An instance without any memory was found to take 9.7 KB with the compiler, and 6.3
/// with the interpreter.
pub const INSTANCE_BYTES: u64 = 16 << 10;

/// What an element of a table costs.
pub const TABLE_ELEMENT_BYTES: u64 = 16;

/// What each function, import and global of a module costs an instance.
const ITEM_BYTES: u64 = 32;

/// What an instance of this module costs besides [`INSTANCE_BYTES`], its memory and its tables. Of
/// what cannot be read, nothing: it does not compile either.
pub fn instance_bytes(wasm: &[u8]) -> u64 {
    let bytes = |payload| {
        let (count, each) = match payload {
            Payload::ImportSection(section) => (section.count(), ITEM_BYTES),
            Payload::FunctionSection(section) => (section.count(), ITEM_BYTES),
            Payload::GlobalSection(section) => (section.count(), ITEM_BYTES),
            Payload::ElementSection(section) => {
                return section.into_iter().flatten().map(segment_bytes).sum();
            }
            _ => (0, 0),
        };
        u64::from(count) * each
    };
    Parser::new(0).parse_all(wasm).map_while(Result::ok).map(bytes).sum()
}

/// An instance has segments of its own that are not copied into a table at once.
fn segment_bytes(segment: Element<'_>) -> u64 {
    let elements = match segment.items {
        ElementItems::Functions(functions) => functions.count(),
        ElementItems::Expressions(_, expressions) => expressions.count(),
    };
    ITEM_BYTES + u64::from(elements) * TABLE_ELEMENT_BYTES
}

/// The ceiling and what is taken of it. Shared by all connections of a Database.
#[derive(Debug)]
pub struct LiveBytes {
    bytes_max: u64,
    taken: AtomicU64,
}

impl LiveBytes {
    /// A ceiling of which nothing is taken.
    pub fn new(bytes_max: u64) -> Self {
        Self { bytes_max, taken: AtomicU64::new(0) }
    }

    /// The ceiling.
    pub fn bytes_max(&self) -> u64 {
        self.bytes_max
    }

    /// What is taken.
    pub fn taken(&self) -> u64 {
        self.taken.load(Relaxed)
    }

    /// Takes so many bytes, if they fit.
    fn try_take(&self, bytes: u64) -> bool {
        let more = |taken: u64| taken.checked_add(bytes).filter(|&sum| sum <= self.bytes_max);
        self.taken.fetch_update(Relaxed, Relaxed, more).is_ok()
    }

    fn give(&self, bytes: u64) {
        self.taken.fetch_sub(bytes, Relaxed);
    }
}

/// The ceiling is reached, and no idle instance is left that could make room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveBytesExceeded {
    /// Bytes that were asked for.
    pub bytes: u64,
    /// The ceiling.
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

/// Instances that nobody uses, under a ceiling: they go where it is reached.
pub trait IdleInstances: Send + Sync {
    /// The ceiling.
    fn ceiling(&self) -> &Arc<LiveBytes>;

    /// Drops the instance that has been idle for the longest time; whether there was one.
    fn evict_one(&self) -> bool;
}

/// What one owner has taken of the ceiling. Dropping it gives everything back.
#[derive(Debug)]
pub struct LiveAccount {
    live: Arc<LiveBytes>,
    /// What makes room; nothing where the ceiling is the account's own.
    idle: Option<Weak<dyn IdleInstances>>,
    taken: u64,
}

impl LiveAccount {
    /// An account under the ceiling of this cache.
    pub fn new<C: IdleInstances + 'static>(cache: &Arc<C>) -> Self {
        let idle: Weak<C> = Arc::downgrade(cache);
        Self { live: Arc::clone(cache.ceiling()), idle: Some(idle), taken: 0 }
    }

    /// An account under a ceiling of its own.
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

    /// Takes so many bytes more. Idle instances are dropped where they are in the way.
    ///
    /// # Errors
    /// They do not fit. Nothing is taken then.
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

    /// Gives so many bytes back, or what there is.
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

/// The memory of one instance, as its runtime asks for it: before each growth.
#[derive(Debug)]
pub struct InstanceMemory {
    account: LiveAccount,
    /// Bytes of linear memory that the account has.
    memory_bytes: u64,
}

impl InstanceMemory {
    /// That of an instance which does not exist yet.
    pub fn new(account: LiveAccount) -> Self {
        Self { account, memory_bytes: 0 }
    }

    /// That of an instance that takes this one's place.
    #[must_use]
    pub fn renewed(&self) -> Self {
        Self::new(self.account.another())
    }

    /// Bytes of everything that the instance has.
    pub fn bytes(&self) -> u64 {
        self.account.taken()
    }

    /// The instance is about to be made; `more` is what the runtime knows it to cost besides what
    /// every instance costs.
    ///
    /// # Errors
    /// The ceiling is reached.
    pub fn begin(&mut self, more: u64) -> Result<(), LiveBytesExceeded> {
        self.account.take(INSTANCE_BYTES.saturating_add(more))
    }

    /// The one linear memory is about to grow from `current` to `desired` bytes. What an earlier
    /// growth took that did not happen is used first.
    ///
    /// # Errors
    /// The ceiling is reached: the memory must not grow.
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

    /// The engine has compiled a statement for the guest, of so many bytes.
    ///
    /// # Errors
    /// The ceiling is reached: the guest must not have it.
    pub fn add_statement(&mut self, bytes: u64) -> Result<(), LiveBytesExceeded> {
        self.account.take(bytes)
    }

    /// A statement that was counted as so many bytes is gone.
    pub fn statement_is_gone(&mut self, bytes: u64) {
        self.account.give(bytes);
    }

    /// Tables are about to have so many elements more.
    ///
    /// # Errors
    /// The ceiling is reached: the table must not grow.
    pub fn grow_table(&mut self, elements: usize) -> Result<(), LiveBytesExceeded> {
        self.account.take((elements as u64).saturating_mul(TABLE_ELEMENT_BYTES))
    }

    /// A table did not grow by so many elements after all.
    pub fn table_did_not_grow(&mut self, elements: usize) {
        self.account.give((elements as u64).saturating_mul(TABLE_ELEMENT_BYTES));
    }
}
