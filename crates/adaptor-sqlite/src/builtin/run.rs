//! `run_wasm(module, export, …)` calls an export of a module that is passed with the call.

use std::rc::Rc;

use commensal_core::given::GivenModule;
use commensal_core::guest::Arguments;
use commensal_core::session::{Execution, Session};
use commensal_core::{ErrorKind, Result};

use super::context::{Call, Kept};
use crate::numbers::Unregistered;

pub(super) fn run(call: &Call<'_>) -> Result<()> {
    let arguments = call.arguments.after(2);
    call.with_statement(|statement| {
        let export = call.text(1, "the name of an export")?;
        let kept = match call.kept() {
            Some(kept) if statement.is_valid(kept.number) && kept.export == export => kept,
            kept => {
                // A constant module is hashed once for all rows.
                let source = match kept.and_then(|kept| kept.source) {
                    Some(source) => source,
                    None => GivenModule::hash(call.module(0)?),
                };
                let count = i32::try_from(arguments.len()).unwrap_or(i32::MAX);
                let number =
                    statement.number(Unregistered::Given(source, export.to_owned(), count))?;
                call.keep(Kept { number, source: Some(source), export: export.to_owned() })
            }
        };
        let number = kept.number.number;
        statement.call(number, call.name, call.place(), &arguments, |session, execution| {
            let module = compiled(call, session, execution, kept.source.unwrap_or_default())?;
            let count = i32::try_from(arguments.len()).unwrap_or(i32::MAX);
            let binding = module.function(export, count).map_err(|e| call.prefixed(&e))?;
            session.bind(execution, number, binding, module.compiled())
        })
    })
}

/// The module whose source has this hash. It is compiled unless the connection has it.
#[cold]
fn compiled(
    call: &Call<'_>,
    session: &Session,
    execution: &mut Execution,
    source: [u8; 32],
) -> Result<Rc<GivenModule>> {
    if let Some(module) = call.state.given.borrow_mut().find(&source) {
        return Ok(module);
    }
    let given = call.module(0)?;
    let module = session
        .waiting(execution, |waiting| GivenModule::new(given, session.environment(), waiting));
    let module = module.map_err(|e| match e.kind() {
        ErrorKind::Interrupted => e,
        _ => call.prefixed(&e),
    })?;
    let module = Rc::new(module);
    let dropped = call.state.given.borrow_mut().insert(source, Rc::clone(&module));
    drop(dropped);
    Ok(module)
}
