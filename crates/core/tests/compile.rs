//! A statement that waits for a module to be compiled gets an answer at once when it has to end, and nothing
//! is compiled twice. The runtime here compiles when it is told to, so nothing depends on time.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use commensal_core::compile::Waiting;
use commensal_core::environment::Environment;
use commensal_core::fault::Fault;
use commensal_core::given::GivenModule;
use commensal_core::runtime::{
    CompileOptions, CompiledModule, Effort, Instance, InstanceConfig, Runtime, RuntimeError,
    RuntimeFeatures, StatementBudget,
};
use commensal_core::settings::Settings;
use commensal_core::{Error, ErrorKind};

/// A runtime that compiles once its gate is open.
#[derive(Default)]
struct Gated {
    open: Mutex<bool>,
    opened: Condvar,
    begun: AtomicUsize,
    finished: AtomicUsize,
    efforts: Mutex<Vec<Effort>>,
}

struct Nothing;

impl CompiledModule for Nothing {
    fn instantiate(&self, _: InstanceConfig) -> Result<Box<dyn Instance>, Fault> {
        Err(Fault::Runtime("there is nothing".to_owned()))
    }

    fn code_bytes(&self) -> usize {
        0
    }

    fn stack_bytes(&self) -> usize {
        0
    }

    fn imports(&self, _: &dyn Fn(&str, &str) -> bool) -> bool {
        false
    }
}

impl Runtime for Gated {
    fn name(&self) -> &'static str {
        "gated"
    }

    fn features(&self) -> RuntimeFeatures {
        RuntimeFeatures::ALL
    }

    fn compile(
        &self,
        wasm: &[u8],
        options: CompileOptions,
    ) -> Result<Arc<dyn CompiledModule>, RuntimeError> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        self.efforts.lock().unwrap().push(options.effort);
        let open = self.open.lock().unwrap();
        drop(self.opened.wait_while(open, |open| !*open).unwrap());
        self.finished.fetch_add(1, Ordering::SeqCst);
        if wasm.ends_with(b"panic") {
            panic!("the compiler has a fault");
        }
        Ok(Arc::new(Nothing))
    }
}

impl Gated {
    fn open(&self, open: bool) {
        *self.open.lock().unwrap() = open;
        self.opened.notify_all();
    }
}

/// A module that differs from those of other names.
fn module(name: &str) -> String {
    format!(
        "(module (memory (export \"memory\") 1)
           (func (export \"commensal_scratch\") (param i32) (result i32) i32.const 1024)
           (func (export \"{name}\") (param i32 i32) (result i32) i32.const 0)
           (@custom \"tail\" (after last) \"{name}\"))"
    )
}

/// Waits for a module; `interrupted` is asked while it is compiled.
fn wait(
    environment: &Environment,
    name: &str,
    time: Duration,
    interrupted: &dyn Fn() -> bool,
) -> Result<(), Error> {
    let limits = &environment.settings.limits;
    let budget = &mut StatementBudget::new(time);
    let waiting = Waiting { budget, interrupted, limits };
    GivenModule::new(module(name).as_bytes(), environment, waiting).map(drop)
}

const LONG: Duration = Duration::from_secs(3_000);

#[test]
fn waiting_ends_at_once_and_what_was_begun_is_kept() {
    let runtime = Arc::new(Gated::default());
    let mut settings = Settings::default();
    settings.runtime = Some(Arc::clone(&runtime) as Arc<dyn Runtime>);
    let environment = Environment::new(settings);
    let count = |counter: &AtomicUsize| counter.load(Ordering::SeqCst);

    // Interrupted while the thread compiles, which nothing can stop.
    let error = wait(&environment, "a", LONG, &|| true).unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Interrupted, "interrupted"));
    // The statement's time is used up.
    let error = wait(&environment, "a", Duration::from_millis(20), &|| false).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert!(error.message().contains("statement_timeout"), "{error}");
    let error = wait(&environment, "b", LONG, &|| true).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    // Two are compiled at once. A third is not begun, and can still be interrupted.
    let asked = Cell::new(0);
    let error = wait(&environment, "c", LONG, &|| {
        asked.set(asked.get() + 1);
        asked.get() == 3
    })
    .unwrap_err();
    assert_eq!((error.kind(), asked.get()), (ErrorKind::Interrupted, 3));
    assert!(count(&runtime.begun) <= 2, "{}", count(&runtime.begun));
    assert_eq!(count(&runtime.finished), 0);

    // The result serves the next statement that asks.
    runtime.open(true);
    for name in ["a", "b"] {
        wait(&environment, name, LONG, &|| false).unwrap();
    }
    assert_eq!((count(&runtime.begun), count(&runtime.finished)), (2, 2));
    wait(&environment, "c", LONG, &|| false).unwrap();
    assert_eq!(count(&runtime.finished), 3);

    // A fault of the compiler is an error.
    let error = wait(&environment, "panic", LONG, &|| false).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Module);
    assert!(
        error
            .message()
            .contains("it panicked, which is a defect of the runtime: the compiler has a fault"),
        "{error}"
    );
    // It also takes no place away.
    runtime.open(false);
    wait(&environment, "d", LONG, &|| count(&runtime.begun) == 5).unwrap_err();
    wait(&environment, "e", LONG, &|| count(&runtime.begun) == 6).unwrap_err();
    runtime.open(true);
    wait(&environment, "d", LONG, &|| false).unwrap();
}

#[test]
fn what_takes_long_is_compiled_quickly() {
    let runtime = Arc::new(Gated::default());
    runtime.open(true);
    let settings = || {
        let mut settings = Settings::default();
        settings.runtime = Some(Arc::clone(&runtime) as Arc<dyn Runtime>);
        settings
    };
    wait(&Environment::new(settings()), "small", LONG, &|| false).unwrap();
    let mut few = settings();
    few.limits.optimized_work_max = 1;
    wait(&Environment::new(few.clone()), "large", LONG, &|| false).unwrap();
    few.limits.plain_work_max = 1;
    wait(&Environment::new(few), "larger", LONG, &|| false).unwrap();
    let efforts = runtime.efforts.lock().unwrap();
    assert_eq!(*efforts, [Effort::Optimized, Effort::Plain, Effort::Quick]);
}
