//! What a statement may still spend in guests.

use std::time::Duration;

/// What a statement may still spend in guests. Runtimes charge it when they look at the clock.
///
/// One word, because it goes into each call and comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatementBudget {
    /// Time left; the highest bit says that it is for cleaning up.
    nanoseconds: u64,
}

/// See [`StatementBudget::for_cleanup`].
const CLEANUP: u64 = 1 << 63;

impl StatementBudget {
    /// A budget of so much time; what does not fit into 63 bits of nanoseconds is 292 years.
    pub fn new(time: Duration) -> Self {
        Self { nanoseconds: u64::try_from(time.as_nanos()).map_or(!CLEANUP, |ns| ns.min(!CLEANUP)) }
    }

    /// A budget for what a guest has to do although the host wants the statement to end, such as
    /// freeing what the statement used.
    pub fn for_cleanup(time: Duration) -> Self {
        Self { nanoseconds: Self::new(time).nanoseconds | CLEANUP }
    }

    /// Whether an interrupt of the host's ends a call with this budget.
    pub fn is_interruptible(self) -> bool {
        self.nanoseconds & CLEANUP == 0
    }

    /// Time left.
    pub fn remaining(self) -> Duration {
        Duration::from_nanos(self.nanoseconds & !CLEANUP)
    }

    /// Takes `time` off; false when nothing is left.
    pub fn charge(&mut self, time: Duration) -> bool {
        let left = self.remaining().saturating_sub(time);
        self.nanoseconds = self.nanoseconds & CLEANUP | Self::new(left).nanoseconds;
        !left.is_zero()
    }
}
