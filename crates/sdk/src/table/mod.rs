//! Tables: the traits that a guest's author implements, and how rows become the batches of the ABI.
//!
//! Knows nothing of addresses, except that the bytes of a finished batch stay where they are. The
//! exports use addresses.

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
