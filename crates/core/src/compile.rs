//! Compiled code of the process. It is made once for all connections, on its own thread.
//!
//! No executor can be stopped while it compiles. So a separate thread compiles and the calling thread waits. The
//! calling thread returns at once when the host interrupts or the statement's time is used up. The compiling
//! thread finishes, and the next statement that asks gets the result. Limits on a module's structure bound how
//! long that takes. At most two modules are compiled at once, however many threads ask, so memory is bounded too.
//!
//! The child of a fork has none of these threads, so jobs of its parent count as never begun. A compiling thread
//! takes no lock while it compiles, and the process may end while one runs. If there are no threads, or the
//! runtime is bound to one, the calling thread compiles. Code of a thread-bound runtime is also stored by its
//! thread.

mod entry;
mod facts;

use std::any::Any;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, ThreadId};
use std::time::Duration;

use web_time::Instant;

pub use self::entry::ModuleEntry;
pub(crate) use self::facts::{Facts, manifest_text};
use crate::code_cache::{CodeCache, CodeKey, EntryKind};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::module::segments;
use crate::runtime::{
    CompileOptions, CompiledModule, Effort, Guard, Metering, Runtime, RuntimeError, RuntimeFeature,
    StatementBudget, Stop, check_feature,
};

/// Modules that the process compiles at once. Each may take the memory that the limits on structure allow, even
/// when nobody waits for it any longer.
const AT_ONCE: u32 = 2;

/// Modules that are kept although nobody waited until they were compiled.
const KEPT_MAX: usize = 4;

/// How often a waiting thread checks whether it has to stop.
const TICK: Duration = Duration::from_millis(5);

/// Stack of a compiling thread in bytes. A deeply nested module needs more than the stack of small threads.
const STACK_BYTES: usize = 8 << 20;

/// The statement that waits for code.
pub struct Waiting<'a> {
    /// Time that it may still spend. Waiting is charged.
    pub budget: &'a mut StatementBudget,
    /// Whether the host wants it to end.
    pub interrupted: &'a dyn Fn() -> bool,
    /// The limits that the budget comes from, for messages.
    pub limits: &'a Limits,
}

impl Waiting<'_> {
    /// The same statement, for waiting on something else first.
    pub(crate) fn again(&mut self) -> Waiting<'_> {
        Waiting { budget: self.budget, interrupted: self.interrupted, limits: self.limits }
    }

    /// Charges the time since `began`.
    ///
    /// # Errors
    /// The statement has to end.
    fn check(&mut self, began: &mut Instant) -> Result<()> {
        let now = Instant::now();
        let spent = now.duration_since(std::mem::replace(began, now));
        if self.budget.is_interruptible() && (self.interrupted)() {
            return Err(Error::new(ErrorKind::Interrupted, "interrupted"));
        }
        if !self.budget.charge(spent) {
            return Err(Error::new(
                ErrorKind::Limit,
                format!(
                    "compiling the module took longer than the statement had left of its limit of \
                     {} ms: statement_timeout of the host sets it",
                    self.limits.statement_timeout.as_millis()
                ),
            ));
        }
        Ok(())
    }
}

/// What makes code: the runtime, and where code is kept on disk.
#[derive(Clone)]
pub struct Compiler {
    runtime: Arc<dyn Runtime>,
    cache: Option<CodeCache>,
    guard: Guard,
    stop: Stop,
}

impl Compiler {
    pub(crate) fn new(
        runtime: Arc<dyn Runtime>,
        cache: Option<CodeCache>,
        guard: Guard,
        stop: Stop,
    ) -> Self {
        Self { runtime, cache, guard, stop }
    }

    /// How a module is compiled.
    fn options(&self, metering: Metering, effort: Effort) -> CompileOptions {
        // Code that counts has to ask in each turn of a loop anyway.
        let stop = if metering == Metering::Fuel { Stop::Code } else { self.stop };
        CompileOptions { metering, effort, guard: self.guard, stop }
    }

    /// The facts about a module that was accepted under these limits before, if they are on the disk.
    pub(crate) fn known(&self, sha256: &[u8; 32], limits: &Limits) -> Option<Facts> {
        let kept = self.cache.as_ref()?.load(&facts_key(sha256, limits))?;
        Facts::from_bytes(*sha256, kept.bytes())
    }

    /// Compiles a module that was accepted under these limits, or takes its code from the disk. What was not there
    /// is kept.
    fn make(
        &self,
        facts: &Facts,
        wasm: &[u8],
        options: CompileOptions,
        limits: &Limits,
    ) -> Result<Arc<dyn CompiledModule>, RuntimeError> {
        let Self { runtime, cache, .. } = self;
        let compile = || runtime.compile(&segments::joined(wasm), options);
        let Some(cache) = cache else { return compile() };
        let Some(identity) = runtime.code_identity(options) else { return compile() };
        let (name, bytes) = (runtime.name().as_bytes(), options.bytes());
        let key = CodeKey::new(EntryKind::Code, &[&facts.sha256, name, &bytes, &identity]);
        let kept = cache.load(&key).and_then(|code| runtime.restore(wasm, options, &code).ok());
        let is_kept = kept.is_some();
        let compiled = kept.map_or_else(compile, Ok)?;
        // What cannot be kept is made again next time. `CodeCache::usage` tells why.
        if !is_kept
            && compiled.code_bytes() as u64 <= cache.limit()
            && let Some(code) = compiled.serialize()
        {
            let _ = cache.store(&key, &code);
        }
        if self.known(&facts.sha256, limits) != Some(*facts) {
            let _ = cache.store(&facts_key(&facts.sha256, limits), &facts.to_bytes());
        }
        Ok(compiled)
    }
}

/// Under which a module's facts are kept. They say that it was accepted, so all limits count.
fn facts_key(sha256: &[u8; 32], limits: &Limits) -> CodeKey {
    CodeKey::new(EntryKind::Facts, &[sha256, format!("{limits:?}").as_bytes()])
}

/// Identity of compiled code: the module, the runtime, the options, and the thread that the code is bound to, if
/// any.
type Key = ([u8; 32], &'static str, CompileOptions, Option<ThreadId>);

/// Code, or the reason why there is none.
type Outcome = Result<Arc<dyn CompiledModule>, String>;

/// Code that exists while somebody uses it, or that is being made. Code is kept apart from the job that made it,
/// because the child of a fork can use its parent's code but not its parent's locks.
enum Entry {
    Code(Weak<dyn CompiledModule>),
    Job(Arc<Job>),
}

/// The id of this process. A platform without processes has no fork either, so 0 will do.
fn process_id() -> u32 {
    if cfg!(target_family = "wasm") { 0 } else { std::process::id() }
}

/// The compiled code of the process.
static CODE: LazyLock<Mutex<HashMap<Key, Entry>>> = LazyLock::new(Mutex::default);

/// Number of compiling threads: `process id (32) | number (32)`. A child of a fork has none.
static RUNNING: AtomicU64 = AtomicU64::new(0);

/// The state of a job.
enum JobState {
    Running,
    /// Nobody has asked for the code since it was finished.
    Finished(Outcome),
    /// Somebody has the code. Nothing else keeps it.
    Taken(Weak<dyn CompiledModule>),
}

/// One module that is being compiled.
struct Job {
    /// The id of the process that has the thread.
    process: u32,
    state: Mutex<JobState>,
    finished: Condvar,
}

impl Job {
    fn new() -> Self {
        Self {
            process: process_id(),
            state: Mutex::new(JobState::Running),
            finished: Condvar::new(),
        }
    }

    fn finish(&self, outcome: Outcome) {
        *self.state() = JobState::Finished(outcome);
        self.finished.notify_all();
    }

    /// Waits for the outcome, at most for a tick. `None` while the job runs, or if the code is no longer used.
    fn wait(&self) -> Option<Outcome> {
        let is_running = |state: &mut JobState| matches!(state, JobState::Running);
        let waited = self.finished.wait_timeout_while(self.state(), TICK, is_running);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        match &*state {
            JobState::Running => None,
            JobState::Finished(Ok(code)) => {
                let code = Arc::clone(code);
                *state = JobState::Taken(Arc::downgrade(&code));
                Some(Ok(code))
            }
            JobState::Finished(Err(problem)) => Some(Err(problem.clone())),
            JobState::Taken(code) => code.upgrade().map(Ok),
        }
    }

    fn state(&self) -> MutexGuard<'_, JobState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether its code was made and is no longer needed.
    fn is_gone(&self) -> bool {
        matches!(&*self.state(), JobState::Taken(code) if code.strong_count() == 0)
    }

    /// Whether its thread belongs to this process. If not, as in the child of a fork, its lock must not be
    /// touched.
    fn is_ours(&self) -> bool {
        self.process == process_id()
    }
}

/// Permission to compile. Dropping it gives it back.
struct Permit(());

impl Permit {
    fn take() -> Option<Self> {
        let process = process_id();
        let taken = RUNNING.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |word| {
            let running = if (word >> 32) as u32 == process { word as u32 } else { 0 };
            (running < AT_ONCE).then(|| u64::from(process) << 32 | u64::from(running + 1))
        });
        taken.ok().map(|_| Self(()))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::SeqCst);
    }
}

/// How well a module is compiled within these limits.
fn effort(facts: &Facts, limits: &Limits) -> Effort {
    if facts.optimized_work <= limits.optimized_work_max {
        Effort::Optimized
    } else if facts.plain_work <= limits.plain_work_max {
        Effort::Plain
    } else {
        Effort::Quick
    }
}

/// Returns compiled code from the process-wide store, or makes it from `wasm`, which was checked under the limits.
/// Their `optimized_work_max` and `plain_work_max` determine how well it is compiled.
///
/// # Errors
/// The runtime refuses the module, or the statement has to end before it is compiled.
pub(crate) fn compile(
    compiler: &Compiler,
    facts: &Facts,
    metering: Metering,
    wasm: &[u8],
    mut waiting: Waiting<'_>,
) -> Result<Arc<dyn CompiledModule>> {
    let runtime = &compiler.runtime;
    if metering == Metering::Fuel {
        check_feature(runtime.as_ref(), RuntimeFeature::Fuel)?;
    }
    let effort = effort(facts, waiting.limits);
    let thread = runtime.is_thread_bound().then(|| thread::current().id());
    let key = (facts.sha256, runtime.name(), compiler.options(metering, effort), thread);
    let mut began = Instant::now();
    let (job, outcome) = loop {
        let job = match begin(key, compiler, facts, wasm, waiting.limits) {
            Begun::Code(code) => return Ok(code),
            Begun::Job(job) => job,
            Begun::Full => {
                thread::sleep(TICK);
                waiting.check(&mut began)?;
                continue;
            }
        };
        match job.wait() {
            Some(outcome) => break (job, outcome),
            None => waiting.check(&mut began)?,
        }
    };
    let mut code = code();
    let is_last = matches!(code.get(&key), Some(Entry::Job(last)) if Arc::ptr_eq(last, &job));
    match outcome {
        Ok(compiled) => {
            if is_last {
                code.insert(key, Entry::Code(Arc::downgrade(&compiled)));
            }
            Ok(compiled)
        }
        Err(problem) => {
            if is_last {
                code.remove(&key);
            }
            let message = format!("{} cannot compile it: {problem}", runtime.name());
            Err(Error::new(ErrorKind::Module, message))
        }
    }
}

/// The state of the code that a statement asks for.
enum Begun {
    Code(Arc<dyn CompiledModule>),
    Job(Arc<Job>),
    /// Too many modules are being compiled, so this one has to wait.
    Full,
}

/// Finds code or the job that makes it, or begins a job.
fn begin(key: Key, compiler: &Compiler, facts: &Facts, wasm: &[u8], limits: &Limits) -> Begun {
    let mut code = code();
    match code.get(&key) {
        Some(Entry::Code(weak)) => {
            if let Some(code) = weak.upgrade() {
                return Begun::Code(code);
            }
        }
        Some(Entry::Job(job)) if job.is_ours() && !job.is_gone() => {
            return Begun::Job(Arc::clone(job));
        }
        Some(Entry::Job(_)) | None => {}
    }
    let Some(permit) = Permit::take() else { return Begun::Full };
    forget(&mut code);
    let job = Arc::new(Job::new());
    code.insert(key, Entry::Job(Arc::clone(&job)));
    drop(code);
    let options = key.2;
    let (compiler, facts, wasm, limits) = (compiler.clone(), *facts, wasm.to_vec(), limits.clone());
    start(&job, permit, compiler.runtime.is_thread_bound(), move || {
        compiler.make(&facts, &wasm, options, &limits)
    });
    Begun::Job(job)
}

/// Makes code on a separate thread, or on this one if there are no threads or the runtime is bound to one.
fn start(
    job: &Arc<Job>,
    permit: Permit,
    is_thread_bound: bool,
    make: impl FnOnce() -> Result<Arc<dyn CompiledModule>, RuntimeError> + Send + 'static,
) {
    let work = {
        let job = Arc::clone(job);
        move || {
            // The permit is given back before anybody learns the outcome.
            let outcome = run(make);
            drop(permit);
            job.finish(outcome);
        }
    };
    let work = Arc::new(Mutex::new(Some(work)));
    let once = {
        let work = Arc::clone(&work);
        move || {
            let work = work.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(work) = work {
                work();
            }
        }
    };
    if is_thread_bound {
        return once();
    }
    let thread = thread::Builder::new().name("commensal-compile".to_owned());
    if let Err(_no_thread) = thread.stack_size(STACK_BYTES).spawn(once.clone()) {
        once();
    }
}

fn run(make: impl FnOnce() -> Result<Arc<dyn CompiledModule>, RuntimeError>) -> Outcome {
    let compiled = catch_unwind(AssertUnwindSafe(make));
    // A compiler is a large program, and some modules are known to make one panic. Its unfinished work is not
    // shared, so catching the panic is safe.
    match compiled {
        Ok(compiled) => compiled.map_err(|error| error.to_string()),
        Err(panic) => {
            Err(format!("it panicked, which is a defect of the runtime: {}", words(&*panic)))
        }
    }
}

/// The message of a panic.
fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// Removes code that nobody uses, and surplus jobs that were finished and not asked for again.
fn forget(code: &mut HashMap<Key, Entry>) {
    let mut kept = 0;
    code.retain(|_, entry| match entry {
        Entry::Code(weak) => weak.strong_count() > 0,
        Entry::Job(job) if !job.is_ours() => false,
        // Somebody waits for it, or its thread runs.
        Entry::Job(job) if Arc::strong_count(job) > 1 => true,
        Entry::Job(_) => {
            kept += 1;
            kept <= KEPT_MAX
        }
    });
}

fn code() -> MutexGuard<'static, HashMap<Key, Entry>> {
    CODE.lock().unwrap_or_else(PoisonError::into_inner)
}
