//! An instance: a store with one module in it, and those of its functions that were asked for.
//!
//! A call allocates nothing but its stack, at first, and looks nothing up by name.

use std::sync::Arc;
use std::time::Duration;

use commensal_core::abi::{EXPORT_INITIALIZE, EXPORT_MEMORY};
use commensal_core::fault::Fault;
use commensal_core::host::HostState;
use commensal_core::runtime::{
    AnyFunction, FunctionId, Functions, Instance, InstanceConfig, InstanceLimits, Memory, Metering,
    ResolveError, Shape, StatementBudget, wrong_number,
};
use wasmi::{Extern, Func, Mutability, Store, TypedFunc, Val, WasmParams, WasmResults};

use crate::call::Call;
use crate::code::Code;
use crate::fault::fault;
use crate::sample::Sampler;
use crate::store_data::StoreData;
use crate::words::{WordFunction, text};

/// A function by the ABI's convention of records.
type GuestFunction = TypedFunc<(u32, u32), u32>;

pub(crate) struct WasmiInstance {
    store: Store<StoreData>,
    instance: wasmi::Instance,
    functions: Functions<GuestFunction, WordFunction>,
    timeout: Duration,
    /// Fuel of one call.
    fuel: u64,
    /// The part of it that the last call was not given.
    fuel_kept: u64,
    sampler: Sampler,
    code: Arc<Code>,
    limits: InstanceLimits,
}

impl WasmiInstance {
    pub(crate) fn new(module: &Arc<Code>, mut config: InstanceConfig) -> Result<Self, Fault> {
        config.host.memory.begin(module.instance_bytes).map_err(Fault::LiveBytes)?;
        if (module.metering, config.fuel.is_some()) == (Metering::None, true) {
            return Err(Fault::Runtime(
                "a limit on fuel needs a module that was compiled with fuel metering".into(),
            ));
        }
        let fuel = config.fuel.unwrap_or(u64::MAX);
        let (timeout, limits) = (config.call_timeout, config.limits());
        let mut store = store(module, config)?;
        let instance = module
            .linker
            .instantiate_and_start(&mut store, &module.module)
            .map_err(|error| fault(&error, store.data().grants.refused()))?;
        store.data_mut().memory = instance.get_memory(&store, EXPORT_MEMORY);

        // The start function and `_initialize` share the limits of one call. No statement is charged for
        // them, but the call's time limit bounds them.
        let start = match &module.start {
            Some(start) => typed::<(), ()>(&instance, &store, start)?,
            None => None,
        };
        let initialize = typed::<(), ()>(&instance, &store, EXPORT_INITIALIZE)?;
        let mut budget = StatementBudget::new(Duration::MAX);
        let mut call = Call::begin(&mut store, fuel, timeout, &mut budget, false)?;
        for function in start.iter().chain(&initialize) {
            call.run(function, ())?;
        }
        let fuel_kept = call.end();
        Ok(Self {
            store,
            instance,
            functions: Functions::default(),
            timeout,
            fuel,
            fuel_kept,
            sampler: Sampler::new(),
            code: Arc::clone(module),
            limits,
        })
    }

    /// Calls a function under the limits of one call.
    #[inline]
    fn bounded<P: WasmParams, R: WasmResults>(
        &mut self,
        function: TypedFunc<P, R>,
        parameters: P,
        budget: &mut StatementBudget,
    ) -> Result<R, Box<Fault>> {
        let sampled = self.sampler.next();
        let mut call = Call::begin(&mut self.store, self.fuel, self.timeout, budget, sampled)
            .map_err(Box::new)?;
        let result = call.run(&function, parameters);
        self.fuel_kept = call.end();
        result.map_err(Box::new)
    }
}

fn store(module: &Code, config: InstanceConfig) -> Result<Store<StoreData>, Fault> {
    let state = StoreData::new(config.host, config.memory_bytes_max, config.table_elements_max);
    let mut store = Store::new(module.module.engine(), state);
    store.limiter(|state| state);
    // Making memories and tables takes fuel, too. Other limits apply to them.
    store.set_fuel(u64::MAX).map_err(|error| fault(&error, None))?;
    Ok(store)
}

/// An export to which ABI version 1 gives a type; `None` if there is no such export.
fn typed<P: WasmParams, R: WasmResults>(
    instance: &wasmi::Instance,
    store: &Store<StoreData>,
    export: &str,
) -> Result<Option<TypedFunc<P, R>>, Fault> {
    let Some(function) = instance.get_func(store, export) else { return Ok(None) };
    match function.typed(store) {
        Ok(function) => Ok(Some(function)),
        Err(_) => Err(Fault::Runtime(format!(
            "the export \"{export}\" has the type {}, which is not that of the ABI",
            text(&function.ty(store))
        ))),
    }
}

impl Memory for WasmiInstance {
    #[inline]
    fn memory(&mut self) -> Option<&mut [u8]> {
        let memory = self.store.data().memory?;
        Some(memory.data_mut(&mut self.store))
    }

    fn memory_bytes(&self) -> usize {
        self.store.data().memory.map_or(0, |memory| memory.data_size(&self.store))
    }
}

impl Instance for WasmiInstance {
    fn resolve(&mut self, export: &str, shape: Shape<'_>) -> Result<FunctionId, ResolveError> {
        if let Some(known) = self.functions.find(export, shape) {
            return Ok(known);
        }
        let function: Func = self
            .instance
            .get_export(&self.store, export)
            .and_then(Extern::into_func)
            .ok_or(ResolveError::Missing)?;
        if shape != Shape::RECORDS {
            let function = WordFunction::new(&self.store, function, shape)?;
            return Ok(self.functions.add_other(export, function));
        }
        let function = function
            .typed(&self.store)
            .map_err(|_| ResolveError::Signature(text(&function.ty(&self.store))))?;
        Ok(self.functions.add(export, function))
    }

    fn renew(&mut self) -> Result<(), Fault> {
        let host = self.store.data().host.renewed();
        let mut new = WasmiInstance::new(&self.code, self.limits.with(host))?;
        self.functions.resolve_again(|export, shape| new.resolve(export, shape))?;
        *self = new;
        Ok(())
    }

    fn global(&mut self, export: &str) -> Option<u32> {
        let global = self.instance.get_global(&self.store, export)?;
        match (global.ty(&self.store).mutability(), global.get(&self.store)) {
            (Mutability::Const, Val::I32(value)) => Some(value.cast_unsigned()),
            _ => None,
        }
    }

    fn call(
        &mut self,
        function: FunctionId,
        params: &[u64],
        budget: &mut StatementBudget,
    ) -> Result<u64, Box<Fault>> {
        match (self.functions.any(function)?, params) {
            (AnyFunction::Records, &[argc, argv]) => {
                let pointer = self.call_records(function, argc as u32, argv as u32, budget)?;
                Ok(pointer.into())
            }
            (AnyFunction::Records, _) => Err(wrong_number()),
            (AnyFunction::Other(other), _) => {
                if !other.set(params) {
                    return Err(wrong_number());
                }
                let sampled = self.sampler.next();
                let mut call =
                    Call::begin(&mut self.store, self.fuel, self.timeout, budget, sampled)
                        .map_err(Box::new)?;
                let result = call.run_words(other);
                self.fuel_kept = call.end();
                result.map(|()| other.word()).map_err(Box::new)
            }
        }
    }

    #[inline]
    fn call_records(
        &mut self,
        function: FunctionId,
        argc: u32,
        argv: u32,
        budget: &mut StatementBudget,
    ) -> Result<u32, Box<Fault>> {
        let function = *self.functions.records(function)?;
        self.bounded(function, (argc, argv), budget)
    }

    fn with_host(&mut self, body: &mut dyn FnMut(&mut HostState)) {
        body(&mut self.store.data_mut().host);
    }

    fn refused(&self) -> Option<Fault> {
        self.store.data().grants.refused().map(Fault::from)
    }

    fn fuel_used(&self) -> Option<u64> {
        let left = self.fuel_kept.saturating_add(self.store.get_fuel().ok()?);
        (self.code.metering == Metering::Fuel).then(|| self.fuel.saturating_sub(left))
    }
}
