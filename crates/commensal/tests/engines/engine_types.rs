//! Types of extensions as types of Turso, if the host asks for that.

use std::path::Path;

use commensal::{Connection, Database};

use crate::support::{check_error, connect, options, value};

const UNITS: &[u8] = include_bytes!("../../../../guests/prebuilt/units.wasm");

fn open(path: &Path, engine_types: bool) -> (Database, Connection) {
    let database = Database::open(path, options().engine_types(engine_types)).unwrap();
    let connection = connect(&database);
    (database, connection)
}

fn prices(connection: &Connection) {
    connection.execute("CREATE EXTENSION units LANGUAGE wasm AS ?", (UNITS,)).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE prices(item TEXT, price money) STRICT;
             INSERT INTO prices VALUES ('coffee', '12 EUR'), ('tea', '4.20 EUR'), ('water', NULL);",
        )
        .unwrap();
}

const FIRST: &str =
    "SELECT item || ' ' || price FROM prices WHERE price IS NOT NULL ORDER BY item LIMIT 1";

#[test]
fn columns_are_written_and_read_in_the_form_of_the_type() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("prices.db");
    {
        let (_database, connection) = open(&path, true);
        prices(&connection);
        assert_eq!(value(&connection, FIRST).unwrap(), "coffee 12.00 EUR".into());
        let error = connection.execute_batch("INSERT INTO prices VALUES ('soup', 'x')");
        check_error(error, "\"x\" is not like '12.50 EUR'");
        // The table's values would have a form that nothing can read.
        let error = connection.execute_batch("DROP EXTENSION units");
        check_error(error, "money");
    }
    let (_database, connection) = open(&path, true);
    assert_eq!(value(&connection, FIRST).unwrap(), "coffee 12.00 EUR".into());
    connection.execute_batch("DROP TABLE prices; DROP EXTENSION units").unwrap();
    let error = connection.execute_batch("CREATE TABLE prices(price money) STRICT");
    check_error(error, "money");
}

#[test]
fn a_type_comes_and_goes_with_its_transaction() {
    let folder = tempfile::tempdir().unwrap();
    let (_database, connection) = open(&folder.path().join("prices.db"), true);
    connection.execute_batch("BEGIN").unwrap();
    prices(&connection);
    connection.execute_batch("ROLLBACK").unwrap();
    let error = connection.execute_batch("CREATE TABLE prices(price money) STRICT");
    check_error(error, "money");
    prices(&connection);
    assert_eq!(value(&connection, FIRST).unwrap(), "coffee 12.00 EUR".into());
}

#[test]
fn without_being_asked_for_types_are_functions_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("prices.db");
    {
        let (_database, connection) = open(&path, false);
        connection.execute("CREATE EXTENSION units LANGUAGE wasm AS ?", (UNITS,)).unwrap();
        assert!(connection.execute_batch("CREATE TABLE prices(price money) STRICT").is_err());
    }
    let (_database, connection) = open(&path, true);
    // It was created without.
    assert!(connection.execute_batch("CREATE TABLE prices(price money) STRICT").is_err());
    connection.execute("CREATE OR REPLACE EXTENSION units LANGUAGE wasm AS ?", (UNITS,)).unwrap();
    let shown = value(&connection, "SELECT money_decode(money('1 EUR'))").unwrap();
    assert_eq!(shown, "1.00 EUR".into());
}
