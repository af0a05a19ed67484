//! An instance: a store with one module in it, and those of its functions that were asked for.
//!
//! A call allocates nothing, takes no lock and looks nothing up by name.

use std::sync::Arc;
use std::time::Duration;

use commensal_core::abi::{EXPORT_INITIALIZE, EXPORT_MEMORY};
use commensal_core::fault::Fault;
use commensal_core::grants::Refused;
use commensal_core::host::HostState;
use commensal_core::runtime::{
    AnyFunction, FunctionId, Functions, Instance, InstanceConfig, InstanceLimits, Memory, Metering,
    ResolveError, Shape, StatementBudget, wrong_number,
};
use wasmtime::{
    Extern, Func, InstancePre, Mutability, Store, Trap, TypedFunc, UpdateDeadline, Val, WasmParams,
    WasmResults,
};

use crate::code::Code;
use crate::fault::fault;
use crate::reservation::{Reservation, traps_arrive};
use crate::store_data::StoreData;
use crate::ticker;
use crate::time::CallTime;
use crate::view::View;
use crate::words::{WordFunction, text};

/// A function by the ABI's convention of records.
type GuestFunction = TypedFunc<(u32, u32), u32>;

pub(crate) struct WasmtimeInstance {
    store: Store<StoreData>,
    instance: wasmtime::Instance,
    /// The exported memory, if there is one.
    view: Option<View>,
    functions: Functions<GuestFunction, WordFunction>,
    /// Fuel of one call; `None` without metering.
    fuel: Option<u64>,
    code: Arc<Code>,
    limits: InstanceLimits,
    /// Given back after the store has given up its memory.
    reservation: Option<Reservation>,
}

/// Why there is no instance.
enum Failed {
    Fault(Fault),
    /// Memory with guard pages could not be reserved. The host's side is for another attempt.
    NoAddresses(Box<HostState>),
}

impl WasmtimeInstance {
    pub(crate) fn new(code: &Arc<Code>, config: InstanceConfig) -> Result<Self, Fault> {
        let limits = config.limits();
        let failed = |failed| match failed {
            Failed::Fault(fault) => fault,
            Failed::NoAddresses(_) => Fault::Runtime("there was no memory".to_owned()),
        };
        let may_have = code.needs_guard_pages() && traps_arrive();
        let reservation = if may_have { Reservation::take() } else { None };
        if code.needs_guard_pages() && reservation.is_none() {
            return Self::start(code, code.checked()?, None, limits, config.host).map_err(failed);
        }
        match Self::start(code, code.prepared(), reservation, limits, config.host) {
            Err(Failed::NoAddresses(host)) => {
                Self::start(code, code.checked()?, None, limits, *host).map_err(failed)
            }
            started => started.map_err(failed),
        }
    }

    fn start(
        code: &Arc<Code>,
        prepared: &InstancePre<StoreData>,
        reservation: Option<Reservation>,
        limits: InstanceLimits,
        mut host: HostState,
    ) -> Result<Self, Failed> {
        let begun = host.memory.begin(code.instance_bytes);
        begun.map_err(|error| Failed::Fault(Fault::LiveBytes(error)))?;
        let config = limits.with(host);
        let fuel = match (code.metering, config.fuel) {
            (Metering::Fuel, fuel) => Some(fuel.unwrap_or(u64::MAX)),
            (Metering::None, None) => None,
            (Metering::None, Some(_)) => {
                return Err(Failed::Fault(Fault::Runtime(
                    "a limit on fuel needs a module that was compiled with fuel metering".into(),
                )));
            }
        };
        let mut store = store(prepared, config);
        // The start function and `_initialize` share the limits of one call. No statement is charged for
        // them, but the call's time limit bounds them.
        let mut budget = StatementBudget::new(Duration::MAX);
        let mut no_addresses = false;
        let instance = bounded(&mut store, fuel, &mut budget, |store| {
            let instance = prepared.instantiate(&mut *store).inspect_err(|error| {
                // Neither the guest nor the host has ended it, so the system has given nothing.
                no_addresses = !error.is::<Trap>() && !error.is::<Fault>();
            })?;
            store.data_mut().memory = instance.get_memory(&mut *store, EXPORT_MEMORY);
            if let Some(initialize) = typed::<(), ()>(&instance, store, EXPORT_INITIALIZE)? {
                initialize.call(&mut *store, ())?;
            }
            Ok(instance)
        });
        let instance = match instance {
            Ok(instance) => instance,
            Err(fault) => {
                let state = store.into_data();
                let is_refused = state.grants.refused().is_some();
                return Err(if no_addresses && reservation.is_some() && !is_refused {
                    Failed::NoAddresses(Box::new(state.host.renewed()))
                } else {
                    Failed::Fault(*fault)
                });
            }
        };
        let view = store.data().memory.map(|memory| View::new(&store, memory));
        Ok(Self {
            store,
            instance,
            view,
            functions: Functions::default(),
            fuel,
            code: Arc::clone(code),
            limits,
            reservation,
        })
    }
}

fn store(prepared: &InstancePre<StoreData>, config: InstanceConfig) -> Store<StoreData> {
    let state = StoreData::new(
        config.host,
        CallTime::new(config.call_timeout),
        config.memory_bytes_max,
        config.table_elements_max,
    );
    let mut store = Store::new(prepared.module().engine(), state);
    store.limiter(|state| state);
    // The deadline of a new store has already passed, as the ticker requires.
    store.epoch_deadline_callback(|mut context| {
        let StoreData { host, time, .. } = context.data_mut();
        time.check(host).map_err(wasmtime::Error::new)?;
        Ok(UpdateDeadline::Continue(1))
    });
    store
}

/// Runs `body`, which enters the guest, under the limits of one call.
#[inline]
fn bounded<T>(
    store: &mut Store<StoreData>,
    fuel: Option<u64>,
    budget: &mut StatementBudget,
    body: impl FnOnce(&mut Store<StoreData>) -> wasmtime::Result<T>,
) -> Result<T, Box<Fault>> {
    if let Some(fuel) = fuel {
        store.set_fuel(fuel).map_err(|error| boxed(error, None))?;
    }
    let state = store.data_mut();
    state.grants.begin_call();
    state.time.begin(*budget);
    let result = body(store);
    let state = store.data_mut();
    *budget = state.time.end();
    match result {
        Ok(value) => Ok(value),
        Err(error) => Err(boxed(error, state.grants.refused())),
    }
}

#[cold]
fn boxed(error: wasmtime::Error, refused: Option<Refused>) -> Box<Fault> {
    Box::new(fault(error, refused))
}

/// Follows the memory after the guest ran.
#[inline]
fn renew(view: &mut Option<View>, store: &mut Store<StoreData>) {
    if let Some(view) = view {
        view.renew(store);
    }
}

/// An export to which ABI version 1 gives a type; `None` if there is no such export.
fn typed<P: WasmParams, R: WasmResults>(
    instance: &wasmtime::Instance,
    store: &mut Store<StoreData>,
    export: &str,
) -> wasmtime::Result<Option<TypedFunc<P, R>>> {
    let Some(function) = instance.get_func(&mut *store, export) else { return Ok(None) };
    match function.typed(&*store) {
        Ok(function) => Ok(Some(function)),
        Err(_) => Err(wasmtime::Error::new(Fault::Runtime(format!(
            "the export \"{export}\" has the type {}, which is not that of the ABI",
            text(&function.ty(&*store))
        )))),
    }
}

impl Memory for WasmtimeInstance {
    #[inline]
    fn memory(&mut self) -> Option<&mut [u8]> {
        self.view.as_mut().map(View::bytes)
    }

    fn memory_bytes(&self) -> usize {
        self.view.as_ref().map_or(0, View::len)
    }
}

impl Instance for WasmtimeInstance {
    fn resolve(&mut self, export: &str, shape: Shape<'_>) -> Result<FunctionId, ResolveError> {
        if let Some(known) = self.functions.find(export, shape) {
            return Ok(known);
        }
        let function: Func = self
            .instance
            .get_export(&mut self.store, export)
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
        let config = self.limits.with(self.store.data().host.renewed());
        let mut new = Self::new(&self.code, config)?;
        self.functions.resolve_again(|export, shape| new.resolve(export, shape))?;
        *self = new;
        Ok(())
    }

    fn global(&mut self, export: &str) -> Option<u32> {
        let global = self.instance.get_global(&mut self.store, export)?;
        let ty = global.ty(&self.store);
        match (ty.mutability(), global.get(&mut self.store)) {
            (Mutability::Const, Val::I32(value)) => Some(value.cast_unsigned()),
            _ => None,
        }
    }

    fn is_fit(&self) -> bool {
        self.reservation.is_none() || traps_arrive()
    }

    fn begin_statement(&mut self) {
        if ticker::outlived_by_fork() {
            // The deadline has passed from here on, like that of a new store.
            self.store.set_epoch_deadline(0);
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
                let result = bounded(&mut self.store, self.fuel, budget, |store| {
                    let called = other.call(store, params);
                    called.unwrap_or_else(|| Err(wasmtime::Error::new(*wrong_number())))
                });
                renew(&mut self.view, &mut self.store);
                result
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
        let function = self.functions.records(function)?;
        let result =
            bounded(&mut self.store, self.fuel, budget, |store| function.call(store, (argc, argv)));
        renew(&mut self.view, &mut self.store);
        result
    }

    fn with_host(&mut self, body: &mut dyn FnMut(&mut HostState)) {
        body(&mut self.store.data_mut().host);
    }

    fn refused(&self) -> Option<Fault> {
        self.store.data().grants.refused().map(Fault::from)
    }

    fn fuel_used(&self) -> Option<u64> {
        Some(self.fuel?.saturating_sub(self.store.get_fuel().ok()?))
    }
}
