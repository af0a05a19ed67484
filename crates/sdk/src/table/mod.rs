//! Tables: what a guest author writes, and how rows become the batches of the ABI.
//!
//! Knows nothing of addresses but that a batch is finished when its bytes stay where they are; the
//! exports do.

mod batch;
pub mod connected;
#[cfg(target_arch = "wasm32")]
pub mod exports;
mod function;
mod open;
mod plan;
mod row;
mod virtual_table;

pub use batch::RowWriter;
pub use connected::OpenCursor;
pub use function::TableFunction;
pub use open::{OpenTables, column};
pub use plan::{Constraint, Operator, Order, Plan, Request};
pub use row::Row;
pub use virtual_table::{Change, Connect, FilterValues, Overload, VirtualCursor, VirtualTable};
