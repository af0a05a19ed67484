//! A connection's side of calls: the instances it has in use, and what each running statement has
//! bound.
//!
//! A [`Scope`] is one execution of a statement: it pins one registry, so that the statement sees one
//! version of every function, and binds each function at its first call, so that a row costs an index
//! into a vector. Instances are owned by whoever uses them: a call takes the instance out and puts it
//! back, so that re-entry finds it missing and gets another one. No locks, no shared borrows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use web_time::Instant;

use crate::cache::InstanceKey;
use crate::environment::Environment;
use crate::error::{Error, ErrorKind, Result};
use crate::guest::{Arguments, CallError, CallResult, Callee, Guest};
use crate::host::{HostServices, HostState};
use crate::registry::{FunctionEntry, Registry};
use crate::runtime::{CompiledModule, FunctionId, InstanceConfig, StatementBudget};
use crate::stats::{Counts, FunctionStats};
use crate::value::ValueRef;

mod failure;

/// Numbers connections, to tell their instances apart in the cache.
static CONNECTIONS: AtomicU64 = AtomicU64::new(0);

/// An instance in use by at least one scope.
struct Live {
    key: InstanceKey,
    /// Absent while a call runs in it, and after a fault.
    guest: Option<Box<Guest>>,
    /// Bytes accounted for.
    bytes: u64,
    /// Scopes that bound a function of it.
    scopes: usize,
    /// Of the function that made it.
    stats: Arc<FunctionStats>,
    /// Distinguishes successive instances in the same place.
    serial: u64,
}

/// Names a live instance.
#[derive(Clone, Copy, PartialEq, Eq)]
struct LiveId {
    place: usize,
    serial: u64,
}

/// A function bound to an instance for one scope.
struct Target {
    live: LiveId,
    function: FunctionId,
    entry: Arc<FunctionEntry>,
    counts: Counts,
}

/// One execution of a statement. Give it back with [`Session::end`].
pub struct Scope {
    registry: Arc<Registry>,
    /// By slot. Boxed, so that a statement that calls the last of many functions starts as quickly.
    targets: Vec<Option<Box<Target>>>,
    held: Vec<LiveId>,
    budget: StatementBudget,
}

impl Scope {
    /// What the statement sees.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// The function in this slot, if it was called before.
    #[inline]
    pub fn bound(&mut self, slot: usize) -> Option<Bound<'_>> {
        let target = self.targets.get_mut(slot)?.as_mut()?;
        Some(Bound { target, budget: &mut self.budget })
    }
}

/// A function bound for one execution of a statement, to be called.
pub struct Bound<'s> {
    target: &'s mut Target,
    budget: &'s mut StatementBudget,
}

impl Bound<'_> {
    /// Calls the function, with an instance taken by [`Session::checkout`].
    ///
    /// Nothing of the session is borrowed while guest code runs.
    ///
    /// # Errors
    /// As [`Guest::call`].
    #[inline]
    pub fn call<A: Arguments + ?Sized, R>(
        &mut self,
        environment: &Environment,
        guest: &mut Guest,
        arguments: &A,
        sink: impl FnOnce(ValueRef<'_>, u8) -> R,
    ) -> CallResult<R> {
        let Self { target, budget } = self;
        let settings = &environment.settings;
        let start = settings.timing.then(Instant::now);
        let callee = Callee {
            function: target.function,
            signature: &target.entry.signature,
            subtype: target.entry.subtype,
            result_bytes_max: settings.limits.result_bytes_max,
        };
        let result = guest.call(callee, arguments, budget, sink);
        target.counts.calls += 1;
        if let Some(start) = start {
            let ns = start.elapsed().as_nanos();
            target.counts.time_ns += u64::try_from(ns).unwrap_or(u64::MAX);
        }
        if target.entry.object.policy.fuel.is_some() {
            target.counts.fuel += guest.fuel_used();
        }
        result
    }
}

/// A new instance that no scope uses yet, for [`Session::bind_started`].
pub struct Started {
    guest: Box<Guest>,
    /// Bytes accounted for.
    bytes: u64,
}

/// Counts an error that kept a function from being bound.
#[cold]
fn failed(entry: &FunctionEntry, error: Error) -> Error {
    entry.stats.add(&Counts { errors: 1, ..Counts::default() });
    error
}

/// See the module's description.
pub struct Session {
    environment: Arc<Environment>,
    services: Arc<dyn HostServices>,
    connection: u64,
    live: Vec<Option<Live>>,
    serial: u64,
}

impl Session {
    /// The session of a new connection.
    pub fn new(environment: Arc<Environment>, services: Arc<dyn HostServices>) -> Self {
        Self {
            environment,
            services,
            connection: CONNECTIONS.fetch_add(1, Relaxed),
            live: Vec::new(),
            serial: 0,
        }
    }

    /// What the Database's connections share.
    pub fn environment(&self) -> &Arc<Environment> {
        &self.environment
    }

    /// The connection's services, for [`Session::start`].
    pub fn services(&self) -> Arc<dyn HostServices> {
        Arc::clone(&self.services)
    }

    /// Starts an execution.
    pub fn begin(&self, registry: Arc<Registry>) -> Scope {
        Scope {
            registry,
            targets: Vec::new(),
            held: Vec::new(),
            budget: StatementBudget::new(self.environment.settings.limits.statement_timeout),
        }
    }

    /// Ends an execution: counts, and puts instances that nobody else uses into the cache.
    pub fn end(&mut self, scope: Scope) {
        for target in scope.targets.into_iter().flatten() {
            target.entry.stats.add(&target.counts);
        }
        for id in scope.held {
            self.release(id);
        }
    }

    #[inline]
    fn live(&mut self, id: LiveId) -> Option<&mut Live> {
        self.live.get_mut(id.place)?.as_mut().filter(|live| live.serial == id.serial)
    }

    fn release(&mut self, id: LiveId) {
        let Some(live) = self.live(id) else { return };
        live.scopes -= 1;
        if live.scopes > 0 {
            return;
        }
        let Some(live) = self.live[id.place].take() else { return };
        match live.guest {
            Some(guest) => self.environment.cache.put(live.key, guest, live.bytes, live.stats),
            None => self.environment.cache.remove_live(live.bytes),
        }
    }

    /// Binds a slot of the scope to a function, in an instance that this or another scope of the
    /// connection uses, or an idle one. False when there is none: then [`Session::start`] makes one,
    /// for [`Session::bind_started`].
    ///
    /// # Errors
    /// The instance has no such function; the instances in use are too large.
    #[cold]
    pub fn bind(
        &mut self,
        scope: &mut Scope,
        slot: usize,
        entry: &Arc<FunctionEntry>,
    ) -> Result<bool> {
        let counts = Counts { cache_hits: 1, ..Counts::default() };
        let bound = match self.instance(scope, entry) {
            Ok(Some(id)) => self.bind_to(scope, slot, entry, id, counts),
            Ok(None) => return Ok(false),
            Err(error) => Err(error),
        };
        bound.map_err(|error| failed(entry, error)).map(|()| true)
    }

    /// Makes an instance.
    ///
    /// An associated function, so that nothing of the session is borrowed while guest code runs: the
    /// module's start function, `_initialize` and `commensal_scratch`.
    ///
    /// # Errors
    /// A fault, a limit.
    #[cold]
    pub fn start(
        environment: &Environment,
        services: Arc<dyn HostServices>,
        scope: &mut Scope,
        entry: &FunctionEntry,
        module: &dyn CompiledModule,
    ) -> Result<Started> {
        let policy = &entry.object.policy;
        let limits = &environment.settings.limits;
        let config = InstanceConfig {
            memory_bytes_max: policy.memory_bytes_max,
            table_elements_max: limits.table_elements_max,
            stack_bytes_max: limits.stack_bytes_max,
            call_timeout: policy.call_timeout,
            fuel: policy.fuel,
            host: HostState { granted: policy.granted, services },
        };
        let started = Guest::new(module, config, &mut scope.budget)
            .map_err(|e| failure::call(entry, limits, *e))
            .and_then(|guest| {
                let bytes = guest.memory_bytes() as u64;
                let accounted = environment.cache.add_live(bytes);
                accounted.map_err(|e| failure::live_bytes(entry, e))?;
                Ok(Started { guest: Box::new(guest), bytes })
            });
        entry.stats.add(&Counts {
            cache_misses: 1,
            instances: started.is_ok().into(),
            ..Counts::default()
        });
        started.map_err(|error| failed(entry, error))
    }

    /// Binds a slot of the scope to a function in a new instance of its module.
    ///
    /// # Errors
    /// The instance has no such function.
    #[cold]
    pub fn bind_started(
        &mut self,
        scope: &mut Scope,
        slot: usize,
        entry: &Arc<FunctionEntry>,
        started: Started,
    ) -> Result<()> {
        let Started { guest, bytes } = started;
        let key = self.key(entry);
        let id = self.insert_live(scope, key, guest, bytes, &entry.stats);
        self.bind_to(scope, slot, entry, id, Counts::default())
            .map_err(|error| failed(entry, error))
    }

    fn bind_to(
        &mut self,
        scope: &mut Scope,
        slot: usize,
        entry: &Arc<FunctionEntry>,
        live: LiveId,
        counts: Counts,
    ) -> Result<()> {
        let function = self.resolve(live, entry)?;
        if scope.targets.len() <= slot {
            scope.targets.resize_with(slot + 1, || None);
        }
        let target = Box::new(Target { live, function, entry: Arc::clone(entry), counts });
        if let Some(old) = scope.targets[slot].replace(target) {
            old.entry.stats.add(&old.counts);
        }
        Ok(())
    }

    fn key(&self, entry: &FunctionEntry) -> InstanceKey {
        InstanceKey {
            connection: self.connection,
            sha256: entry.object.module.sha256,
            policy: entry.object.policy.clone(),
        }
    }

    fn resolve(&mut self, id: LiveId, entry: &FunctionEntry) -> Result<FunctionId> {
        let guest = self.live(id).and_then(|live| live.guest.as_mut());
        let guest = guest.ok_or_else(|| failure::busy(entry))?;
        guest.resolve(&entry.export).map_err(|e| failure::unresolved(entry, &e))
    }

    /// The instance for a function: one this scope or another of the connection uses, or an idle one.
    fn instance(&mut self, scope: &mut Scope, entry: &FunctionEntry) -> Result<Option<LiveId>> {
        let key = self.key(entry);
        let shared = self.live.iter().position(|live| {
            live.as_ref().is_some_and(|live| live.guest.is_some() && live.key == key)
        });
        if let Some(place) = shared
            && let Some(live) = &mut self.live[place]
        {
            let id = LiveId { place, serial: live.serial };
            if !scope.held.contains(&id) {
                live.guest.iter_mut().for_each(|guest| guest.begin_statement());
                live.scopes += 1;
                scope.held.push(id);
            }
            return Ok(Some(id));
        }
        let idle = self.environment.cache.take(&key).map_err(|e| failure::live_bytes(entry, e))?;
        Ok(idle.map(|mut guest| {
            guest.begin_statement();
            let bytes = guest.memory_bytes() as u64;
            self.insert_live(scope, key, guest, bytes, &entry.stats)
        }))
    }

    fn insert_live(
        &mut self,
        scope: &mut Scope,
        key: InstanceKey,
        guest: Box<Guest>,
        bytes: u64,
        stats: &Arc<FunctionStats>,
    ) -> LiveId {
        self.serial += 1;
        let live = Live {
            key,
            guest: Some(guest),
            bytes,
            scopes: 1,
            stats: Arc::clone(stats),
            serial: self.serial,
        };
        let place = match self.live.iter().position(Option::is_none) {
            Some(place) => {
                self.live[place] = Some(live);
                place
            }
            None => {
                self.live.push(Some(live));
                self.live.len() - 1
            }
        };
        let id = LiveId { place, serial: self.serial };
        scope.held.push(id);
        id
    }

    /// Takes the instance of a bound function out for a call; `None` when a call is running in it, or
    /// a fault took it: then bind again.
    #[inline]
    pub fn checkout(&mut self, bound: &Bound<'_>) -> Option<Box<Guest>> {
        self.live(bound.target.live)?.guest.take()
    }

    /// Gives the instance back after a call that left it usable.
    #[inline]
    pub fn checkin(&mut self, bound: &Bound<'_>, guest: Box<Guest>) {
        self.give_back(bound.target.live, guest);
    }

    #[inline]
    fn give_back(&mut self, id: LiveId, guest: Box<Guest>) {
        if let Some(live) = self.live(id) {
            live.guest = Some(guest);
        }
    }

    /// Drops the place of an instance that a fault took.
    fn discard(&mut self, scope: &mut Scope, slot: usize) {
        let Some(Some(target)) = scope.targets.get(slot) else { return };
        let id = target.live;
        scope.held.retain(|held| *held != id);
        self.release(id);
    }

    /// The error of a failed call, after the instance went back or, if it is broken, away.
    #[cold]
    pub fn fail(
        &mut self,
        scope: &mut Scope,
        slot: usize,
        guest: Box<Guest>,
        error: CallError,
    ) -> Error {
        let survives = error.instance_survives();
        if survives {
            if let Some(Some(target)) = scope.targets.get(slot) {
                self.give_back(target.live, guest);
            }
        } else {
            drop(guest);
            self.discard(scope, slot);
        }
        let Some(Some(target)) = scope.targets.get_mut(slot) else {
            return Error::new(ErrorKind::Fault, "a function that is not bound failed");
        };
        target.counts.errors += 1;
        let entry = Arc::clone(&target.entry);
        if !survives {
            target.counts.traps += 1;
            entry.stats.add(&std::mem::take(&mut target.counts));
            scope.targets[slot] = None;
        }
        failure::call(&entry, &self.environment.settings.limits, error)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        for live in self.live.drain(..).flatten() {
            self.environment.cache.remove_live(live.bytes);
        }
        self.environment.cache.remove_connection(self.connection);
    }
}
