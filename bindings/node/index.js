// Commensal for SQLite drivers of Node: the path of the loadable extension for this platform, and
// shorthands for its SQL. Uses only what better-sqlite3, node:sqlite and bun:sqlite have in common.
'use strict';

const { readFileSync, statSync } = require('node:fs');
const { isDeepStrictEqual } = require('node:util');

/** SQLite derives the name of the entry point from the name of the file. */
const LIBRARY = { darwin: 'libcommensal.dylib', win32: 'commensal.dll' };
/** The entry point that can loosen settings; SQL cannot reach it. */
const CONFIG_ENTRY_POINT = 'sqlite3_commensal_config_init';

function getLoadablePath() {
  const platform = `${process.platform}-${process.arch}`;
  const file = LIBRARY[process.platform] ?? 'libcommensal.so';
  try {
    return require.resolve(`commensal-${platform}/${file}`);
  } catch (cause) {
    const message =
      `commensal: the package commensal-${platform} is not installed. It is an optional dependency: ` +
      'either there is none for this platform, or npm was told to omit optional dependencies';
    throw new Error(message, { cause });
  }
}

function load(db, settings = {}) {
  if (typeof db.loadExtension !== 'function') {
    const message =
      'commensal: this connection cannot load SQLite extensions, because its driver has no ' +
      'loadExtension(): use better-sqlite3, node:sqlite or bun:sqlite';
    throw new TypeError(message);
  }
  const path = getLoadablePath();
  try {
    db.loadExtension(path);
  } catch (cause) {
    const wayOut = wayOutOf(db, cause);
    if (wayOut === undefined) throw cause;
    throw new Error(`commensal: ${cause.message}. ${wayOut}`, { cause });
  }
  if (Object.keys(settings).length === 0) return;
  db.loadExtension(path, CONFIG_ENTRY_POINT);
  try {
    configure(db, settings);
  } finally {
    configure(db, { locked: 1 });
  }
}

/** What to do about a driver that refuses to load; undefined if it does not refuse. */
function wayOutOf(db, cause) {
  if (cause?.code === 'ERR_INVALID_STATE' && db.isOpen !== false) {
    return 'With node:sqlite, open the database with new DatabaseSync(path, { allowExtension: true })';
  }
  if (process.versions.bun !== undefined && process.platform === 'darwin') {
    return (
      'On macOS, Bun uses the SQLite of the system, which cannot load extensions. Before the first ' +
      'database is opened, name one that can, such as Homebrew’s: import { Database } from ' +
      "'bun:sqlite'; Database.setCustomSQLite('/opt/homebrew/opt/sqlite/lib/libsqlite3.dylib')"
    );
  }
  return undefined;
}

function configure(db, settings) {
  for (const [name, value] of Object.entries(settings)) {
    // Drivers bind a JavaScript number as a real.
    run(db, 'SELECT wasm_config(?, ?)', name, Number.isInteger(value) ? BigInt(value) : value);
  }
}

function createFunction(db, name, wasm, options = {}) {
  const { export: exported, deterministic, ...others } = options;
  const clauses = [];
  if (exported !== undefined) clauses.push(`EXPORT ${quoted(exported, "'")}`);
  if (deterministic) clauses.push('DETERMINISTIC');
  create(db, 'FUNCTION', name, wasm, clauses, others);
}

function createExtension(db, name, wasm, options = {}) {
  const { prefix, without, ...others } = options;
  create(db, 'EXTENSION', name, wasm, [], others, { prefix, without });
}

function create(db, kind, name, wasm, clauses, options, names = {}) {
  const { replace, ifNotExists, cascadeReindex, timeoutMs, fuel, memoryMb, allow, ...unknown } = options;
  if (!isDeepStrictEqual(unknown, {})) {
    throw new TypeError(`commensal: unknown options: ${Object.keys(unknown).join(', ')}`);
  }
  const limits = Object.entries({ timeout_ms: timeoutMs, fuel, memory_mb: memoryMb })
    .filter(([, limit]) => limit !== undefined)
    .map(([limit, value]) => `${limit} = ${BigInt(value)}`);
  for (const [option, text] of Object.entries({ allow, ...names })) {
    if (text !== undefined) limits.push(`${option} = ${quoted(text, "'")}`);
  }
  const words = [
    replace ? 'CREATE OR REPLACE' : 'CREATE',
    kind,
    ifNotExists ? 'IF NOT EXISTS' : '',
    quoted(name),
    'LANGUAGE wasm AS ?',
    ...clauses,
    limits.length > 0 ? `WITH (${limits.join(', ')})` : '',
    cascadeReindex ? 'CASCADE REINDEX' : '',
  ];
  execute(db, words.join(' '), source(wasm));
}

/** The module as a value for SQLite: text, or bytes in the one type that all drivers take. */
function source(wasm) {
  if (typeof wasm === 'string' && isPath(wasm)) {
    const path = JSON.stringify(wasm);
    const message =
      `commensal: ${path} is a path, and a string is the text of a module (WAT): pass ` +
      `pathToFileURL(${path}) of node:url, or new URL(${path}, import.meta.url)`;
    throw new TypeError(message);
  }
  if (typeof wasm === 'string') return wasm;
  if (!(wasm instanceof URL)) return Buffer.from(wasm.buffer, wasm.byteOffset, wasm.byteLength);
  const file = readFileSync(wasm);
  return file.subarray(0, 4).equals(Buffer.from('\0asm')) ? file : file.toString();
}

function isPath(text) {
  // WebAssembly text begins with a parenthesis or a comment.
  if (text.includes('\n') || /^\s*(\(|;;)/.test(text)) return false;
  if (/\.(wasm|wat)$/i.test(text)) return true;
  try {
    return statSync(text).isFile();
  } catch {
    return false;
  }
}

function dropFunction(db, name, options = {}) {
  drop(db, 'FUNCTION', name, options);
}

function dropExtension(db, name, options = {}) {
  drop(db, 'EXTENSION', name, options);
}

function drop(db, kind, name, { ifExists = false, cascadeReindex = false }) {
  const condition = ifExists ? 'IF EXISTS ' : '';
  execute(db, `DROP ${kind} ${condition}${quoted(name)}${cascadeReindex ? ' CASCADE REINDEX' : ''}`);
}

function execute(db, sql, ...values) {
  run(db, `SELECT wasm_exec(?${', ?'.repeat(values.length)})`, sql, ...values);
}

function refresh(db) {
  run(db, 'SELECT wasm_refresh()');
  // SQLite learns which functions no longer exist only when it prepares a statement that names this.
  run(db, 'SELECT 1 FROM temp.wasm_functions LIMIT 0');
}

function run(db, sql, ...values) {
  db.prepare(sql).all(...values);
}

function quoted(text, quote = '"') {
  return quote + text.replaceAll(quote, quote + quote) + quote;
}

module.exports = {
  configure,
  createExtension,
  createFunction,
  dropExtension,
  dropFunction,
  execute,
  getLoadablePath,
  load,
  refresh,
};
