// bench.mjs FILE ROUNDS: times the queries of its input, and defines functions by the driver's own means.
// Prints the query's number, its nanoseconds and its result, for each query of each round.

import { readFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { load } from 'commensal';

const [file, rounds] = process.argv.slice(2);
const db = new Database(file);
load(db);
db.function('own_add', { deterministic: true }, (a, b) => a + b);
db.function('own_upper', { deterministic: true }, (text) => text.toUpperCase());
const queries = readFileSync(0, 'utf8').trimEnd().split('\n');
for (let turn = 0; turn < Number(rounds); turn++) {
  for (let place = 0; place < queries.length; place++) {
    const number = (turn + place) % queries.length;
    const began = process.hrtime.bigint();
    const result = db.prepare(queries[number]).pluck().get();
    console.log(number, String(process.hrtime.bigint() - began), result);
  }
}
db.close();
