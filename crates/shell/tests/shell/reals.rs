//! Reals look as the engine shows them.

use commensal::core::real::Decimal;
use commensal::{Database, Options, ValueRef};

#[test]
fn as_in_sqlite_and_lossless() {
    let database = Database::open_in_memory(Options::new()).unwrap();
    let connection = database.connect().unwrap();
    let mut statement = connection.prepare("SELECT CAST(?1 AS TEXT)").unwrap();
    let mut random: u64 = 0x9e37_79b9_7f4a_7c15;
    for i in 0..20_000 {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let real = match i % 5 {
            0 => f64::from_bits(random),
            1 => (random % 100_000_000) as f64 / 1000.0,
            2 => (random as i64) as f64 / 1e10,
            3 => (random % 1000) as f64 / 7.0,
            _ => f64::from_bits(random & !0xffff_ffff),
        };
        if !real.is_finite() {
            continue;
        }
        let shown = Decimal(real).to_string();
        if real != 0.0 {
            assert_eq!(shown.parse::<f64>().map(f64::to_bits), Ok(real.to_bits()), "{shown}");
        }
        // Beyond that, SQLite's own last digit is not always right.
        if real == 0.0 || (1e-10..1e18).contains(&real.abs()) {
            statement.reset();
            statement.bind(1, ValueRef::Real(real)).unwrap();
            assert!(statement.step().unwrap());
            assert_eq!(statement.column(0).unwrap(), ValueRef::Text(&shown), "{real:e}");
        }
    }
}
