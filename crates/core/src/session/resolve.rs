//! From a slot to what its scope's registry says: the function, its compiled module, an instance.

use std::sync::Arc;

use super::{Scope, Session};
use crate::error::{Error, ErrorKind, Result};
use crate::registry::{FunctionEntry, FunctionKey};

impl Scope {
    /// The function that this scope calls by this key.
    ///
    /// # Errors
    /// There is none, or none with this number of arguments.
    pub fn find(&self, key: &FunctionKey) -> Result<&Arc<FunctionEntry>> {
        self.registry.function(key).filter(|entry| !entry.shadowed).ok_or_else(|| {
            let name = &key.0;
            let message = if self.registry.has_function_named(name) {
                format!("wrong number of arguments to function {name}()")
            } else {
                format!("no such function: {name}")
            };
            Error::new(ErrorKind::NotFound, message)
        })
    }
}

impl Session {
    /// Binds a slot to the function of this key. Its module is compiled if that is due, from the bytes
    /// that `read_module` finds under a hash.
    ///
    /// # Errors
    /// There is no such function; its definition cannot be used; as [`Session::bind`].
    #[cold]
    pub fn bind_key(
        &self,
        scope: &mut Scope,
        slot: usize,
        key: &FunctionKey,
        read_module: impl FnOnce(&[u8; 32]) -> Result<Vec<u8>>,
    ) -> Result<()> {
        let entry = Arc::clone(scope.find(key)?);
        if let Some(problem) = &entry.object.problem {
            return Err(broken(&entry, problem));
        }
        self.environment.runtime()?;
        let metering = entry.object.policy.metering();
        let module = match entry.object.module.compiled(metering) {
            Some(module) => module,
            None => read_module(&entry.object.module.sha256)
                .and_then(|wasm| entry.object.module.compile(&wasm, metering, &self.environment))
                .map_err(|e| broken(&entry, &e.to_string()))?,
        };
        self.bind(scope, slot, &entry, module.as_ref())
    }
}

fn broken(entry: &FunctionEntry, problem: &str) -> Error {
    let name = &entry.name;
    Error::new(ErrorKind::Catalog, format!("{name}(): its definition cannot be used: {problem}"))
}
