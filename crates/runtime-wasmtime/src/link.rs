//! Links the core's host functions, generically by name and type. Knows nothing of what they do.

use commensal_core::abi::EXPORT_MEMORY;
use commensal_core::host::{self, HostFunction, HostType};
use wasmtime::{Caller, Engine, Error, FuncType, Linker, Memory, Val, ValType};

use crate::store_data::StoreData;

/// The most parameters that a host function has.
const PARAMS_MAX: usize = 16;

/// A linker with every host function in it.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<StoreData>> {
    let mut linker = Linker::new(engine);
    for function in host::functions() {
        assert!(function.params.len() <= PARAMS_MAX, "too many parameters: {}", function.name);
        let ty = FuncType::new(
            engine,
            function.params.iter().copied().map(value_type),
            function.result.map(value_type),
        );
        linker.func_new(function.module, function.name, ty, move |caller, params, results| {
            call(function, caller, params, results)
        })?;
    }
    Ok(linker)
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
) -> wasmtime::Result<()> {
    let mut arguments = [0; PARAMS_MAX];
    for (argument, param) in arguments.iter_mut().zip(params) {
        *argument = match param {
            Val::I32(value) => i64::from(*value),
            Val::I64(value) => *value,
            _ => unreachable!("host functions have integer parameters only"),
        };
    }
    let arguments = &arguments[..params.len()];
    let result = match memory(&mut caller) {
        Some(memory) => {
            let (mut bytes, state) = memory.data_and_store_mut(&mut caller);
            function.call(&mut state.host, &mut bytes, arguments)
        }
        None => function.call(&mut caller.data_mut().host, &mut &mut [][..], arguments),
    };
    let result = result.map_err(Error::new)?;
    if let (Some(slot), Some(ty)) = (results.first_mut(), function.result) {
        *slot = match ty {
            HostType::I32 => Val::I32(result as i32),
            HostType::I64 => Val::I64(result),
        };
    }
    Ok(())
}

/// The caller's memory. A start function calls before the instance is complete, so it is looked up then.
fn memory(caller: &mut Caller<'_, StoreData>) -> Option<Memory> {
    match caller.data().memory {
        Some(memory) => Some(memory),
        None => caller.get_export(EXPORT_MEMORY)?.into_memory(),
    }
}
