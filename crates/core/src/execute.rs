//! Our own statements as a connection runs them: prepared from a parsed text, bound and stepped.

use crate::ddl::{Parsed, Source, Statement};
use crate::engine::EngineStatement;
use crate::error::{Error, ErrorKind, Result};
use crate::value::{Value, ValueRef};
use crate::write::{self, CatalogAccess};

/// A statement that Commensal runs.
pub struct OwnStatement<'c> {
    access: Box<dyn CatalogAccess + 'c>,
    parsed: Parsed,
    /// Byte offset of the statement in its text.
    offset: usize,
    parameters: Vec<Value>,
    row: Option<[Value; 2]>,
    done: bool,
}

impl<'c> OwnStatement<'c> {
    /// A statement that was parsed at byte `offset` of a text. Offsets of errors refer to that text.
    pub fn new(access: Box<dyn CatalogAccess + 'c>, parsed: Parsed, offset: usize) -> Self {
        let parameters = vec![Value::Null; parsed.parameters.count()];
        Self { access, parsed, offset, parameters, row: None, done: false }
    }

    fn run(&mut self) -> Result<()> {
        if let Statement::CacheSize(None) = self.parsed.statement {
            let (used, maximum) = self.access.environment().cache.size();
            let integer = |n| Value::Integer(i64::try_from(n).unwrap_or(i64::MAX));
            self.row = Some([integer(used), integer(maximum)]);
            return Ok(());
        }
        let parameter = |number: usize| self.parameters.get(number - 1).map(Value::as_ref);
        execute(&*self.access, &self.parsed.statement, parameter).map(drop)
    }
}

/// Runs a statement without rows. `parameter` returns the value of the parameter with a number. Returns whether
/// there was something to do: false if IF NOT EXISTS finds the object or IF EXISTS finds none.
///
/// # Errors
/// A failed check or a failed write.
pub fn execute<'v>(
    access: &dyn CatalogAccess,
    statement: &Statement,
    parameter: impl FnOnce(usize) -> Option<ValueRef<'v>>,
) -> Result<bool> {
    match statement {
        Statement::Create(create) => {
            let parameter = match create.source {
                Source::Parameter(number) => parameter(number),
                _ => None,
            };
            write::create(access, create, parameter)
        }
        Statement::Drop(drop) => write::drop(access, drop),
        Statement::CacheSize(bytes) => {
            if let Some(bytes) = bytes {
                access.environment().cache.set_bytes_max(*bytes);
            }
            Ok(bytes.is_some())
        }
    }
}

const CACHE_SIZE_COLUMNS: [&str; 2] = ["used", "maximum"];

impl EngineStatement for OwnStatement<'_> {
    fn parameter_count(&self) -> usize {
        self.parameters.len()
    }

    fn parameter_index(&self, name: &str) -> Option<usize> {
        self.parsed.parameters.index(name)
    }

    fn bind(&mut self, index: usize, value: ValueRef<'_>) -> Result<()> {
        let count = self.parameters.len();
        let place = index.checked_sub(1).and_then(|i| self.parameters.get_mut(i));
        let place = place.ok_or_else(|| {
            let message = format!("the statement has {count} parameters, not {index}");
            Error::new(ErrorKind::Argument, message)
        })?;
        *place = value.to_owned();
        Ok(())
    }

    fn step(&mut self) -> Result<bool> {
        if self.done {
            self.row = None;
            return Ok(false);
        }
        let offset = self.offset;
        self.run().map_err(|error| error.shifted(offset))?;
        self.done = true;
        Ok(self.row.is_some())
    }

    fn reset(&mut self) {
        self.row = None;
        self.done = false;
    }

    fn column_count(&self) -> usize {
        match self.parsed.statement {
            Statement::CacheSize(None) => CACHE_SIZE_COLUMNS.len(),
            _ => 0,
        }
    }

    fn column_name(&self, column: usize) -> &str {
        CACHE_SIZE_COLUMNS.get(column).copied().unwrap_or_default()
    }

    fn column(&self, column: usize) -> Result<ValueRef<'_>> {
        let value = self.row.as_ref().and_then(|row| row.get(column));
        Ok(value.map_or(ValueRef::Null, Value::as_ref))
    }

    fn is_readonly(&self) -> bool {
        matches!(self.parsed.statement, Statement::CacheSize(_))
    }
}
