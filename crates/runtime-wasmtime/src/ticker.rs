//! The process's only ticker thread. It advances the engines' epochs, so that any guest soon asks the host
//! whether it may continue. For guests with a stop page it asks by itself (`running.rs`).
//!
//! The first call starts the thread. It ends after a second in which no call asked. The child of a fork,
//! which has no threads, starts its own. It knows nothing of what is limited.
//!
//! # Why no guest runs without it
//!
//! Guests compare their engine's epoch with their store's deadline at each function's entry, each loop's
//! head and each bulk operation. Compiled code makes this comparison anyway, and it is the whole cost of
//! the protocol in a call. There is no handshake between a call and the ticker.
//!
//! - A new store's deadline has passed: its first check calls back.
//! - The callback takes a [`Watch`] before it moves the deadline to the next epoch; the call drops
//!   it at its end. Taking it and the ticker's decision to end are changes of one atomic word: either
//!   the ticker sees the watch and stays, or the callback sees that it has to start a ticker.
//! - So the ticker ends only while every deadline was set before its decision, from an epoch no later
//!   than the current one. It then advances the epochs **once more**, and all deadlines have passed:
//!   the next check in any store, also in a call that began meanwhile, calls back, and starts a
//!   ticker.
//! - A callback that cannot start a thread ends its call with an error.
//!
//! Guests with a stop page make no comparison. Their calls look whether the ticker runs when they begin, and a ticker that
//! has decided to end looks for such calls before it is gone.
//!
//! In the child of a fork, a deadline that was moved less than a tick before the fork has not passed
//! and nobody will advance the epoch. So instances are checked at the beginning of each statement
//! ([`outlived_by_fork`]), the only place where the necessary system call is cheap enough.
//!
//! There is no lock here that a fork could leave locked.

use std::io;
use std::process;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::engine;
use crate::running::{self, Found, Seen};

/// Time between two epochs. The callback's first check comes at once, so an interrupt is seen after one
/// tick and the scheduler's delay, well within 10 ms.
const TICK: Duration = Duration::from_millis(5);

/// Time between two looks at the calls of guests with a stop page, while one of them takes long. So an interrupt takes less
/// than a millisecond.
const SHORT_TICK: Duration = Duration::from_micros(500);

/// How long the thread goes on without a call that asks.
const IDLE: Duration = Duration::from_secs(1);

/// The word, see [`Word`].
static WORD: AtomicU64 = AtomicU64::new(0);
/// Nanoseconds for which the ticker has run, as of its last tick.
static CLOCK: AtomicU64 = AtomicU64::new(0);
/// How many watches were taken so far. Only its changes matter.
static WATCHES: AtomicU32 = AtomicU32::new(0);

/// The ticker's state, in one word: `process id (32) | phase (2) | watches (30)`.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Word {
    process: u32,
    phase: Phase,
    watches: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// There is no thread, or it has only its last advance to do.
    Stopped = 0,
    /// A thread is being started.
    Starting = 1,
    /// The thread ticks.
    Running = 2,
}

impl Word {
    fn unpack(word: u64) -> Self {
        let phase = match word >> 30 & 3 {
            0 => Phase::Stopped,
            1 => Phase::Starting,
            _ => Phase::Running,
        };
        Self { process: (word >> 32) as u32, phase, watches: word as u32 & 0x3fff_ffff }
    }

    fn pack(self) -> u64 {
        u64::from(self.process) << 32 | (self.phase as u64) << 30 | u64::from(self.watches)
    }

    /// The word as this process has to see it: nothing is left of a parent's threads and watches.
    fn in_process(self, process: u32) -> Self {
        if self.process == process {
            self
        } else {
            Self { process, phase: Phase::Stopped, watches: 0 }
        }
    }
}

/// Changes the word, unless `change` returns `None`. Returns the word before, and whether it changed.
fn update(change: impl Fn(Word) -> Option<Word>) -> (Word, bool) {
    let result = WORD.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |word| {
        change(Word::unpack(word)).map(Word::pack)
    });
    match result {
        Ok(before) => (Word::unpack(before), true),
        Err(before) => (Word::unpack(before), false),
    }
}

/// A clock that moves with each tick, and only while the ticker runs. Reading it costs a load.
#[inline]
pub(crate) fn clock() -> Duration {
    Duration::from_nanos(CLOCK.load(Ordering::Relaxed))
}

/// Whether this process's ticker runs. In the child of a fork, the process is not the one that the word names.
#[inline]
pub(crate) fn runs_in(process: u32) -> bool {
    let word = Word::unpack(WORD.load(Ordering::Relaxed));
    word.phase == Phase::Running && word.process == process
}

/// Starts the ticker if it does not run in this process.
///
/// # Errors
/// As [`Watch::new`].
#[cold]
pub(crate) fn start_again() -> io::Result<()> {
    Watch::new().map(drop)
}

/// Whether the word was last written before a fork whose child is this process. The thread that should tick
/// then does not exist.
pub(crate) fn outlived_by_fork() -> bool {
    Word::unpack(WORD.load(Ordering::SeqCst)).process != process::id()
}

/// Keeps the ticker ticking while it lives.
pub(crate) struct Watch {
    process: u32,
}

impl Watch {
    /// Makes sure that the ticker ticks.
    ///
    /// # Errors
    /// The thread could not be started.
    pub(crate) fn new() -> io::Result<Self> {
        let process = process::id();
        WATCHES.fetch_add(1, Ordering::Relaxed);
        loop {
            let (before, taken) = update(|word| {
                let word = word.in_process(process);
                let phase = match word.phase {
                    Phase::Stopped => Phase::Starting,
                    // It is not known yet whether it will run. Watches may rely on it only then.
                    Phase::Starting => return None,
                    Phase::Running => Phase::Running,
                };
                Some(Word { phase, watches: word.watches + 1, ..word })
            });
            if !taken {
                thread::yield_now();
                continue;
            }
            let watch = Self { process };
            if before.in_process(process).phase == Phase::Stopped {
                start(process)?;
            }
            return Ok(watch);
        }
    }

    /// Takes the watch again if the process was forked since.
    ///
    /// # Errors
    /// As [`Watch::new`].
    pub(crate) fn renew(&mut self) -> io::Result<()> {
        if self.process != process::id() {
            *self = Self::new()?;
        }
        Ok(())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        update(|word| {
            (word.process == self.process && word.watches > 0)
                .then(|| Word { watches: word.watches - 1, ..word })
        });
    }
}

/// Starts the thread; the phase is `Starting`.
fn start(process: u32) -> io::Result<()> {
    let thread = thread::Builder::new()
        .name("commensal-ticker".to_owned())
        .stack_size(64 << 10)
        .spawn(move || run(process));
    if let Err(error) = thread {
        set_phase(process, Phase::Stopped);
        return Err(error);
    }
    Ok(())
}

fn set_phase(process: u32, phase: Phase) {
    update(|word| (word.process == process).then_some(Word { phase, ..word }));
}

/// The thread.
fn run(process: u32) {
    set_phase(process, Phase::Running);
    let mut watches = WATCHES.load(Ordering::Relaxed);
    let mut seen = Seen::default();
    let mut found = Found::Nothing;
    let mut now = Instant::now();
    let (mut advanced, mut asked) = (now, now);
    loop {
        thread::sleep(if found == Found::Long { SHORT_TICK } else { TICK });
        let passed = now.elapsed();
        now += passed;
        CLOCK.fetch_add(u64::try_from(passed.as_nanos()).unwrap_or(0), Ordering::Relaxed);
        if now.duration_since(advanced) >= TICK {
            advanced = now;
            engine::advance_epochs();
        }
        found = seen.look(now);
        let taken = WATCHES.load(Ordering::Relaxed);
        if taken != watches || found != Found::Nothing {
            (watches, asked) = (taken, now);
        } else if now.duration_since(asked) >= IDLE && end(process) {
            // All deadlines pass, see above.
            engine::advance_epochs();
            if !running::has_calls() || !go_on(process) {
                return;
            }
        }
    }
}

/// Decides to end, unless somebody watches.
fn end(process: u32) -> bool {
    update(|word| {
        (word.process == process && word.watches == 0)
            .then_some(Word { phase: Phase::Stopped, ..word })
    })
    .1
}

/// Takes the decision back, unless another thread has been started since.
fn go_on(process: u32) -> bool {
    update(|word| {
        (word.process == process && word.phase == Phase::Stopped)
            .then_some(Word { phase: Phase::Running, ..word })
    })
    .1
}
