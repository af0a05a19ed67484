"""A definition that replaces a built-in function, in a program with its own driver.

    python3 replaced.py EXTENSION

Ends with 0 if only the host can permit it, and the function is replaced and given up as documented.
"""

import sqlite3
import sys

MODULE = r"""(module
  (memory (export "memory") 2)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 1024))
  (data (i32.const 512) "\01\00\00\00\00\00\00\00\07\00\00\00\00\00\00\00")
  (func (export "seven") (param i32 i32) (result i32) (i32.const 512))
  (@custom "commensal"
    "{\"abi\":1}\n"
    "{\"function\":{\"name\":\"lower\",\"export\":\"seven\",\"params\":[\"text\"],\"deterministic\":true}}\n"))"""


def error_of(connection, sql):
    try:
        connection.execute(sql).fetchall()
    except sqlite3.OperationalError as error:
        return str(error)
    raise AssertionError(f"{sql} succeeded")


def main(extension):
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.enable_load_extension(True)
    connection.load_extension(extension)
    one = lambda sql, *values: connection.execute(sql, values).fetchone()[0]
    # The texts differ, because the driver keeps prepared statements.
    notice = lambda number: one(f"SELECT {number} FROM temp.wasm_functions UNION SELECT 0")
    create = "SELECT wasm_exec('CREATE EXTENSION other LANGUAGE wasm AS ?', ?)"

    assert "can only be tightened" in error_of(connection, "SELECT wasm_config('replace', 'lower')")
    connection.execute("SELECT load_extension(?, 'sqlite3_commensal_config_init')", (extension,))
    assert "cannot be replaced" in error_of(connection, "SELECT wasm_config('replace', 'typeof')")
    assert one("SELECT wasm_config('replace', 'Lower')") == "lower"

    one(create, MODULE)
    notice(1)
    assert one("SELECT lower('A')") == 7
    assert one("SELECT status FROM wasm_functions WHERE name = 'lower'") == "ok"

    # Without the permission, the definition stays and is not called.
    assert one("SELECT wasm_config('replace', NULL)") == ""
    one("SELECT wasm_refresh()")
    notice(2)
    assert "once the database is opened anew" in error_of(connection, "SELECT lower('B')")
    assert one("SELECT status FROM wasm_functions WHERE name = 'lower'").startswith("shadowed")


main(sys.argv[1])
