//! The host module's functions for auxiliary data.

use crate::host::function::{HostFunction, HostType};
use crate::host::state::HostState;

/// The functions of the host module.
pub(in crate::host) const FUNCTIONS: &[HostFunction] = &[
    HostFunction {
        module: commensal_abi::HOST_MODULE,
        name: "auxdata_get",
        params: &[HostType::I32],
        result: Some(HostType::I64),
        capability: None,
        body: |state, _, arguments| {
            let HostState { auxiliary, services, .. } = state;
            Ok(auxiliary.get(&**services, arguments[0] as i32))
        },
    },
    HostFunction {
        module: commensal_abi::HOST_MODULE,
        name: "auxdata_set",
        params: &[HostType::I32, HostType::I64],
        result: None,
        capability: None,
        body: |state, _, arguments| {
            let HostState { auxiliary, services, .. } = state;
            auxiliary.set(&**services, arguments[0] as i32, arguments[1])?;
            Ok(0)
        },
    },
];

/// Whether this is the name of one of these functions.
pub(crate) fn is_import(module: &str, name: &str) -> bool {
    FUNCTIONS.iter().any(|function| function.module == module && function.name == name)
}
