//! The host module's functions for every guest: log, interrupts, clock, random numbers, and what methods of
//! virtual tables declare.

use crate::fault::Fault;
use crate::host::area::{Area, bytes};
use crate::host::function::{HostFunction, HostType};
use crate::host::services::LogLevel;
use crate::limits::Capability;

/// The functions of the host module.
pub(in crate::host) const FUNCTIONS: &[HostFunction] = &[
    HostFunction {
        module: commensal_abi::HOST_MODULE,
        name: "log",
        params: &[HostType::I32, HostType::I32, HostType::I32],
        result: None,
        capability: Some(Capability::Log),
        body: |state, memory, arguments| {
            let message = bytes(memory, arguments[1], arguments[2])?;
            let level = LogLevel::from_code(arguments[0]);
            state.services.log(level, &String::from_utf8_lossy(&message));
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
            let area = Area::new(memory, arguments[0], arguments[1])?;
            area.fill(memory, |into| state.services.random(into).map_err(Fault::Host))?;
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
            Ok(state.table.declare(&sql))
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
