//! Runs a prepared statement of the engine, whoever it belongs to.

use std::num::NonZero;

use commensal_core::{Error, ErrorKind, Result, ValueRef};
use turso_core::{Statement, StepResult, Value};

use crate::error;
use crate::value::owned;

/// Runs to the next row; false at the end. Waits for the disk, and for others up to the connection's busy
/// timeout.
pub(crate) fn step(statement: &mut Statement) -> Result<bool> {
    loop {
        match statement.step().map_err(error::of_engine)? {
            StepResult::Row => return Ok(true),
            StepResult::Done => return Ok(false),
            StepResult::IO | StepResult::Yield => {
                statement._io().step().map_err(error::of_engine)?;
            }
            StepResult::Sleep { .. } if statement.get_program().connection.is_interrupted() => {
                return Err(error::interrupted());
            }
            StepResult::Sleep { duration } => std::thread::sleep(duration),
            StepResult::Busy => return Err(error::busy()),
            StepResult::Interrupt => return Err(error::interrupted()),
        }
    }
}

/// Binds a parameter, from 1.
pub(crate) fn bind(statement: &mut Statement, index: usize, value: Value) -> Result<()> {
    let count = statement.parameters_count();
    let Some(place) = NonZero::new(index).filter(|index| index.get() <= count) else {
        return Err(no_parameter(count, index));
    };
    statement.bind_at(place, value).map_err(error::of_engine)
}

/// The error of a parameter that a statement does not have.
#[cold]
pub(crate) fn no_parameter(count: usize, index: usize) -> Error {
    let message = format!("the statement has {count} parameters, not {index}");
    Error::new(ErrorKind::Argument, message)
}

pub(crate) fn names(statement: &Statement) -> Vec<String> {
    (0..statement.num_columns()).map(|i| statement.get_column_name(i).into_owned()).collect()
}

/// Binds all parameters, the first one first.
pub(crate) fn bind_all(statement: &mut Statement, parameters: &[ValueRef<'_>]) -> Result<()> {
    for (i, parameter) in parameters.iter().enumerate() {
        bind(statement, i + 1, owned(*parameter, 0))?;
    }
    Ok(())
}
