//! A module that a call passes instead of taking it from the catalog (`run_wasm`). It is not stored, and it has
//! the host's limits and no capability.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::compile::{Facts, Waiting, compile};
use crate::compile::{ModuleEntry, manifest_text};
use crate::ddl::{ObjectKind, With};
use crate::environment::Environment;
use crate::error::{Error, ErrorKind, Result};
use crate::foreign;
use crate::limits::Capabilities;
use crate::manifest::Declared;
use crate::module::{self, ModuleInfo};
use crate::policy::Policy;
use crate::registry::{Callable, FunctionEntry, Namespace, ObjectEntry};
use crate::runtime::CompiledModule;
use crate::session::{Binding, binding};
use crate::stats::FunctionStats;

/// A module that a call passed, compiled.
pub struct GivenModule {
    info: ModuleInfo,
    entry: Arc<ModuleEntry>,
    policy: Policy,
    compiled: Arc<dyn CompiledModule>,
}

impl GivenModule {
    /// Reads, checks and compiles a module in binary or text form.
    ///
    /// # Errors
    /// There is no runtime, the module is refused, or the statement has to end.
    pub fn new(source: &[u8], environment: &Environment, mut waiting: Waiting<'_>) -> Result<Self> {
        let compiler = environment.compiler()?;
        let limits = &environment.settings.limits;
        let wasm = module::binary(source, limits)?;
        let wasm = foreign::native(wasm, ObjectKind::Function, environment, waiting.again())?;
        let info = ModuleInfo::read(&wasm, limits)?;
        let policy = Policy::effective(&environment.settings, Capabilities::NONE, &With::default());
        let compiled = compile(&compiler, &Facts::of(&info), policy.metering(), &wasm, waiting)?;
        let manifest = manifest_text(&info);
        let entry = ModuleEntry::new(info.sha256, wasm.len() as u64, &manifest, limits);
        Ok(Self { info, entry: Arc::new(entry), policy, compiled })
    }

    /// The SHA-256 of a module's source, which identifies it.
    pub fn hash(source: &[u8]) -> [u8; 32] {
        Sha256::digest(source).into()
    }

    /// Bytes of the binary module.
    pub fn bytes(&self) -> usize {
        self.info.bytes
    }

    /// Its code.
    pub fn compiled(&self) -> &Arc<dyn CompiledModule> {
        &self.compiled
    }

    /// The binding of an export for a call with this many arguments.
    ///
    /// # Errors
    /// There is no such export, it is not a function for SQL, or it takes another number of arguments.
    pub fn function(&self, export: &str, arguments: i32) -> Result<Binding> {
        self.info.guest_function(export)?;
        let object = Arc::new(ObjectEntry {
            kind: ObjectKind::Function,
            name: export.to_owned(),
            module: Arc::clone(&self.entry),
            export: None,
            deterministic: false,
            with: With::default(),
            policy: self.policy.clone(),
            problem: None,
        });
        let declared = Declared::of(&object).map_err(|e| Error::new(ErrorKind::Manifest, e))?;
        let mut declared: Vec<_> = declared
            .functions
            .into_iter()
            .filter(|function| [arguments, -1].contains(&function.signature.argument_count()))
            .collect();
        // A function with the exact count comes before variadic ones.
        declared.sort_by_key(|function| function.signature.argument_count() < 0);
        let function = declared.into_iter().next().ok_or_else(|| {
            let message = format!("wrong number of arguments to function {export}()");
            Error::new(ErrorKind::Argument, message)
        })?;
        binding(&FunctionEntry {
            callable: Arc::new(Callable {
                namespace: Namespace::Functions,
                name: function.name,
                object,
                stats: Arc::new(FunctionStats::default()),
            }),
            arguments: function.signature.argument_count(),
            body: function.body,
            signature: Arc::new(function.signature),
            subtype: function.subtype,
            deterministic: function.deterministic,
            shadowed: false,
        })
    }
}
