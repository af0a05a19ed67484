//! The state that an instance's host functions work on.

use std::sync::Arc;
use std::time::Duration;

use super::auxiliary::AuxiliaryState;
use super::services::HostServices;
use super::sql::SqlState;
use crate::limits::{Capabilities, Capability, Limits};
use crate::live::{InstanceMemory, LIVE_BYTES_MAX_DEFAULT, LiveAccount};

/// The state that an instance's host functions work on.
pub struct HostState {
    /// The capabilities that the definition asked for and the host granted.
    pub granted: Capabilities,
    /// The connection's services.
    pub services: Arc<dyn HostServices>,
    /// The state of the running table method.
    pub table: TableState,
    /// Statements that the guest prepared.
    pub sql: SqlState,
    /// The memory that the instance has taken from the shared ceiling. The runtime asks before it allocates any.
    pub memory: InstanceMemory,
    /// Auxiliary data that the guest keeps for arguments.
    pub auxiliary: AuxiliaryState,
}

impl HostState {
    /// The state of an instance that runs no table method and has no statements. It has the default limits and
    /// its own memory ceiling.
    pub fn new(granted: Capabilities, services: Arc<dyn HostServices>) -> Self {
        let limits = Limits::default();
        let sql = SqlState::new(&limits, limits.call_timeout);
        let memory = InstanceMemory::new(LiveAccount::alone(LIVE_BYTES_MAX_DEFAULT));
        Self {
            granted,
            services,
            table: TableState::default(),
            sql,
            memory,
            auxiliary: AuxiliaryState::default(),
        }
    }

    /// The same state with another memory account.
    #[must_use]
    pub fn with_account(self, account: LiveAccount) -> Self {
        Self { memory: InstanceMemory::new(account), ..self }
    }

    /// Whether the guest may use this capability now.
    pub(crate) fn may(&self, capability: Capability) -> bool {
        self.granted.contains(capability) && self.services.rights().contains(capability)
    }

    /// The same state with other limits for statements. A step takes at most as long as a call.
    #[must_use]
    pub fn with_limits(self, limits: &Limits, call_timeout: Duration) -> Self {
        Self { sql: SqlState::new(limits, call_timeout), ..self }
    }

    /// The state of an instance that replaces this one.
    #[must_use]
    pub fn renewed(&self) -> Self {
        let (granted, services) = (self.granted, Arc::clone(&self.services));
        let (sql, memory) = (self.sql.renewed(), self.memory.renewed());
        Self { sql, memory, ..Self::new(granted, services) }
    }
}

/// The state that the host functions for virtual table methods work on.
#[derive(Debug, Default)]
pub struct TableState {
    /// Whether `create` or `connect` is running. Only these may declare and configure.
    connecting: bool,
    /// The declaration, once there is one.
    declaration: Option<String>,
    /// Whether `update` follows the statement's conflict clause.
    pub(crate) constraint_support: bool,
    /// The result of `sqlite3_vtab_on_conflict` while `update` runs; 0 otherwise.
    pub(crate) on_conflict: i32,
}

impl TableState {
    /// Largest declaration in bytes.
    const DECLARATION_BYTES_MAX: usize = 256 << 10;
    const OK: i64 = 0;
    const ERROR: i64 = 1;
    const TOOBIG: i64 = 18;
    const MISUSE: i64 = 21;

    /// Begins `create` or `connect`.
    pub(crate) fn connect(&mut self) {
        *self = Self { connecting: true, ..Self::default() };
    }

    /// Ends `create` or `connect` and returns what it declared.
    pub(crate) fn connected(&mut self) -> Option<String> {
        self.connecting = false;
        self.declaration.take()
    }

    pub(super) fn declare(&mut self, sql: &[u8]) -> i64 {
        if !self.connecting || self.declaration.is_some() {
            return Self::MISUSE;
        }
        if sql.len() > Self::DECLARATION_BYTES_MAX {
            return Self::TOOBIG;
        }
        match std::str::from_utf8(sql) {
            Ok(sql) if !sql.contains('\0') => {
                self.declaration = Some(sql.to_owned());
                Self::OK
            }
            _ => Self::ERROR,
        }
    }

    /// A guest may set SQLITE_VTAB_CONSTRAINT_SUPPORT, but not how far it is trusted.
    pub(super) fn configure(&mut self, option: i64, value: i64) -> i64 {
        const CONSTRAINT_SUPPORT: i64 = 1;
        if !self.connecting || option != CONSTRAINT_SUPPORT {
            return Self::MISUSE;
        }
        self.constraint_support = value != 0;
        Self::OK
    }
}
