// Writes 200 rows through its own connection, each in its own transaction.

import { workerData } from 'node:worker_threads';
import { load } from 'commensal';
import { drivers } from './environment.mjs';

const { name, path, number } = workerData;
const db = drivers[name].open(path);
drivers[name].rows(db, 'PRAGMA busy_timeout = 30000');
load(db);
for (let x = 0n; x < 200n; x += 1n) {
  drivers[name].rows(db, 'INSERT INTO t VALUES (?, plus(?, 1))', number, x);
}
db.close();
