//! Numbers for functions that a statement calls without a slot: `wasm_call` and `run_wasm`.
//!
//! An execution binds by number. A slot has its number as long as it lives. The numbers here belong to
//! one statement and lie beyond the slots'. Their number is limited: a statement that keeps calling
//! new modules releases the earlier ones.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use commensal_core::manifest::FunctionKey;

/// How many functions without a slot a statement can have bound at the same time.
const COUNT_MAX: usize = 64;

/// A function without a slot.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Unregistered {
    /// One of the catalog.
    Defined(FunctionKey),
    /// An export of the module whose source has this hash, called with this many arguments.
    Given([u8; 32], String, i32),
}

impl Unregistered {
    /// The name for messages.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Defined((name, _)) | Self::Given(_, name, _) => name,
        }
    }
}

/// A number, and when it was given.
#[derive(Clone, Copy)]
pub(crate) struct Number {
    pub(crate) number: usize,
    round: u64,
}

/// A round that no other numbers have, so that a number of another statement is never valid.
fn next_round() -> u64 {
    static ROUNDS: AtomicU64 = AtomicU64::new(0);
    ROUNDS.fetch_add(1, Relaxed)
}

/// The numbers of one statement.
pub(crate) struct Numbers {
    /// The first one.
    first: usize,
    given: RefCell<Vec<Unregistered>>,
    /// Changes when all are taken back.
    round: Cell<u64>,
}

impl Numbers {
    /// No number is given yet; they begin at `first`.
    pub(crate) fn new(first: usize) -> Self {
        Self { first, given: RefCell::default(), round: Cell::new(next_round()) }
    }

    /// Gives a function its number. When all numbers have to be given again, `release` unbinds those
    /// from the first one on.
    #[cold]
    pub(crate) fn give(&self, callee: Unregistered, release: impl FnOnce(usize)) -> Number {
        let mut given = self.given.borrow_mut();
        let position = given.iter().position(|known| *known == callee).unwrap_or_else(|| {
            if given.len() == COUNT_MAX {
                given.clear();
                self.round.set(next_round());
                release(self.first);
            }
            given.push(callee);
            given.len() - 1
        });
        Number { number: self.first + position, round: self.round.get() }
    }

    /// Whether the number still means the same function.
    #[inline]
    pub(crate) fn is_valid(&self, number: Number) -> bool {
        number.round == self.round.get()
    }
}
