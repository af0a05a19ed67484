//! A connection's side of calls: the bindings of each running statement and the instances it uses.
//!
//! An [`Execution`] is one execution of a statement. It keeps one registry, so that the statement sees one
//! version of every function. It binds each function at its first call, so that a row costs only an index into a
//! vector. It owns the instances it uses, one for each module and policy. An instance is taken from the cache or
//! made when a function is bound, and returned to the cache when the statement ends. So statements that run at
//! the same time, or within one another, never share an instance, and a call needs no lock and no shared borrow.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use web_time::Instant;

use crate::cache::InstanceKey;
use crate::environment::Environment;
use crate::error::{Error, ErrorKind, Result};
use crate::guest::{Arguments, Batches, CallError, CallResult, Callee, Guest, Plan, Sink, Words};
use crate::host::{HostServices, HostState};
use crate::limits::Limits;
use crate::live::LiveAccount;
use crate::manifest::{CallForm, NativeShape, Signature};
use crate::registry::{Callable, Registry};
use crate::runtime::{CompiledModule, FunctionId, Shape, StatementBudget};
use crate::stats::{Counts, FunctionStats};
use crate::value::ValueRef;

mod aggregate;
mod collation;
mod failure;
mod resolve;

pub(crate) use failure::call as describe;
pub(crate) use resolve::binding;

pub use aggregate::{AggregateState, Rows};

/// The number of the next connection. It tells the connections' instances apart in the cache.
static CONNECTIONS: AtomicU64 = AtomicU64::new(0);

/// Time for all calls of an aggregate's `drop` in one statement, which run while the host wants the statement to
/// end.
const DROP_TIMEOUT: Duration = Duration::from_millis(100);

/// An instance that an execution uses.
struct BoundInstance {
    id: InstanceId,
    key: InstanceKey,
    /// Absent while a call runs in it and after a fault.
    guest: Option<Box<Guest>>,
    /// Statistics of the function that made it.
    stats: Arc<FunctionStats>,
    /// Whether it was given back, so that nothing is bound to it.
    vacant: bool,
}

/// The binding of a slot in an instance of one execution.
struct Target {
    /// Index of the instance among the execution's.
    instance: usize,
    functions: Box<[FunctionId]>,
    binding: Binding,
    /// How its first export is called, if that is as simple as most calls are.
    plan: Option<Plan>,
    /// Handles of the live states of an aggregate.
    states: HashSet<i64>,
    counts: Counts,
}

/// What a slot calls, and how.
#[derive(Clone)]
pub struct Binding {
    /// The name under which it is called, and its rights.
    pub callable: Arc<Callable>,
    /// The exports to call. The caller of [`Execution::enter`] knows their indexes.
    pub exports: Vec<String>,
    /// Types of arguments and result.
    pub signature: Arc<Signature>,
    /// Whether subtypes are passed.
    pub subtype: bool,
    /// Whether the call only asks a [validator](crate::manifest::FunctionBody::Validator) for its verdict.
    pub validates: bool,
}

/// Identifies an instance of an execution. Numbers are not reused within the execution, so the keeper of a
/// guest's handle can tell that its instance is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstanceId(usize);

/// A bound instance, lent for one entry.
pub struct Entered<'a> {
    /// The instance.
    pub guest: &'a mut Guest,
    /// The exports of the binding, in the same order.
    pub functions: &'a [FunctionId],
    /// The binding.
    pub binding: &'a Binding,
    /// Time that the statement may still spend.
    pub budget: &'a mut StatementBudget,
    /// The host's limits.
    pub limits: &'a Limits,
}

/// One execution of a statement. Give it back with [`Session::end`].
pub struct Execution {
    registry: Arc<Registry>,
    /// Indexed by slot. Boxed, so that a statement that calls the last of many functions starts quickly.
    targets: Vec<Option<Box<Target>>>,
    bound: Vec<BoundInstance>,
    /// Number of instances that it has used so far.
    instances: usize,
    budget: StatementBudget,
    /// Time for freeing states that are no longer needed.
    cleanup: StatementBudget,
    batches: Batches,
}

impl Execution {
    /// The registry that the statement sees.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// Switches to another snapshot. Existing bindings stay.
    pub fn set_registry(&mut self, registry: Arc<Registry>) {
        self.registry = registry;
    }

    /// Whether this slot can be called. If not, bind it first.
    #[inline]
    pub fn is_bound(&self, slot: usize) -> bool {
        matches!(self.targets.get(slot), Some(Some(_)))
    }

    /// The instance that a slot is bound to; `None` if it is not bound, or no longer.
    pub fn instance(&self, slot: usize) -> Option<InstanceId> {
        Some(self.bound[self.targets.get(slot)?.as_ref()?.instance].id)
    }

    /// Begins another statement, which has a budget of its own.
    pub(crate) fn renew(&mut self, environment: &Environment) {
        self.budget = StatementBudget::new(environment.settings.limits.statement_timeout);
        for guest in self.bound.iter_mut().filter_map(|instance| instance.guest.as_mut()) {
            guest.begin_statement();
        }
    }

    /// An instance that is not lost, for reading its answers.
    #[inline]
    pub(crate) fn guest(&mut self, instance: InstanceId) -> Option<&mut Guest> {
        let instance = self.bound.iter_mut().find(|bound| bound.id == instance)?;
        instance.guest.as_deref_mut()
    }

    /// Calls the first export of a bound slot.
    ///
    /// # Errors
    /// Like [`Guest::call`]; [`Session::fail`] turns the error into one for SQL users.
    #[inline]
    pub fn call<A: Arguments + ?Sized, R>(
        &mut self,
        environment: &Environment,
        slot: usize,
        arguments: &A,
        sink: impl Sink<R>,
    ) -> CallResult<R> {
        let Self { targets, bound, budget, .. } = self;
        if let Some(Some(target)) = targets.get_mut(slot)
            && let Some(plan) = target.plan
            && let Some(instance) = bound.get_mut(target.instance)
            // Taken out, so that it is not used again after a panic.
            && let Some(mut guest) = instance.guest.take()
        {
            let mut words = Words::default();
            let count = plan.fetch(&mut guest, arguments, &mut words);
            if let Some(words) = count.and_then(|count| words.get(..count)) {
                let binding = &target.binding;
                let callee = || Callee {
                    function: target.functions[0],
                    signature: &binding.signature,
                    subtype: binding.subtype,
                    result_bytes_max: environment.settings.limits.result_bytes_max,
                };
                let result = plan.call(&mut guest, words, budget, callee, sink);
                target.counts.calls += 1;
                match &result {
                    Err(error) if !error.instance_survives() => {}
                    _ => instance.guest = Some(guest),
                }
                return result;
            }
            instance.guest = Some(guest);
        }
        self.enter(environment, slot, |entered| {
            let Entered { guest, functions, binding, budget, limits } = entered;
            let callee = Callee {
                function: *functions.first().ok_or_else(not_bound)?,
                signature: &binding.signature,
                subtype: binding.subtype,
                result_bytes_max: limits.result_bytes_max,
            };
            if binding.validates {
                return validate(guest, callee, arguments, budget, sink);
            }
            guest.call_scalar(callee, arguments, budget, sink)
        })
    }

    /// Lets `body` call the exports of a bound slot. This counts as one call.
    ///
    /// # Errors
    /// The error of `body`; [`Session::fail`] turns it into one for SQL users.
    #[inline]
    pub fn enter<R>(
        &mut self,
        environment: &Environment,
        slot: usize,
        body: impl FnOnce(Entered<'_>) -> CallResult<R>,
    ) -> CallResult<R> {
        let Self { targets, bound, budget, .. } = self;
        let target = targets.get_mut(slot).and_then(Option::as_deref_mut);
        let instance = target.and_then(|target| Some((bound.get_mut(target.instance)?, target)));
        let Some((instance, target)) = instance else { return Err(not_bound().into()) };
        // Taken out, so that it is not used again after a panic.
        let Some(mut guest) = instance.guest.take() else { return Err(not_bound().into()) };
        let settings = &environment.settings;
        let start = settings.timing.then(Instant::now);
        // No closure around `body`, which would have what that holds copied.
        let result = match guest.settle_auxiliary(budget) {
            Ok(()) => body(Entered {
                guest: &mut guest,
                functions: &target.functions,
                binding: &target.binding,
                budget,
                limits: &settings.limits,
            }),
            Err(error) => Err(error),
        };
        target.counts.calls += 1;
        if let Some(start) = start {
            let ns = start.elapsed().as_nanos();
            target.counts.time_ns += u64::try_from(ns).unwrap_or(u64::MAX);
        }
        if target.binding.callable.object.policy.fuel.is_some() {
            target.counts.fuel += guest.fuel_used();
        }
        match &result {
            Err(error) if !error.instance_survives() => {}
            _ => instance.guest = Some(guest),
        }
        result
    }

    /// Stores an instance and returns its index.
    fn add_instance(&mut self, instance: BoundInstance) -> usize {
        match self.bound.iter().position(|instance| instance.vacant) {
            Some(index) => {
                self.bound[index] = instance;
                index
            }
            None => {
                self.bound.push(instance);
                self.bound.len() - 1
            }
        }
    }

    /// The index of the instance for this key, if the execution uses one.
    fn instance_of(&self, key: &InstanceKey) -> Option<usize> {
        self.bound.iter().position(|instance| instance.guest.is_some() && instance.key == *key)
    }
}

/// Calls a function to learn whether it accepts the arguments.
#[cold]
fn validate<A: Arguments + ?Sized, R>(
    guest: &mut Guest,
    callee: Callee<'_>,
    arguments: &A,
    budget: &mut StatementBudget,
    sink: impl Sink<R>,
) -> CallResult<R> {
    if matches!(arguments.get(0), Ok(ValueRef::Null)) {
        return Ok(sink.value(ValueRef::Null, 0));
    }
    let called = guest.call_scalar(callee, arguments, budget, |_: ValueRef<'_>, _: u8| ());
    let valid = match called {
        Ok(()) => true,
        Err(error) => match *error {
            CallError::Guest(..) | CallError::Argument(_) => false,
            _ => return Err(error),
        },
    };
    Ok(sink.value(ValueRef::Integer(valid.into()), 0))
}

#[cold]
fn not_bound() -> CallError {
    CallError::Argument("it is not bound".to_owned())
}

/// The calls of one connection.
pub struct Session {
    environment: Arc<Environment>,
    services: Arc<dyn HostServices>,
    connection: u64,
}

impl Session {
    /// The session of a new connection.
    pub fn new(environment: Arc<Environment>, services: Arc<dyn HostServices>) -> Self {
        Self { environment, services, connection: CONNECTIONS.fetch_add(1, Relaxed) }
    }

    /// The settings, and the state that the connection shares with others.
    #[inline]
    pub fn environment(&self) -> &Arc<Environment> {
        &self.environment
    }

    /// Starts an execution.
    pub fn begin(&self, registry: Arc<Registry>) -> Execution {
        Execution {
            registry,
            targets: Vec::new(),
            bound: Vec::new(),
            instances: 0,
            budget: StatementBudget::new(self.environment.settings.limits.statement_timeout),
            cleanup: StatementBudget::for_cleanup(DROP_TIMEOUT),
            batches: Batches::new(LiveAccount::new(&self.environment.cache)),
        }
    }

    /// Ends an execution: adds up its counts and puts its instances into the cache.
    pub fn end(&self, mut execution: Execution) {
        self.release(&mut execution, 0);
    }

    /// Unbinds the slots from this number on. Adds up their counts and caches the instances that are no longer
    /// bound. Time that the execution has used stays used.
    pub fn release(&self, execution: &mut Execution, from: usize) {
        let from = from.min(execution.targets.len());
        for target in execution.targets.drain(from..).flatten() {
            target.binding.callable.stats.add(&target.counts);
            if !target.states.is_empty() {
                // The guest would keep states that can no longer be freed.
                execution.bound[target.instance].guest = None;
            }
        }
        let Execution { targets, bound, .. } = execution;
        for (index, instance) in bound.iter_mut().enumerate() {
            if instance.vacant || targets.iter().flatten().any(|target| target.instance == index) {
                continue;
            }
            instance.vacant = true;
            match instance.guest.take().map(Guest::idle) {
                Some(Ok(Some(guest))) => {
                    let stats = Arc::clone(&instance.stats);
                    self.environment.cache.put(instance.key.clone(), guest, stats);
                }
                Some(Err(_)) => instance.stats.add(&Counts { traps: 1, ..Counts::default() }),
                Some(Ok(None)) | None => {}
            }
        }
    }

    /// Binds a slot of the execution to exports of a compiled module. Uses an instance that the execution has, an
    /// idle one, or a new one.
    ///
    /// # Errors
    /// The instance cannot be made or lacks the export, or the instances in use are too large.
    #[cold]
    pub fn bind(
        &self,
        execution: &mut Execution,
        slot: usize,
        binding: Binding,
        module: &Arc<dyn CompiledModule>,
    ) -> Result<()> {
        let stats = Arc::clone(&binding.callable.stats);
        let bound = self.bind_counted(execution, slot, binding, module);
        bound.inspect_err(|_| stats.add(&Counts { errors: 1, ..Counts::default() }))
    }

    fn bind_counted(
        &self,
        execution: &mut Execution,
        slot: usize,
        binding: Binding,
        module: &Arc<dyn CompiledModule>,
    ) -> Result<()> {
        let callable = &binding.callable;
        let key = InstanceKey {
            connection: self.connection,
            sha256: callable.object.module.sha256,
            policy: callable.object.policy.clone(),
        };
        let hit = Counts { cache_hits: 1, ..Counts::default() };
        let (instance, counts) = match execution.instance_of(&key) {
            Some(instance) => (instance, hit),
            None => {
                let (guest, counts) = match self.environment.cache.take(&key) {
                    Some(mut guest) => {
                        guest.begin_statement();
                        (guest, hit)
                    }
                    None => (self.start(execution, callable, module)?, Counts::default()),
                };
                let stats = Arc::clone(&callable.stats);
                let id = InstanceId(execution.instances);
                execution.instances += 1;
                let instance = BoundInstance { id, key, guest: Some(guest), stats, vacant: false };
                (execution.add_instance(instance), counts)
            }
        };
        let guest =
            execution.bound[instance].guest.as_mut().expect("it was just found or put there");
        let native = match binding.signature.form {
            CallForm::Records => None,
            CallForm::Native => Some(binding.signature.native_shape()),
        };
        let shape = native.as_ref().map_or(Shape::RECORDS, NativeShape::as_shape);
        let resolve = |export: &String| {
            guest
                .resolve_shape(export, shape)
                .map_err(|e| failure::unresolved(callable, export, &e))
        };
        let functions: Box<[_]> = binding.exports.iter().map(resolve).collect::<Result<_>>()?;
        if execution.targets.len() <= slot {
            execution.targets.resize_with(slot + 1, || None);
        }
        let is_counted = self.environment.settings.timing || callable.object.policy.fuel.is_some();
        let plan = match functions.first() {
            Some(&function) if guest.is_plain() && !is_counted && !binding.validates => {
                Plan::new(function, &binding.signature)
            }
            _ => None,
        };
        let states = HashSet::new();
        execution.targets[slot] =
            Some(Box::new(Target { instance, functions, binding, plan, states, counts }));
        Ok(())
    }

    /// Makes an instance.
    fn start(
        &self,
        execution: &mut Execution,
        callable: &Callable,
        module: &Arc<dyn CompiledModule>,
    ) -> Result<Box<Guest>> {
        let policy = &callable.object.policy;
        let limits = &self.environment.settings.limits;
        let host = HostState::new(policy.granted, Arc::clone(&self.services))
            .with_limits(limits, policy.call_timeout)
            .with_account(LiveAccount::new(&self.environment.cache));
        let config = policy.instance(limits, host);
        let started = Guest::new(module.as_ref(), config, &mut execution.budget)
            .map(|guest| Box::new(guest.with_code(module)))
            .map_err(|e| failure::call(callable, &callable.object.policy, limits, *e));
        callable.stats.add(&Counts {
            cache_misses: 1,
            instances: started.is_ok().into(),
            ..Counts::default()
        });
        started
    }

    /// The error that SQL users see for a failed call of a slot. After a fault the instance is gone, and its
    /// slots must be bound again.
    #[cold]
    pub fn fail(&self, execution: &mut Execution, slot: usize, error: CallError) -> Error {
        self.fail_as(execution, slot, None, error)
    }

    /// Like [`Session::fail`], for a callable that SQL users know by this name.
    #[cold]
    pub(crate) fn fail_as(
        &self,
        execution: &mut Execution,
        slot: usize,
        name: Option<&str>,
        error: CallError,
    ) -> Error {
        let Some(Some(target)) = execution.targets.get_mut(slot) else {
            return Error::new(ErrorKind::Fault, "a function that is not bound failed");
        };
        let (callable, instance) = (Arc::clone(&target.binding.callable), target.instance);
        target.counts.errors += 1;
        if !error.instance_survives() {
            target.counts.traps += 1;
            self.discard(execution, instance);
        }
        match name {
            Some(name) => self.describe(&callable, name, error),
            None => {
                let limits = &self.environment.settings.limits;
                failure::call(&*callable, &callable.object.policy, limits, error)
            }
        }
    }

    /// The error that SQL users see for a failed call of a callable that they know by this name.
    #[cold]
    pub(crate) fn describe(&self, callable: &Callable, name: &str, error: CallError) -> Error {
        let limits = &self.environment.settings.limits;
        failure::call(&name, &callable.object.policy, limits, error)
    }

    /// Drops an instance and unbinds its slots.
    fn discard(&self, execution: &mut Execution, instance: usize) {
        let dropped = &mut execution.bound[instance];
        (dropped.guest, dropped.vacant) = (None, true);
        for target in &mut execution.targets {
            if let Some(gone) = target.take_if(|target| target.instance == instance) {
                gone.binding.callable.stats.add(&gone.counts);
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.environment.cache.remove_connection(self.connection);
    }
}
