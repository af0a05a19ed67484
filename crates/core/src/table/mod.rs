//! Tables of guests, independent of the engine: handles, cursors, batches and plans.
//!
//! An adaptor translates between its engine's interface and this one. This module knows nothing of SQL text or of
//! an engine's structures for constraints and values.

mod function;
mod instance;
mod plan;
mod rows;
mod savepoints;
mod scans;
mod virtual_table;

pub use function::FunctionCursor;
pub use plan::{Constraint, FilterValue, Plan, Request, Use};
pub use scans::Scans;
pub use virtual_table::{VirtualCursor, VirtualTable};

use crate::error::Result;
use crate::guest::CallError;
use crate::manifest::{Column, Param, Signature, Table};
use crate::session::Session;
use crate::value::StorageClass;

/// The services that a table needs from the connection that uses it.
#[derive(Clone, Copy)]
pub struct Access<'a> {
    /// Has the instances and counters.
    pub session: &'a Session,
    /// Reads the module with this hash from the file.
    pub read: &'a dyn Fn(&[u8; 32]) -> Result<Vec<u8>>,
}

/// The error for an argument that is a pointer of another instance, which this one would see as NULL.
#[cold]
fn unknown_pointer(position: usize) -> CallError {
    CallError::Argument(format!(
        "argument {} is a pointer of another instance: a table has one of its own, which does not know \
         what a function or another table gave",
        position + 1
    ))
}

/// Where a column of a table function gets its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ColumnSource {
    /// From the row: the position among the visible columns, and the class.
    Row(usize, Option<StorageClass>),
    /// From an argument: the position among the hidden columns.
    Argument(usize),
}

impl Table {
    /// The columns of a table function that are arguments, in order.
    pub fn arguments(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.hidden)
    }

    /// The columns of a table function that its rows have, in order.
    pub fn results(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| !column.hidden)
    }

    /// Where the columns of a table function get their values, in the order of the columns.
    fn sources(&self) -> Box<[ColumnSource]> {
        let (mut rows, mut arguments) = (0.., 0..);
        let source = |column: &Column| match column.hidden {
            true => arguments.next().map(ColumnSource::Argument),
            false => rows.next().map(|position| ColumnSource::Row(position, column.class)),
        };
        self.columns.iter().filter_map(source).collect()
    }

    /// The types of the hidden columns of a table function. Each may be NULL, which stands for an argument that
    /// SQL does not give.
    pub(crate) fn signature(&self) -> Signature {
        let params = self.arguments().map(|c| Param { class: c.class, nullable: true }).collect();
        Signature { params, variadic: None, ..Signature::ANY }
    }
}
