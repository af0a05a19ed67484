//! Ctrl-C: ends the running statement. Ends the process if nothing runs, or if it is pressed twice
//! within a second.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use commensal::InterruptHandle;

/// The exit status of a process that Ctrl-C ended.
const EXIT_CODE: i32 = 130;

/// Pressing it twice within this time ends the process.
const TWICE: Duration = Duration::from_secs(1);

/// State that the handler and the session share.
#[derive(Default)]
pub(crate) struct Interrupts {
    running: AtomicBool,
    interrupted: AtomicBool,
    last: Mutex<Option<Instant>>,
}

impl Interrupts {
    /// Starts to listen, for this connection. If the operating system refuses, Ctrl-C ends the
    /// process.
    pub(crate) fn listen(handle: InterruptHandle) -> Arc<Self> {
        let interrupts = Arc::new(Self::default());
        let heard = Arc::clone(&interrupts);
        let _ = ctrlc::set_handler(move || heard.strike(&handle));
        interrupts
    }

    fn strike(&self, handle: &InterruptHandle) {
        let now = Instant::now();
        let before = match self.last.lock() {
            Ok(mut last) => last.replace(now),
            Err(_) => Some(now),
        };
        let twice = before.is_some_and(|before| now.duration_since(before) < TWICE);
        if twice || !self.running.load(Ordering::SeqCst) {
            std::process::exit(EXIT_CODE);
        }
        self.interrupted.store(true, Ordering::SeqCst);
        handle.interrupt();
    }

    /// Notes whether a statement runs that can be interrupted.
    pub(crate) fn set_running(&self, running: bool) {
        self.running.store(running, Ordering::SeqCst);
    }

    /// Whether Ctrl-C was pressed, so that nothing more runs.
    pub(crate) fn interrupted(&self) -> bool {
        self.interrupted.load(Ordering::SeqCst)
    }
}
