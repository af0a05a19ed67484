//! The time that a statement may still spend in guests.

use std::time::Duration;

/// The time that a statement may still spend in guests. Runtimes charge it when they look at the clock.
///
/// It is one word, because it goes into each call and comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatementBudget {
    /// Time left. The highest bit says that it is for cleaning up.
    nanoseconds: u64,
}

/// The bit that [`StatementBudget::for_cleanup`] sets.
const CLEANUP: u64 = 1 << 63;

impl StatementBudget {
    /// A budget of this much time, at most the 292 years that fit into 63 bits of nanoseconds.
    pub fn new(time: Duration) -> Self {
        Self { nanoseconds: u64::try_from(time.as_nanos()).map_or(!CLEANUP, |ns| ns.min(!CLEANUP)) }
    }

    /// A budget for work that a guest must do although the host wants the statement to end, such as freeing the
    /// statement's resources.
    pub fn for_cleanup(time: Duration) -> Self {
        Self { nanoseconds: Self::new(time).nanoseconds | CLEANUP }
    }

    /// Whether an interrupt of the host ends a call with this budget.
    pub fn is_interruptible(self) -> bool {
        self.nanoseconds & CLEANUP == 0
    }

    /// Time left.
    pub fn remaining(self) -> Duration {
        Duration::from_nanos(self.nanoseconds & !CLEANUP)
    }

    /// The budget as the one word that it is, for another thread to see.
    pub fn to_word(self) -> u64 {
        self.nanoseconds
    }

    /// The budget of a word.
    pub fn from_word(word: u64) -> Self {
        Self { nanoseconds: word }
    }

    /// Charges `time`. Returns false if nothing is left.
    pub fn charge(&mut self, time: Duration) -> bool {
        let left = self.remaining().saturating_sub(time);
        self.nanoseconds = self.nanoseconds & CLEANUP | Self::new(left).nanoseconds;
        !left.is_zero()
    }
}
