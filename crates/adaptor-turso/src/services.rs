//! What guests of a connection reach through the host module, and how interrupts are noticed.

use std::sync::{Arc, Weak};

use commensal_core::environment::Environment;
use commensal_core::host::sql::HostSql;
use commensal_core::host::{HostServices, LogLevel};
use commensal_core::limits::Capabilities;
use commensal_core::settings::LogSink;
use turso_core::Connection;

use crate::health::Health;
use crate::sql::GuestSql;

/// Services of one connection.
pub(crate) struct Services {
    connection: Weak<Connection>,
    log: Option<Arc<LogSink>>,
    pub(crate) sql: GuestSql,
}

impl Services {
    pub(crate) fn new(
        connection: &Arc<Connection>,
        environment: &Environment,
        health: &Health,
    ) -> Self {
        Self {
            connection: Arc::downgrade(connection),
            log: environment.settings.log.clone(),
            sql: GuestSql::new(connection, health),
        }
    }
}

impl HostServices for Services {
    fn interrupted(&self) -> bool {
        self.connection.upgrade().is_some_and(|connection| connection.is_interrupted())
    }

    fn interrupted_elsewhere(&self) -> Option<bool> {
        Some(self.interrupted())
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
        self.sql.level().rights
    }

    fn sql(&self) -> Option<&dyn HostSql> {
        Some(&self.sql)
    }
}
