//! Functions on Turso: built in, native, and as a guest, over the tables of `calls`.
//!
//! Turso takes native functions only when a database is opened, and Commensal opens its own databases. So
//! there are two databases of the same engine with the same rows.

use std::sync::Arc;

use commensal::core::ValueRef;
use commensal::{Connection, Database, Options, WasmtimeRuntime};
use turso_core::native_ext::{
    Aggregate, AggregateFunction, FunctionArity, ScalarCall, ScalarFunction,
};
use turso_core::types::IOResultOr;
use turso_core::{
    ConnectOpts, ExternalFunc, IOResult, LimboError, Numeric, OpenOptions, Register, SqliteDialect,
    Value,
};

use crate::calls::fill_sql;
use crate::functions;
use crate::measure::{self, Times};
use crate::size::{Outcome, Size};

/// A prepared query. Returns the only value of its only row, an integer.
type Query<'c> = Box<dyn FnMut() -> Outcome<i64> + 'c>;

/// The title, query, built-in function and call of a case. `{}` in the call stands for a prefix.
const CASES: [(&str, &str, Option<&str>, &str); 5] = [
    (
        "two integers to an integer: sum(f(a, b))",
        "SELECT sum({}) FROM numbers",
        Some("a + b"),
        "{}add(a, b)",
    ),
    (
        "80 bytes of text to text: count(upper(t))",
        "SELECT count({}) FROM texts",
        Some("upper(t)"),
        "{}upper(t)",
    ),
    (
        "80 bytes of text to an integer: sum(byte_sum(t))",
        "SELECT sum({}) FROM texts",
        None,
        "{}byte_sum(t)",
    ),
    (
        "aggregate of two integers: dot(a, b)",
        "SELECT {} FROM numbers",
        Some("sum(a * b)"),
        "{}dot(a, b)",
    ),
    ("aggregate of 80 bytes of text: bytes(t)", "SELECT {} FROM texts", None, "{}bytes(t)"),
];

struct Turso {
    native: Arc<turso_core::Connection>,
    guest: Connection,
}

impl Turso {
    fn new(size: Size) -> Outcome<Self> {
        let fill = fill_sql(size.rows);
        let options = OpenOptions::new(Arc::new(SqliteDialect));
        let options = Native::<0>.register(options, "native_add", 2)?;
        let options = Native::<1>.register(options, "native_upper", 1)?;
        let options = Native::<2>.register(options, "native_byte_sum", 1)?;
        let options = Sum::<0>::default().register(options, "native_dot", 2)?;
        let options = Sum::<1>::default().register(options, "native_bytes", 1)?;
        let io = turso_core::Database::io_for_path(":memory:")?;
        let native = turso_core::Database::open(io, ":memory:", options)?;
        let native = native.connect(ConnectOpts::new())?;
        native.prepare_execute_batch(&fill)?;
        let options =
            Options::new().engine(&commensal::Turso).runtime(Arc::new(WasmtimeRuntime::new()));
        let guest = Database::open_in_memory(options)?.connect()?;
        guest.execute_batch(&fill)?;
        let module = [ValueRef::Blob(functions::GUEST)];
        guest.execute("CREATE EXTENSION bench LANGUAGE wasm AS ?1", module)?;
        Ok(Self { native, guest })
    }

    fn native(&self, sql: &str) -> Outcome<Query<'_>> {
        let mut statement = self.native.prepare(sql)?;
        Ok(Box::new(move || {
            let rows = statement.run_collect_rows()?;
            statement.reset()?;
            match rows.first().and_then(|row| row.first()) {
                Some(Value::Numeric(Numeric::Integer(value))) => Ok(*value),
                other => Err(format!("{other:?} instead of an integer").into()),
            }
        }))
    }

    fn guest(&self, sql: &str) -> Outcome<Query<'_>> {
        let mut statement = self.guest.prepare(sql)?;
        Ok(Box::new(move || {
            let mut rows = statement.query(())?;
            let value = rows.next()?.ok_or("no row")?.get(0)?;
            // Reads to the end, as the others do.
            while rows.next()?.is_some() {}
            Ok(value)
        }))
    }
}

/// Runs one query as many times as the benchmark has rounds.
pub(crate) fn repeat(sql: &str, size: Size) -> Outcome {
    let turso = Turso::new(size)?;
    let mut query = turso.guest(sql)?;
    let times = measure::interleaved(1, size.rounds, |_| Ok(measure::time(&mut query)?.0))?;
    let ns = times.median_ns(0) / f64::from(size.rows);
    println!("{ns:.1} ns per row, if it reads {} rows", size.rows);
    Ok(())
}

/// Whole-query times.
pub(crate) fn run(size: Size) -> Outcome {
    let turso = Turso::new(size)?;
    println!("\nTurso, whole queries over {} rows, {} rounds:", size.rows, size.rounds);
    for (title, query, builtin, call) in CASES {
        let mut names = vec!["native function", "Wasm"];
        let mut queries = vec![
            turso.native(&query.replace("{}", &call.replace("{}", "native_")))?,
            turso.guest(&query.replace("{}", &call.replace("{}", "guest_")))?,
        ];
        if let Some(builtin) = builtin {
            names.push("built-in");
            queries.push(turso.guest(&query.replace("{}", builtin))?);
        }
        let results = queries.iter_mut().map(|query| query()).collect::<Outcome<Vec<i64>>>()?;
        if results.iter().any(|result| *result != results[0]) {
            return Err(format!("{title}: the variants give {results:?}").into());
        }
        let times = measure::interleaved(queries.len(), size.rounds, |variant| {
            Ok(measure::time(&mut queries[variant])?.0)
        })?;
        print(title, &names, &times, size);
    }
    Ok(())
}

fn print(title: &str, names: &[&str], times: &Times, size: Size) {
    let rows = f64::from(size.rows);
    println!("\n{title}");
    println!("{:<28} {:>12} {:>12} {:>16}", "", "median", "best", "ratio to native");
    for (variant, name) in names.iter().enumerate() {
        println!(
            "{name:<28} {:>9.1} ns {:>9.1} ns {:>16.2}",
            times.median_ns(variant) / rows,
            times.best_ns(variant) / rows,
            times.ratio(variant, 0)
        );
    }
}

type Body = fn(&[Register]) -> Result<Value, LimboError>;

/// The functions, which do the same as those in C.
const BODIES: [Body; 3] = [add, upper, byte_sum];

/// One of the functions. It has no size, so that a call allocates nothing.
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

type Part = fn(&[Value]) -> Result<i64, LimboError>;

/// Aggregates add up what one of these returns for each row.
const PARTS: [Part; 2] = [
    |args| Ok(integer(&args[0])?.wrapping_mul(integer(&args[1])?)),
    |args| Ok(text(&args[0])?.bytes().map(i64::from).sum()),
];

#[derive(Debug, Default, Clone, Copy)]
struct Sum<const PART: usize>(i64);

impl<const PART: usize> Sum<PART> {
    fn register(self, options: OpenOptions, name: &str, arguments: i32) -> Outcome<OpenOptions> {
        let function = ExternalFunc::new_native_aggregate(name.to_owned(), arguments, self)?;
        Ok(options.extension_function(function))
    }
}

impl<const PART: usize> AggregateFunction for Sum<PART> {
    type Accumulator = Self;

    fn create_accumulator(&self) -> Result<Self, LimboError> {
        Ok(*self)
    }
}

impl<const PART: usize> Aggregate for Sum<PART> {
    fn step(&mut self, args: &[Value]) -> IOResultOr<()> {
        if !args.contains(&Value::Null) {
            self.0 = self.0.wrapping_add(PARTS[PART](args)?);
        }
        Ok(IOResult::Done(()))
    }

    fn finalize(&mut self) -> IOResultOr<Value> {
        Ok(IOResult::Done(Value::from_i64(self.0)))
    }
}

fn wrong() -> LimboError {
    LimboError::InvalidArgument("an argument of a wrong type".to_owned())
}

fn integer(value: &Value) -> Result<i64, LimboError> {
    match value {
        Value::Numeric(Numeric::Integer(value)) => Ok(*value),
        _ => Err(wrong()),
    }
}

fn text(value: &Value) -> Result<&str, LimboError> {
    match value {
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
    Ok(Value::from_i64(integer(args[0].get_value())?.wrapping_add(integer(args[1].get_value())?)))
}

fn upper(args: &[Register]) -> Result<Value, LimboError> {
    if is_null(args) {
        return Ok(Value::Null);
    }
    Ok(Value::from_text(text(args[0].get_value())?.to_ascii_uppercase()))
}

fn byte_sum(args: &[Register]) -> Result<Value, LimboError> {
    if is_null(args) {
        return Ok(Value::Null);
    }
    Ok(Value::from_i64(text(args[0].get_value())?.bytes().map(i64::from).sum()))
}
