//! A virtual table that is connected, and its cursors.
//!
//! Table and cursors share an instance, so that a cursor can use what the table holds. The guest is
//! connected when it is first needed, and again after its instance was lost. It keeps no lasting state.

use std::sync::Arc;

use super::instance::{TableInstance, handle};
use super::plan::{self, FilterValue, Plan, Request};
use super::rows::{Rows, in_column, in_rowid, no_row};
use super::savepoints::Savepoints;
use super::{Access, unknown_pointer};
use crate::ddl::declares_columns;
use crate::error::{Error, ErrorKind, Result};
use crate::guest::{Arguments, CallError, Null, Sink, Unreadable};
use crate::host::TableState;
use crate::manifest::{Table, TableMethod};
use crate::registry::{Callable, Registry, TableEntry};
use crate::session::{InstanceId, Session};
use crate::value::{StorageClass, Value, ValueRef};

/// A virtual table. Return it with [`VirtualTable::disconnect`].
pub struct VirtualTable {
    instance: TableInstance,
    /// The arguments of CREATE VIRTUAL TABLE: the names of module, database and table, then its own
    /// arguments.
    arguments: Vec<Value>,
    /// The instance that the guest's table lives in, and the table's handle.
    connected: Option<(InstanceId, i64)>,
    /// What the guest declared when it was first connected.
    declaration: Option<String>,
    /// Handles of cursors that are open in the connected instance.
    cursors: Vec<i64>,
    /// The instance in which a transaction began.
    transaction: Option<InstanceId>,
    /// The savepoints in it.
    savepoints: Savepoints,
    bytes_max: usize,
}

/// A cursor of a virtual table. Return it with [`VirtualTable::close`].
#[derive(Default)]
pub struct VirtualCursor {
    open: Option<(InstanceId, i64)>,
    rows: Rows,
}

impl VirtualCursor {
    /// Whether there is no current row.
    #[inline]
    pub fn is_end(&self) -> bool {
        self.rows.is_empty()
    }

    /// Moves to the next row of the batch that the guest returned. False if the batch has none. Never
    /// panics.
    #[inline]
    pub fn advance_within(&mut self) -> bool {
        self.rows.advance()
    }
}

impl VirtualTable {
    /// A table of a module in this snapshot, not connected yet. `arguments` are the names of module,
    /// database and table, then the arguments of CREATE VIRTUAL TABLE.
    pub fn new(
        session: &Session,
        registry: Arc<Registry>,
        entry: Arc<TableEntry>,
        arguments: Vec<String>,
    ) -> Self {
        Self {
            arguments: arguments.into_iter().map(Value::Text).collect(),
            connected: None,
            declaration: None,
            cursors: Vec::new(),
            transaction: None,
            savepoints: Savepoints::default(),
            bytes_max: session.environment().settings.limits.result_bytes_max,
            instance: TableInstance::new(entry, session.begin(registry)),
        }
    }

    /// The table as its module declares it.
    pub fn table(&self) -> &Table {
        &self.instance.entry.table
    }

    /// The name under which the guest is called, and its rights.
    pub fn callable(&self) -> &Callable {
        &self.instance.entry.callable
    }

    /// The text that the guest declared with `declare_vtab`.
    pub fn declaration(&self) -> Option<&str> {
        self.declaration.as_deref()
    }

    /// Moves the table to the catalog's current version of its module and to the connection's current
    /// session, and gives a new statement its budget. Does nothing while a statement uses the table.
    /// Returns whether `new` is the table's session from now on.
    ///
    /// # Errors
    /// The module is gone, or has other columns.
    pub fn renew(
        &mut self,
        session: &Session,
        new: &Session,
        registry: Arc<Registry>,
        entry: Option<&Arc<TableEntry>>,
    ) -> Result<bool> {
        let same_session = std::ptr::eq(session, new);
        if !self.cursors.is_empty() || self.transaction.is_some() {
            return Ok(same_session);
        }
        let own = &self.instance.entry;
        let name = &own.callable.name;
        let Some(entry) = entry else {
            return Err(Error::new(ErrorKind::NotFound, format!("no such module: {name}")));
        };
        if same_session && is_same(own, entry) {
            self.instance.begin_statement(session);
            return Ok(true);
        }
        if own.table.columns != entry.table.columns
            || own.table.is_virtual() != entry.table.is_virtual()
        {
            let message = format!("the module {name} has other columns since the table was opened");
            return Err(Error::new(ErrorKind::NotFound, message));
        }
        let instance = TableInstance::new(Arc::clone(entry), new.begin(registry));
        self.leave(session);
        std::mem::replace(&mut self.instance, instance).end(session);
        self.bytes_max = new.environment().settings.limits.result_bytes_max;
        Ok(true)
    }

    /// Whether the guest says that its `update` follows the statement's conflict clause.
    pub fn constraint_support(&mut self) -> bool {
        let guest = self.connected.and_then(|(instance, _)| self.instance.guest(instance));
        guest.and_then(|guest| guest.with_table(|table| table.constraint_support)) == Some(true)
    }

    /// Compiles the module, unless it is compiled.
    ///
    /// # Errors
    /// Its definition cannot be used.
    pub fn load(&mut self, access: Access<'_>) -> Result<()> {
        self.instance.load(access)
    }

    /// Connects the guest's table unless it is connected. `create` is true when CREATE VIRTUAL TABLE runs.
    /// Returns the instance and the table's handle.
    ///
    /// # Errors
    /// The guest's error, or a fault.
    pub fn connect(&mut self, access: Access<'_>, create: bool) -> Result<(InstanceId, i64)> {
        if let Some((instance, table)) = self.connected.filter(|(i, _)| self.instance.lives(*i)) {
            return Ok((instance, table));
        }
        // Cursors that were open in a lost instance are lost too.
        self.cursors.clear();
        let instance = self.instance.bind(access)?;
        let create = create && self.instance.has(TableMethod::Create);
        let method = if create { TableMethod::Create } else { TableMethod::Connect };
        if let Some(guest) = self.instance.guest(instance) {
            guest.with_table(TableState::connect);
        }
        let arguments: Vec<_> = self.arguments.iter().map(Value::as_ref).collect();
        let connected = self.instance.call(access.session, method, &arguments, handle);
        let guest = self.instance.guest(instance);
        let declaration = guest.and_then(|guest| guest.with_table(TableState::connected));
        let declaration = declaration.flatten();
        let table = connected?;
        self.connected = Some((instance, table));
        self.check_declaration(access.session, method, declaration)?;
        Ok((instance, table))
    }

    /// Records the declared columns if the manifest has none, and checks that they stay the same.
    fn check_declaration(
        &mut self,
        session: &Session,
        method: TableMethod,
        declaration: Option<String>,
    ) -> Result<()> {
        let declared = !self.table().columns.is_empty();
        let problem = match (&declaration, &self.declaration) {
            (Some(_), _) if declared => "it declared columns although the manifest has them",
            (None, _) if !declared => "it declared no columns, nor does the manifest",
            (Some(new), None) if !declares_columns(new) => {
                "it declared columns by another statement than CREATE TABLE name(columns)"
            }
            (Some(new), Some(old)) if new != old => "it declared other columns than before",
            _ => {
                self.declaration = declaration;
                return Ok(());
            }
        };
        Err(self.instance.fail(session, method, CallError::Protocol(problem.to_owned())))
    }

    /// Call this when a method has ended. Resets the guest's statements if no cursor is open, because a
    /// statement that the guest has not read to its end would keep a lock.
    #[inline]
    pub fn settle(&mut self) {
        if self.cursors.is_empty()
            && let Some(guest) =
                self.connected.and_then(|(instance, _)| self.instance.guest(instance))
        {
            guest.reset_statements();
        }
    }

    /// The plan for a query; `None` if no plan works.
    ///
    /// # Errors
    /// The guest's error, or a fault.
    pub fn best_index(
        &mut self,
        access: Access<'_>,
        request: &Request<'_>,
    ) -> Result<Option<Plan>> {
        let (_, table) = self.connect(access, false)?;
        let method = TableMethod::BestIndex;
        let image = request.image(table, self.memory_bytes_max());
        let mut image = image.map_err(|e| self.instance.fail(access.session, method, *e))?;
        self.instance.call_image(access.session, method, &mut image, |guest, pointer| {
            plan::answer(guest, pointer, request)
        })
    }

    fn memory_bytes_max(&self) -> usize {
        self.instance.entry.callable.object.policy.memory_bytes_max
    }

    /// Opens a cursor.
    ///
    /// # Errors
    /// The guest's error, a fault, or a handle that another cursor already has.
    pub fn open(&mut self, access: Access<'_>) -> Result<VirtualCursor> {
        let (instance, table) = self.connect(access, false)?;
        let arguments = [ValueRef::Integer(table)];
        let cursor = self.instance.call(access.session, TableMethod::Open, &arguments, handle)?;
        if self.cursors.contains(&cursor) {
            let problem = CallError::Protocol(format!("its handle {cursor} is open already"));
            return Err(self.instance.fail(access.session, TableMethod::Open, problem));
        }
        self.cursors.push(cursor);
        Ok(VirtualCursor { open: Some((instance, cursor)), rows: Rows::default() })
    }

    /// Starts a scan and moves to its first row.
    ///
    /// # Errors
    /// The guest's error, a fault, or a lost instance.
    pub fn filter(
        &mut self,
        session: &Session,
        cursor: &mut VirtualCursor,
        number: i32,
        text: Option<&str>,
        values: &[FilterValue],
    ) -> Result<()> {
        cursor.rows.clear();
        let handle = self.cursor(session, cursor, TableMethod::Filter)?;
        let guest = cursor.open.and_then(|(instance, _)| self.instance.guest(instance));
        let own = guest.map_or(0, |guest| guest.pointers_of());
        let is_unknown = |value: &FilterValue| matches!(value, FilterValue::Null(null) if null.is_unknown_to(own));
        if let Some(position) = values.iter().position(is_unknown) {
            return Err(self.instance.fail(
                session,
                TableMethod::Filter,
                unknown_pointer(position),
            ));
        }
        let image = plan::filter(handle, number, text, values, own, self.memory_bytes_max());
        let mut image = image.map_err(|e| self.instance.fail(session, TableMethod::Filter, *e))?;
        self.instance.call_image(session, TableMethod::Filter, &mut image, |guest, pointer| {
            guest.error_at(pointer)
        })?;
        let columns = self.columns();
        cursor.rows.start(&mut self.instance, session, handle, columns)
    }

    /// The handle of a cursor whose instance still lives.
    fn cursor(
        &mut self,
        session: &Session,
        cursor: &VirtualCursor,
        method: TableMethod,
    ) -> Result<i64> {
        match cursor.open {
            Some((instance, handle)) if self.instance.lives(instance) => Ok(handle),
            _ => Err(self.instance.fail(session, method, *no_row())),
        }
    }

    /// Number of columns in a batch, if the manifest declares them.
    fn columns(&self) -> Option<u32> {
        u32::try_from(self.table().columns.len()).ok().filter(|columns| *columns > 0)
    }

    /// Moves to the next row.
    ///
    /// # Errors
    /// The guest's error, a fault, or a lost instance.
    #[inline]
    pub fn advance(&mut self, session: &Session, cursor: &mut VirtualCursor) -> Result<()> {
        if cursor.advance_within() || cursor.is_end() {
            return Ok(());
        }
        let handle = self.cursor(session, cursor, TableMethod::Next)?;
        let columns = self.columns();
        cursor.rows.fetch(&mut self.instance, session, handle, columns)
    }

    /// The value of a column of the current row, if it is an integer, as most are. Never panics.
    #[inline(always)]
    pub fn integer(&mut self, cursor: &VirtualCursor, column: usize) -> Option<i64> {
        let declared =
            self.instance.entry.table.columns.get(column).and_then(|column| column.class);
        let (instance, _) = cursor.open?;
        match declared {
            None | Some(StorageClass::Integer) => {
                cursor.rows.integer(self.instance.guest(instance)?, column)
            }
            Some(_) => None,
        }
    }

    /// Passes the value of a column to `sink`.
    ///
    /// # Errors
    /// The value does not fit the column's declaration.
    #[inline(always)]
    pub fn column<R>(
        &mut self,
        session: &Session,
        cursor: &VirtualCursor,
        column: usize,
        sink: impl Sink<R>,
    ) -> Result<R> {
        let table = &self.instance.entry.table;
        let class = table.columns.get(column).and_then(|column| column.class);
        let keepable = table.nochange;
        let result = match cursor.open.and_then(|(instance, _)| self.instance.guest(instance)) {
            Some(guest) if !cursor.rows.is_empty() => {
                cursor.rows.column(guest, column, (class, keepable), self.bytes_max, sink)
            }
            _ => Err(no_row()),
        };
        result.map_err(|error| self.fail_column(session, column, *error))
    }

    /// Whether an update that leaves this column of the current row unchanged may omit its value.
    pub fn is_keepable(&mut self, cursor: &VirtualCursor, column: usize) -> bool {
        let instance = cursor.open.filter(|_| self.table().nochange);
        let guest = instance.and_then(|(instance, _)| self.instance.guest(instance));
        guest.is_some_and(|guest| cursor.rows.is_keepable(guest, column))
    }

    #[cold]
    fn fail_column(&mut self, session: &Session, column: usize, error: CallError) -> Error {
        let entry = Arc::clone(&self.instance.entry);
        let error = match entry.table.columns.get(column) {
            Some(column) => in_column(error, column),
            None => error,
        };
        self.instance.fail(session, TableMethod::Next, error)
    }

    /// The rowid of the current row.
    ///
    /// # Errors
    /// The rowid is neither an integer nor NULL.
    pub fn rowid(&mut self, session: &Session, cursor: &VirtualCursor) -> Result<i64> {
        let result = match cursor.open.and_then(|(instance, _)| self.instance.guest(instance)) {
            Some(guest) if !cursor.rows.is_empty() => cursor.rows.rowid(guest),
            _ => Err(no_row()),
        };
        result.map_err(|error| self.instance.fail(session, TableMethod::Next, in_rowid(*error)))
    }

    /// Closes a cursor.
    pub fn close(&mut self, session: &Session, cursor: VirtualCursor) {
        let Some((instance, handle)) = cursor.open else { return };
        if self.instance.lives(instance) {
            self.cursors.retain(|open| *open != handle);
            self.instance.clean_up(session, TableMethod::Close, handle);
        }
    }

    /// Writes a row. `arguments` are those of xUpdate, `on_conflict` is the result of
    /// `sqlite3_vtab_on_conflict`. Returns the rowid of an inserted row.
    ///
    /// # Errors
    /// The guest's error, or a fault.
    pub fn update<A: Arguments + ?Sized>(
        &mut self,
        access: Access<'_>,
        arguments: &A,
        on_conflict: i32,
    ) -> Result<Option<i64>> {
        let (instance, table) = self.connect(access, false)?;
        let own = self.instance.guest(instance).map_or(0, |guest| guest.pointers_of());
        let is_unknown = |position: &usize| {
            arguments.get(*position) == Ok(ValueRef::Null)
                && arguments.null(*position).is_unknown_to(own)
        };
        if let Some(position) = (0..arguments.len()).find(is_unknown) {
            let error = unknown_pointer(position);
            return Err(self.instance.fail(access.session, TableMethod::Update, error));
        }
        if let Some(guest) = self.instance.guest(instance) {
            guest.with_table(|table| table.on_conflict = on_conflict);
        }
        let arguments = After { first: [ValueRef::Integer(table)], arguments };
        let result =
            self.instance.call_any(access.session, TableMethod::Update, &arguments, |value| {
                match value {
                    ValueRef::Integer(rowid) => Ok(Some(rowid)),
                    ValueRef::Null => Ok(None),
                    other => Err(no_rowid(other)),
                }
            });
        if let Some(guest) = self.instance.guest(instance) {
            guest.with_table(|table| table.on_conflict = 0);
        }
        result
    }

    /// Calls a method of the transaction if the guest has it. `number` is that of a savepoint.
    ///
    /// # Errors
    /// The guest's error, or a fault. `sync` also fails if the instance in which the transaction began was
    /// lost.
    pub fn transaction(
        &mut self,
        access: Access<'_>,
        method: TableMethod,
        number: Option<i64>,
    ) -> Result<()> {
        use TableMethod::{Begin, Commit, Rollback, Sync};
        let session = access.session;
        let began = match method {
            Begin => {
                let (instance, _) = self.connect(access, false)?;
                self.transaction = Some(instance);
                self.savepoints = Savepoints::default();
                Some(instance)
            }
            Commit | Rollback => self.transaction.take(),
            _ => self.transaction,
        };
        // An engine may commit a table that was made within the transaction and for which `begin` never
        // ran.
        let Some(instance) = began else { return Ok(()) };
        if !self.instance.lives(instance) {
            let keeps = [Begin, Sync, Commit].into_iter().any(|method| self.instance.has(method));
            if method == Sync && keeps {
                let problem = "its instance was lost within the transaction".to_owned();
                return Err(self.instance.fail(session, method, CallError::Argument(problem)));
            }
            return Ok(());
        }
        let numbers = number.map(|number| self.savepoints.calls(method, number));
        let Some((_, table)) = self.connected.filter(|_| self.instance.has(method)) else {
            return Ok(());
        };
        let table = ValueRef::Integer(table);
        let Some(mut numbers) = numbers else {
            return self.instance.call(session, method, &[table], |_| Ok(()));
        };
        numbers.try_for_each(|number| {
            let arguments = [table, ValueRef::Integer(number)];
            self.instance.call(session, method, &arguments, |_| Ok(()))
        })
    }

    /// Whether the table has its own implementation of a function whose first argument is one of its
    /// columns. Returns 1, or the number of the operator that constraints on the function get.
    ///
    /// # Errors
    /// The guest's error, a fault, or any other answer.
    pub fn find_function(
        &mut self,
        access: Access<'_>,
        arguments: i32,
        name: &str,
    ) -> Result<Option<i32>> {
        let (_, table) = self.connect(access, false)?;
        let callable = Arc::clone(&self.instance.entry.callable);
        let name = callable.object.with.selection.own_name(name);
        let arguments =
            [ValueRef::Integer(table), ValueRef::Integer(arguments.into()), ValueRef::Text(name)];
        let method = TableMethod::FindFunction;
        self.instance.call(access.session, method, &arguments, |value| match value {
            ValueRef::Null => Ok(None),
            ValueRef::Integer(1) => Ok(Some(1)),
            // Operators are bytes. Those from SQLITE_INDEX_CONSTRAINT_FUNCTION on are free.
            ValueRef::Integer(operator @ 150..=255) => Ok(Some(operator as i32)),
            other => Err(no_operator(other)),
        })
    }

    /// Calls the table's own implementation of a function.
    ///
    /// # Errors
    /// The guest's error, a fault, or an argument of text that is not UTF-8.
    pub fn overload<A: Arguments + ?Sized>(
        &mut self,
        access: Access<'_>,
        name: &str,
        arguments: &A,
        sink: impl Sink<()>,
    ) -> Result<()> {
        let (_, table) = self.connect(access, false)?;
        let callable = Arc::clone(&self.instance.entry.callable);
        let name = callable.object.with.selection.own_name(name);
        let arguments =
            After { first: [ValueRef::Integer(table), ValueRef::Text(name)], arguments };
        self.instance.call_scalar(access.session, TableMethod::Overload, &arguments, sink)
    }

    /// Tells the guest the table's new name.
    ///
    /// # Errors
    /// The guest's error, or a fault.
    pub fn rename(&mut self, access: Access<'_>, name: &str) -> Result<()> {
        if self.instance.has(TableMethod::Rename) {
            let (_, table) = self.connect(access, false)?;
            let arguments = [ValueRef::Integer(table), ValueRef::Text(name)];
            self.instance.call(access.session, TableMethod::Rename, &arguments, |_| Ok(()))?;
        }
        if let Some(own) = self.arguments.get_mut(2) {
            *own = Value::Text(name.to_owned());
        }
        Ok(())
    }

    /// Tells the guest to remove a dropped table and what it stored. Does nothing if the guest cannot be
    /// called.
    ///
    /// # Errors
    /// The guest's own error, in which case the table stays.
    pub fn destroy(&mut self, access: Access<'_>) -> Result<()> {
        if !self.instance.has(TableMethod::Destroy) {
            self.leave(access.session);
            return Ok(());
        }
        let Ok((_, table)) = self.connect(access, false) else { return Ok(()) };
        let arguments = [ValueRef::Integer(table)];
        match self.instance.call(access.session, TableMethod::Destroy, &arguments, |_| Ok(())) {
            Err(error) if error.kind() == ErrorKind::Guest => Err(error),
            _ => {
                self.connected = None;
                Ok(())
            }
        }
    }

    /// Disconnects the guest from the table, if its instance lives.
    fn leave(&mut self, session: &Session) {
        let Some((instance, table)) = self.connected.take() else { return };
        if self.instance.lives(instance) {
            self.instance.clean_up(session, TableMethod::Disconnect, table);
        }
    }

    /// Disconnects the guest and gives the instance back.
    pub fn disconnect(mut self, session: &Session) {
        self.leave(session);
        self.instance.end(session);
    }
}

/// Whether both are the same version of a module with the same rights.
fn is_same(a: &Arc<TableEntry>, b: &Arc<TableEntry>) -> bool {
    let (old, new) = (&a.callable.object, &b.callable.object);
    Arc::ptr_eq(a, b)
        || a.table == b.table && old.module.sha256 == new.module.sha256 && old.policy == new.policy
}

#[cold]
fn no_rowid(value: ValueRef<'_>) -> Box<CallError> {
    let what = format!("its result has to be a rowid or NULL, but is {}", value.class());
    CallError::Protocol(what).into()
}

#[cold]
fn no_operator(value: ValueRef<'_>) -> Box<CallError> {
    let what = match value {
        ValueRef::Integer(operator) => operator.to_string(),
        other => other.class().to_string(),
    };
    let what =
        format!("its result has to be NULL, 1 or an operator from 150 to 255, but is {what}");
    CallError::Protocol(what).into()
}

/// Some arguments followed by others.
struct After<'a, A: ?Sized, const N: usize> {
    first: [ValueRef<'a>; N],
    arguments: &'a A,
}

impl<A: Arguments + ?Sized, const N: usize> Arguments for After<'_, A, N> {
    fn len(&self) -> usize {
        N + self.arguments.len()
    }

    fn get(&self, position: usize) -> Result<ValueRef<'_>, Unreadable> {
        match self.first.get(position) {
            Some(first) => Ok(*first),
            None => self.arguments.get(position - N),
        }
    }

    fn null(&self, position: usize) -> Null {
        match position.checked_sub(N) {
            Some(position) => self.arguments.null(position),
            None => Null::Plain,
        }
    }

    fn subtype(&self, position: usize) -> u8 {
        position.checked_sub(N).map_or(0, |position| self.arguments.subtype(position))
    }
}
