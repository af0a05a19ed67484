"""Guests' faults beside Python's faulthandler, which has signal handlers of its own.

    python3 faulthandler.py EXTENSION

Ends with 0 when every fault is an error of SQL, and the handlers are still Python's, or, with guard pages, pass
on what is Python's.
"""

import faulthandler
import os
import sqlite3
import subprocess
import sys
import threading

MODULE = """(module (memory (export "memory") 1) (data (i32.const 512) "\\01")
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 1024))
  (func (export "seven") (param i32 i32) (result i32)
    (i64.store (i32.const 520) (i64.const 7)) (i32.const 512))
  (func (export "trap") (param i32 i32) (result i32) (unreachable))
  (func (export "divide") (param i32 i32) (result i32) (i32.div_s (i32.const 1) (local.get 0)))
  (func (export "read") (param i32 i32) (result i32) (i32.load (i32.const -8)))
  (func $recurse (export "recurse") (param i32 i32) (result i32)
    (call $recurse (local.get 0) (i32.add (local.get 1) (i32.const 1))))
  (func (export "loop") (param i32 i32) (result i32) (loop (br 0)) (unreachable)))"""

FAULTS = {
    "trap": "trap: unreachable",
    "divide": "trap: integer divide by zero",
    "read": "trap: out of bounds memory access",
    "recurse": "for the stack",
    "loop": "timeout_ms = 50",
}


def connect(extension, guard_pages):
    connection = sqlite3.connect(":memory:")
    connection.enable_load_extension(True)
    connection.load_extension(extension)
    if guard_pages:
        sql = "SELECT load_extension(?, 'sqlite3_commensal_config_init')"
        connection.execute(sql, (extension,)).fetchall()
    connection.enable_load_extension(False)
    sql = "SELECT wasm_config('guard_pages', ?)"
    assert connection.execute(sql, (guard_pages,)).fetchone() == (guard_pages,)
    connection.execute("SELECT wasm_config('call_timeout_ms', 50)")
    for name in ["seven", *FAULTS]:
        sql = f"CREATE FUNCTION my_{name} LANGUAGE wasm AS ? EXPORT {name}"
        connection.execute("SELECT wasm_exec(?, ?)", (sql, MODULE)).fetchall()
    return connection


def check(extension, guard_pages):
    connection = connect(extension, guard_pages)
    for name, message in FAULTS.items():
        try:
            connection.execute(f"SELECT my_{name}()").fetchall()
        except sqlite3.OperationalError as error:
            assert message in str(error), error
        else:
            raise AssertionError(f"{name} did not fail")
        assert connection.execute("SELECT my_seven()").fetchone() == (7,)
    connection.close()


def main(extension, guard_pages):
    faulthandler.enable()
    check(extension, guard_pages)
    assert faulthandler.is_enabled()
    threads = [threading.Thread(target=check, args=(extension, guard_pages)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # A child of the process uses it too.
    child = os.fork()
    if child == 0:
        check(extension, guard_pages)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def crash(extension, guard_pages):
    """A real fault of the process, after guests' faults, is still Python's to report."""
    faulthandler.enable()
    check(extension, guard_pages)
    faulthandler._sigsegv()


def too_late(extension, guard_pages):
    """Handlers that come after Wasmtime's would get guests' faults first. So guests use no guard pages then."""
    check(extension, guard_pages)
    faulthandler.enable()
    check(extension, guard_pages)


def run(extension, scenario, guard_pages):
    command = [sys.executable, __file__, extension, scenario, str(guard_pages)]
    return subprocess.run(command, capture_output=True, timeout=120)


if len(sys.argv) > 2:
    globals()[sys.argv[2]](sys.argv[1], int(sys.argv[3]))
    sys.exit()
for guard_pages in [0, 1]:
    well = run(sys.argv[1], "main", guard_pages)
    assert (well.returncode, well.stderr) == (0, b""), well
    crashed = run(sys.argv[1], "crash", guard_pages)
    assert crashed.returncode == -11, crashed
    assert b"Fatal Python error: Segmentation fault" in crashed.stderr, crashed
    late = run(sys.argv[1], "too_late", guard_pages)
    assert (late.returncode, late.stderr) == (0, b""), late
