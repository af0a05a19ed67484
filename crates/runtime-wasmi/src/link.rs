//! Links the core's host functions, generically by name and type. Knows nothing of what they do.

use commensal_core::abi::EXPORT_MEMORY;
use commensal_core::host::{self, HostFunction, HostType};
use wasmi::{Caller, Engine, Error, Extern, FuncType, Linker, Memory, Val, ValType};

use crate::fault::HostFault;
use crate::store_data::StoreData;

/// The most parameters that a host function has.
const PARAMS_MAX: usize = 16;

/// A linker with every host function in it.
pub(crate) fn linker(engine: &Engine) -> Result<Linker<StoreData>, Error> {
    let mut linker = Linker::new(engine);
    for function in host::functions() {
        assert!(function.params.len() <= PARAMS_MAX, "too many parameters: {}", function.name);
        let ty = FuncType::new(
            function.params.iter().copied().map(value_type),
            function.result.map(value_type),
        );
        linker.func_new(function.module, function.name, ty, move |caller, params, results| {
            call(function, caller, params, results)
        })?;
    }
    Ok(linker)
}

/// Whether the linker has this function.
pub(crate) fn is_known(module: &str, name: &str) -> bool {
    host::function(module, name).is_some()
}

fn value_type(ty: HostType) -> ValType {
    match ty {
        HostType::I32 => ValType::I32,
        HostType::I64 => ValType::I64,
    }
}

fn call(
    function: &HostFunction,
    mut caller: Caller<'_, StoreData>,
    params: &[Val],
    results: &mut [Val],
) -> Result<(), Error> {
    let mut arguments = [0; PARAMS_MAX];
    for (argument, param) in arguments.iter_mut().zip(params) {
        *argument = match param {
            Val::I32(value) => i64::from(*value),
            Val::I64(value) => *value,
            _ => unreachable!("host functions have integer parameters only"),
        };
    }
    let arguments = &arguments[..params.len()];
    let result = match memory(&caller) {
        Some(memory) => {
            let (mut bytes, state) = memory.data_and_store_mut(&mut caller);
            function.call(&mut state.host, &mut bytes, arguments)
        }
        None => function.call(&mut caller.data_mut().host, &mut &mut [][..], arguments),
    };
    let result = result.map_err(|fault| Error::host(HostFault(fault)))?;
    if let (Some(slot), Some(ty)) = (results.first_mut(), function.result) {
        *slot = match ty {
            HostType::I32 => Val::I32(result as i32),
            HostType::I64 => Val::I64(result),
        };
    }
    Ok(())
}

/// The caller's memory. The state knows it before any of the guest's code runs.
fn memory(caller: &Caller<'_, StoreData>) -> Option<Memory> {
    caller.data().memory.or_else(|| caller.get_export(EXPORT_MEMORY).and_then(Extern::into_memory))
}
