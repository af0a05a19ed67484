// The package's functions with each driver.

import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import {
  configure, createExtension, createFunction, dropExtension, dropFunction, execute, getLoadablePath,
  load, refresh,
} from 'commensal';
import { database, drivers, inTree, shell } from './environment.mjs';

const arithmetic = inTree('guests/wat/arithmetic.wat');
const version = inTree('guests/wat/version.wat');
const geo = inTree('guests/prebuilt/geo.wasm');
const KM = 'SELECT round(haversine_km(52.52, 13.405, 48.8566, 2.3522))';

test('the path is that of the library', () => {
  assert.ok(statSync(getLoadablePath()).isFile());
});

test('node:sqlite has to permit extensions', () => {
  const db = new DatabaseSync(':memory:');
  assert.throws(() => load(db), /allowExtension: true/);
  db.close();
  assert.throws(() => load(db), /not open/);
});

test('a driver without extensions is named', () => {
  assert.throws(() => load({ prepare() {} }), /no loadExtension\(\): use better-sqlite3, node:sqlite or bun:sqlite/);
});

for (const name of Object.keys(drivers)) {
  const on = (title, body) => test(`${name}: ${title}`, (context) => body(database(context, name)));

  on('loading twice is harmless', ({ connect, rows }) => {
    const db = connect();
    createFunction(db, 'square', arithmetic);
    load(db);
    load(db, { call_timeout_ms: 100 });
    assert.deepEqual(rows(db, 'SELECT square(12)'), [[144n]]);
  });

  on('settings are the host’s', ({ connect, rows }) => {
    const db = connect({ allow: 'clock', call_timeout_ms: 60 });
    createExtension(db, 'host', inTree('guests/prebuilt/host.wasm'), { allow: 'clock,random' });
    assert.ok(rows(db, 'SELECT unix_seconds()')[0][0] > 1_700_000_000);
    assert.throws(() => rows(db, 'SELECT random_bytes(1)'), /capability "random"/);
    createFunction(db, 'loop_forever', inTree('guests/evil/loop_forever.wat'));
    assert.throws(() => rows(db, 'SELECT loop_forever()'), /timeout_ms = 60/);
    for (const looser of [{ allow: 'clock,random' }, { call_timeout_ms: 61 }, { locked: 0 }]) {
      assert.throws(() => configure(db, looser), /loosen|unlock/);
    }
    configure(db, { call_timeout_ms: 50 });
    assert.deepEqual(rows(db, "SELECT wasm_config('call_timeout_ms')"), [[50n]]);
    assert.throws(() => load(db, { no_such_setting: 1 }), /no_such_setting/);
    assert.deepEqual(rows(db, "SELECT wasm_config('locked')"), [[1n]]);
  });

  on('guard pages and V8 share the signals', ({ connect, rows }) => {
    const db = connect({ guard_pages: 1 });
    createFunction(db, 'square', arithmetic);
    createFunction(db, 'trap_load_outside', inTree('guests/evil/trap_load_outside.wat'));
    // V8's own guard pages: a function that loads from the address that it is given.
    const bytes = [
      0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 127, 1, 127, 3, 2, 1, 0, 5, 3, 1, 0, 1, 7, 8, 1, 4,
      108, 111, 97, 100, 0, 0, 10, 9, 1, 7, 0, 32, 0, 40, 2, 0, 11,
    ];
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(bytes)));
    for (let round = 0; round < 3; round += 1) {
      assert.throws(() => rows(db, 'SELECT trap_load_outside()'), /out of bounds memory access/);
      assert.throws(() => exports.load(1 << 30), /memory access out of bounds/);
      assert.equal(exports.load(8), 0);
      assert.deepEqual(rows(db, 'SELECT square(12)'), [[144n]]);
    }
  });

  on('modules from everywhere', ({ connect, rows }) => {
    const db = connect();
    const module = readFileSync(geo);
    const inside = new Uint8Array([0, ...module, 0]).subarray(1, module.length + 1);
    for (const source of [arithmetic, readFileSync(arithmetic, 'utf8'), geo, module, inside]) {
      createExtension(db, 'e', source, { replace: true });
    }
    assert.deepEqual(rows(db, KM), [[877]]);
  });

  on('a path as text is not taken for a module', ({ path, connect }) => {
    const db = connect();
    const file = `${path}-module`;
    writeFileSync(file, '(module)');
    for (const text of ['geo.wasm', 'my modules (old)/GEO.WAT', file]) {
      assert.throws(() => createExtension(db, 'e', text), (error) => {
        const quoted = JSON.stringify(text);
        assert.equal(error.name, 'TypeError');
        assert.ok(error.message.includes(`${quoted} is a path, and a string is the text of a module`));
        assert.ok(error.message.includes(`pathToFileURL(${quoted})`));
        return true;
      });
    }
    // Text that is not a path is for Commensal to judge.
    for (const text of ['no module', ' ;; one.wat\n(module)', ';; a.wat', '(module) ;; of geo.wasm', 'a\n.wasm', '']) {
      assert.throws(() => createFunction(db, 'f', text), (error) => error.name !== 'TypeError');
    }
  });

  on('values of every class', ({ connect, rows }) => {
    const db = connect();
    createFunction(db, 'identity', inTree('guests/wat/identity.wat'));
    for (const value of [null, -(2n ** 63n), 2n ** 63n - 1n, 0.1, -1e300, '', 'ä\0漢']) {
      assert.deepEqual(rows(db, 'SELECT identity(?)', value), [[value]]);
    }
    const [[bytes]] = rows(db, 'SELECT identity(?)', Buffer.from([0, 255]));
    assert.deepEqual([...bytes], [0, 255]);
  });

  on('names, exports and options', ({ connect, rows }) => {
    const db = connect();
    const odd = `it's "quoted"; -- ?1`;
    const options = { timeoutMs: 5, fuel: 6n, memoryMb: 7, allow: 'log' };
    createFunction(db, odd, arithmetic, { export: 'square', deterministic: true, ...options });
    const [[found, exported, deterministic, json]] = rows(
      db, 'SELECT name, export, deterministic, options FROM wasm_functions',
    );
    assert.deepEqual([found, exported, deterministic], [odd, 'square', 1n]);
    assert.deepEqual(JSON.parse(json), { timeout_ms: 5, fuel: 6, memory_mb: 7, allow: 'log' });
    assert.throws(() => createFunction(db, 'f', arithmetic, { export: "it's none" }), /it's none/);
    assert.throws(() => createFunction(db, 'f', arithmetic, { timeout: 5 }), /options: timeout/);
    dropFunction(db, odd);
    assert.deepEqual(rows(db, 'SELECT * FROM wasm_functions'), []);
  });

  for (const [create, drop] of [[createFunction, dropFunction], [createExtension, dropExtension]]) {
    on(`${create.name}, ${drop.name}: existing and missing`, ({ connect }) => {
      const db = connect();
      create(db, 'square', arithmetic);
      assert.throws(() => create(db, 'square', arithmetic), /already exists/);
      create(db, 'square', 'no module at all', { ifNotExists: true });
      create(db, 'square', arithmetic, { replace: true });
      drop(db, 'square');
      assert.throws(() => drop(db, 'square'), /no such/);
      drop(db, 'square', { ifExists: true });
    });
  }

  on('what depends on a function', ({ connect, rows }) => {
    const db = connect();
    createExtension(db, 'arithmetic', arithmetic);
    db.exec('CREATE TABLE t(x); CREATE INDEX squares ON t(square(x))');
    const other = `${readFileSync(arithmetic, 'utf8')} `;
    const replace = (options) => createExtension(db, 'arithmetic', other, { replace: true, ...options });
    assert.throws(() => replace(), /squares/);
    replace({ cascadeReindex: true });
    assert.throws(() => dropExtension(db, 'arithmetic'), /squares/);
    dropExtension(db, 'arithmetic', { cascadeReindex: true });
    assert.deepEqual(rows(db, "SELECT name FROM sqlite_schema WHERE name = 'squares'"), []);
  });

  on('definitions belong to the transaction, and reach other connections', ({ connect, rows }) => {
    const [one, other] = [connect(), connect()];
    one.exec('BEGIN');
    createFunction(one, 'ver', version, { export: 'v1' });
    assert.deepEqual(rows(one, 'SELECT ver()'), [[1n]]);
    one.exec('ROLLBACK');
    assert.throws(() => rows(one, 'SELECT ver()'), /no such function/);

    createFunction(one, 'ver', version, { export: 'v1' });
    assert.throws(() => rows(other, 'SELECT ver()'), /no such function/);
    refresh(other);
    assert.deepEqual(rows(other, 'SELECT ver()'), [[1n]]);
    createFunction(one, 'ver', version, { export: 'v2', replace: true });
    assert.deepEqual(rows(other, 'SELECT ver()'), [[2n]]);
    dropFunction(one, 'ver');
    assert.throws(() => rows(other, 'SELECT ver()'), /no such function/);
  });

  on('statements with parameters', ({ connect, rows }) => {
    const db = connect();
    execute(db, 'CREATE FUNCTION square LANGUAGE wasm AS :module', readFileSync(arithmetic, 'utf8'));
    assert.deepEqual(rows(db, 'SELECT square(4)'), [[16n]]);
    for (const [sql, ...values] of [['SELECT 1'], ['DROP FUNCTION square', 1n], ['DROP FUNCTION ?']]) {
      assert.throws(() => execute(db, sql, ...values), /wasm_exec|parameter|name/);
    }
  });

  on('files go to the shell and come back', ({ path, connect, rows }) => {
    shell(path, `CREATE EXTENSION geo LANGUAGE wasm AS '${geo}'`, 'CREATE TABLE t(name)');
    const db = connect();
    assert.deepEqual(rows(db, KM), [[877]]);
    createFunction(db, 'loud', inTree('guests/wat/text.wat'), { export: 'shout', deterministic: true });
    db.exec("CREATE INDEX by_loud ON t(loud(name)); INSERT INTO t VALUES ('ada')");
    assert.equal(shell(path, "SELECT name FROM t WHERE loud(name) = 'ADA'"), 'ada\n');
    assert.equal(shell(path, "SELECT name FROM wasm_functions WHERE extension IS NULL"), 'loud\n');
    assert.equal(shell(path, 'PRAGMA integrity_check'), 'ok\n');
  });

  on('workers have connections of their own', async ({ path, connect, rows }) => {
    const db = connect();
    assert.deepEqual(rows(db, 'PRAGMA journal_mode = wal'), [['wal']]);
    createExtension(db, 'arithmetic', arithmetic);
    db.exec('CREATE TABLE t(worker, x CHECK (square(x) >= 0)); CREATE INDEX squares ON t(square(x))');
    const file = new URL('worker.mjs', import.meta.url);
    const workers = [1, 2, 3].map((number) => new Worker(file, { workerData: { name, path, number } }));
    const ended = workers.map((worker) => new Promise((resolve, reject) => {
      worker.on('error', reject);
      worker.on('exit', resolve);
    }));
    assert.deepEqual(await Promise.all(ended), [0, 0, 0]);
    assert.deepEqual(rows(db, 'SELECT count(*) FROM t WHERE square(x) = 100 * 100'), [[3n]]);
    assert.deepEqual(rows(db, 'PRAGMA integrity_check'), [['ok']]);
  });
}
