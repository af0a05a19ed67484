//! What the host functions of an instance work on.

use std::sync::Arc;
use std::time::Duration;

use super::auxiliary::AuxiliaryState;
use super::services::HostServices;
use super::sql::SqlState;
use crate::limits::{Capabilities, Capability, Limits};
use crate::live::{InstanceMemory, LIVE_BYTES_MAX_DEFAULT, LiveAccount};

/// What an instance's host functions work on.
pub struct HostState {
    /// What the definition asked for and the host granted.
    pub granted: Capabilities,
    /// The connection's services.
    pub services: Arc<dyn HostServices>,
    /// What the running method of a table says and asks.
    pub table: TableState,
    /// Statements that the guest has prepared.
    pub sql: SqlState,
    /// What the instance has taken of the memory that all instances share. The runtime asks it before
    /// it gives any.
    pub memory: InstanceMemory,
    /// What it keeps for arguments.
    pub auxiliary: AuxiliaryState,
}

impl HostState {
    /// The state of an instance that runs no method of a table and has no statements, for which the
    /// default limits hold, and which shares its memory's ceiling with no other.
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

    /// The same under the ceiling of this account.
    #[must_use]
    pub fn with_account(self, account: LiveAccount) -> Self {
        Self { memory: InstanceMemory::new(account), ..self }
    }

    /// Whether the guest may use this now.
    pub(crate) fn may(&self, capability: Capability) -> bool {
        self.granted.contains(capability) && self.services.rights().contains(capability)
    }

    /// The same with other limits of statements. A step takes no longer than a call.
    #[must_use]
    pub fn with_limits(self, limits: &Limits, call_timeout: Duration) -> Self {
        Self { sql: SqlState::new(limits, call_timeout), ..self }
    }

    /// The state of an instance that takes this one's place.
    #[must_use]
    pub fn renewed(&self) -> Self {
        let (granted, services) = (self.granted, Arc::clone(&self.services));
        let (sql, memory) = (self.sql.renewed(), self.memory.renewed());
        Self { sql, memory, ..Self::new(granted, services) }
    }
}

/// What the host functions for methods of virtual tables work on.
#[derive(Debug, Default)]
pub struct TableState {
    /// Whether `create` or `connect` runs, the only ones that may declare and configure.
    connecting: bool,
    /// What was declared.
    declaration: Option<String>,
    /// Whether `update` follows the statement's conflict clause.
    pub(crate) constraint_support: bool,
    /// What `sqlite3_vtab_on_conflict` gives while `update` runs; 0 otherwise.
    pub(crate) on_conflict: i32,
}

impl TableState {
    /// Bytes of a declaration at most.
    const DECLARATION_BYTES_MAX: usize = 256 << 10;
    const OK: i64 = 0;
    const ERROR: i64 = 1;
    const TOOBIG: i64 = 18;
    const MISUSE: i64 = 21;

    /// `create` or `connect` begins.
    pub(crate) fn connect(&mut self) {
        *self = Self { connecting: true, ..Self::default() };
    }

    /// It has ended; what it declared.
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

    /// SQLITE_VTAB_CONSTRAINT_SUPPORT is what a guest may say; how far it is trusted is not.
    pub(super) fn configure(&mut self, option: i64, value: i64) -> i64 {
        const CONSTRAINT_SUPPORT: i64 = 1;
        if !self.connecting || option != CONSTRAINT_SUPPORT {
            return Self::MISUSE;
        }
        self.constraint_support = value != 0;
        Self::OK
    }
}
