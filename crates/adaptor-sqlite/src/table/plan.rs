//! [`sqlite3_index_info`](https://www.sqlite.org/c3ref/index_info.html) as the core's request and plan.

use std::ffi::{CStr, c_char, c_int};

use commensal_core::guest::{Arguments, Unreadable};
use commensal_core::table::{Constraint, FilterValue, Plan, Request};
use commensal_core::{Error, ErrorKind, Result, Value, ValueRef};

use crate::api::code::*;
use crate::api::{Api, sqlite3_index_info, sqlite3_value};
use crate::values::Values;

/// What the query wants.
///
/// # Safety
/// `info` is what SQLite gives to xBestIndex, and the request is not used after that.
pub(super) unsafe fn request<'a>(api: &'static Api, info: *mut sqlite3_index_info) -> Request<'a> {
    // SAFETY: the caller's promise; SQLite gives as many constraints and terms as it says.
    unsafe {
        let count = |n: c_int| usize::try_from(n).unwrap_or_default();
        let constraints =
            (0..count((*info).nConstraint)).map(|i| constraint(api, info, i)).collect();
        let order = (0..count((*info).nOrderBy))
            .map(|i| &*(*info).aOrderBy.add(i))
            .map(|term| (term.iColumn, term.desc != 0))
            .collect();
        let distinct = api.sqlite3_vtab_distinct.map_or(0, |distinct| distinct(info));
        Request {
            constraints,
            order,
            columns_used: (*info).colUsed,
            distinct: u32::try_from(distinct).unwrap_or_default(),
        }
    }
}

/// # Safety
/// As [`request`]; there is a constraint of this number.
unsafe fn constraint<'a>(
    api: &'static Api,
    info: *mut sqlite3_index_info,
    i: usize,
) -> Constraint<'a> {
    let number = c_int::try_from(i).unwrap_or(c_int::MAX);
    // SAFETY: the caller's promise. Names and values live as long as the call of xBestIndex.
    unsafe {
        let constraint = &*(*info).aConstraint.add(i);
        let collation = (api.sqlite3_vtab_collation)(info, number);
        let mut value: *mut sqlite3_value = std::ptr::null_mut();
        let known = api.sqlite3_vtab_rhs_value.is_some_and(|rhs_value| {
            rhs_value(info, number, &raw mut value) == SQLITE_OK && !value.is_null()
        });
        Constraint {
            column: constraint.iColumn,
            operator: constraint.op,
            usable: constraint.usable != 0,
            in_at_once: api.sqlite3_vtab_in.is_some_and(|is_in| is_in(info, number, -1) != 0),
            // A value that is not UTF-8 is reported when it is passed.
            value: if known { one(api, value) } else { None },
            collation: match collation.is_null() {
                true => "BINARY",
                false => CStr::from_ptr(collation).to_str().unwrap_or("BINARY"),
            },
        }
    }
}

/// # Safety
/// SQLite gave the value, which lives as long as `'a`.
unsafe fn one<'a>(
    api: &'static Api,
    value: *mut sqlite3_value,
) -> Option<commensal_core::ValueRef<'a>> {
    // SAFETY: the caller's promise.
    unsafe { crate::values::value_ref(api, value).ok() }
}

/// Marks in a plan's text: a value that is passed by itself, and all values of an IN.
const ONE: u8 = b's';
const ALL: u8 = b'l';
/// Ends the marks; the guest's text follows.
const TEXT: u8 = b':';

/// Tells SQLite the plan. Returns a result code.
///
/// # Safety
/// `info` is what SQLite gives to xBestIndex, and the plan is for its request.
pub(super) unsafe fn apply(api: &Api, info: *mut sqlite3_index_info, plan: &Plan) -> c_int {
    let wanted = plan.uses.iter().filter(|found| found.position != 0).count();
    let mut text = vec![ONE; wanted];
    // SAFETY: the caller's promise: there are as many uses as constraints.
    unsafe {
        for (i, found) in plan.uses.iter().enumerate() {
            let usage = &mut *(*info).aConstraintUsage.add(i);
            usage.argvIndex = c_int::from(found.position);
            usage.omit = found.omit.into();
            if found.at_once
                && let Some(vtab_in) = api.sqlite3_vtab_in
            {
                vtab_in(info, c_int::try_from(i).unwrap_or(c_int::MAX), 1);
                text[usize::from(found.position) - 1] = ALL;
            }
        }
        (*info).idxNum = plan.number;
        (*info).orderByConsumed = plan.ordered.into();
        (*info).estimatedCost = plan.cost;
        (*info).estimatedRows = plan.rows;
        if plan.unique {
            (*info).idxFlags |= SQLITE_INDEX_SCAN_UNIQUE;
        }
        if let Some(own) = &plan.text {
            text.push(TEXT);
            text.extend(own.as_bytes());
        }
        let (copied, code) = crate::vtab::copy(api, &text);
        (*info).idxStr = copied;
        (*info).needToFreeIdxStr = 1;
        code
    }
}

/// The text of a plan that no guest has made. It begins like no other one.
const NONE: &CStr = c"-";

/// Tells SQLite of a plan with which a statement can be prepared, but not run.
///
/// # Safety
/// `info` is that of xBestIndex, in its call.
pub(super) unsafe fn apply_none(info: *mut sqlite3_index_info) {
    // SAFETY: the caller's promise. SQLite only reads the text, and does not free it.
    unsafe {
        (*info).idxStr = NONE.as_ptr().cast_mut();
        (*info).needToFreeIdxStr = 0;
        (*info).estimatedCost = 1e99;
    }
}

/// Whether this is the text of the plan that [`apply_none`] told.
///
/// # Safety
/// The text is that of xFilter.
pub(super) unsafe fn is_none(text: *const c_char) -> bool {
    // SAFETY: the caller's promise: the text ends with a NUL.
    !text.is_null() && unsafe { CStr::from_ptr(text) } == NONE
}

/// The guest's text of a plan, and the values for its `filter`.
///
/// # Safety
/// The arguments are those of xFilter, for a plan that [`apply`] told.
pub(super) unsafe fn unpack(
    api: &'static Api,
    text: *const c_char,
    argc: c_int,
    argv: *mut *mut sqlite3_value,
    mut room: Room<'_>,
) -> (Option<String>, Result<Vec<FilterValue>, BadValue>) {
    // SAFETY: the caller's promise: the text ends with a NUL.
    let text = unsafe { CStr::from_ptr(text) }.to_bytes();
    let marks = text.iter().position(|&b| b == TEXT).unwrap_or(text.len());
    let own = text.get(marks + 1..).map(|own| String::from_utf8_lossy(own).into_owned());
    // SAFETY: as above.
    let values = unsafe { Values::new(api, argc, argv) };
    let values = (0..values.len())
        .map(|i| match text[..marks].get(i) {
            // SAFETY: SQLite gives this value, whose constraint `sqlite3_vtab_in` was asked for.
            Some(&ALL) => unsafe { all(api, *argv.add(i), &mut room).map(FilterValue::All) },
            _ => match values.get(i)? {
                ValueRef::Null => Ok(FilterValue::Null(values.null(i))),
                value => Ok(FilterValue::One(value.to_owned(), values.subtype(i))),
            },
        })
        .collect();
    (own, values)
}

/// All values of an IN.
///
/// # Safety
/// `list` is a value of xFilter for which `sqlite3_vtab_in` was called.
unsafe fn all(
    api: &'static Api,
    list: *mut sqlite3_value,
    room: &mut Room<'_>,
) -> Result<Vec<Value>, BadValue> {
    let (Some(first), Some(next)) = (api.sqlite3_vtab_in_first, api.sqlite3_vtab_in_next) else {
        // In this case nobody asked for all at once either.
        return Err(BadValue::List(SQLITE_MISUSE));
    };
    let mut values = Vec::new();
    let mut value = std::ptr::null_mut();
    // SAFETY: the caller's promise; each value lives until the next one is asked for.
    unsafe {
        let mut code = first(list, &raw mut value);
        while code == SQLITE_OK && !value.is_null() {
            let this = crate::values::value_ref(api, value)?;
            room.take(this)?;
            values.push(this.to_owned());
            code = next(list, &raw mut value);
        }
        // No other code is the end: what was read so far is not the whole list.
        if code != SQLITE_DONE && code != SQLITE_OK {
            return Err(BadValue::List(code));
        }
    }
    Ok(values)
}

/// Room for the lists of the INs of one `filter`. SQLite keeps a list in a file, if it is long.
pub(super) struct Room<'a> {
    /// How many bytes the lists may have together.
    pub(super) bytes_max: usize,
    /// How many they have so far.
    pub(super) bytes: usize,
    /// Whether the statement has to end.
    pub(super) interrupted: &'a dyn Fn() -> bool,
}

impl Room<'_> {
    fn take(&mut self, value: ValueRef<'_>) -> Result<(), BadValue> {
        let own = match value {
            ValueRef::Text(text) => text.len(),
            ValueRef::Blob(blob) => blob.len(),
            _ => 0,
        };
        self.bytes = self.bytes.saturating_add(size_of::<Value>()).saturating_add(own);
        match () {
            () if self.bytes > self.bytes_max => Err(BadValue::Large(self.bytes_max)),
            () if (self.interrupted)() => Err(BadValue::Interrupted),
            () => Ok(()),
        }
    }
}

/// Why the values for a `filter` cannot be told.
#[derive(Debug)]
pub(super) enum BadValue {
    /// The lists of INs have more than so many bytes.
    Large(usize),
    /// The host has interrupted the statement.
    Interrupted,
    /// One of them cannot be read.
    Value(Unreadable),
    /// The list of an IN ends with this result code.
    List(c_int),
}

impl From<Unreadable> for BadValue {
    fn from(why: Unreadable) -> Self {
        Self::Value(why)
    }
}

impl BadValue {
    /// The error of the table of this name.
    pub(super) fn of(self, table: &str) -> Error {
        match self {
            Self::Value(why) => {
                let message = why.of("a value");
                Error::new(ErrorKind::Argument, format!("{table}.filter(): {message}"))
            }
            Self::Large(max) => {
                let message = format!(
                    "{table}.filter(): the lists of the INs have more than memory_bytes_max = {max} bytes"
                );
                Error::new(ErrorKind::Limit, message)
            }
            Self::Interrupted => Error::new(ErrorKind::Interrupted, "interrupted"),
            Self::List(code) => {
                let message = format!(
                    "{table}.filter(): the list of an IN cannot be read: error {code} of the engine"
                );
                Error::new(ErrorKind::Engine, message)
            }
        }
    }
}
