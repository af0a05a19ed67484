//! Every value reaches a guest unchanged, and returns unchanged.

use commensal::{Connection, Database, Limits, Value};

use crate::support::{check_error, connect, create, echo, memory, module, options, value};

fn through_guest(connection: &Connection, given: &Value) -> Value {
    let sql = "SELECT f(?1)";
    connection.query_row(sql, (given,), |row| row.get(0)).unwrap()
}

#[test]
fn the_storage_classes_are_exact() {
    let database = memory();
    let connection = connect(&database);
    create(&connection, "f", &echo(), "").unwrap();
    let values: Vec<Value> = [
        vec![
            Value::Null,
            "".into(),
            "a\0b\0".into(),
            "\u{10FFFF}🦀é".into(),
            "x".repeat(70_000).into(),
        ],
        [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX].map(Value::Integer).to_vec(),
        [-0.0, 0.0, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE, 5e-324, f64::MAX, 0.1]
            .map(Value::Real)
            .to_vec(),
        vec![Value::Blob(Vec::new()), Value::Blob(vec![0, 255, 0]), Value::Blob(vec![7; 100_000])],
    ]
    .concat();
    for given in values {
        let got = through_guest(&connection, &given);
        assert_eq!(got, given);
        // Equality does not distinguish the zeros.
        if let (Value::Real(got), Value::Real(given)) = (&got, &given) {
            assert_eq!(got.to_bits(), given.to_bits());
        }
        let class: String =
            connection.query_row("SELECT typeof(f(?1))", (&given,), |row| row.get(0)).unwrap();
        assert_eq!(class, given.class().to_string().to_lowercase());
    }
}

#[test]
fn nan_is_null() {
    let database = memory();
    let connection = connect(&database);
    let nan = module(
        r#"(data (i32.const 600) "\02") (func (export "f") (param i32 i32) (result i32)
            (f64.store (i32.const 608) (f64.const nan)) (i32.const 600))"#,
    );
    create(&connection, "f", &nan, "").unwrap();
    assert_eq!(value(&connection, "SELECT f()").unwrap(), Value::Null);
}

/// 50 MB in and out with raised limits. With the default limits, the error names the limit.
#[test]
fn a_large_blob() {
    let blob = Value::Blob((0..50_000_000_u32).map(|i| (i >> 8 ^ i) as u8).collect());
    let mut limits = Limits::default();
    limits.memory_bytes_max = 256 << 20;
    let database = Database::open_in_memory(options().limits(limits)).unwrap();
    let connection = connect(&database);
    create(&connection, "f", &echo(), "").unwrap();
    assert!(through_guest(&connection, &blob) == blob);
    create(&connection, "f", &echo(), "WITH (memory_mb = 16)").unwrap();
    let error = check_error(
        connection.query_row("SELECT f(?1)", (&blob,), |row| row.get::<Value>(0)),
        "memory_mb = 16",
    );
    assert!(error.message().starts_with("f() with 50000016 bytes of arguments"), "{error:?}");
}
