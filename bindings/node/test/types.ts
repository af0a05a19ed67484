// Compiled, not run: the types fit both drivers and refuse mistakes.

import Database from 'better-sqlite3';
import { DatabaseSync } from 'node:sqlite';
import * as commensal from 'commensal';

for (const db of [new Database('a.db'), new DatabaseSync('a.db', { allowExtension: true })]) {
  commensal.load(db);
  commensal.load(db, { call_timeout_ms: 50, allow: 'log,clock', file_directory: null, fuel: 1_000n });
  commensal.createFunction(db, 'f', new URL('f.wasm', import.meta.url), { export: 'g', replace: true });
  commensal.createExtension(db, 'e', new Uint8Array(), { memoryMb: 4, ifNotExists: true });
  commensal.dropExtension(db, 'e', { ifExists: true });
  commensal.execute(db, 'DROP FUNCTION f');
  commensal.refresh(db);

  // @ts-expect-error an extension has many exports
  commensal.createExtension(db, 'e', '(module)', { export: 'g' });
  // @ts-expect-error a path is a URL, a string is a module's text
  commensal.createFunction(db, 'f', { path: 'f.wasm' });
  // @ts-expect-error a limit is a number
  commensal.load(db, { call_timeout_ms: 'short' });
}

const path: string = commensal.getLoadablePath();
void path;
