//! Ctrl-C: ends the running statement; when nothing runs, or at the second time within a second,
//! the process.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use commensal::InterruptHandle;

/// What the shell says of a process that was ended by Ctrl-C.
const EXIT_CODE: i32 = 130;

/// Two strokes within this time end the process.
const TWICE: Duration = Duration::from_secs(1);

/// What the handler and the session share.
#[derive(Default)]
pub(crate) struct Interrupts {
    running: AtomicBool,
    interrupted: AtomicBool,
    last: Mutex<Option<Instant>>,
}

impl Interrupts {
    /// Starts to listen, for this connection. Without the operating system's leave, Ctrl-C does what
    /// it always does.
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

    /// Says whether statements run that can be interrupted.
    pub(crate) fn set_running(&self, running: bool) {
        self.running.store(running, Ordering::SeqCst);
    }

    /// Whether Ctrl-C was struck: nothing more is to run.
    pub(crate) fn interrupted(&self) -> bool {
        self.interrupted.load(Ordering::SeqCst)
    }
}
