//! A scan of a table function.

use std::cell::RefCell;
use std::sync::Arc;

use super::instance::{TableInstance, handle};
use super::rows::{Rows, in_column, in_rowid, no_row};
use super::scans::Scans;
use super::{Access, ColumnSource, unknown_pointer};
use crate::error::{Error, Result};
use crate::guest::{Arguments, CallError, Null, Sink, unreadable};
use crate::manifest::TableMethod;
use crate::registry::{Registry, TableEntry};
use crate::session::{InstanceId, Session};
use crate::value::{StorageClass, Value, ValueRef};

/// A cursor of a table function. It owns its instance, so that two cursors never share one, and it keeps one
/// version of the function. Return it with [`FunctionCursor::end`].
pub struct FunctionCursor {
    instance: TableInstance,
    /// The instance that the guest's cursor lives in, and the cursor's handle.
    open: Option<(InstanceId, i64)>,
    rows: Rows,
    arguments: Vec<Value>,
    /// Difference between this scan's rowids and its rows' own, once a rowid was requested.
    rowid_offset: Option<i64>,
    sources: Box<[ColumnSource]>,
    columns: Option<u32>,
    bytes_max: usize,
}

impl FunctionCursor {
    /// A cursor of a table function in this snapshot, not open yet.
    pub fn new(session: &Session, registry: Arc<Registry>, entry: Arc<TableEntry>) -> Self {
        let table = &entry.table;
        Self {
            open: None,
            rows: Rows::default(),
            arguments: Vec::new(),
            rowid_offset: None,
            sources: table.sources(),
            // Engines have far fewer columns.
            columns: Some(u32::try_from(table.results().count()).unwrap_or(u32::MAX)),
            bytes_max: session.environment().settings.limits.result_bytes_max,
            instance: TableInstance::new(entry, session.begin(registry)),
        }
    }

    /// Closes the previous scan, starts one with an argument for each hidden column, and moves to its first row.
    ///
    /// # Errors
    /// An argument that does not fit, the guest's error, or a fault.
    pub fn filter<A: Arguments + ?Sized>(
        &mut self,
        access: Access<'_>,
        arguments: &A,
    ) -> Result<()> {
        let session = access.session;
        self.close(session);
        let instance = self.instance.bind(access)?;
        self.arguments.clear();
        self.rowid_offset = None;
        for position in 0..arguments.len() {
            let value = arguments.get(position).map_err(|why| {
                self.instance.fail(session, TableMethod::Open, unreadable(position, why))
            })?;
            if value == ValueRef::Null && matches!(arguments.null(position), Null::Pointer(_)) {
                return Err(self.instance.fail(
                    session,
                    TableMethod::Open,
                    unknown_pointer(position),
                ));
            }
            self.arguments.push(value.to_owned());
        }
        let open = TableMethod::Open;
        let cursor =
            self.instance.call_checked(session, open, self.arguments.as_slice(), handle)?;
        self.open = Some((instance, cursor));
        self.rows.start(&mut self.instance, session, cursor, self.columns)
    }

    /// Moves to the next row.
    ///
    /// # Errors
    /// The guest's error, or a fault.
    #[inline]
    pub fn advance(&mut self, session: &Session) -> Result<()> {
        if self.rows.advance() {
            return Ok(());
        }
        match self.open {
            Some((_, cursor)) if !self.rows.is_empty() => {
                self.rows.fetch(&mut self.instance, session, cursor, self.columns)
            }
            _ => Ok(()),
        }
    }

    /// Whether there is no current row.
    #[inline]
    pub fn is_end(&self) -> bool {
        self.rows.is_empty()
    }

    /// The value of a column of the current row, if it is an integer, as most are. Never panics.
    #[inline(always)]
    pub fn integer(&mut self, column: usize) -> Option<i64> {
        match (self.sources.get(column)?, self.open) {
            (
                ColumnSource::Row(position, None | Some(StorageClass::Integer)),
                Some((instance, _)),
            ) => self.rows.integer(self.instance.guest(instance)?, *position),
            _ => None,
        }
    }

    /// Passes the value of a column to `sink`. `column` is its position among all columns.
    ///
    /// # Errors
    /// The value does not fit the column's declaration.
    #[inline(always)]
    pub fn column<R>(&mut self, session: &Session, column: usize, sink: impl Sink<R>) -> Result<R> {
        let (position, class) = match self.sources.get(column) {
            Some(ColumnSource::Row(position, class)) => (*position, *class),
            Some(ColumnSource::Argument(position)) => {
                let argument = self.arguments.get(*position).unwrap_or(&Value::Null);
                return Ok(sink.value(argument.as_ref(), 0));
            }
            None => return Ok(sink.value(ValueRef::Null, 0)),
        };
        let result = match self.open.and_then(|(instance, _)| self.instance.guest(instance)) {
            Some(guest) if !self.rows.is_empty() => {
                self.rows.column(guest, position, (class, false), self.bytes_max, sink)
            }
            _ => Err(no_row()),
        };
        result.map_err(|error| self.fail_column(session, column, *error))
    }

    #[cold]
    fn fail_column(&mut self, session: &Session, column: usize, error: CallError) -> Error {
        let entry = Arc::clone(&self.instance.entry);
        let error = in_column(error, &entry.table.columns[column]);
        self.instance.fail(session, TableMethod::Next, error)
    }

    /// The rowid of the current row: the guest's own, or the row's number.
    ///
    /// # Errors
    /// The rowid is neither an integer nor NULL.
    pub fn rowid(&mut self, session: &Session) -> Result<i64> {
        let result = match self.open.and_then(|(instance, _)| self.instance.guest(instance)) {
            Some(guest) if !self.rows.is_empty() => self.rows.rowid(guest),
            _ => Err(no_row()),
        };
        result.map_err(|error| self.instance.fail(session, TableMethod::Next, in_rowid(*error)))
    }

    /// Like [`FunctionCursor::rowid`], but far from the rowids of scans with other arguments, once `scans` has
    /// seen such.
    ///
    /// # Errors
    /// Like [`FunctionCursor::rowid`].
    pub fn rowid_among(&mut self, session: &Session, scans: &RefCell<Scans>) -> Result<i64> {
        let arguments = &self.arguments;
        let offset = *self.rowid_offset.get_or_insert_with(|| scans.borrow_mut().offset(arguments));
        Ok(self.rowid(session)?.wrapping_add(offset))
    }

    /// Closes the guest's cursor, if there is one and its instance lives.
    fn close(&mut self, session: &Session) {
        self.rows.clear();
        let Some((instance, cursor)) = self.open.take() else { return };
        if self.instance.lives(instance) {
            self.instance.clean_up(session, TableMethod::Close, cursor);
        }
    }

    /// Closes the cursor and gives its instance back.
    pub fn end(mut self, session: &Session) {
        self.close(session);
        self.instance.end(session);
    }
}
