//! A module's code, and the same without guard pages for instances that get none.

use std::sync::OnceLock;

use commensal_core::fault::Fault;
use commensal_core::live;
use commensal_core::runtime::{CompileOptions, Guard, Metering, RuntimeError};
use wasmtime::{Engine, InstancePre, Module};

use crate::engine;
use crate::store_data::StoreData;

/// Bytes that compiled code takes besides its image, for each byte of an instance's own: for each function, some
/// 300 bytes.
const CODE_OF_INSTANCE: u64 = 10;

/// A module's code, shared with its instances, which can be renewed.
pub(crate) struct Code {
    prepared: InstancePre<StoreData>,
    /// Code for instances that get no guard pages. `None` if this one needs none.
    checked: Option<Checked>,
    pub(crate) metering: Metering,
    pub(crate) instance_bytes: u64,
}

/// Code that checks memory accesses, made when it is first needed.
struct Checked {
    wasm: Box<[u8]>,
    options: CompileOptions,
    prepared: OnceLock<Result<InstancePre<StoreData>, RuntimeError>>,
}

impl Code {
    /// The code of a module, which `make` makes.
    pub(crate) fn new(
        wasm: &[u8],
        options: CompileOptions,
        make: impl FnOnce(&Engine) -> wasmtime::Result<Module>,
    ) -> Result<Self, RuntimeError> {
        let checked = (options.guard == Guard::Pages).then(|| Checked {
            wasm: wasm.into(),
            options: CompileOptions { guard: Guard::Code, ..options },
            prepared: OnceLock::new(),
        });
        Ok(Self {
            prepared: prepare(options, make)?,
            checked,
            metering: options.metering,
            instance_bytes: live::instance_bytes(wasm),
        })
    }

    /// The module.
    pub(crate) fn module(&self) -> &Module {
        self.prepared.module()
    }

    /// Bytes that it takes, without code that is not made yet.
    pub(crate) fn bytes(&self) -> usize {
        let range = self.module().image_range();
        let kept = self.instance_bytes.saturating_mul(CODE_OF_INSTANCE);
        let wasm = self.checked.as_ref().map_or(0, |checked| checked.wasm.len());
        (range.end.addr() - range.start.addr()) + wasm + usize::try_from(kept).unwrap_or(usize::MAX)
    }

    /// What instances with guard pages, if they may have some, are made of.
    pub(crate) fn prepared(&self) -> &InstancePre<StoreData> {
        &self.prepared
    }

    /// Whether its instances need guard pages.
    pub(crate) fn needs_guard_pages(&self) -> bool {
        self.checked.is_some()
    }

    /// What instances without guard pages are made of. If that is not there yet, this thread compiles it.
    pub(crate) fn checked(&self) -> Result<&InstancePre<StoreData>, Fault> {
        let Some(Checked { wasm, options, prepared }) = &self.checked else {
            return Ok(&self.prepared);
        };
        let made =
            prepared.get_or_init(|| prepare(*options, |engine| Module::from_binary(engine, wasm)));
        made.as_ref().map_err(|error| Fault::Runtime(error.to_string()))
    }
}

fn prepare(
    options: CompileOptions,
    make: impl FnOnce(&Engine) -> wasmtime::Result<Module>,
) -> Result<InstancePre<StoreData>, RuntimeError> {
    let executor = engine::executor(options)?;
    make(&executor.engine)
        .and_then(|module| executor.linker.instantiate_pre(&module))
        .map_err(|error| RuntimeError(format!("{error:#}")))
}
