//! Tables: what a guest author writes, and how rows become the batches of the ABI.
//!
//! Knows nothing of addresses but that a batch is finished when its bytes stay where they are.

mod batch;
mod function;
mod open;
mod row;

pub use batch::Batch;
pub use function::TableFunction;
pub use open::{OpenTable, column};
pub use row::Row;
