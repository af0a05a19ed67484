//! What guests of a connection reach through the host module, and how interrupts are noticed.

use std::sync::Arc;

use commensal_core::environment::Environment;
use commensal_core::host::call_site::CallSite;
use commensal_core::host::sql::HostSql;
use commensal_core::host::{HostServices, LogLevel};
use commensal_core::limits::Capabilities;
use commensal_core::settings::LogSink;

use crate::api::code::*;
use crate::auxiliary::Here;
use crate::sql::{GuestSql, Rights};
use crate::statement::Handle;

/// Services of one connection.
pub(crate) struct Services {
    handle: Handle,
    log: Option<Arc<LogSink>>,
    pub(crate) sql: GuestSql,
}

// SAFETY: the handle and what statements of guests use are reached only from `interrupted` and from host
// functions, which runtimes call on the thread that runs the statement, inside a call that SQLite made:
// the connection is open and this thread has it. `interrupted_elsewhere` has a reason of its own.
unsafe impl Send for Services {}
// SAFETY: as above.
unsafe impl Sync for Services {}

impl Services {
    /// For a connection of our own or, unless `our_own`, of the application.
    pub(crate) fn new(handle: Handle, environment: &Environment, our_own: bool) -> Self {
        let sql = GuestSql::new(handle, our_own);
        Self { handle, log: environment.settings.log.clone(), sql }
    }
}

/// Whether the application wants to end what runs. Called on the thread that has the connection.
pub(crate) fn is_interrupted(handle: Handle) -> bool {
    match handle.api.sqlite3_is_interrupted {
        // SAFETY: the connection is open, and this thread has it.
        Some(is_interrupted) => unsafe { is_interrupted(handle.db()) != 0 },
        // Before 3.41 SQLite's parser tells: it looks at white space, while a statement is active. A text of white
        // space is no statement, so no callback of the program sees it: no authorizer, nothing that traces.
        None => matches!(
            handle.prepare_once(b" \0"),
            Err(e) if e.engine_code().is_some_and(|code| code & 0xff == SQLITE_INTERRUPT)
        ),
    }
}

impl HostServices for Services {
    fn interrupted(&self) -> bool {
        // In the middle of something, SQLite is asked nothing but what a function of its own tells.
        let is_in_the_middle = || !self.sql.is_possible() || self.sql.moment().is_some();
        if self.handle.api.sqlite3_is_interrupted.is_none() && is_in_the_middle() {
            return false;
        }
        is_interrupted(self.handle)
    }

    fn interrupted_elsewhere(&self) -> Option<bool> {
        let is_interrupted = self.handle.api.sqlite3_is_interrupted?;
        // SAFETY: the connection is open while a call runs on its thread. SQLite reads an atomic flag, as it does
        // for sqlite3_interrupt, which may be called from any thread.
        Some(unsafe { is_interrupted(self.handle.db()) != 0 })
    }

    fn log(&self, level: LogLevel, message: &str) {
        if let Some(log) = &self.log {
            log(level, message);
        }
    }

    fn random(&self, into: &mut [u8]) -> Result<(), String> {
        getrandom::fill(into).map_err(|e| format!("the host has no random numbers: {e}"))
    }

    fn rights(&self) -> Capabilities {
        self.sql.rights().get()
    }

    fn sql(&self) -> Option<&dyn HostSql> {
        self.sql.is_possible().then_some(&self.sql)
    }

    fn call_site(&self) -> Option<&dyn CallSite> {
        Here::call_site()
    }
}

/// Services of a guest that may run on a thread of SQLite's sorter, where no statement may be stepped.
pub(crate) struct SorterServices {
    own: Services,
    /// The rights of the guest whose statement compares.
    rights: Arc<Rights>,
}

impl SorterServices {
    pub(crate) fn new(handle: Handle, environment: &Environment, rights: &Arc<Rights>) -> Self {
        Self { own: Services::new(handle, environment, false), rights: Arc::clone(rights) }
    }
}

impl HostServices for SorterServices {
    fn interrupted(&self) -> bool {
        // Before 3.41 only time limits end a comparison.
        self.own.handle.api.sqlite3_is_interrupted.is_some() && self.own.interrupted()
    }

    fn interrupted_elsewhere(&self) -> Option<bool> {
        self.own.interrupted_elsewhere()
    }

    fn log(&self, level: LogLevel, message: &str) {
        self.own.log(level, message);
    }

    fn now_ns(&self) -> i64 {
        self.own.now_ns()
    }

    fn random(&self, into: &mut [u8]) -> Result<(), String> {
        self.own.random(into)
    }

    fn rights(&self) -> Capabilities {
        self.rights.get()
    }
}
