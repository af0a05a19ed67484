//! The functions of a connection, as SQLite lists them.

use std::collections::HashMap;

use commensal_core::{Result, ValueRef};

use crate::api::code::*;
use crate::statement::{Handle, Statement};

/// A function that a program calls.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Call {
    /// In ASCII lower case.
    pub(crate) name: String,
    /// As registered; -1 for any number.
    pub(crate) arguments: i64,
}

/// What SQLite says of a function, from best to worst.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Unlisted,
    Harmless,
    Unknown,
    Direct,
}

impl Kind {
    /// Reads a row of `PRAGMA function_list`.
    pub(crate) fn of(row: &Statement) -> Result<Self> {
        let (builtin, flags) = (row.column(1)?, row.column(5)?);
        let ValueRef::Integer(flags) = flags else { return Ok(Self::Unknown) };
        let has = |flag: std::ffi::c_int| flags & i64::from(flag) != 0;
        Ok(match builtin {
            _ if has(SQLITE_DIRECTONLY) => Self::Direct,
            // Some versions list SQLite's own functions for JSON without the flag.
            ValueRef::Integer(1) => Self::Harmless,
            _ if has(SQLITE_INNOCUOUS) => Self::Harmless,
            _ => Self::Unknown,
        })
    }
}

/// What SQLite says of each function, and whether one of its forms is for UTF-8.
pub(crate) type Functions = HashMap<Call, (Kind, bool)>;

/// All functions of the connection. If several have one name and number of arguments, the worst counts.
pub(crate) fn functions(handle: Handle) -> Result<Functions> {
    let mut functions = Functions::new();
    handle.query("PRAGMA function_list", &[], &mut |row| {
        let Ok(ValueRef::Text(name)) = row.column(0) else { return Ok(()) };
        let ValueRef::Integer(arguments) = row.column(4)? else { return Ok(()) };
        let for_utf8 = row.column(3)? == ValueRef::Text("utf8");
        let kind = Kind::of(row)?;
        let call = Call { name: name.to_ascii_lowercase(), arguments };
        let known = functions.entry(call).or_insert((kind, for_utf8));
        *known = (known.0.max(kind), known.1 | for_utf8);
        Ok(())
    })?;
    Ok(functions)
}
