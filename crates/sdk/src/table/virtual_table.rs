//! The traits of virtual tables.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Display;

use super::{Operator, Plan, Request, RowWriter};
use crate::{Value, ValueRef};

/// A [virtual table](https://www.sqlite.org/vtab.html): a query passes its constraints down, and may write
/// rows.
///
/// ```sql
/// CREATE VIRTUAL TABLE t USING name(arguments);
/// ```
///
/// A value of the type is a connection to one table. It is made when the table is first used, and again
/// for each new instance of the module. It can be dropped at any time, so keep nothing in it that must last.
/// Put the attribute [`virtual_table`](macro@crate::virtual_table) on the impl block. The database sees
/// only the methods that the block has.
///
/// ```
/// use commensal_sdk::{
///     Connect, FilterValues, Plan, Request, RowWriter, VirtualCursor, VirtualTable,
/// };
///
/// /// The powers of a number: `CREATE VIRTUAL TABLE powers USING powers(2)`.
/// struct Powers(i64);
///
/// #[commensal_sdk::virtual_table(name = "powers", columns("exponent integer", "power integer"))]
/// impl VirtualTable for Powers {
///     type Cursor = Power;
///     type Error = String;
///
///     fn connect(connect: &Connect<'_>) -> Result<Self, String> {
///         let [base] = connect.arguments else { return Err("powers needs a number".into()) };
///         base.parse().map(Self).map_err(|e| format!("powers: {e}"))
///     }
///
///     fn best_index(&self, request: &Request<'_>) -> Result<Option<Plan>, String> {
///         Ok(Some(Plan::scan(request, 63.0, 63)))
///     }
///
///     fn open(&mut self) -> Result<Power, String> {
///         Ok(Power { exponent: 0, power: Some(1) })
///     }
/// }
///
/// struct Power {
///     exponent: i64,
///     power: Option<i64>,
/// }
///
/// impl VirtualCursor<Powers> for Power {
///     fn filter(
///         &mut self,
///         _: &mut Powers,
///         _plan: i32,
///         _text: Option<&str>,
///         _values: &FilterValues<'_>,
///     ) -> Result<(), String> {
///         *self = Self { exponent: 0, power: Some(1) };
///         Ok(())
///     }
///
///     fn next(&mut self, table: &mut Powers, row: &mut RowWriter<'_>) -> Result<bool, String> {
///         let Some(power) = self.power else { return Ok(false) };
///         row.push(self.exponent)?;
///         row.push(power)?;
///         self.exponent += 1;
///         self.power = power.checked_mul(table.0);
///         Ok(true)
///     }
/// }
/// ```
pub trait VirtualTable: Sized + 'static {
    /// The type of scans.
    type Cursor: VirtualCursor<Self>;

    /// The error type. Its text is the SQL error.
    type Error: Display;

    /// Connects to a table. Also makes it, if there is no [`create`](Self::create).
    ///
    /// # Errors
    /// The statement fails with the error's text.
    fn connect(connect: &Connect<'_>) -> Result<Self, Self::Error>;

    /// Makes the table for CREATE VIRTUAL TABLE.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    fn create(connect: &Connect<'_>) -> Result<Self, Self::Error> {
        Self::connect(connect)
    }

    /// The columns as a `CREATE TABLE` statement, whose table name does not matter. Called only if the
    /// attribute has no `columns(…)`.
    fn declaration(&self) -> String {
        String::new()
    }

    /// The number of columns of the [`declaration`](Self::declaration), including hidden ones. Called only
    /// if the attribute has no `columns(…)`.
    fn columns(&self) -> usize {
        0
    }

    /// Chooses a plan. `None` means that no plan works, for example because an argument is missing.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    fn best_index(&self, request: &Request<'_>) -> Result<Option<Plan>, Self::Error>;

    /// Makes a cursor. Several can be open at once.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    fn open(&mut self) -> Result<Self::Cursor, Self::Error>;

    /// Writes a row. Returns the rowid of an inserted one.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    fn update(&mut self, change: &Change<'_>) -> Result<Option<i64>, Self::Error> {
        let _ = change;
        Ok(None)
    }

    /// A transaction that writes the table begins.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    fn begin(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }

    /// The transaction is about to be committed. This is the last chance to fail.
    ///
    /// # Errors
    /// The transaction is rolled back.
    fn sync(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }

    /// The transaction is committed.
    fn commit(&mut self) {}

    /// The transaction is rolled back.
    fn rollback(&mut self) {}

    /// A savepoint with this number is set; those with higher numbers no longer exist.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    fn savepoint(&mut self, number: i64) -> Result<(), Self::Error> {
        let _ = number;
        Ok(())
    }

    /// The savepoints from this number on are released.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    fn release(&mut self, number: i64) -> Result<(), Self::Error> {
        let _ = number;
        Ok(())
    }

    /// Undoes what was written since the savepoint with this number, or since [`begin`](Self::begin) if it is -1.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    fn rollback_to(&mut self, number: i64) -> Result<(), Self::Error> {
        let _ = number;
        Ok(())
    }

    /// The table has a new name.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    fn rename(&mut self, name: &str) -> Result<(), Self::Error> {
        let _ = name;
        Ok(())
    }

    /// Whether the table has its own implementation of a function with this name and number of
    /// arguments, for calls whose first argument is a column of the table
    /// ([xFindFunction](https://www.sqlite.org/vtab.html#the_xfindfunction_method)). There has to be a
    /// function of this name and number already, such as one of the module. Other calls use that one.
    ///
    /// Needs [`overload`](Self::overload).
    fn find_function(&self, name: &str, arguments: usize) -> Option<Overload> {
        let _ = (name, arguments);
        None
    }

    /// Calls an implementation that [`find_function`](Self::find_function) has offered.
    ///
    /// # Errors
    /// The statement fails with the error's text.
    fn overload(&mut self, name: &str, arguments: &[ValueRef<'_>]) -> Result<Value, Self::Error> {
        let _ = (name, arguments);
        Ok(Value::Null)
    }

    /// The table is dropped from the database.
    ///
    /// # Errors
    /// The statement fails with the error's text, and the table stays.
    fn destroy(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// How a table implements a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overload {
    /// As a function.
    Function,
    /// As a function of two arguments that is true or false. In a WHERE clause it becomes a constraint with
    /// this operator, a number from 150 on, which [`VirtualTable::best_index`] gets.
    Operator(Operator),
}

/// A scan of a virtual table.
pub trait VirtualCursor<T: VirtualTable>: 'static {
    /// Starts a scan with the plan that [`VirtualTable::best_index`] chose and the values it asked for.
    /// Also called on a cursor that has scanned before.
    ///
    /// # Errors
    /// The statement fails with the error's text.
    fn filter(
        &mut self,
        table: &mut T,
        plan: i32,
        text: Option<&str>,
        values: &FilterValues<'_>,
    ) -> Result<(), T::Error>;

    /// Writes all columns of the next row, in order. Returns false at the end, after which it is not called
    /// again.
    ///
    /// # Errors
    /// The statement fails with the error's text, after it has used the rows before.
    fn next(&mut self, table: &mut T, row: &mut RowWriter<'_>) -> Result<bool, T::Error>;
}

/// The values that a plan asked for, in its order: a slice, and the lists. For a list, the slice has
/// NULL.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FilterValues<'a> {
    pub(super) values: Vec<ValueRef<'a>>,
    /// The lists by their position.
    pub(super) lists: Vec<(usize, Vec<ValueRef<'a>>)>,
}

impl<'a> FilterValues<'a> {
    /// All values of the IN at this position, from 0, if [`Plan::use_list`] asked for them. For a
    /// value that [`Plan::use_value`] asked for, only that one. Empty if the plan has no such position.
    pub fn list(&self, position: usize) -> &[ValueRef<'a>] {
        match self.lists.iter().find(|(list, _)| *list == position) {
            Some((_, list)) => list,
            None => self.values.get(position).map_or(&[], core::slice::from_ref),
        }
    }
}

impl<'a> core::ops::Deref for FilterValues<'a> {
    type Target = [ValueRef<'a>];

    fn deref(&self) -> &[ValueRef<'a>] {
        &self.values
    }
}

impl<'a> From<Vec<ValueRef<'a>>> for FilterValues<'a> {
    fn from(values: Vec<ValueRef<'a>>) -> Self {
        Self { values, lists: Vec::new() }
    }
}

/// The names and arguments with which a table is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connect<'a> {
    /// The module's name.
    pub module: &'a str,
    /// The name of the database, such as `main`.
    pub database: &'a str,
    /// The table's name.
    pub table: &'a str,
    /// The arguments between the parentheses, as written, split at commas.
    pub arguments: &'a [&'a str],
}

/// A change of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change<'a> {
    /// A row is deleted.
    Delete {
        /// Its rowid.
        rowid: ValueRef<'a>,
    },
    /// A row is inserted.
    Insert {
        /// The rowid in the statement, or NULL if the table has to choose one.
        rowid: ValueRef<'a>,
        /// The values of the columns.
        values: &'a [ValueRef<'a>],
    },
    /// A row is changed.
    Update {
        /// The rowid of the row.
        old: ValueRef<'a>,
        /// The row's new rowid.
        new: ValueRef<'a>,
        /// The new values of the columns.
        values: &'a [ValueRef<'a>],
    },
}

impl<'a> Change<'a> {
    /// Reads the arguments of
    /// [xUpdate](https://www.sqlite.org/vtab.html#the_xupdate_method) as a change.
    ///
    /// # Errors
    /// There are no arguments.
    pub fn of(arguments: &'a [ValueRef<'a>]) -> Result<Self, String> {
        match *arguments {
            [rowid] => Ok(Self::Delete { rowid }),
            [ValueRef::Null, rowid, ref values @ ..] => Ok(Self::Insert { rowid, values }),
            [old, new, ref values @ ..] => Ok(Self::Update { old, new, values }),
            [] => Err("a change without arguments".to_string()),
        }
    }
}
