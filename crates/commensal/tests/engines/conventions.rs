//! Values of every class through every convention of other ABIs, in both directions.

use commensal::{Connection, ErrorKind, Value};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::{connect, memory};

/// Definitions of these exports of a module in `guests/wat`.
fn define(connection: &Connection, module: &str, exports: &[&str]) {
    let path = format!("{}/../../guests/wat/{module}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("the guest is in the tree");
    for export in exports {
        let sql = format!("CREATE FUNCTION {export} LANGUAGE wasm AS ?1");
        connection.execute(&sql, [Value::Text(text.clone())]).expect("the guest can be defined");
    }
}

fn ask(connection: &Connection, sql: &str, value: &Value) -> Result<Value, commensal::Error> {
    connection.query_row(sql, [value.clone()], |row| row.get_ref(0).map(|v| v.to_owned()))
}

/// Values that SQL can have: no NaN, and text with NULs only where `nul` says so.
fn value(nul: bool) -> impl Strategy<Value = Value> {
    let text = if nul { "[\\x00a-zé€\u{1F600}]{0,40}" } else { "[ -~é€\u{1F600}]{0,40}" };
    prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::Integer),
        (-5000_i64..300_000).prop_map(Value::Integer),
        any::<f64>().prop_filter("no NaN", |real| !real.is_nan()).prop_map(Value::Real),
        text.prop_map(Value::Text),
        ("[a-z]{1,3}", 1_usize..9000).prop_map(|(word, times)| Value::Text(word.repeat(times))),
        proptest::collection::vec(any::<u8>(), 0..300).prop_map(Value::Blob),
        (any::<u8>(), 0_usize..70_000).prop_map(|(byte, len)| Value::Blob(vec![byte; len])),
    ]
}

/// Checks many values on one connection, so that each call finds what the others have left.
fn check(nul: bool, test: impl Fn(&Value) -> Result<(), TestCaseError>) {
    let config = Config { cases: 400, failure_persistence: None, ..Config::default() };
    TestRunner::new(config).run(&value(nul), |value| test(&value)).unwrap();
}

/// The expected result of one function for a value.
type Expected<'a> = (&'a str, fn(&Value) -> Option<Value>);

fn same(value: &Value) -> Option<Value> {
    Some(value.clone())
}

/// The value if it has the class that the parameter takes, an integer as a real for a real, or NULL for
/// NULL.
fn typed(value: &Value, takes: fn(&Value) -> bool) -> Option<Value> {
    (takes(value) || *value == Value::Null).then(|| value.clone())
}

fn real(value: &Value) -> Option<Value> {
    match value {
        Value::Integer(integer) => Some(Value::Real(*integer as f64)),
        value => typed(value, |value| matches!(value, Value::Real(_))),
    }
}

fn check_functions(connection: &Connection, nul: bool, functions: &[Expected<'_>]) {
    check(nul, |value| {
        for (function, expected) in functions {
            let got = ask(connection, &format!("SELECT {function}(?1)"), value);
            match (got, expected(value)) {
                (Ok(got), Some(expected)) => prop_assert_eq!(got, expected, "{}", function),
                (Err(error), None) => {
                    prop_assert_eq!(error.kind(), ErrorKind::Argument, "{}", error);
                    let start = format!("{function}(): argument 1 ");
                    prop_assert!(error.message().starts_with(&start), "{}", error);
                }
                (got, expected) => {
                    let what = format!("{function}: {got:?}, not {expected:?}");
                    return Err(TestCaseError::fail(what));
                }
            }
        }
        Ok(())
    });
}

#[test]
fn the_generic_convention() {
    let database = memory();
    let connection = connect(&database);
    define(&connection, "turso_generic.wat", &["t_echo", "t_slot", "t_integer_tagged"]);
    // A slot does not say whether it has an integer, a real or an address. Other values come back unchanged,
    // and the bits of a number by their type.
    check(false, |value| {
        let ask = |function: &str| ask(&connection, &format!("SELECT {function}(?1)"), value);
        match value {
            Value::Integer(integer) => {
                prop_assert_eq!(ask("t_slot").unwrap(), Value::Integer(*integer));
                prop_assert_eq!(ask("t_integer_tagged").unwrap(), Value::Integer(*integer));
            }
            Value::Real(real) => {
                prop_assert_eq!(ask("t_slot").unwrap(), Value::Integer(real.to_bits() as i64));
            }
            value => prop_assert_eq!(&ask("t_echo").unwrap(), value),
        }
        Ok(())
    });
}

/// There are 128 slots, and the type of the result goes into the last. SQLite before 3.48 has no
/// such call.
#[test]
fn more_arguments_than_slots() {
    let database = memory();
    let connection = connect(&database);
    define(&connection, "turso_generic.wat", &["t_count"]);
    let call = |count: usize| {
        let arguments = vec!["?1"; count].join(", ");
        ask(&connection, &format!("SELECT t_count({arguments})"), &Value::Integer(1))
    };
    assert_eq!(call(127).unwrap(), Value::Integer(127));
    let error = call(128).unwrap_err();
    assert!(error.message().starts_with("t_count(): it is built for Turso"), "{error}");
}

#[test]
fn the_typed_convention() {
    let database = memory();
    let connection = connect(&database);
    let functions: [Expected<'_>; 5] = [
        ("y_text", |value| typed(value, |value| matches!(value, Value::Text(_)))),
        ("y_opt_text", |value| typed(value, |value| matches!(value, Value::Text(_)))),
        ("y_blob", |value| typed(value, |value| matches!(value, Value::Blob(_)))),
        ("y_opt_blob", |value| typed(value, |value| matches!(value, Value::Blob(_)))),
        ("y_opt_f64", real),
    ];
    define(&connection, "turso_typed.wat", &functions.map(|(name, _)| name));
    check_functions(&connection, true, &functions);
}

#[test]
fn the_convention_of_libsql() {
    let database = memory();
    let connection = connect(&database);
    let functions: [Expected<'_>; 1] = [("l_echo", |value| match value {
        Value::Integer(_) | Value::Real(_) => None,
        value => same(value),
    })];
    define(&connection, "libsql.wat", &["l_echo", "l_half", "l_add"]);
    check_functions(&connection, false, &functions);
    check(false, |value| {
        let half = ask(&connection, "SELECT l_half(?1)", value);
        let sum = ask(&connection, "SELECT l_add(?1, 0)", value);
        match value {
            Value::Integer(integer) => {
                prop_assert_eq!(sum.unwrap(), value.clone());
                prop_assert_eq!(half.unwrap(), Value::Real(*integer as f64 / 2.0));
            }
            Value::Real(real) => {
                prop_assert_eq!(half.unwrap(), Value::Real(real / 2.0));
                match commensal::core::real::whole(*real) {
                    Some(whole) => prop_assert_eq!(sum.unwrap(), Value::Integer(whole)),
                    None => {
                        let message = sum.unwrap_err().message().to_owned();
                        prop_assert!(message.contains("argument 1 has to be integer"));
                    }
                }
            }
            _ => {
                prop_assert!(half.unwrap_err().message().contains("argument 1 has to be real"));
                prop_assert!(sum.unwrap_err().message().contains("argument 1 has to be integer"));
            }
        }
        Ok(())
    });
}

/// More than fits into memory, in one statement. Nothing is freed, and nothing is missing.
#[test]
fn scans_go_on_when_memory_is_used_up() {
    let database = memory();
    let connection = connect(&database);
    define(&connection, "turso_typed.wat", &["y_xs"]);
    define(&connection, "libsql.wat", &["l_bytes"]);
    // 200,000 results of 1,000 bytes are 200 MB, and an instance may have 64.
    for (function, length) in [("y_xs", 1000), ("l_bytes", 1000)] {
        let sql = format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
             SELECT sum(length({function}(?1))) FROM n"
        );
        let sum = ask(&connection, &sql, &Value::Integer(length));
        assert_eq!(sum.expect("the scan ends"), Value::Integer(200_000 * length), "{function}");
    }
}

/// The definition in the file is a module of ours, so another connection runs nothing to read it.
#[test]
fn what_is_stored_is_a_module_of_ours() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.db");
    let database = crate::support::open(&path);
    let connection = connect(&database);
    define(&connection, "turso_typed.wat", &["y_add"]);
    drop((connection, database));
    let database = crate::support::open(&path);
    let connection = connect(&database);
    let sum = ask(&connection, "SELECT y_add(?1, 2)", &Value::Integer(40)).unwrap();
    assert_eq!(sum, Value::Integer(42));
    let wasm = ask(&connection, "SELECT wasm FROM commensal_module WHERE ?1", &Value::Integer(1));
    let Ok(Value::Blob(wasm)) = wasm else { panic!("there is one module: {wasm:?}") };
    let report = commensal::core::inspect::inspect_json(&wasm, &Default::default());
    assert!(report.contains(r#""abi":"Commensal""#), "{report}");
}
