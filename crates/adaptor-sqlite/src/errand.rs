//! What a row of `wasm_statement` sends to the statement that writes it (`statement_table.rs`).

use commensal_core::ddl::Parsed;
use commensal_core::{Result, Value};

/// A statement on its way from the row that brought it to the statement that runs it, and its end on the
/// way back.
pub(crate) enum Errand {
    Waiting(Box<Parsed>, Vec<Value>),
    Ended(Result<()>),
}
