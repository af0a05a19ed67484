//! An instance: a store with one module in it, and the functions of it that were asked for.
//!
//! A call allocates nothing but, at first, its stack, and looks nothing up by name.

use std::sync::Arc;
use std::time::Duration;

use commensal_core::abi::{EXPORT_INITIALIZE, EXPORT_MEMORY, EXPORT_SCRATCH};
use commensal_core::fault::Fault;
use commensal_core::host::HostState;
use commensal_core::module::function_text;
use commensal_core::runtime::{
    FunctionId, Instance, InstanceConfig, InstanceLimits, Metering, ResolveError, StatementBudget,
};
use wasmi::{
    Extern, Func, FuncType, Mutability, Store, TypedFunc, Val, ValType, WasmParams, WasmResults,
};

use crate::call::Call;
use crate::code::Code;
use crate::fault::fault;
use crate::sample::Sampler;
use crate::store_data::StoreData;

/// A function by the ABI's one convention.
type GuestFunction = TypedFunc<(u32, u32), u32>;

pub(crate) struct WasmiInstance {
    store: Store<StoreData>,
    instance: wasmi::Instance,
    scratch: Option<TypedFunc<u32, u32>>,
    /// Resolved so far, by export.
    functions: Vec<(Box<str>, GuestFunction)>,
    timeout: Duration,
    /// Fuel of one call.
    fuel: u64,
    /// What the last call was not given of it.
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

        // The start function and `_initialize` share the limits of one call.
        // It is not charged to a statement; the call's time limit bounds it.
        let start = match &module.start {
            Some(start) => typed::<(), ()>(&instance, &store, start)?,
            None => None,
        };
        let initialize = typed::<(), ()>(&instance, &store, EXPORT_INITIALIZE)?;
        let scratch = typed(&instance, &store, EXPORT_SCRATCH)?;
        let mut budget = StatementBudget::new(Duration::MAX);
        let mut call = Call::begin(&mut store, fuel, timeout, &mut budget, false)?;
        for function in start.iter().chain(&initialize) {
            call.run(function, ())?;
        }
        let fuel_kept = call.end();
        Ok(Self {
            store,
            instance,
            scratch,
            functions: Vec::new(),
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
    // Memories and tables are made of fuel, too. What they may be is limited, and not by this.
    store.set_fuel(u64::MAX).map_err(|error| fault(&error, None))?;
    Ok(store)
}

/// An export that ABI version 1 gives a type: `None` if there is none of that name.
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

/// A function type in the text format.
fn text(ty: &FuncType) -> String {
    function_text(ty.params().iter().map(|ty| name(*ty)), ty.results().iter().map(|ty| name(*ty)))
}

fn name(ty: ValType) -> &'static str {
    match ty {
        ValType::I32 => "i32",
        ValType::I64 => "i64",
        ValType::F32 => "f32",
        ValType::F64 => "f64",
        ValType::V128 => "v128",
        ValType::FuncRef => "funcref",
        ValType::ExternRef => "externref",
    }
}

impl Instance for WasmiInstance {
    fn resolve(&mut self, export: &str) -> Result<FunctionId, ResolveError> {
        if let Some(known) = self.functions.iter().position(|(name, _)| **name == *export) {
            return Ok(FunctionId(known as u32));
        }
        let function: Func = self
            .instance
            .get_export(&self.store, export)
            .and_then(Extern::into_func)
            .ok_or(ResolveError::Missing)?;
        let function = function
            .typed(&self.store)
            .map_err(|_| ResolveError::Signature(text(&function.ty(&self.store))))?;
        self.functions.push((export.into(), function));
        Ok(FunctionId(self.functions.len() as u32 - 1))
    }

    fn renew(&mut self) -> Result<(), Fault> {
        let host = self.host_mut();
        let host = host.renewed();
        let mut new = WasmiInstance::new(&self.code, self.limits.with(host))?;
        // In the same order, and so with the same numbers.
        for (export, _) in &self.functions {
            new.resolve(export).map_err(|_| Fault::Runtime(format!("\"{export}\" is gone")))?;
        }
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

    #[inline]
    fn call(
        &mut self,
        function: FunctionId,
        argc: u32,
        argv: u32,
        budget: &mut StatementBudget,
    ) -> Result<u32, Box<Fault>> {
        let Some(&(_, function)) = self.functions.get(function.0 as usize) else {
            let message = "the function belongs to another instance";
            return Err(Box::new(Fault::Runtime(message.into())));
        };
        self.bounded(function, (argc, argv), budget)
    }

    fn scratch(&mut self, size: u32, budget: &mut StatementBudget) -> Result<u32, Box<Fault>> {
        let Some(function) = self.scratch else {
            let message = format!("the module exports no \"{EXPORT_SCRATCH}\"");
            return Err(Box::new(Fault::Runtime(message)));
        };
        self.bounded(function, size, budget)
    }

    #[inline]
    fn memory(&mut self) -> Option<&mut [u8]> {
        let memory = self.store.data().memory?;
        Some(memory.data_mut(&mut self.store))
    }

    fn memory_bytes(&self) -> usize {
        self.store.data().memory.map_or(0, |memory| memory.data_size(&self.store))
    }

    fn refused(&self) -> Option<Fault> {
        self.store.data().grants.refused().map(Fault::from)
    }

    fn fuel_used(&self) -> Option<u64> {
        let left = self.fuel_kept.saturating_add(self.store.get_fuel().ok()?);
        (self.code.metering == Metering::Fuel).then(|| self.fuel.saturating_sub(left))
    }

    fn host_mut(&mut self) -> &mut HostState {
        &mut self.store.data_mut().host
    }
}
