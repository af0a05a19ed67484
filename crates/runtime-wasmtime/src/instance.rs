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
use crate::slot::Slot;
use crate::stop_page::{START, STOP_PAGE};
use crate::store_data::StoreData;
use crate::ticker;
use crate::time::{CallTime, no_ticker};
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
        let pages = match Pages::of(code, &config) {
            Some(pages) => pages,
            None => {
                let none = Pages::default();
                return Self::start(code, code.checked()?, none, limits, config.host)
                    .map_err(failed);
            }
        };
        match Self::start(code, code.prepared(), pages, limits, config.host) {
            Err(Failed::NoAddresses(host)) => {
                Self::start(code, code.checked()?, Pages::default(), limits, *host).map_err(failed)
            }
            started => started.map_err(failed),
        }
    }

    fn start(
        code: &Arc<Code>,
        prepared: &InstancePre<StoreData>,
        Pages { reservation, slot }: Pages,
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
        let has_stop_page = slot.is_some();
        let mut store = store(prepared, config, slot);
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
            if has_stop_page {
                begin_to_stop(&instance, store)?;
            }
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

/// What an instance has of the pages that its code relies on.
#[derive(Default)]
struct Pages {
    reservation: Option<Reservation>,
    slot: Option<Slot>,
}

impl Pages {
    /// What an instance of this code needs. `None` if there is not all of it.
    fn of(code: &Code, config: &InstanceConfig) -> Option<Self> {
        let mut pages = Self::default();
        if code.needs_guard_pages() {
            pages.reservation = Some(traps_arrive().then(Reservation::take)??);
        }
        if code.needs_stop_page() {
            pages.slot = Some(Slot::take(&config.host.services, config.call_timeout)?);
        }
        Some(pages)
    }
}

fn store(
    prepared: &InstancePre<StoreData>,
    config: InstanceConfig,
    slot: Option<Slot>,
) -> Store<StoreData> {
    let has_stop_page = slot.is_some();
    let mut state = StoreData::new(
        config.host,
        CallTime::new(config.call_timeout, slot),
        config.memory_bytes_max,
        config.table_elements_max,
    );
    if has_stop_page {
        let memories = prepared.module().resources_required().num_memories;
        state.stop_page_after = memories.checked_sub(1);
    }
    let mut store = Store::new(prepared.module().engine(), state);
    store.limiter(|state| state);
    if has_stop_page {
        return store;
    }
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
    let result = match state.time.begin(*budget) {
        Ok(()) => body(store),
        Err(fault) => Err(wasmtime::Error::new(fault)),
    };
    let state = store.data_mut();
    let (left, too_long) = state.time.end(&state.host);
    *budget = left;
    match (result, too_long) {
        (Ok(value), None) => Ok(value),
        (Err(error), None) => Err(boxed(error, state.grants.refused())),
        (result, Some(too_long)) => Err(stopped(result.err(), too_long, state.grants.refused())),
    }
}

/// Why a call failed that was stopped, or was not to go on. The guest may have failed by itself before.
#[cold]
fn stopped(
    error: Option<wasmtime::Error>,
    too_long: Fault,
    refused: Option<Refused>,
) -> Box<Fault> {
    // This trap is what a guest without its page has.
    let own = error.filter(|error| error.downcast_ref() != Some(&Trap::MemoryOutOfBounds));
    own.map_or_else(|| Box::new(too_long), |error| boxed(error, refused))
}

/// Shows the ticker where the guest's page is, and then runs the start function.
#[expect(unsafe_code, reason = "the ticker gets an address")]
fn begin_to_stop(
    instance: &wasmtime::Instance,
    store: &mut Store<StoreData>,
) -> wasmtime::Result<()> {
    let page = instance.get_memory(&mut *store, STOP_PAGE);
    let page = page.map(|memory| memory.data_ptr(&*store));
    let (Some(page), Some(slot)) = (page, store.data_mut().time.slot()) else {
        return Err(wasmtime::Error::new(Fault::Runtime("there is no stop page".to_owned())));
    };
    // SAFETY: the memory was made for the page (`with_stop_page`); nobody but the guest's reads of the page accesses it.
    // It cannot grow, so it lies there as long as the store. The store's data have the slot, and a store drops its data
    // first. Where it gives them away instead (`start`), the call has ended.
    unsafe { slot.set_page(page) };
    let start = typed::<(), ()>(instance, store, START)?;
    if (start.is_some() || instance.get_func(&mut *store, EXPORT_INITIALIZE).is_some())
        && let Some(slot) = store.data_mut().time.slot()
    {
        slot.watch().map_err(|error| wasmtime::Error::new(no_ticker(error)))?;
    }
    match start {
        Some(start) => start.call(&mut *store, ()),
        None => Ok(()),
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
            if let Some(slot) = self.store.data_mut().time.slot() {
                slot.adopt();
                return;
            }
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
