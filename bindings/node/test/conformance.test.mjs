// The project's cases, on drivers with SQLite libraries of their own.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { database, drivers, tree } from './environment.mjs';
import { parse, run, runRecord, text } from './slt.mjs';

const folder = join(tree, 'conformance');
const cases = readdirSync(folder).filter((name) => name.endsWith('.slt')).sort();
assert.ok(cases.length > 30);

for (const [name, driver] of Object.entries(drivers)) {
  for (const file of cases) {
    test(`${name}: ${file}`, (context) => {
      const { connect, rows } = database(context, name);
      const [[runtime]] = rows(connect(), "SELECT wasm_config('runtime')");
      const cases = readFileSync(join(folder, file), 'utf8');
      const { count, failures } = run(cases, new Set(['sqlite', runtime]), driver, () =>
        connect({ file_base: folder, allow: 'sql_read,sql_write' }),
      );
      assert.ok(count > 0);
      assert.equal(failures.length, 0, failures.join('\n\n'));
    });
  }

  test(`${name}: the runner notices what has to fail`, (context) => {
    const db = database(context, name).connect();
    for (const [record, failure] of Object.entries({
      'query I\nSELECT 1\n----\n2': 'rows',
      'query I\nSELECT 1\n----\n1 ': 'rows',
      'query I\nSELECT 1\n----': 'rows',
      'query T\nSELECT 1\n----\n1': 'types T',
      'query II\nSELECT 1\n----\n1': '1 columns',
      'query error nothing\nSELECT no_such()\n': 'another error',
      'statement error\nSELECT 1': 'expected',
      'statement ok\nSELECT no_such()': 'no such function',
      'query I\nSELECT 1; SELECT 2; -- ;\n----\n1': 'rows',
    })) {
      const [parsed] = parse(record, new Set());
      assert.ok(runRecord(parsed, driver, db)?.includes(failure), record);
    }
  });
}

test('values', () => {
  for (const [value, expected] of [
    [1, '1.0'], [-0, '-0.0'], [49.47, '49.47'], [1e16, '10000000000000000.0'], [-120, '-120.0'],
    [1e17, '1.0e+17'], [1.5e300, '1.5e+300'], [0.0001, '0.0001'], [1.25e-5, '1.25e-05'],
    [-Infinity, '-Inf'], ['', '(empty)'], ['a\\\0\t\x1b\x9b', 'a\\\\0\\t\\u{1b}\\u{9b}'],
    [Buffer.from([10, 255]), "X'0AFF'"], [null, 'NULL'], [-(2n ** 63n), '-9223372036854775808'],
  ]) {
    assert.equal(text(value), expected);
  }
});
