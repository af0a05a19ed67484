//! A compiled module: what is done to its bytes before wasmi gets them, and its instances.

use std::fmt::Display;
use std::sync::Arc;

use commensal_core::fault::Fault;
use commensal_core::live;
use commensal_core::runtime::{CompiledModule, Instance, InstanceConfig, Metering, RuntimeError};
use wasmi::Module;
use wasmparser::Validator;

use crate::code::Code;
use crate::instance::WasmiInstance;
use crate::{engine, link, otherwise, start};

pub(crate) struct WasmiModule(Arc<Code>);

impl WasmiModule {
    pub(crate) fn compile(wasm: &[u8], metering: Metering) -> Result<Self, RuntimeError> {
        Validator::new_with_features(engine::FEATURES).validate_all(wasm).map_err(error)?;
        let exported = start::export(wasm).map_err(error)?;
        let (start, wasm) = match &exported {
            Some((name, wasm)) => (Some(name.clone()), wasm.as_slice()),
            None => (None, wasm),
        };
        let completed = otherwise::complete(wasm).map_err(error)?;
        let wasm = completed.as_deref().unwrap_or(wasm);
        let engine = engine::engine();
        let module = Module::new(&engine, wasm).map_err(error)?;
        let linker = link::linker(&engine).map_err(error)?;
        if let Some(import) = module.imports().find(|i| !link::is_known(i.module(), i.name())) {
            let (module, name) = (import.module(), import.name());
            return Err(RuntimeError(format!("unknown import: \"{module}\" \"{name}\"")));
        }
        let (wasm_bytes, instance_bytes) = (wasm.len(), live::instance_bytes(wasm));
        let code = Code { module, linker, start, metering, wasm_bytes, instance_bytes };
        Ok(Self(Arc::new(code)))
    }
}

fn error(error: impl Display) -> RuntimeError {
    RuntimeError(error.to_string())
}

impl CompiledModule for WasmiModule {
    fn instantiate(&self, config: InstanceConfig) -> Result<Box<dyn Instance>, Fault> {
        Ok(Box::new(WasmiInstance::new(&self.0, config)?))
    }

    /// Values and frames are on the heap, so only the interpreter itself uses the stack.
    fn stack_bytes(&self) -> usize {
        engine::INTERPRETER_STACK_BYTES
    }

    /// wasmi does not tell. Its code is about as large as the module's.
    fn code_bytes(&self) -> usize {
        self.0.wasm_bytes
    }

    fn imports(&self, is_wanted: &dyn Fn(&str, &str) -> bool) -> bool {
        self.0.module.imports().any(|import| is_wanted(import.module(), import.name()))
    }
}
