//! Compiled code of the process: made once for all connections, and on a thread of its own.
//!
//! No executor can be stopped while it compiles. So a thread of the process compiles, and the calling
//! thread waits: it returns at once when the host interrupts or the statement's time is used up. The
//! compiling thread finishes what it began, and whoever asks next gets the result. Limits on a module's
//! structure bound how long that takes. No more than two modules are compiled at once, whatever
//! the host's threads ask for, so memory is bounded too.
//!
//! In the child of a fork, which has none of the threads, what its parent began counts as never begun.
//! A compiling thread takes no lock while it compiles; the process may end while one runs. Where there
//! are no threads, and for a runtime that is bound to one, the calling one compiles. What such a runtime
//! makes is known by its thread, too.

mod entry;

use std::any::Any;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, ThreadId};
use std::time::Duration;

use web_time::Instant;

pub use self::entry::ModuleEntry;
pub(crate) use self::entry::manifest_text;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::module::{ModuleInfo, segments};
use crate::runtime::{
    CompileOptions, CompiledModule, Effort, Metering, Runtime, RuntimeFeature, StatementBudget,
    check_feature,
};

/// Modules that the process compiles at once. Each may take the memory that the limits on structure
/// leave it, also when nobody waits for it any longer.
const AT_ONCE: u32 = 2;

/// Compiled modules that are kept although nobody waited for them to be finished.
const KEPT_MAX: usize = 4;

/// How often a waiting thread looks whether it has to stop.
const TICK: Duration = Duration::from_millis(5);

/// Stack of a compiling thread, in bytes. A deep module costs an executor more than small threads have.
const STACK_BYTES: usize = 8 << 20;

/// The statement that waits for code.
pub struct Waiting<'a> {
    /// What it may still spend. The time that it waits is taken off.
    pub budget: &'a mut StatementBudget,
    /// Whether the host wants it to end.
    pub interrupted: &'a dyn Fn() -> bool,
    /// The limits that the budget is from, for messages.
    pub limits: &'a Limits,
}

impl Waiting<'_> {
    /// The same statement, which waits for something else first.
    pub(crate) fn again(&mut self) -> Waiting<'_> {
        Waiting { budget: self.budget, interrupted: self.interrupted, limits: self.limits }
    }

    /// Takes the time since `began` off.
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

/// Identity of compiled code: the module, the runtime, how it was compiled, and the thread that it is bound
/// to, if it is.
type Key = ([u8; 32], &'static str, CompileOptions, Option<ThreadId>);

/// Code, or why there is none.
type Outcome = Result<Arc<dyn CompiledModule>, String>;

/// Code that is there while somebody uses it, or that is being made. Code is kept apart from the job that
/// made it, because the child of a fork can use what its parent compiled, and not the parent's locks.
enum Entry {
    Code(Weak<dyn CompiledModule>),
    Job(Arc<Job>),
}

/// The number of this process; where there are no processes, there is no fork either.
fn process_id() -> u32 {
    if cfg!(target_family = "wasm") { 0 } else { std::process::id() }
}

/// Code of the whole process.
static CODE: LazyLock<Mutex<HashMap<Key, Entry>>> = LazyLock::new(Mutex::default);

/// Compiling threads: `process id (32) | their number (32)`. In the child of a fork there are none.
static RUNNING: AtomicU64 = AtomicU64::new(0);

/// How far a job is.
enum JobState {
    Running,
    /// Nobody has asked since it was finished.
    Finished(Outcome),
    /// Somebody has the code, who alone keeps it.
    Taken(Weak<dyn CompiledModule>),
}

/// One module that is being compiled.
struct Job {
    /// The process that has the thread.
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

    /// The outcome, waited for no longer than a tick. There is none while the job runs, nor when nobody
    /// uses the code any longer.
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

    /// Whether its code was made and is needed no longer.
    fn is_gone(&self) -> bool {
        matches!(&*self.state(), JobState::Taken(code) if code.strong_count() == 0)
    }

    /// Whether its thread is one of this process's. In the child of a fork its lock must not be touched.
    fn is_ours(&self) -> bool {
        self.process == process_id()
    }
}

/// Permission to compile, given back when it is dropped.
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
fn effort(info: &ModuleInfo, limits: &Limits) -> Effort {
    if info.optimized_work <= limits.optimized_work_max {
        Effort::Optimized
    } else if info.plain_work <= limits.plain_work_max {
        Effort::Plain
    } else {
        Effort::Quick
    }
}

/// Gives compiled code from the process-wide store, or compiles `wasm`, which has this checked
/// structure, as well as `optimized_work_max` and `plain_work_max` let it.
///
/// # Errors
/// The runtime refuses the module; the statement has to end before it is compiled.
pub(crate) fn compile(
    runtime: &Arc<dyn Runtime>,
    info: &ModuleInfo,
    metering: Metering,
    wasm: &[u8],
    mut waiting: Waiting<'_>,
) -> Result<Arc<dyn CompiledModule>> {
    if metering == Metering::Fuel {
        check_feature(runtime.as_ref(), RuntimeFeature::Fuel)?;
    }
    let effort = effort(info, waiting.limits);
    let thread = runtime.is_thread_bound().then(|| thread::current().id());
    let key = (info.sha256, runtime.name(), CompileOptions { metering, effort }, thread);
    let mut began = Instant::now();
    let (job, outcome) = loop {
        let job = match begin(key, runtime, wasm) {
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

/// What there is of the code that somebody asks for.
enum Begun {
    Code(Arc<dyn CompiledModule>),
    Job(Arc<Job>),
    /// So many modules are being compiled that this one has to wait.
    Full,
}

/// Finds code or the job that makes it, or begins one.
fn begin(key: Key, runtime: &Arc<dyn Runtime>, wasm: &[u8]) -> Begun {
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
    start(&job, permit, runtime, key.2, wasm);
    Begun::Job(job)
}

/// Compiles on a thread of its own; where there are none, and for a runtime that is bound to one, on this
/// one.
fn start(
    job: &Arc<Job>,
    permit: Permit,
    runtime: &Arc<dyn Runtime>,
    options: CompileOptions,
    wasm: &[u8],
) {
    let work = {
        let (job, runtime, wasm) = (Arc::clone(job), Arc::clone(runtime), wasm.to_vec());
        move || {
            // The permit is given back before anybody hears of the outcome.
            let outcome = run(&*runtime, options, &wasm);
            drop((permit, wasm, runtime));
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
    if runtime.is_thread_bound() {
        return once();
    }
    let thread = thread::Builder::new().name("commensal-compile".to_owned());
    if let Err(_no_thread) = thread.stack_size(STACK_BYTES).spawn(once.clone()) {
        once();
    }
}

fn run(runtime: &dyn Runtime, options: CompileOptions, wasm: &[u8]) -> Outcome {
    let compile = || runtime.compile(&segments::joined(wasm), options);
    let compiled = catch_unwind(AssertUnwindSafe(compile));
    // A compiler is a large program, and modules have been found at which one panics. Nothing is shared
    // with what it has left half done.
    match compiled {
        Ok(compiled) => compiled.map_err(|error| error.to_string()),
        Err(panic) => {
            Err(format!("it panicked, which is a defect of the runtime: {}", words(&*panic)))
        }
    }
}

/// What a panic says.
fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// Forgets code that nobody uses, and what was begun, finished and not asked for again.
fn forget(code: &mut HashMap<Key, Entry>) {
    let mut kept = 0;
    code.retain(|_, entry| match entry {
        Entry::Code(weak) => weak.strong_count() > 0,
        Entry::Job(job) if !job.is_ours() => false,
        // Somebody waits, or its thread runs.
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
