//! The settings by name, for `wasm_config`: those that SQL can see and may change.
//!
//! SQL may always tighten guests' limits. Only the host may loosen one, grant a capability or permit files:
//! `may_loosen` says that the caller is the host.

use std::path::PathBuf;
use std::time::Duration;

use crate::code_cache::CodeCache;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{Capabilities, UnknownCapability};
use crate::quote::quoted;
use crate::replaceable::{NotReplaceable, Replaceable};
use crate::settings::{FileAccess, Settings};
use crate::value::{Value, ValueRef};

/// A numeric limit: how to read and set it. `u64::MAX` means no limit.
struct Limit {
    name: &'static str,
    get: fn(&Settings) -> u64,
    set: fn(&mut Settings, u64),
}

const LIMITS: &[Limit] = &[
    Limit {
        name: "call_timeout_ms",
        get: |settings| milliseconds(settings.limits.call_timeout),
        set: |settings, ms| settings.limits.call_timeout = Duration::from_millis(ms),
    },
    Limit {
        name: "statement_timeout_ms",
        get: |settings| milliseconds(settings.limits.statement_timeout),
        set: |settings, ms| settings.limits.statement_timeout = Duration::from_millis(ms),
    },
    Limit {
        name: "fuel",
        get: |settings| settings.limits.fuel.unwrap_or(u64::MAX),
        set: |settings, fuel| settings.limits.fuel = (fuel != u64::MAX).then_some(fuel),
    },
    Limit {
        name: "memory_bytes_max",
        get: |settings| settings.limits.memory_bytes_max as u64,
        set: |settings, bytes| settings.limits.memory_bytes_max = size(bytes),
    },
    Limit {
        name: "result_bytes_max",
        get: |settings| settings.limits.result_bytes_max as u64,
        set: |settings, bytes| settings.limits.result_bytes_max = size(bytes),
    },
    Limit {
        name: "sql_value_bytes_max",
        get: |settings| settings.limits.sql_value_bytes_max as u64,
        set: |settings, bytes| settings.limits.sql_value_bytes_max = size(bytes),
    },
    Limit {
        name: "sql_search_bytes_max",
        get: |settings| settings.limits.sql_search_bytes_max as u64,
        set: |settings, bytes| settings.limits.sql_search_bytes_max = size(bytes),
    },
    Limit {
        name: "module_bytes_max",
        get: |settings| settings.limits.module_bytes_max as u64,
        set: |settings, bytes| settings.limits.module_bytes_max = size(bytes),
    },
    Limit {
        name: "module_text_bytes_max",
        get: |settings| settings.limits.module_text_bytes_max as u64,
        set: |settings, bytes| settings.limits.module_text_bytes_max = size(bytes),
    },
];

const ALLOW: &str = "allow";
const REPLACE: &str = "replace";
const FILE_DIRECTORY: &str = "file_directory";
const FILE_BASE: &str = "file_base";
const CODE_CACHE: &str = "code_cache";
const GUARD_PAGES: &str = "guard_pages";
const TIMING: &str = "timing";
const WRITES_UNDER_READS: &str = "writes_under_reads";
const RUNTIME: &str = "runtime";
const VERSION: &str = "version";

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// The error for an unknown name. `others` are further names that the adaptor knows.
#[cold]
pub fn unknown(name: &str, others: &[&str]) -> Error {
    let known = LIMITS.iter().map(|limit| limit.name);
    let known = known.chain([
        ALLOW,
        REPLACE,
        FILE_DIRECTORY,
        FILE_BASE,
        CODE_CACHE,
        GUARD_PAGES,
        TIMING,
        WRITES_UNDER_READS,
        RUNTIME,
        VERSION,
    ]);
    let known: Vec<_> = known.chain(others.iter().copied()).collect();
    let message = format!("there is no setting {}; known are {}", quoted(name), known.join(", "));
    Error::new(ErrorKind::Argument, message)
}

/// The value of a setting; `None` for an unknown name.
pub fn get(settings: &Settings, name: &str) -> Option<Value> {
    if let Some(limit) = limit(name) {
        let value = (limit.get)(settings);
        return Some(i64::try_from(value).map_or(Value::Null, Value::Integer));
    }
    let path = |path: &PathBuf| Value::from(path.display().to_string());
    Some(match name {
        ALLOW => settings.granted.to_string().into(),
        REPLACE => settings.replaceable.to_string().into(),
        FILE_DIRECTORY => match &settings.file_access {
            FileAccess::Directory(directory) => path(directory),
            _ => Value::Null,
        },
        FILE_BASE => match &settings.file_access {
            FileAccess::Any { base } => base.as_ref().map_or(Value::from(String::new()), path),
            _ => Value::Null,
        },
        CODE_CACHE => settings
            .code_cache
            .as_ref()
            .map_or(Value::Null, |cache| Value::from(cache.directory().display().to_string())),
        GUARD_PAGES => settings.guard_pages.into(),
        TIMING => settings.timing.into(),
        WRITES_UNDER_READS => settings.writes_under_reads.into(),
        RUNTIME => settings.runtime.as_ref().map(|runtime| runtime.name().to_owned()).into(),
        VERSION => env!("CARGO_PKG_VERSION").into(),
        _ => return None,
    })
}

/// Changes a setting. Returns false for an unknown name.
///
/// # Errors
/// The value does not suit the setting ([`ErrorKind::Argument`]), or it would loosen a limit of the host
/// ([`ErrorKind::Denied`]).
pub fn set(
    settings: &mut Settings,
    name: &str,
    value: ValueRef<'_>,
    may_loosen: bool,
) -> Result<bool> {
    let loosens = |loosens: bool| if loosens && !may_loosen { Err(denied(name)) } else { Ok(()) };
    if let Some(limit) = limit(name) {
        let value = number(name, value)?;
        loosens(value > (limit.get)(settings))?;
        (limit.set)(settings, value);
        return Ok(true);
    }
    match name {
        ALLOW => {
            let allow = match value {
                ValueRef::Null => Capabilities::NONE,
                ValueRef::Text(names) => names.parse().map_err(|unknown: UnknownCapability| {
                    Error::new(ErrorKind::Argument, unknown.to_string())
                })?,
                _ => return Err(wrong(name, "the names of capabilities, such as 'log,clock'")),
            };
            loosens(allow.intersection(settings.granted) != allow)?;
            settings.granted = allow;
        }
        REPLACE => {
            let replaceable: Replaceable = match value {
                ValueRef::Null => Replaceable::default(),
                ValueRef::Text(names) => names.parse().map_err(|fixed: NotReplaceable| {
                    Error::new(ErrorKind::Argument, fixed.to_string())
                })?,
                _ => {
                    return Err(wrong(
                        name,
                        "the names of built-in functions, such as 'like,lower'",
                    ));
                }
            };
            loosens(!replaceable.is_within(&settings.replaceable))?;
            settings.replaceable = replaceable;
        }
        FILE_DIRECTORY | FILE_BASE => {
            let access = match value {
                ValueRef::Null => FileAccess::Denied,
                ValueRef::Text(path) if name == FILE_DIRECTORY => {
                    FileAccess::Directory(path.into())
                }
                ValueRef::Text(path) => FileAccess::Any { base: Some(path.into()) },
                _ => return Err(wrong(name, "the path of a directory, or NULL")),
            };
            loosens(access != FileAccess::Denied && access != settings.file_access)?;
            settings.file_access = access;
        }
        CODE_CACHE => {
            let cache = match value {
                ValueRef::Null | ValueRef::Integer(0) => None,
                // Before the environment is looked at.
                _ if !may_loosen => return Err(denied(name)),
                ValueRef::Integer(1) => Some(CodeCache::of_user()?),
                ValueRef::Text(directory) => Some(CodeCache::in_directory(directory)?),
                _ => return Err(wrong(name, "1, the path of a directory, or NULL")),
            };
            settings.code_cache = cache;
        }
        GUARD_PAGES => {
            let guard_pages = switch(name, value)?;
            // It is no limit, but signals belong to the process.
            loosens(guard_pages && !settings.guard_pages)?;
            settings.guard_pages = guard_pages;
        }
        TIMING => settings.timing = switch(name, value)?,
        WRITES_UNDER_READS => {
            let writes = switch(name, value)?;
            loosens(writes && !settings.writes_under_reads)?;
            settings.writes_under_reads = writes;
        }
        RUNTIME | VERSION => {
            let message = format!("{name} cannot be changed");
            return Err(Error::new(ErrorKind::Denied, message));
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn limit(name: &str) -> Option<&'static Limit> {
    LIMITS.iter().find(|limit| limit.name == name)
}

/// A limit's value. NULL means no limit.
fn number(name: &str, value: ValueRef<'_>) -> Result<u64> {
    match value {
        ValueRef::Integer(value @ 1..) => Ok(value.unsigned_abs()),
        ValueRef::Null if name == "fuel" => Ok(u64::MAX),
        _ => Err(wrong(name, "a positive integer")),
    }
}

fn switch(name: &str, value: ValueRef<'_>) -> Result<bool> {
    match value {
        ValueRef::Integer(value @ (0 | 1)) => Ok(value == 1),
        _ => Err(wrong(name, "1 or 0")),
    }
}

fn wrong(name: &str, expected: &str) -> Error {
    Error::new(ErrorKind::Argument, format!("{name} has to be {expected}"))
}

fn denied(name: &str) -> Error {
    Error::new(
        ErrorKind::Denied,
        format!(
            "{name} can only be tightened here: the application can loosen it, before it locks the \
             settings"
        ),
    )
}
