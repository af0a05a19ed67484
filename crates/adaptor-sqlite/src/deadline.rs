//! Ends statements of guests on time, however long SQLite itself would go on with them.
//!
//! On a connection of our own a [progress handler] ends them, which nobody else notices. On another's
//! connection the handler is the application's, and SQLite does not tell which one to put back. Some
//! libraries are built without handlers. There a thread [interrupts] what runs. It starts with the first
//! statement and ends after a while without one. The child of a fork starts its own.
//!
//! [progress handler]: https://www.sqlite.org/c3ref/progress_handler.html
//! [interrupts]: https://www.sqlite.org/c3ref/interrupt.html

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::ptr::null_mut;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use web_time::Instant;

use crate::api::{Progress, sqlite3};
use crate::statement::Handle;

/// Instructions of SQLite's virtual machine between two looks at the clock: some microseconds.
const INSTRUCTIONS: c_int = 1000;

/// How long the idle thread waits, and how often before it ends.
const IDLE: Duration = Duration::from_millis(100);
const IDLE_TIMES: u32 = 10;

/// `sqlite3_progress_handler`.
type SetProgressHandler = unsafe extern "C" fn(*mut sqlite3, c_int, Option<Progress>, *mut c_void);

/// The deadline of the statements of a connection's guests.
pub(crate) struct Deadline {
    handle: Handle,
    our_own: bool,
    at: Cell<Option<Instant>>,
}

impl Deadline {
    pub(crate) fn new(handle: Handle, our_own: bool) -> Self {
        Self { handle, our_own, at: Cell::new(None) }
    }

    /// Sets the time at which running statements must end, or removes it. Returns the previous one.
    pub(crate) fn set(&self, at: Option<Instant>) -> Option<Instant> {
        let before = self.at.replace(at);
        match self.handle.api.sqlite3_progress_handler {
            Some(set_handler) if self.our_own => self.set_handler(set_handler, at.is_some()),
            _ => watcher().set(Connection(self.handle), at),
        }
        before
    }

    fn set_handler(&self, set_handler: SetProgressHandler, on: bool) {
        let (handler, data) = match on {
            true => (Some(is_late as Progress), (&raw const self.at).cast_mut().cast::<c_void>()),
            false => (None, null_mut()),
        };
        // SAFETY: the connection is open. The handler is taken off before its data goes: whoever sets a
        // deadline takes it back, and holds `self` until then.
        unsafe { set_handler(self.handle.db(), INSTRUCTIONS, handler, data) };
    }
}

/// The progress handler. Returns 1 once the deadline has passed.
unsafe extern "C" fn is_late(data: *mut c_void) -> c_int {
    // SAFETY: the place of `Deadline::set_handler`, on the thread that set it.
    let at = unsafe { &*data.cast::<Cell<Option<Instant>>>() };
    at.get().is_some_and(|at| Instant::now() >= at).into()
}

/// A connection that the thread may interrupt.
struct Connection(Handle);

// SAFETY: only `sqlite3_interrupt` is called through it, which any thread may call while the connection is
// open. It is while a deadline is set, which is taken back under the lock under which the thread calls.
unsafe impl Send for Connection {}

/// What the thread watches.
struct Watcher {
    watched: Vec<(Connection, Instant)>,
    /// When the thread looks next, and the process that it belongs to.
    thread: Option<(Instant, u32)>,
}

static WATCHER: Mutex<Watcher> = Mutex::new(Watcher { watched: Vec::new(), thread: None });
static EARLIER: Condvar = Condvar::new();

fn watcher() -> MutexGuard<'static, Watcher> {
    WATCHER.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Watcher {
    fn set(&mut self, connection: Connection, at: Option<Instant>) {
        let db = connection.0.db();
        self.watched.retain(|(watched, _)| watched.0.db() != db);
        let Some(at) = at else { return };
        match self.thread {
            Some((next, process)) if process == std::process::id() => {
                self.watched.push((connection, at));
                if at < next {
                    EARLIER.notify_one();
                }
            }
            _ => {
                // The child of a fork does not watch what its parent watched.
                self.watched = vec![(connection, at)];
                // If no thread can be started, only the calls of guests are limited in time.
                let started = std::thread::Builder::new().name("commensal-sql".into()).spawn(watch);
                self.thread = started.ok().map(|_| (Instant::now(), std::process::id()));
            }
        }
    }
}

/// The thread.
fn watch() {
    let mut watcher = watcher();
    let mut idle = 0;
    while idle < IDLE_TIMES {
        let now = Instant::now();
        for (connection, at) in &watcher.watched {
            if *at <= now {
                // SAFETY: see `Connection`.
                unsafe { (connection.0.api.sqlite3_interrupt)(connection.0.db()) };
            }
        }
        let later = watcher.watched.iter().map(|(_, at)| *at).filter(|at| *at > now).min();
        idle = if watcher.watched.is_empty() { idle + 1 } else { 0 };
        let next = later.map_or(now + IDLE, |at| at.min(now + IDLE));
        watcher.thread = Some((next, std::process::id()));
        let woken = EARLIER.wait_timeout(watcher, next.duration_since(now));
        watcher = woken.unwrap_or_else(PoisonError::into_inner).0;
    }
    watcher.thread = None;
}
