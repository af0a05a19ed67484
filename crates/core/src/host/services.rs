//! The services of a connection that host functions use.

use web_time::{SystemTime, UNIX_EPOCH};

use super::call_site::CallSite;
use super::sql::HostSql;
use crate::limits::Capabilities;

/// Severity of a guest's log message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// 1
    Error,
    /// 2
    Warn,
    /// 3, and every unknown number
    Info,
    /// 4
    Debug,
}

impl LogLevel {
    pub(super) fn from_code(code: i64) -> Self {
        match code {
            1 => Self::Error,
            2 => Self::Warn,
            4 => Self::Debug,
            _ => Self::Info,
        }
    }
}

/// One connection's services for the host functions. Called on the statement's thread, while a guest runs; one says that
/// it is not.
pub trait HostServices: Send + Sync {
    /// Whether the host wants the running statement to end. Asked at every tick of a runtime.
    fn interrupted(&self) -> bool;

    /// The same question from another thread, while a guest runs on the statement's. `None`, the default, if only that
    /// thread may ask.
    fn interrupted_elsewhere(&self) -> Option<bool> {
        None
    }

    /// Writes to the host's log.
    fn log(&self, level: LogLevel, message: &str);

    /// Nanoseconds since 1970-01-01 00:00 UTC.
    fn now_ns(&self) -> i64 {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |ns| -ns),
        }
    }

    /// Fills `into` with random bytes.
    ///
    /// # Errors
    /// The host has no source of randomness.
    fn random(&self, into: &mut [u8]) -> Result<(), String>;

    /// The most that a guest called now may reach: the rights of the guest whose statement makes the call, if one
    /// does.
    fn rights(&self) -> Capabilities {
        Capabilities::ALL
    }

    /// The connection, for guests' statements; `None` if none can run.
    fn sql(&self) -> Option<&dyn HostSql> {
        None
    }

    /// The place of the running call of a scalar function, which [`Sink::within`](crate::guest::Sink::within) has
    /// set; `None` if the engine knows no places.
    fn call_site(&self) -> Option<&dyn CallSite> {
        None
    }
}
