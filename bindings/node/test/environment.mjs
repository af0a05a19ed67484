// The drivers, and where the tests find other parts of the project.

import { mkdtempSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { execFileSync } from 'node:child_process';
import Database from 'better-sqlite3';
import { load } from 'commensal';

/** The folder of the cases and guests: those in the tree, or built from source. */
export const tree = process.env.COMMENSAL_TREE;
const shellPath = process.env.COMMENSAL_SHELL;

/** The URL of a file in the tree. */
export function inTree(path) {
  return pathToFileURL(join(tree, path));
}

/** What the `commensal` command prints. */
export function shell(...args) {
  return execFileSync(shellPath, args, { encoding: 'utf8', timeout: 60_000 });
}

/** How each driver opens a file, and gives rows as arrays, integers as BigInt. */
export const drivers = {
  'better-sqlite3': {
    open: (path) => new Database(path),
    rows(db, sql, ...values) {
      const statement = db.prepare(sql);
      if (statement.reader) return statement.safeIntegers().raw().all(...values);
      statement.run(...values);
      return [];
    },
  },
  'node:sqlite': {
    open: (path) => new DatabaseSync(path, { allowExtension: true }),
    rows(db, sql, ...values) {
      const statement = db.prepare(sql);
      statement.setReadBigInts(true);
      statement.setReturnArrays(true);
      return statement.all(...values);
    },
  },
};

/**
 * The path of a new database file, and a function that opens one more connection to it and loads
 * Commensal. Both are closed and removed after the test.
 */
export function database(test, driver) {
  const folder = mkdtempSync(join(tmpdir(), 'commensal-test-'));
  const opened = [];
  test.after(() => {
    for (const db of opened) db.close();
    rmSync(folder, { recursive: true });
  });
  const path = join(folder, 'test.db');
  const connect = (settings) => {
    const db = drivers[driver].open(path);
    opened.push(db);
    load(db, settings);
    return db;
  };
  return { path, connect, rows: drivers[driver].rows };
}
