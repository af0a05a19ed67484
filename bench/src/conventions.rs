//! The same functions by each convention: the cost of a module for Turso or libSQL, compared with ours.

use std::sync::Arc;
use std::time::Duration;

use commensal::WasmtimeRuntime;
use commensal::core::ValueRef;
use commensal::core::settings::Settings;
use rusqlite::Connection;

use crate::size::{Outcome, Size};
use crate::{calls, measure};

/// What all modules contain. `$upper` converts this many bytes to capitals.
const UPPER: &str = r#"
  (func $upper (param $from i32) (param $to i32) (param $len i32)
    (local $end i32) (local $byte i32)
    (local.set $end (i32.add (local.get $from) (local.get $len)))
    (block $done
      (loop $each
        (br_if $done (i32.eq (local.get $from) (local.get $end)))
        (local.set $byte (i32.load8_u (local.get $from)))
        (i32.store8 (local.get $to)
          (i32.sub (local.get $byte)
            (i32.shl (i32.lt_u (i32.sub (local.get $byte) (i32.const 97)) (i32.const 26))
              (i32.const 5))))
        (local.set $from (i32.add (local.get $from) (i32.const 1)))
        (local.set $to (i32.add (local.get $to) (i32.const 1)))
        (br $each))))
  (func $nul (param $at i32) (result i32)
    (local $len i32)
    (block $end
      (loop $each
        (br_if $end (i32.eqz (i32.load8_u (i32.add (local.get $at) (local.get $len)))))
        (local.set $len (i32.add (local.get $len) (i32.const 1)))
        (br $each)))
    (local.get $len))"#;

/// An allocator that only counts.
fn malloc(name: &str) -> String {
    format!(
        r#"(global $bump (mut i32) (i32.const 1024))
  (func $malloc (export "{name}") (param $size i32) (result i32)
    (global.get $bump)
    (global.set $bump (i32.add (global.get $bump) (local.get $size))))"#
    )
}

const COMMENSAL: &str = r#"
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 65536))
  (func (export "own_add") (param i32) (param $argv i32) (result i32)
    (i64.store (i32.const 16) (i64.const 1))
    (i64.store (i32.const 24)
      (i64.add (i64.load offset=8 (local.get $argv)) (i64.load offset=24 (local.get $argv))))
    (i32.const 16))
  (func (export "own_upper") (param i32) (param $argv i32) (result i32)
    (call $upper (i32.load offset=8 (local.get $argv)) (i32.const 1024)
      (i32.load offset=4 (local.get $argv)))
    (i32.store (i32.const 16) (i32.const 3))
    (i32.store (i32.const 20) (i32.load offset=4 (local.get $argv)))
    (i64.store (i32.const 24) (i64.const 1024))
    (i32.const 16))"#;

const TURSO: &str = r#"
  (func (export "turso_add") (param $argc i32) (param $argv i32) (result i64)
    (i32.store8 (i32.const 1017) (i32.const 1))
    (i64.add (i64.load (local.get $argv)) (i64.load offset=8 (local.get $argv))))
  (func (export "turso_upper") (param $argc i32) (param $argv i32) (result i64)
    (local $from i32) (local $to i32) (local $len i32)
    (local.set $from (i32.add (i32.load (local.get $argv)) (i32.const 1)))
    (local.set $len (call $nul (local.get $from)))
    (local.set $to (call $malloc (i32.add (local.get $len) (i32.const 1))))
    (call $upper (local.get $from) (local.get $to) (local.get $len))
    (i32.store8 (i32.add (local.get $to) (local.get $len)) (i32.const 0))
    (i32.store8 (i32.const 1017) (i32.const 3))
    (i64.extend_i32_u (local.get $to)))
  (func (export "typed_add") (param $argc i32) (param $argv i32) (result i64)
    (i64.add (i64.load (local.get $argv)) (i64.load offset=8 (local.get $argv))))
  (func (export "typed_upper") (param $argc i32) (param $argv i32) (result i64)
    (local $to i32) (local $len i32)
    (local.set $len (i32.load offset=4 (local.get $argv)))
    (local.set $to (call $malloc (local.get $len)))
    (call $upper (i32.load (local.get $argv)) (local.get $to) (local.get $len))
    (i64.or (i64.extend_i32_u (local.get $to))
      (i64.shl (i64.extend_i32_u (local.get $len)) (i64.const 32))))
  (@custom "turso_sig" "\09typed_add\02\01\01\01\0btyped_upper\01\03\03")"#;

const LIBSQL: &str = r#"
  (func (export "libsql_add") (param i64 i64) (result i64)
    (i64.add (local.get 0) (local.get 1)))
  (func (export "libsql_upper") (param $text i32) (result i32)
    (local $to i32) (local $len i32)
    (local.set $text (i32.add (local.get $text) (i32.const 1)))
    (local.set $len (call $nul (local.get $text)))
    (local.set $to (call $malloc (i32.add (local.get $len) (i32.const 2))))
    (i32.store8 (local.get $to) (i32.const 3))
    (call $upper (local.get $text) (i32.add (local.get $to) (i32.const 1)) (local.get $len))
    (i32.store8 offset=1 (i32.add (local.get $to) (local.get $len)) (i32.const 0))
    (local.get $to))"#;

/// The prefixes of the functions, ours first.
const VARIANTS: [(&str, &str); 4] = [
    ("our ABI", "own_"),
    ("Turso, generic", "turso_"),
    ("Turso, typed", "typed_"),
    ("libSQL", "libsql_"),
];

/// A title, a query, and the call in it, in which `{}` stands for the prefix.
const CASES: [(&str, &str, &str); 2] = [
    ("two integers to an integer: sum(f(a, b))", "SELECT sum({}) FROM numbers", "{}add(a, b)"),
    (
        "80 bytes of text to text: sum(length(f(t)))",
        "SELECT sum(length({})) FROM texts",
        "{}upper(t)",
    ),
];

fn connection(size: Size) -> Outcome<Connection> {
    let connection = Connection::open_in_memory()?;
    connection.execute_batch(&calls::fill_sql(size.rows))?;
    let mut settings = Settings::default();
    settings.runtime = Some(Arc::new(WasmtimeRuntime::new()));
    let commensal = commensal::rusqlite::install(&connection, settings)?;
    let modules = [
        (format!("{UPPER}{COMMENSAL}"), "own_"),
        (format!("{}{UPPER}{TURSO}", malloc("turso_malloc")), "turso_"),
        (format!("{}{UPPER}{TURSO}", malloc("turso_malloc")), "typed_"),
        (format!("{}{UPPER}{LIBSQL}", malloc("libsql_malloc")), "libsql_"),
    ];
    for (body, prefix) in &modules {
        let module = format!("(module (memory (export \"memory\") 4) {body})");
        for name in ["add", "upper"] {
            let sql = format!("CREATE FUNCTION {prefix}{name} LANGUAGE wasm AS ?1 DETERMINISTIC");
            commensal.execute(&sql, Some(ValueRef::Text(&module)))?;
        }
    }
    Ok(connection)
}

pub(crate) fn run(size: Size) -> Outcome {
    let connection = connection(size)?;
    println!("\nThe same functions by each convention, over {} rows:", size.rows);
    for (title, query, call) in CASES {
        let mut statements = Vec::new();
        for (_, prefix) in VARIANTS {
            let sql = query.replace("{}", &call.replace("{}", prefix));
            statements.push(connection.prepare(&sql)?);
        }
        let mut values = Vec::new();
        for statement in &mut statements {
            values.push(statement.query_row((), |row| row.get::<_, i64>(0))?);
        }
        if values.iter().any(|value| *value != values[0]) {
            return Err(format!("the conventions give different results: {values:?}").into());
        }
        let times = measure::interleaved(statements.len(), size.rounds, |variant| {
            let query = || Ok(statements[variant].query_row((), |row| row.get::<_, i64>(0))?);
            let (time, _): (Duration, i64) = measure::time(query)?;
            Ok(time)
        })?;
        println!("\n{title}");
        println!("{:<28} {:>12} {:>12} {:>12}", "", "median", "best", "ratio to ours");
        let rows = f64::from(size.rows);
        for (variant, (name, _)) in VARIANTS.iter().enumerate() {
            println!(
                "{name:<28} {:>9.1} ns {:>9.1} ns {:>12.2}",
                times.median_ns(variant) / rows,
                times.best_ns(variant) / rows,
                times.ratio(variant, 0)
            );
        }
    }
    Ok(())
}
