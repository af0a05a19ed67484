//! Turso: a database of its own with native functions, and one with the guest.
//!
//! The two are of the same engine and hold the same rows. Native functions are registered when
//! a database is opened, which is Commensal's to do in the other.

use std::sync::Arc;

use commensal::core::ValueRef;
use commensal::{Database, Engine, Options, WasmtimeRuntime};
use turso_core::native_ext::{FunctionArity, ScalarCall, ScalarFunction};
use turso_core::types::IOResultOr;
use turso_core::{
    ConnectOpts, ExternalFunc, IOResult, LimboError, Numeric, OpenOptions, Register, SqliteDialect,
    Value,
};

use crate::calls::{FILL, Query, Side};
use crate::{Outcome, Size, functions};

/// See the module's description.
pub(crate) struct Turso {
    native: Arc<turso_core::Connection>,
    guest: commensal::Connection,
}

impl Turso {
    pub(crate) fn new(size: Size) -> Outcome<Self> {
        let fill = FILL.replace("{rows}", &size.rows.to_string());
        let options = OpenOptions::new(Arc::new(SqliteDialect));
        let options = Native::<0>.register(options, "native_add", 2)?;
        let options = Native::<1>.register(options, "native_upper", 1)?;
        let options = Native::<2>.register(options, "native_byte_sum", 1)?;
        let io = turso_core::Database::io_for_path(":memory:")?;
        let native = turso_core::Database::open(io, ":memory:", options)?;
        let native = native.connect(ConnectOpts::new())?;
        native.prepare_execute_batch(&fill)?;
        let options =
            Options::new().engine(Engine::Turso).runtime(Arc::new(WasmtimeRuntime::new()));
        let guest = Database::open_in_memory(options)?.connect()?;
        guest.execute_batch(&fill)?;
        let module = [ValueRef::Blob(functions::GUEST)];
        guest.execute("CREATE EXTENSION bench LANGUAGE wasm AS ?1", module)?;
        Ok(Self { native, guest })
    }
}

impl Side for Turso {
    fn title(&self) -> String {
        "Turso 0.9.0-pre.2".to_owned()
    }

    fn variants(&self) -> &'static [(&'static str, &'static str)] {
        &[("native function", "native_"), ("Wasm", "guest_")]
    }

    fn prepare(&self, variant: Option<usize>, sql: &str) -> Outcome<Query<'_>> {
        if variant == Some(0) {
            let mut statement = self.native.prepare(sql)?;
            return Ok(Box::new(move || {
                let rows = statement.run_collect_rows()?;
                statement.reset()?;
                match rows.first().and_then(|row| row.first()) {
                    Some(Value::Numeric(Numeric::Integer(value))) => Ok(*value),
                    other => Err(format!("{other:?} instead of an integer").into()),
                }
            }));
        }
        let mut statement = self.guest.prepare(sql)?;
        Ok(Box::new(move || {
            let mut rows = statement.query(())?;
            let value = rows.next()?.ok_or("no row")?.get(0)?;
            // To its end, as the others.
            while rows.next()?.is_some() {}
            Ok(value)
        }))
    }
}

type Body = fn(&[Register]) -> Result<Value, LimboError>;

/// The functions, which do what those in C do.
const BODIES: [Body; 3] = [add, upper, byte_sum];

/// One of the functions. Of no size, so that a call allocates nothing.
#[derive(Debug, Clone, Copy)]
struct Native<const BODY: usize>;

impl<const BODY: usize> Native<BODY> {
    fn register(self, options: OpenOptions, name: &str, arguments: usize) -> Outcome<OpenOptions> {
        let arity = FunctionArity::Exact(arguments);
        let function = ExternalFunc::new_native_scalar(name.to_owned(), arity, true, self)?;
        Ok(options.extension_function(function))
    }
}

impl<const BODY: usize> ScalarFunction for Native<BODY> {
    type Call = Self;

    fn create_call(&self) -> Result<Self, LimboError> {
        Ok(Self)
    }
}

impl<const BODY: usize> ScalarCall for Native<BODY> {
    fn step(&mut self, _: &Arc<turso_core::Connection>, args: &[Register]) -> IOResultOr<Value> {
        Ok(IOResult::Done(BODIES[BODY](args)?))
    }
}

fn wrong() -> LimboError {
    LimboError::InvalidArgument("an argument of a wrong type".to_owned())
}

fn integer(register: &Register) -> Result<i64, LimboError> {
    match register.get_value() {
        Value::Numeric(Numeric::Integer(value)) => Ok(*value),
        _ => Err(wrong()),
    }
}

fn text(register: &Register) -> Result<&str, LimboError> {
    match register.get_value() {
        Value::Text(text) => Ok(text.as_str()),
        _ => Err(wrong()),
    }
}

fn is_null(args: &[Register]) -> bool {
    args.iter().any(|arg| matches!(arg.get_value(), Value::Null))
}

fn add(args: &[Register]) -> Result<Value, LimboError> {
    if is_null(args) {
        return Ok(Value::Null);
    }
    Ok(Value::from_i64(integer(&args[0])?.wrapping_add(integer(&args[1])?)))
}

fn upper(args: &[Register]) -> Result<Value, LimboError> {
    if is_null(args) {
        return Ok(Value::Null);
    }
    Ok(Value::from_text(text(&args[0])?.to_ascii_uppercase()))
}

fn byte_sum(args: &[Register]) -> Result<Value, LimboError> {
    if is_null(args) {
        return Ok(Value::Null);
    }
    Ok(Value::from_i64(text(&args[0])?.bytes().map(i64::from).sum()))
}
