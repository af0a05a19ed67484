// host.mjs FILE MODULE: runs the scripts of bindings/hosts on a file. With a module, it stores that first.

import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { createExtension, load } from 'commensal';

const [file, module] = process.argv.slice(2);
const db = new DatabaseSync(file, { allowExtension: true });
load(db);
if (module) createExtension(db, 'geo', readFileSync(module));
for (const statement of readFileSync(0, 'utf8').split(';\n')) {
  if (statement.trim() === '') continue;
  for (const row of db.prepare(statement).all()) console.log(Object.values(row).join('|'));
}
db.close();
