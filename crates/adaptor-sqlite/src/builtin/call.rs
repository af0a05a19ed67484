//! `wasm_call(name, …)` calls a function of the catalog by its name, even if SQLite does not have it
//! registered or has another function of that name.

use std::sync::Arc;

use commensal_core::guest::Arguments;
use commensal_core::manifest::{FunctionBody, function_key};
use commensal_core::registry::{FunctionEntry, Registry};
use commensal_core::{Error, ErrorKind, Result};

use super::context::{Call, Kept};
use crate::numbers::Unregistered;

pub(super) fn call(call: &Call<'_>) -> Result<()> {
    let arguments = call.arguments.after(1);
    call.with_statement(|statement| {
        let kept = call.kept().filter(|kept| statement.is_valid(kept.number));
        let number = match kept {
            Some(kept) => kept.number,
            None => {
                let name = call.text(0, "a function's name")?;
                let entry = find(&*statement.registry(name)?, name, arguments.len())?;
                let key = function_key(entry.name(), entry.arguments);
                let number = statement.number(Unregistered::Defined(key))?;
                call.keep(Kept { number, source: None, export: String::new() });
                number
            }
        };
        statement.call(number.number, call.name, call.place(), &arguments, |session, execution| {
            let name = call.text(0, "a function's name")?;
            let entry = find(execution.registry(), name, arguments.len())?;
            let read_module = |sha256: &[u8; 32]| call.state.read_module(sha256);
            session.bind_function(execution, number.number, &entry, read_module)
        })
    })
}

/// The function of this name that takes this many arguments.
#[cold]
fn find(registry: &Registry, name: &str, arguments: usize) -> Result<Arc<FunctionEntry>> {
    let exact = i32::try_from(arguments).unwrap_or(i32::MAX);
    let entry = [exact, -1]
        .into_iter()
        .find_map(|arguments| registry.function(&function_key(name, arguments)))
        .ok_or_else(|| registry.no_such_function(name))?;
    if let FunctionBody::Aggregate(_) = entry.body {
        let message = format!("wasm_call() calls scalar functions, and {name}() is an aggregate");
        return Err(Error::new(ErrorKind::Argument, message));
    }
    Ok(Arc::clone(entry))
}
