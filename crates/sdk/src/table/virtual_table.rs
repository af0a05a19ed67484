//! The traits of virtual tables.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Display;

use super::{Operator, Plan, Request, RowWriter};
use crate::{Value, ValueRef};

/// A [virtual table](https://www.sqlite.org/vtab.html): rows that a query reads with its constraints
/// pushed down, and that may be written.
///
/// ```sql
/// CREATE VIRTUAL TABLE t USING name(arguments);
/// ```
///
/// The value is the connection to one table. It is made when the table is first used and whenever the
/// instance of the module is another one, and dropped at any time: what has to last must not be in it.
/// Put the attribute [`virtual_table`](macro@crate::virtual_table) on the impl block; methods that the
/// block does not have are not there for the database either.
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
    /// A scan.
    type Cursor: VirtualCursor<Self>;

    /// Its text is the SQL error.
    type Error: Display;

    /// Connects to a table, or makes it where [`create`](Self::create) is missing.
    ///
    /// # Errors
    /// The statement fails with the error's text.
    fn connect(connect: &Connect<'_>) -> Result<Self, Self::Error>;

    /// Makes the table that CREATE VIRTUAL TABLE says.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    fn create(connect: &Connect<'_>) -> Result<Self, Self::Error> {
        Self::connect(connect)
    }

    /// The columns as a `CREATE TABLE` statement, whose table name does not matter. Asked for where the
    /// attribute has no `columns(…)`.
    fn declaration(&self) -> String {
        String::new()
    }

    /// The number of columns of the [`declaration`](Self::declaration), hidden ones among them. Asked
    /// for where the attribute has no `columns(…)`.
    fn columns(&self) -> usize {
        0
    }

    /// Chooses a plan; `None` when none can work, say because an argument is missing.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    fn best_index(&self, request: &Request<'_>) -> Result<Option<Plan>, Self::Error>;

    /// Makes a cursor. Several may be open at once.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    fn open(&mut self) -> Result<Self::Cursor, Self::Error>;

    /// Writes a row. Gives the rowid of an inserted one.
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

    /// The transaction is about to be committed: the last chance to fail.
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

    /// A savepoint of this number is set; those of higher numbers are gone.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    fn savepoint(&mut self, number: i64) -> Result<(), Self::Error> {
        let _ = number;
        Ok(())
    }

    /// Savepoints from this number on are released.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    fn release(&mut self, number: i64) -> Result<(), Self::Error> {
        let _ = number;
        Ok(())
    }

    /// What was written since the savepoint of this number is taken back.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    fn rollback_to(&mut self, number: i64) -> Result<(), Self::Error> {
        let _ = number;
        Ok(())
    }

    /// The table has another name now.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    fn rename(&mut self, name: &str) -> Result<(), Self::Error> {
        let _ = name;
        Ok(())
    }

    /// Whether the table has an implementation of its own for a function of this name and number of
    /// arguments, for calls whose first argument is a column of the table
    /// ([xFindFunction](https://www.sqlite.org/vtab.html#the_xfindfunction_method)). There has to be a
    /// function of that name and number already, such as one of the module, which other calls mean.
    ///
    /// Needs [`overload`](Self::overload).
    fn find_function(&self, name: &str, arguments: usize) -> Option<Overload> {
        let _ = (name, arguments);
        None
    }

    /// Calls an implementation that [`find_function`](Self::find_function) offered.
    ///
    /// # Errors
    /// The statement fails with the error's text.
    fn overload(&mut self, name: &str, arguments: &[ValueRef<'_>]) -> Result<Value, Self::Error> {
        let _ = (name, arguments);
        Ok(Value::Null)
    }

    /// The table is dropped for ever.
    ///
    /// # Errors
    /// The table stays.
    fn destroy(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// What a table has for a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overload {
    /// An implementation.
    Function,
    /// An implementation of a function of two arguments that is true or false; and in a WHERE clause it is
    /// a constraint with this operator, a number from 150 on, which [`VirtualTable::best_index`] gets.
    Operator(Operator),
}

/// A scan of a virtual table.
pub trait VirtualCursor<T: VirtualTable>: 'static {
    /// Starts a scan by the plan that [`VirtualTable::best_index`] chose, with the values it asked for.
    /// Also called on a cursor that scanned before.
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

    /// Writes the next row's columns, all in their order; false at the end, after which it is not called
    /// again.
    ///
    /// # Errors
    /// The statement fails with the error's text, once the rows before it were used.
    fn next(&mut self, table: &mut T, row: &mut RowWriter<'_>) -> Result<bool, T::Error>;
}

/// The values that a plan asked for, in its order: a slice, and lists besides. In the place of a list the
/// slice has NULL.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FilterValues<'a> {
    pub(super) values: Vec<ValueRef<'a>>,
    /// By position.
    pub(super) lists: Vec<(usize, Vec<ValueRef<'a>>)>,
}

impl<'a> FilterValues<'a> {
    /// All values of the IN that [`Plan::use_list`] asked for, by its position; of a value that was asked
    /// for by itself, that one. Empty for a position that the plan has not.
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

/// What a table is connected with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connect<'a> {
    /// The module's name.
    pub module: &'a str,
    /// The name of the database: `main`.
    pub database: &'a str,
    /// The table's name.
    pub table: &'a str,
    /// What stands between the parentheses, split at commas, as written.
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
        /// The rowid that SQL gives; NULL where the table is to choose one.
        rowid: ValueRef<'a>,
        /// The columns.
        values: &'a [ValueRef<'a>],
    },
    /// A row is changed.
    Update {
        /// The rowid it has.
        old: ValueRef<'a>,
        /// The rowid it gets.
        new: ValueRef<'a>,
        /// The columns.
        values: &'a [ValueRef<'a>],
    },
}

impl<'a> Change<'a> {
    /// The change that the arguments of
    /// [xUpdate](https://www.sqlite.org/vtab.html#the_xupdate_method) mean.
    ///
    /// # Errors
    /// There are none.
    pub fn of(arguments: &'a [ValueRef<'a>]) -> Result<Self, String> {
        match *arguments {
            [rowid] => Ok(Self::Delete { rowid }),
            [ValueRef::Null, rowid, ref values @ ..] => Ok(Self::Insert { rowid, values }),
            [old, new, ref values @ ..] => Ok(Self::Update { old, new, values }),
            [] => Err("a change without arguments".to_string()),
        }
    }
}
