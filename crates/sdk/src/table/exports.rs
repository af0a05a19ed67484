//! The bodies of a table's exports. A handle of a virtual table or cursor is its address.
#![expect(unsafe_code, reason = "handles become references")]

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::connected::{self, outcome};
use super::{
    Constraint, OpenCursor, OpenTables, Operator, Order, Overload, Plan, Request, TableFunction,
    VirtualTable,
};
use crate::ValueRef;
use crate::export::{Arguments, Count};
use crate::memory::{Argument, Single, call};
use crate::output::Output;

/// Keeps a value in memory until [`take`]. Its address is the handle.
fn keep<T>(value: T) -> Output<'static> {
    Output::Integer(Box::into_raw(Box::new(value)).addr() as i64)
}

/// # Safety
/// [`keep`] has returned the handle for the same type, its value is not freed, and no other reference to
/// the value exists while the result is used.
unsafe fn get<'a, T>(handle: i64) -> &'a mut T {
    // SAFETY: the caller's promise.
    unsafe { &mut *(handle as usize as *mut T) }
}

/// # Safety
/// [`keep`] has returned the handle for the same type, and it is not used again.
unsafe fn take<T>(handle: i64) -> Box<T> {
    // SAFETY: the caller's promise.
    unsafe { Box::from_raw(handle as usize as *mut T) }
}

/// A batch as a blob.
///
/// # Safety
/// The words do not change before the next call for their cursor.
unsafe fn batch(words: Result<&[u64], String>) -> Output<'static> {
    match words {
        Ok([]) => Output::Null,
        // SAFETY: these are the same bytes, and the caller promises that they stay.
        Ok(words) => Output::Blob(Cow::Borrowed(unsafe {
            core::slice::from_raw_parts(words.as_ptr().cast(), size_of_val(words))
        })),
        Err(message) => Output::Error(message),
    }
}

/// `next` of a table function: a batch.
///
/// # Errors
/// No cursor has this handle.
#[inline]
pub fn next<T: TableFunction>(
    tables: &mut OpenTables<T>,
    arguments: &Arguments<'_>,
) -> Result<Output<'static>, String> {
    // SAFETY: only the next call for this cursor changes its rows.
    Ok(unsafe { batch(tables.next(arguments)?) })
}

/// The body of `create` and `connect` of a virtual table. `declares` if the manifest has no columns.
///
/// # Safety
/// As [`call`].
pub unsafe fn connect<T: VirtualTable>(
    name: &str,
    argc: i32,
    argv: i32,
    create: bool,
    declares: bool,
) -> i32 {
    let invoke = |arguments: &Arguments<'_>| {
        let method = if create { T::create } else { T::connect };
        let table = match connected::connect::<T>(arguments, method)? {
            Ok(table) => table,
            Err(message) => return Ok(Output::Error(message)),
        };
        if declares {
            let code = crate::host::declare_vtab(&table.declaration());
            if code != 0 {
                return Err(format!("its declaration was refused with code {code}"));
            }
        }
        Ok(keep(table))
    };
    // SAFETY: the caller's promise.
    unsafe { call(name, Count::AtLeast(3), argc, argv, |arguments| invoke(arguments)) }
}

/// The body of a method of a virtual table whose first argument is the table's handle.
///
/// # Safety
/// As [`call`], and [`connect`] has returned the first argument, a handle, for the same type.
pub unsafe fn table_method<T: VirtualTable>(
    name: &str,
    argc: i32,
    argv: i32,
    method: fn(&mut T, &Arguments<'_>) -> Result<Output<'static>, String>,
) -> i32 {
    let invoke = |arguments: &Arguments<'_>| {
        // SAFETY: the host passes only live handles, and only one call runs at a time.
        method(unsafe { get(arguments.get(0)?) }, arguments)
    };
    // SAFETY: the caller's promise.
    unsafe { call(name, Count::AtLeast(1), argc, argv, |arguments| invoke(arguments)) }
}

/// The methods to pass to [`table_method`].
pub mod methods {
    use super::*;

    /// `best_index`: chooses a plan.
    pub fn best_index<T: VirtualTable>(
        table: &mut T,
        arguments: &Arguments<'_>,
    ) -> Result<Output<'static>, String> {
        let request = read_request(arguments.get(1)?)?;
        Ok(match table.best_index(&request) {
            Ok(Some(plan)) => answer(plan),
            Ok(None) => Output::Null,
            Err(error) => Output::Error(error.to_string()),
        })
    }

    /// `open`: makes a cursor.
    pub fn open<T: VirtualTable, const COLUMNS: usize>(
        table: &mut T,
        arguments: &Arguments<'_>,
    ) -> Result<Output<'static>, String> {
        Ok(match OpenCursor::open(table, arguments.get(0)?, COLUMNS) {
            Ok(cursor) => keep(cursor),
            Err(message) => Output::Error(message),
        })
    }

    /// `update`: writes a row.
    pub fn update<T: VirtualTable>(
        table: &mut T,
        arguments: &Arguments<'_>,
    ) -> Result<Output<'static>, String> {
        connected::update(table, arguments)
    }

    /// `begin`: a transaction begins.
    pub fn begin<T: VirtualTable>(
        table: &mut T,
        _: &Arguments<'_>,
    ) -> Result<Output<'static>, String> {
        Ok(outcome(table.begin()))
    }

    /// `sync`: the transaction is about to be committed.
    pub fn sync<T: VirtualTable>(
        table: &mut T,
        _: &Arguments<'_>,
    ) -> Result<Output<'static>, String> {
        Ok(outcome(table.sync()))
    }

    /// `commit`: the transaction is committed.
    pub fn commit<T: VirtualTable>(
        table: &mut T,
        _: &Arguments<'_>,
    ) -> Result<Output<'static>, String> {
        table.commit();
        Ok(Output::Null)
    }

    /// `rollback`: the transaction is rolled back.
    pub fn rollback<T: VirtualTable>(
        table: &mut T,
        _: &Arguments<'_>,
    ) -> Result<Output<'static>, String> {
        table.rollback();
        Ok(Output::Null)
    }

    /// `savepoint`: a savepoint is set.
    pub fn savepoint<T: VirtualTable>(
        table: &mut T,
        arguments: &Arguments<'_>,
    ) -> Result<Output<'static>, String> {
        Ok(outcome(table.savepoint(arguments.get(1)?)))
    }

    /// `release`: savepoints are released.
    pub fn release<T: VirtualTable>(
        table: &mut T,
        arguments: &Arguments<'_>,
    ) -> Result<Output<'static>, String> {
        Ok(outcome(table.release(arguments.get(1)?)))
    }

    /// `rollback_to`: changes since a savepoint are undone.
    pub fn rollback_to<T: VirtualTable>(
        table: &mut T,
        arguments: &Arguments<'_>,
    ) -> Result<Output<'static>, String> {
        Ok(outcome(table.rollback_to(arguments.get(1)?)))
    }

    /// `find_function`: whether the table has an implementation of a function.
    pub fn find_function<T: VirtualTable>(
        table: &mut T,
        arguments: &Arguments<'_>,
    ) -> Result<Output<'static>, String> {
        let (count, name): (i64, &str) = (arguments.get(1)?, arguments.get(2)?);
        // For a variadic function, this is the number of arguments of the call.
        Ok(match table.find_function(name, usize::try_from(count).unwrap_or_default()) {
            None => Output::Null,
            Some(Overload::Function) => Output::Integer(1),
            Some(Overload::Operator(Operator(operator))) => Output::Integer(operator.into()),
        })
    }

    /// `overload`: calls an implementation that `find_function` offered.
    pub fn overload<T: VirtualTable>(
        table: &mut T,
        arguments: &Arguments<'_>,
    ) -> Result<Output<'static>, String> {
        let values: Vec<ValueRef<'_>> = arguments.rest(2)?;
        Ok(match table.overload(arguments.get(1)?, &values) {
            Ok(value) => crate::IntoOutput::into_output(value),
            Err(error) => Output::Error(error.to_string()),
        })
    }

    /// `rename`: the table gets another name.
    pub fn rename<T: VirtualTable>(
        table: &mut T,
        arguments: &Arguments<'_>,
    ) -> Result<Output<'static>, String> {
        Ok(outcome(table.rename(arguments.get(1)?)))
    }
}

/// The body of `disconnect` and `destroy` of a virtual table.
///
/// # Safety
/// As [`table_method`]. The handle is freed, unless destroying the table fails.
pub unsafe fn leave<T: VirtualTable>(name: &str, argc: i32, argv: i32, destroy: bool) -> i32 {
    let invoke = |arguments: &Arguments<'_>| {
        let handle = arguments.get(0)?;
        // SAFETY: the host passes only live handles, and only one call runs at a time.
        let table: &mut T = unsafe { get(handle) };
        if destroy && let Err(error) = table.destroy() {
            return Ok(Output::Error(error.to_string()));
        }
        // SAFETY: the host has closed the table's cursors and does not pass the handle again.
        unsafe { drop(take::<T>(handle)) };
        Ok(Output::Null)
    };
    // SAFETY: the caller's promise.
    unsafe { call(name, Count::Exactly(1), argc, argv, |arguments| invoke(arguments)) }
}

/// The body of `filter` of a virtual table.
///
/// # Safety
/// As [`call`], and [`methods::open`] has returned the first argument, a handle, for the same type.
pub unsafe fn filter<T: VirtualTable>(name: &str, argc: i32, argv: i32) -> i32 {
    let invoke = |arguments: &Arguments<'_>| {
        // SAFETY: the host passes only live handles and keeps a table while it has cursors, and only one
        // call runs at a time.
        unsafe {
            let cursor: &mut OpenCursor<T> = get(arguments.get(0)?);
            cursor.filter(get(cursor.table), arguments, |list| read_list(list))
        }
    };
    // SAFETY: the caller's promise.
    unsafe { call(name, Count::AtLeast(3), argc, argv, |arguments| invoke(arguments)) }
}

/// The body of `next` of a virtual table: a batch.
///
/// # Safety
/// As [`filter`].
pub unsafe fn next_rows<T: VirtualTable>(name: &str, argc: i32, argv: i32) -> i32 {
    let invoke = |arguments: &Arguments<'_>| {
        let rows_max: i64 = arguments.get(1)?;
        // SAFETY: as in `filter`; only the next call for this cursor changes its rows.
        Ok(unsafe {
            let cursor: &mut OpenCursor<T> = get(arguments.get(0)?);
            batch(cursor.next(get(cursor.table), rows_max as usize))
        })
    };
    // SAFETY: the caller's promise.
    unsafe { call(name, Count::Exactly(2), argc, argv, |arguments| invoke(arguments)) }
}

/// The body of `close` of a virtual table.
///
/// # Safety
/// As [`filter`]. The handle is freed.
pub unsafe fn close_cursor<T: VirtualTable>(name: &str, argc: i32, argv: i32) -> i32 {
    let invoke = |arguments: &Arguments<'_>| {
        // SAFETY: the host passes a live handle and does not pass it again.
        unsafe { drop(take::<OpenCursor<T>>(arguments.get(0)?)) };
        Ok(Output::Null)
    };
    // SAFETY: the caller's promise.
    unsafe { call(name, Count::Exactly(1), argc, argv, |arguments| invoke(arguments)) }
}

/// Reads a request, as laid out in section 8 of the ABI.
fn read_request(bytes: &[u8]) -> Result<Request<'_>, String> {
    const HEAD: usize = 32;
    const CONSTRAINT: usize = 32;
    const TERM: usize = 8;
    let short = || String::from("best_index: the request is too short");
    let head = bytes.first_chunk::<HEAD>().ok_or_else(short)?;
    let number =
        |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let (constraints, terms) = (number(0) as usize, number(4) as usize);
    let (constraints, order) =
        bytes[HEAD..].split_at_checked(constraints * CONSTRAINT).ok_or_else(short)?;
    let order = order.get(..terms * TERM).ok_or_else(short)?;
    Ok(Request {
        constraints: constraints.as_chunks::<CONSTRAINT>().0.iter().map(constraint).collect(),
        order: order
            .as_chunks::<TERM>()
            .0
            .iter()
            .map(|[a, b, c, d, descending, ..]| Order {
                column: i32::from_le_bytes([*a, *b, *c, *d]),
                descending: *descending != 0,
            })
            .collect(),
        columns_used: u64::from(number(8)) | u64::from(number(12)) << 32,
        distinct: number(16),
    })
}

fn constraint(bytes: &[u8; 32]) -> Constraint<'_> {
    let word =
        |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    // SAFETY: the host points to the name, which is UTF-8. The record of the value is at this offset of a
    // constraint, which is 8-aligned.
    let (collation, value) = unsafe {
        let name = core::slice::from_raw_parts(word(8) as usize as *const u8, word(12) as usize);
        let record = &*bytes.as_ptr().add(16).cast::<Argument<'_>>();
        (str::from_utf8_unchecked(name), record.value())
    };
    Constraint {
        column: word(0) as i32,
        operator: Operator(bytes[4]),
        usable: bytes[5] != 0,
        is_in: bytes[6] != 0,
        value: (bytes[7] != 0).then_some(value),
        collation,
    }
}

/// Reads all values of an IN, as laid out in section 8 of the ABI.
///
/// # Safety
/// The host has passed the blob for a value that the plan asked for as a list.
unsafe fn read_list(bytes: &[u8]) -> Vec<ValueRef<'_>> {
    const HEAD: usize = 8;
    let Some((_, records)) = bytes.split_at_checked(HEAD) else { return Vec::new() };
    let count = records.len() / size_of::<Argument<'_>>();
    // SAFETY: the blob and the records after its head are 8-aligned, and they are argument records.
    let records =
        unsafe { core::slice::from_raw_parts(records.as_ptr().cast::<Argument<'_>>(), count) };
    records.iter().map(Argument::value).collect()
}

/// The last plan, which stays until the next one.
static PLAN: Single<(Vec<u64>, String)> = Single::new((Vec::new(), String::new()));

fn answer(plan: Plan) -> Output<'static> {
    // SAFETY: one thread, and the host has read the previous plan.
    let (words, text) = unsafe { &mut *PLAN.get() };
    let len = plan.bytes();
    *text = plan.marked_text();
    *words = plan.words(text.as_ptr().addr() as u32, text.len());
    // SAFETY: the words have this many bytes, and they stay until the next plan.
    Output::Blob(Cow::Borrowed(unsafe { core::slice::from_raw_parts(words.as_ptr().cast(), len) }))
}
