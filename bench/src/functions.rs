//! The functions to compare, each in C, as a Rust closure and as a guest.

#![expect(unsafe_code, reason = "C registers its functions, and the extension is C to its host")]

use std::ffi::c_int;
use std::path::Path;
use std::sync::Arc;

use commensal::WasmtimeRuntime;
use commensal::core::ValueRef;
use commensal::core::settings::Settings;
use rusqlite::functions::{Aggregate, Context, FunctionFlags};
use rusqlite::{Connection, LoadExtensionGuard};

use crate::size::Outcome;

/// `guest_add`, `guest_upper`, `guest_byte_sum`, `guest_dot`, `guest_bytes`, `guest_series`:
/// guests/examples/bench.
pub(crate) const GUEST: &[u8] = include_bytes!("../../guests/prebuilt/bench.wasm");

unsafe extern "C" {
    /// See native/functions.c.
    fn commensal_bench_register(db: *mut libsqlite3_sys::sqlite3) -> c_int;
    /// See native/series.c.
    fn commensal_bench_register_series(db: *mut libsqlite3_sys::sqlite3) -> c_int;
}

/// Registers `c_add`, `c_upper`, `c_byte_sum`, the aggregates `c_dot` and `c_bytes`, and the table function
/// `c_series`.
pub(crate) fn register_c(connection: &Connection) -> Outcome {
    // SAFETY: the connection is open, and its SQLite is the one whose header the C code was compiled with.
    let codes = unsafe {
        let db = connection.handle();
        [commensal_bench_register(db), commensal_bench_register_series(db)]
    };
    match codes {
        [libsqlite3_sys::SQLITE_OK, libsqlite3_sys::SQLITE_OK] => Ok(()),
        codes => Err(format!("the functions in C cannot be registered: codes {codes:?}").into()),
    }
}

/// The aggregate `rust_dot`.
struct Dot;

impl Aggregate<i64, i64> for Dot {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<i64> {
        Ok(0)
    }

    fn step(&self, context: &mut Context<'_>, sum: &mut i64) -> rusqlite::Result<()> {
        let product = context.get::<i64>(0)?.wrapping_mul(context.get::<i64>(1)?);
        *sum = sum.wrapping_add(product);
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, sum: Option<i64>) -> rusqlite::Result<i64> {
        Ok(sum.unwrap_or(0))
    }
}

/// The aggregate `rust_bytes`.
struct Bytes;

impl Aggregate<i64, i64> for Bytes {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<i64> {
        Ok(0)
    }

    fn step(&self, context: &mut Context<'_>, sum: &mut i64) -> rusqlite::Result<()> {
        *sum += context.get_raw(0).as_str()?.bytes().map(i64::from).sum::<i64>();
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, sum: Option<i64>) -> rusqlite::Result<i64> {
        Ok(sum.unwrap_or(0))
    }
}

/// Registers `rust_add`, `rust_upper`, `rust_byte_sum`, and the aggregates `rust_dot` and `rust_bytes`.
pub(crate) fn register_closures(connection: &Connection) -> Outcome {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("rust_add", 2, flags, |context| {
        Ok(context.get::<i64>(0)?.wrapping_add(context.get::<i64>(1)?))
    })?;
    connection.create_scalar_function("rust_upper", 1, flags, |context| {
        Ok(context.get_raw(0).as_str()?.to_ascii_uppercase())
    })?;
    connection.create_scalar_function("rust_byte_sum", 1, flags, |context| {
        Ok(context.get_raw(0).as_str()?.bytes().map(i64::from).sum::<i64>())
    })?;
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_aggregate_function("rust_dot", 2, flags, Dot)?;
    connection.create_aggregate_function("rust_bytes", 1, flags, Bytes)?;
    Ok(())
}

/// Installs Commensal in the connection and creates the extension with the guest's functions.
pub(crate) fn register_guest(connection: &Connection) -> Outcome {
    let mut settings = Settings::default();
    settings.runtime = Some(Arc::new(WasmtimeRuntime::new()));
    let commensal = commensal::rusqlite::install(connection, settings)?;
    commensal.execute("CREATE EXTENSION bench LANGUAGE wasm AS ?1", Some(ValueRef::Blob(GUEST)))?;
    Ok(())
}

/// Loads the extension from this file.
pub(crate) fn load(connection: &Connection, extension: &Path) -> Outcome {
    // SAFETY: the user named the file, and nothing else runs in the connection meanwhile.
    unsafe {
        let _guard = LoadExtensionGuard::new(connection)?;
        Ok(connection.load_extension(extension, None::<&str>)?)
    }
}

/// Does the same with the loadable extension from this file.
pub(crate) fn load_guest(connection: &Connection, extension: &Path) -> Outcome {
    load(connection, extension)?;
    let sql = "SELECT wasm_exec('CREATE EXTENSION bench LANGUAGE wasm AS ?', ?)";
    Ok(connection.query_row(sql, [GUEST], |_| Ok(()))?)
}

/// The guest as another module: the same code with a custom section that nothing reads.
pub(crate) fn guest_numbered(number: u32) -> Vec<u8> {
    let mut module = GUEST.to_vec();
    let name = b"number";
    let number = number.to_le_bytes();
    let len = 1 + name.len() + number.len();
    module.extend([0, len as u8, name.len() as u8]);
    module.extend(name);
    module.extend(number);
    module
}
