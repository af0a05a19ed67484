//! What a guest can call, described once for every runtime: the host module `commensal`, and WASI.
//!
//! A runtime links [`functions`] by name and type; what a function does is decided here. A function
//! behind a capability that was not granted is linked all the same and fails when called, naming the
//! capability.

mod admit;
pub mod auxiliary;
pub mod calls;
pub mod size;
pub mod sql;
mod wasi;

use std::sync::Arc;
use std::time::Duration;

use web_time::{SystemTime, UNIX_EPOCH};

use crate::fault::Fault;
use crate::limits::{Capabilities, Capability, Limits};
use crate::live::{InstanceMemory, LIVE_BYTES_MAX_DEFAULT, LiveAccount};
use auxiliary::{AuxiliaryState, Place};
use sql::{HostSql, SqlState};

/// The type of a parameter or result of a host function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostType {
    /// `i32`.
    I32,
    /// `i64`.
    I64,
}

/// A function that a guest may import.
pub struct HostFunction {
    /// The import's module.
    pub module: &'static str,
    /// The import's name.
    pub name: &'static str,
    /// Types of the parameters.
    pub params: &'static [HostType],
    /// Type of the result, if there is one.
    pub result: Option<HostType>,
    /// The capability without which a call fails.
    pub capability: Option<Capability>,
    /// The body: arguments sign-extended to 64 bits; the result in the same form, 0 for none.
    body: Body,
}

impl HostFunction {
    /// Runs the function over the guest's memory.
    ///
    /// # Errors
    /// A capability that was not granted, or a range outside of memory.
    pub fn call(
        &self,
        state: &mut HostState,
        memory: &mut [u8],
        arguments: &[i64],
    ) -> Result<i64, Fault> {
        if let Some(capability) = self.capability
            && !state.may(capability)
        {
            return Err(Fault::Host(self.refusal(state, capability)));
        }
        (self.body)(state, memory, arguments)
    }

    #[cold]
    fn refusal(&self, state: &HostState, capability: Capability) -> String {
        let (module, function, name) = (self.module, self.name, capability.name());
        match state.granted.contains(capability) {
            true => format!(
                "{module}.{function} needs the capability \"{name}\", and the guest whose statement \
                 made this call does not have it: a call gives no more than its caller has"
            ),
            false => format!(
                "{module}.{function} needs the capability \"{name}\": the definition has to ask for it \
                 (WITH (allow = '{name}')) and the host has to grant it"
            ),
        }
    }
}

/// State, memory, arguments; the result.
type Body = fn(&mut HostState, &mut [u8], &[i64]) -> Result<i64, Fault>;

/// The functions of the host module.
const FUNCTIONS: &[HostFunction] = &[
    HostFunction {
        module: commensal_abi::HOST_MODULE,
        name: "log",
        params: &[HostType::I32, HostType::I32, HostType::I32],
        result: None,
        capability: Some(Capability::Log),
        body: |state, memory, arguments| {
            let message = bytes(memory, arguments[1], arguments[2])?;
            let level = LogLevel::from_code(arguments[0]);
            state.services.log(level, &String::from_utf8_lossy(message));
            Ok(0)
        },
    },
    HostFunction {
        module: commensal_abi::HOST_MODULE,
        name: "interrupted",
        params: &[],
        result: Some(HostType::I32),
        capability: None,
        body: |state, _, _| Ok(state.services.interrupted().into()),
    },
    HostFunction {
        module: commensal_abi::HOST_MODULE,
        name: "now",
        params: &[],
        result: Some(HostType::I64),
        capability: Some(Capability::Clock),
        body: |state, _, _| Ok(state.services.now_ns()),
    },
    HostFunction {
        module: commensal_abi::HOST_MODULE,
        name: "random",
        params: &[HostType::I32, HostType::I32],
        result: None,
        capability: Some(Capability::Random),
        body: |state, memory, arguments| {
            let range = bytes_range(memory.len(), arguments[0], arguments[1])?;
            state.services.random(&mut memory[range]).map_err(Fault::Host)?;
            Ok(0)
        },
    },
    HostFunction {
        module: commensal_abi::HOST_MODULE,
        name: "declare_vtab",
        params: &[HostType::I32, HostType::I32],
        result: Some(HostType::I32),
        capability: None,
        body: |state, memory, arguments| {
            let sql = bytes(memory, arguments[0], arguments[1])?;
            Ok(state.table.declare(sql))
        },
    },
    HostFunction {
        module: commensal_abi::HOST_MODULE,
        name: "vtab_config",
        params: &[HostType::I32, HostType::I32],
        result: Some(HostType::I32),
        capability: None,
        body: |state, _, arguments| Ok(state.table.configure(arguments[0], arguments[1])),
    },
    HostFunction {
        module: commensal_abi::HOST_MODULE,
        name: "vtab_on_conflict",
        params: &[],
        result: Some(HostType::I32),
        capability: None,
        body: |state, _, _| Ok(state.table.on_conflict.into()),
    },
];

/// Every function that a guest may import.
pub fn functions() -> impl Iterator<Item = &'static HostFunction> {
    FUNCTIONS.iter().chain(auxiliary::FUNCTIONS).chain(sql::FUNCTIONS).chain(wasi::FUNCTIONS)
}

/// The known function of this import name, if there is one.
pub fn function(module: &str, name: &str) -> Option<&'static HostFunction> {
    functions().find(|f| f.module == module && f.name == name)
}

fn bytes_range(memory: usize, pointer: i64, len: i64) -> Result<std::ops::Range<usize>, Fault> {
    let (start, len) = (pointer as u32 as usize, len as u32 as usize);
    match start.checked_add(len) {
        Some(end) if end <= memory => Ok(start..end),
        _ => Err(Fault::Host(format!(
            "the guest passed {len} bytes at {start} to the host, outside of its memory of \
             {memory} bytes"
        ))),
    }
}

fn bytes(memory: &[u8], pointer: i64, len: i64) -> Result<&[u8], Fault> {
    Ok(&memory[bytes_range(memory.len(), pointer, len)?])
}

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
    fn from_code(code: i64) -> Self {
        match code {
            1 => Self::Error,
            2 => Self::Warn,
            4 => Self::Debug,
            _ => Self::Info,
        }
    }
}

/// What the host functions reach: one connection's services. Called on the thread that runs the
/// statement, while a guest runs.
pub trait HostServices: Send + Sync {
    /// Whether the host wants the running statement to end. Asked at every tick of a runtime.
    fn interrupted(&self) -> bool;

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

    /// What a guest that is called now may reach at most: the rights of the guest whose statement makes
    /// the call, if one does.
    fn rights(&self) -> Capabilities {
        Capabilities::ALL
    }

    /// The connection, for statements of a guest's; `None` where none can run.
    fn sql(&self) -> Option<&dyn HostSql> {
        None
    }

    /// The place where the running call of a scalar function stands, which
    /// [`Sink::within`](crate::guest::Sink::within) has told; `None` where the engine knows no places.
    fn place(&self) -> Option<&dyn Place> {
        None
    }
}

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
    pub(crate) connecting: bool,
    /// What was declared.
    pub(crate) declaration: Option<String>,
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

    fn declare(&mut self, sql: &[u8]) -> i64 {
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
    fn configure(&mut self, option: i64, value: i64) -> i64 {
        const CONSTRAINT_SUPPORT: i64 = 1;
        if !self.connecting || option != CONSTRAINT_SUPPORT {
            return Self::MISUSE;
        }
        self.constraint_support = value != 0;
        Self::OK
    }
}
