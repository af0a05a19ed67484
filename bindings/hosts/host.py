"""host.py FILE [MODULE]: runs the scripts of bindings/hosts on a file. With a module, it stores that first."""

import sqlite3
import sys
from pathlib import Path

import commensal

file, *module = sys.argv[1:]
connection = sqlite3.connect(file, isolation_level=None)
commensal.load(connection)
if module:
    commensal.create_extension(connection, "geo", Path(module[0]))
for statement in sys.stdin.read().split(";\n"):
    for row in connection.execute(statement):
        print(*row, sep="|")
connection.close()
