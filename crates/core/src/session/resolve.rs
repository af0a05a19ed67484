//! From a slot to its function in the execution's registry, the compiled module and an instance.

use std::sync::Arc;

use super::{Binding, Execution, Session};
use crate::compile::Waiting;
use crate::error::{Error, ErrorKind, Result};
use crate::manifest::{FunctionBody, FunctionKey};
use crate::registry::{Callable, FunctionEntry};
use crate::runtime::CompiledModule;

impl Execution {
    /// The function that this execution calls by this key.
    ///
    /// # Errors
    /// There is none, or none with this argument count.
    pub fn find(&self, key: &FunctionKey) -> Result<&Arc<FunctionEntry>> {
        self.registry.meant(key).ok_or_else(|| self.registry.no_such_function(&key.0))
    }
}

impl Session {
    /// Binds a slot to the function of this key. Compiles its module if necessary, from the bytes that
    /// `read_module` finds for a hash.
    ///
    /// # Errors
    /// There is no such function, its definition cannot be used, or [`Session::bind`] fails.
    #[cold]
    pub fn bind_key(
        &self,
        execution: &mut Execution,
        slot: usize,
        key: &FunctionKey,
        read_module: impl FnOnce(&[u8; 32]) -> Result<Vec<u8>>,
    ) -> Result<()> {
        let entry = Arc::clone(execution.find(key)?);
        self.bind_function(execution, slot, &entry, read_module)
    }

    /// Like [`Session::bind_key`], for a function that is already found.
    ///
    /// # Errors
    /// Its definition cannot be used, or [`Session::bind`] fails.
    #[cold]
    pub fn bind_function(
        &self,
        execution: &mut Execution,
        slot: usize,
        entry: &FunctionEntry,
        read_module: impl FnOnce(&[u8; 32]) -> Result<Vec<u8>>,
    ) -> Result<()> {
        self.bind_compiled(execution, slot, binding(entry)?, read_module)
    }

    /// Like [`Session::bind`], but compiles the module if necessary, from the bytes that `read_module` finds for
    /// a hash.
    ///
    /// # Errors
    /// The definition cannot be used, or [`Session::bind`] fails.
    #[cold]
    pub fn bind_compiled(
        &self,
        execution: &mut Execution,
        slot: usize,
        binding: Binding,
        read_module: impl FnOnce(&[u8; 32]) -> Result<Vec<u8>>,
    ) -> Result<()> {
        let module = self.compiled(execution, &binding.callable, read_module)?;
        self.bind(execution, slot, binding, &module)
    }

    /// Lets `body` wait for code on behalf of a statement.
    ///
    /// # Errors
    /// The error of `body`.
    pub fn waiting<R>(
        &self,
        execution: &mut Execution,
        body: impl FnOnce(Waiting<'_>) -> Result<R>,
    ) -> Result<R> {
        body(Waiting {
            budget: &mut execution.budget,
            interrupted: &|| self.services.interrupted(),
            limits: &self.environment.settings.limits,
        })
    }

    /// The code of a callable. Compiles it if necessary, from the bytes that `read_module` finds for a hash.
    /// Waiting for it is charged to the statement's time.
    ///
    /// # Errors
    /// There is no runtime, the definition cannot be used, or the statement has to end.
    pub fn compiled(
        &self,
        execution: &mut Execution,
        callable: &Callable,
        read_module: impl FnOnce(&[u8; 32]) -> Result<Vec<u8>>,
    ) -> Result<Arc<dyn CompiledModule>> {
        let broken = |problem: &str| {
            let message = format!("{callable}: its definition cannot be used: {problem}");
            Error::new(ErrorKind::Catalog, message)
        };
        let object = &callable.object;
        if let Some(problem) = &object.problem {
            return Err(broken(problem));
        }
        self.environment.runtime()?;
        let metering = object.policy.metering();
        if let Some(module) = object.module.compiled(metering) {
            return Ok(module);
        }
        let compiler = self.environment.compiler()?;
        let compile = |wasm: Vec<u8>| {
            self.waiting(execution, |waiting| {
                let code = object.module.compile(&wasm, metering, &compiler, waiting)?;
                self.environment.keep_code(&object.module, metering, &code)?;
                Ok(code)
            })
        };
        read_module(&object.module.sha256).and_then(compile).map_err(|error| match error.kind() {
            ErrorKind::Interrupted => error,
            // The engine tries again with the schema that the file has now.
            ErrorKind::Engine if error.engine_code() == Some(SCHEMA) => error,
            ErrorKind::Limit => {
                Error::new(ErrorKind::Limit, format!("{callable}: {}", error.message()))
            }
            _ => broken(error.message()),
        })
    }
}

/// SQLite's result code of a statement that was compiled for another schema than the file's.
const SCHEMA: i32 = 17;

/// The binding of a scalar function.
///
/// # Errors
/// The function is an aggregate.
pub(crate) fn binding(entry: &FunctionEntry) -> Result<Binding> {
    let (export, validates) = match &entry.body {
        FunctionBody::Scalar(export) => (export, false),
        FunctionBody::Validator(export) => (export, true),
        FunctionBody::Aggregate(_) => {
            let message = format!("{}() is no longer a scalar function", entry.name());
            return Err(Error::new(ErrorKind::NotFound, message));
        }
    };
    Ok(Binding {
        callable: Arc::clone(&entry.callable),
        exports: vec![export.clone()],
        signature: Arc::clone(&entry.signature),
        subtype: entry.subtype,
        validates,
    })
}
