//! Statements.

use std::fmt;

use commensal_core::engine::EngineStatement;
use commensal_core::{Result, ValueRef};

/// A compiled statement. Finalized when dropped.
pub struct Statement<'c> {
    pub(crate) engine: Box<dyn EngineStatement + 'c>,
}

impl fmt::Debug for Statement<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Statement").field("columns", &self.column_count()).finish_non_exhaustive()
    }
}

impl<'c> Statement<'c> {
    pub(crate) fn new(engine: Box<dyn EngineStatement + 'c>) -> Self {
        Self { engine }
    }

    /// Number of the largest parameter.
    pub fn parameter_count(&self) -> usize {
        self.engine.parameter_count()
    }

    /// Index, from 1, of a named parameter. The name has its prefix.
    pub fn parameter_index(&self, name: &str) -> Option<usize> {
        self.engine.parameter_index(name)
    }

    /// Binds a value to the parameter with this index, from 1.
    ///
    /// # Errors
    /// No parameter has this index.
    pub fn bind(&mut self, index: usize, value: ValueRef<'_>) -> Result<()> {
        self.engine.bind(index, value)
    }

    /// Runs to the next row. Returns false at the end.
    ///
    /// # Errors
    /// The engine or a function reports an error.
    pub fn step(&mut self) -> Result<bool> {
        self.engine.step()
    }

    /// Ends the execution. Bindings stay.
    pub fn reset(&mut self) {
        self.engine.reset();
    }

    /// Number of columns of a row; 0 for statements without rows.
    pub fn column_count(&self) -> usize {
        self.engine.column_count()
    }

    /// Name of a column, from 0.
    pub fn column_name(&self, column: usize) -> &str {
        self.engine.column_name(column)
    }

    /// A value of the current row, from 0.
    ///
    /// # Errors
    /// The value is text that is not valid UTF-8.
    pub fn column(&self, column: usize) -> Result<ValueRef<'_>> {
        self.engine.column(column)
    }

    /// Whether the statement writes nothing to the database.
    pub fn is_readonly(&self) -> bool {
        self.engine.is_readonly()
    }
}
