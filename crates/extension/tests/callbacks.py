"""Callbacks of a program, while guests run for long: an authorizer, a trace callback.

    python3 callbacks.py EXTENSION

Before SQLite 3.41 no function tells whether the program has interrupted what runs. Whatever asks instead must reach no
callback, and must ask nothing in rollback, disconnect and close. Ends with 0 if that is so.
"""

import sqlite3
import sys
import threading
import time

#: A virtual table whose `rollback` and `disconnect` take as long as they may, and a function that does.
MODULE = r"""(module
  (import "commensal" "declare_vtab" (func $declare (param i32 i32) (result i32)))
  (memory (export "memory") 2)
  (global $top (mut i32) (i32.const 4096))
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 65536))
  (data (i32.const 256) "CREATE TABLE x(a)")
  (data (i32.const 512) "\01\00\00\00\00\00\00\00\01\00\00\00\00\00\00\00")
  (func $one (param i32 i32) (result i32) (i32.const 512))
  (func $none (param i32 i32) (result i32) (i32.const 0))
  (func $forever (param i32 i32) (result i32) (loop (br 0)) (unreachable))
  (func $connect (param i32 i32) (result i32)
    (drop (call $declare (i32.const 256) (i32.const 17))) (i32.const 512))
  (export "connect" (func $connect)) (export "one" (func $one)) (export "none" (func $none))
  (export "forever" (func $forever))
  (@custom "commensal"
    "{\"abi\":1}\n"
    "{\"function\":{\"name\":\"forever\",\"export\":\"forever\",\"params\":[]}}\n"
    "{\"table\":{\"name\":\"slow\",\"connect\":\"connect\",\"disconnect\":\"forever\",\"best_index\":\"none\",\"open\":\"one\",\"filter\":\"none\",\"next\":\"none\",\"close\":\"none\",\"update\":\"one\",\"begin\":\"none\",\"sync\":\"none\",\"commit\":\"none\",\"rollback\":\"forever\"}}\n"))"""


class Program:
    """A connection with the extension, and what its callbacks saw since the last look."""

    def __init__(self, extension, call_timeout_ms=300):
        self.connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self.connection.enable_load_extension(True)
        self.connection.load_extension(extension)
        self.connection.enable_load_extension(False)
        if call_timeout_ms:
            self.connection.execute("SELECT wasm_config('call_timeout_ms', ?)", (call_timeout_ms,))
        self.connection.execute("SELECT wasm_exec('CREATE EXTENSION slow LANGUAGE wasm AS ?', ?)", (MODULE,))
        self.connection.execute("CREATE VIRTUAL TABLE t USING slow")
        self.connection.execute("BEGIN")
        self.connection.execute("INSERT INTO t VALUES (1)")
        self.seen = []
        self.connection.set_authorizer(self.authorize)
        self.connection.set_trace_callback(lambda sql: self.seen.append(("trace", sql)))

    def authorize(self, *arguments):
        self.seen.append(("authorize", *arguments))
        return sqlite3.SQLITE_OK

    def take(self):
        seen, self.seen = self.seen, []
        return seen


def check(name, seen, allowed):
    """Fails if a callback saw another statement than these, or one of them was compiled again."""
    traced = [one[1] for one in seen if one[0] == "trace"]
    assert traced == allowed, f"{name}: {seen}"
    assert len(seen) <= 2 * len(allowed), f"{name}: {seen}"


def main(extension):
    program = Program(extension)
    # A call that takes long, and looks many times whether it is interrupted.
    try:
        program.connection.execute("SELECT forever()")
        raise AssertionError("it ended")
    except sqlite3.OperationalError as error:
        assert "timeout_ms" in str(error), error
    # The statement looks at the definitions once, before the call. The call itself shows nothing.
    seen = program.take()
    assert len(seen) < 100 and seen.count(("trace", "-- SELECT 1")) == 0, seen

    # An interrupt still ends a call, long before its time is over.
    patient = Program(extension, call_timeout_ms=None)
    done = threading.Event()

    def interrupt():
        while not done.wait(0.05):
            patient.connection.interrupt()

    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        patient.connection.execute("SELECT forever()")
        raise AssertionError("it ended")
    except sqlite3.OperationalError as error:
        assert "interrupt" in str(error), error
    finally:
        done.set()
        thread.join()

    # A rollback, in the middle of which SQLite must not be asked for anything.
    begun = time.monotonic()
    program.connection.execute("ROLLBACK")
    assert time.monotonic() - begun > 0.25, "the guest was not called"
    check("rollback", program.take(), ["ROLLBACK"])
    program.connection.execute("BEGIN")
    program.connection.execute("INSERT INTO t VALUES (1)")
    program.take()
    # The connection is closed with the transaction open: rollback, then disconnect.
    begun = time.monotonic()
    program.connection.close()
    assert time.monotonic() - begun > 0.25, "the guest was not called"
    check("close", program.take(), [])

    # And collected.
    program = Program(extension)
    seen = program.seen
    program.connection = None
    check("collected", seen, [])


main(sys.argv[1])
