"""bench.py FILE ROUNDS: times the queries of its input, and defines functions by the driver's own means.

Prints the query's number, its nanoseconds and its result, for each query of each round.
"""

import sqlite3
import sys
import time

import commensal

file, rounds = sys.argv[1], int(sys.argv[2])
connection = sqlite3.connect(file)
commensal.load(connection)
connection.create_function("own_add", 2, lambda a, b: a + b, deterministic=True)
connection.create_function("own_upper", 1, lambda text: text.upper(), deterministic=True)
queries = sys.stdin.read().splitlines()
for turn in range(rounds):
    for place in range(len(queries)):
        number = (turn + place) % len(queries)
        began = time.perf_counter_ns()
        ((result,),) = connection.execute(queries[number]).fetchall()
        print(number, time.perf_counter_ns() - began, int(result))
connection.close()
