// The package in Bun, whose driver is bun:sqlite. npm installs Bun where it has one for the platform.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inTree, shell, tree } from './environment.mjs';

const bun = fileURLToPath(new URL('node_modules/@oven/bun-linux-x64/bin/bun', import.meta.url));

/** Runs a program in a folder of its own beside the tests, where the packages are found. */
function run(context, program) {
  const folder = mkdtempSync(fileURLToPath(new URL('bun-', import.meta.url)));
  context.after(() => rmSync(folder, { recursive: true }));
  symlinkSync(join(tree, 'guests'), join(folder, 'guests'));
  writeFileSync(join(folder, 'program.mjs'), program);
  const output = execFileSync(bun, ['program.mjs'], { cwd: folder, encoding: 'utf8', timeout: 60_000 });
  return { folder, output };
}

if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.log('Bun is tried on Linux, x86-64, only');
} else {
  test('Bun is installed', () => assert.ok(existsSync(bun)));

  test('the example runs in Bun', (context) => {
    const page = readFileSync(process.env.COMMENSAL_DOCS, 'utf8');
    const examples = [...page.matchAll(/^```js bun\n(.*?)^```$/gms)].map(([, example]) => example);
    assert.equal(examples.length, 1);
    const { folder } = run(context, examples[0]);
    assert.equal(shell(join(folder, 'places.db'), 'SELECT name FROM wasm_extensions'), 'geo\n');
  });

  test('settings, faults and values in Bun', (context) => {
    const { output } = run(context, `
      import { Database } from 'bun:sqlite';
      import { configure, createFunction, dropFunction, load, refresh } from 'commensal';

      const db = new Database('test.db');
      load(db, { call_timeout_ms: 60, allow: 'clock' });
      const failure = (action) => {
        try {
          return action();
        } catch (error) {
          return error.message;
        }
      };
      const answer = (sql, ...values) => Object.values(db.prepare(sql).get(...values))[0];
      createFunction(db, 'loop_forever', new URL('${inTree('guests/evil/loop_forever.wat')}'));
      createFunction(db, 'identity', new URL('${inTree('guests/wat/identity.wat')}'));
      console.log(failure(() => answer('SELECT loop_forever()')));
      console.log(failure(() => configure(db, { call_timeout_ms: 61 })));
      console.log(failure(() => load({})));
      console.log(JSON.stringify([null, 12, 0.5, 'ä漢'].map((value) => answer('SELECT identity(?)', value))));
      const other = new Database('test.db');
      load(other);
      dropFunction(other, 'loop_forever');
      refresh(db);
      console.log(failure(() => answer('SELECT loop_forever()')));
    `);
    const lines = output.trimEnd().split('\n');
    const expected = [
      /exceeded the limit timeout_ms = 60/, /loosen/, /no loadExtension\(\)/, /^\[null,12,0\.5,"ä漢"\]$/,
      /no such function: loop_forever/,
    ];
    assert.equal(lines.length, expected.length, output);
    expected.forEach((pattern, i) => assert.match(lines[i], pattern));
  });

  test('on macOS, Bun’s error names the way out', (context) => {
    // A library that cannot be loaded, on a platform that only says it is macOS.
    const library = fileURLToPath(new URL('node_modules/commensal-darwin-x64', import.meta.url));
    mkdirSync(library);
    context.after(() => rmSync(library, { recursive: true }));
    writeFileSync(join(library, 'libcommensal.dylib'), '');
    const { output } = run(context, `
      import { Database } from 'bun:sqlite';
      import { load } from 'commensal';

      Object.defineProperty(process, 'platform', { value: 'darwin' });
      try {
        load(new Database(':memory:'));
      } catch (error) {
        console.log(error.message);
      }
    `);
    assert.match(output, /Before the first database is opened, name one that can.*setCustomSQLite/);
  });
}
