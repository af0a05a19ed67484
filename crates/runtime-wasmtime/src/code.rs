//! A module's code, and other code for instances that cannot have what it relies on.

use std::sync::OnceLock;

use commensal_core::fault::Fault;
use commensal_core::live;
use commensal_core::runtime::{CompileOptions, Guard, Metering, RuntimeError, Stop};
use wasmparser::Validator;
use wasmtime::{Engine, InstancePre, Module};

use crate::engine::{self, FEATURES};
use crate::stop_page::with_stop_page;
use crate::store_data::StoreData;

/// Bytes that compiled code takes besides its image, for each byte of an instance's own: for each function, some
/// 300 bytes.
const CODE_OF_INSTANCE: u64 = 10;

/// A module's code, shared with its instances, which can be renewed.
pub(crate) struct Code {
    prepared: InstancePre<StoreData>,
    /// How it is stopped.
    stop: Stop,
    /// Code for instances that get no guard pages, or no stop page. `None` if this one needs none.
    checked: Option<Checked>,
    pub(crate) metering: Metering,
    pub(crate) instance_bytes: u64,
}

/// Code that checks by itself, made when it is first needed.
struct Checked {
    wasm: Box<[u8]>,
    options: CompileOptions,
    prepared: OnceLock<Result<InstancePre<StoreData>, RuntimeError>>,
}

impl Code {
    /// Compiles a module.
    pub(crate) fn compile(wasm: &[u8], options: CompileOptions) -> Result<Self, RuntimeError> {
        if options.stop == Stop::Pages
            && let Some(changed) = stoppable(wasm)?
        {
            return Self::new(wasm, options, |engine| Module::from_binary(engine, &changed));
        }
        let options = CompileOptions { stop: Stop::Code, ..options };
        Self::new(wasm, options, |engine| Module::from_binary(engine, wasm))
    }

    /// The code of a module that was compiled with these options, from its code, which `make` reads.
    pub(crate) fn restore(
        wasm: &[u8],
        options: CompileOptions,
        make: impl Fn(&Engine) -> wasmtime::Result<Module>,
    ) -> Result<Self, RuntimeError> {
        // What has no stop page was compiled for another engine. Each engine takes its own code only.
        Self::new(wasm, options, &make).or_else(|error| match options.stop {
            Stop::Pages => Self::new(wasm, CompileOptions { stop: Stop::Code, ..options }, &make),
            Stop::Code => Err(error),
        })
    }

    fn new(
        wasm: &[u8],
        options: CompileOptions,
        make: impl FnOnce(&Engine) -> wasmtime::Result<Module>,
    ) -> Result<Self, RuntimeError> {
        let checked = (options.guard == Guard::Pages).then(|| Checked {
            wasm: wasm.into(),
            options: CompileOptions { guard: Guard::Code, stop: Stop::Code, ..options },
            prepared: OnceLock::new(),
        });
        Ok(Self {
            prepared: prepare(options, make)?,
            stop: options.stop,
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

    /// What instances that get all it relies on are made of.
    pub(crate) fn prepared(&self) -> &InstancePre<StoreData> {
        &self.prepared
    }

    /// Whether its instances need guard pages.
    pub(crate) fn needs_guard_pages(&self) -> bool {
        self.checked.is_some()
    }

    /// Whether its instances have a stop page.
    pub(crate) fn needs_stop_page(&self) -> bool {
        self.stop == Stop::Pages
    }

    /// What other instances are made of. If that is not there yet, this thread compiles it.
    pub(crate) fn checked(&self) -> Result<&InstancePre<StoreData>, Fault> {
        let Some(Checked { wasm, options, prepared }) = &self.checked else {
            return Ok(&self.prepared);
        };
        let made =
            prepared.get_or_init(|| prepare(*options, |engine| Module::from_binary(engine, wasm)));
        made.as_ref().map_err(|error| Fault::Runtime(error.to_string()))
    }
}

/// The module with a stop page, if it can have one.
fn stoppable(wasm: &[u8]) -> Result<Option<Vec<u8>>, RuntimeError> {
    let error = |error: wasmparser::BinaryReaderError| RuntimeError(error.to_string());
    // An instruction of an invalid module may name the memory that it is about to get.
    Validator::new_with_features(FEATURES).validate_all(wasm).map_err(error)?;
    with_stop_page(wasm).map_err(error)
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
