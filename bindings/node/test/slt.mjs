// Runs the project's cases, sqllogictest files, through a driver of Node, as strictly as `commensal test
// --strict` does. The documentation of crates/conformance says what the files may contain. This runner
// does not know what they test.
//
// A program with its own driver has to do some things that Rust's facade does by itself. They are done
// here as docs/extension.md says.

import { execute, refresh } from 'commensal';

const SQLITE_INTERRUPT = 9;

const TOKEN = new RegExp(
  [
    /(?<comment>--[^\n]*|\/\*.*?(?:\*\/|$))|(?<end>;)/,
    /file:\/\/[^\s;]*/,
    /'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|`(?:[^`]|``)*(?:`|$)|\[[^\]]*(?:\]|$)/,
    /\w+|./,
  ].map((part) => part.source).join('|'),
  'gis',
);
const OURS =
  /^\s*(?:(?:CREATE(?:\s+OR\s+REPLACE)?|DROP)\s+(?:FUNCTION|EXTENSION)\b|PRAGMA\s+wasm_cache_size\b)/i;
const CACHE_SIZE = /^\s*PRAGMA\s+wasm_cache_size\s*$/i;
const ABOUT_NAME = /^(?:no such (?:function|table|collation sequence)|wrong number of arguments to function)/;
const WRITES = /^\s*(?:INSERT|REPLACE|UPDATE|DELETE|WITH)\b/i;
const TRIGGER = /^\s*CREATE\s+(?:TEMP\s+|TEMPORARY\s+)?TRIGGER\b/i;
const TRIGGER_END = /;\s*END\s*$/i;

/** The records of a file for a driver with these labels. */
export function* parse(text, labels) {
  const lines = text.split('\n');
  let at = 0;
  const until = (...ends) => {
    const start = at;
    while (at < lines.length && !ends.includes(lines[at])) at += 1;
    return lines.slice(start, at);
  };
  let connection = '';
  let wanted = true;
  while (at < lines.length) {
    const line = lines[at];
    at += 1;
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [word, second, ...rest] = line.trim().split(/\s+/);
    const record = { line: at, connection };
    const bad = () => new Error(`line ${record.line}: ${line}`);
    if (word === 'halt') return;
    if (word === 'connection') {
      connection = second;
      continue;
    }
    if (word === 'onlyif' || word === 'skipif') {
      wanted &&= labels.has(second) === (word === 'onlyif');
      continue;
    }
    if (word === 'statement' && second === 'ok') record.sql = until('').join('\n');
    else if (['statement', 'query'].includes(word) && second === 'error') {
      record.error = pattern(line.replace(/^\w+\s+error\s*/, ''));
      record.sql = until('', '----').join('\n');
    } else if (word === 'query' && second !== undefined && ['', 'rowsort'].includes(rest.join(' '))) {
      record.types = second;
      record.sort = rest.length > 0;
      record.sql = until('----').join('\n');
      at += 1;
      record.expected = until('');
    } else throw bad();
    if (lines[at] === '----') throw bad();
    if (wanted) yield record;
    [connection, wanted] = ['', true];
  }
}

/** A regular expression as Rust writes it. */
function pattern(text) {
  const [, flag, rest] = /^(\(\?i\))?(.*)$/.exec(text);
  return new RegExp(rest, flag === undefined ? '' : 'i');
}

/** The statements of a text, without comments. */
function* statements(sql) {
  let statement = '';
  for (const [token, ...groups] of sql.matchAll(TOKEN)) {
    const [comment, end] = groups;
    const insideTrigger = TRIGGER.test(statement) && !TRIGGER_END.test(statement);
    if (end !== undefined && !insideTrigger) {
      yield statement;
      statement = '';
    } else statement += comment === undefined ? token : ' ';
  }
  yield statement;
}

/** Runs the statements of a text; the rows are those of the last one that has any. */
function runSql(driver, db, sql) {
  let rows = [];
  for (const statement of statements(sql)) {
    if (statement.trim() === '') continue;
    if (CACHE_SIZE.test(statement)) {
      const names = "wasm_config('cache_bytes_used') AS used, wasm_config('cache_bytes_max') AS maximum";
      rows = driver.rows(db, `SELECT ${names}`);
    } else if (OURS.test(statement)) {
      execute(db, statement);
      refresh(db);
    } else {
      const found = runSqlites(driver, db, statement);
      if (found.length > 0) rows = found;
    }
  }
  return rows;
}

function runSqlites(driver, db, statement) {
  try {
    return runUndone(driver, db, statement);
  } catch (error) {
    if (!ABOUT_NAME.test(error.message)) throw error;
  }
  refresh(db);
  return runUndone(driver, db, statement);
}

/** Within a transaction, SQLite does not undo every statement that a table fails. */
function runUndone(driver, db, statement) {
  const inTransaction = () => db.inTransaction ?? db.isTransaction;
  if (!inTransaction() || !WRITES.test(statement)) return driver.rows(db, statement);
  db.exec('SAVEPOINT driver');
  try {
    return driver.rows(db, statement);
  } catch (error) {
    if (inTransaction()) db.exec('ROLLBACK TO driver');
    throw error;
  } finally {
    if (inTransaction()) db.exec('RELEASE driver');
  }
}

const CLASSES = {
  I: (value) => typeof value === 'bigint',
  R: (value) => typeof value === 'number',
  T: (value) => typeof value === 'string',
  B: (value) => value instanceof Uint8Array,
};

/** A value as the files write it. */
export function text(value) {
  if (value === null) return 'NULL';
  if (typeof value === 'number') return real(value);
  if (value instanceof Uint8Array) return `X'${Buffer.from(value).toString('hex').toUpperCase()}'`;
  if (value === '') return '(empty)';
  return String(value).replace(/\p{Cc}/gu, escape);
}

function escape(control) {
  const known = { '\0': '\\0', '\t': '\\t', '\n': '\\n', '\r': '\\r' };
  return known[control] ?? `\\u{${control.codePointAt(0).toString(16)}}`;
}

/** A real as SQLite writes it, except that -0.0 keeps its sign. */
function real(value) {
  if (!Number.isFinite(value)) return value > 0 ? 'Inf' : '-Inf';
  if (Object.is(value, -0)) return '-0.0';
  const [, sign, whole, fraction, exponent] = /^(-?)(\d)\.?(\d*)e(.+)$/.exec(value.toExponential());
  const digits = whole + fraction;
  const power = Number(exponent);
  if (power < -4 || power >= 17) {
    const size = String(Math.abs(power)).padStart(2, '0');
    return `${sign}${whole}.${fraction || '0'}e${power < 0 ? '-' : '+'}${size}`;
  }
  if (power < 0) return `${sign}0.${'0'.repeat(-power - 1)}${digits}`;
  const padded = digits.padEnd(power + 2, '0');
  return `${sign}${padded.slice(0, power + 1)}.${padded.slice(power + 1)}`;
}

/** What is wrong with the rows. */
function compare(record, rows) {
  for (const row of rows) {
    if (row.length !== record.types.length) return `${row.length} columns`;
    const wrong = row.find(
      (value, column) => value !== null && CLASSES[record.types[column]]?.(value) === false,
    );
    if (wrong !== undefined) return `${text(wrong)} in columns of types ${record.types}`;
  }
  const actual = rows.map((row) => row.map(text).join(' '));
  const expected = [...record.expected];
  if (record.sort) {
    actual.sort();
    expected.sort();
  }
  return fits(actual.join('\n'), expected.join('\n')) ? undefined : `rows:\n${actual.join('\n')}`;
}

/** Whether the text is the expected one. The expected text may mark parts to ignore. */
function fits(actual, expected) {
  const parts = expected.split('<slt:ignore>').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(actual);
}

/** What is wrong with what a record does on this connection. */
export function runRecord(record, driver, db) {
  let rows;
  try {
    rows = runSql(driver, db, record.sql);
  } catch (error) {
    const message = messageOf(error, driver, db);
    if (record.error === undefined) return `failed: ${message}`;
    return record.error.test(message) ? undefined : `another error: ${message}`;
  }
  if (record.error !== undefined) return 'an error was expected';
  return record.types === undefined ? undefined : compare(record, rows);
}

/** The message of an error. A collation that fails can only interrupt its statement. */
function messageOf(error, driver, db) {
  const interrupted = error.code === 'SQLITE_INTERRUPT' || error.errcode === SQLITE_INTERRUPT;
  const reason = interrupted ? driver.rows(db, 'SELECT wasm_error()')[0][0] : null;
  return reason ?? error.message;
}

/** Runs the text of a file. Returns how many records ran, and what failed. */
export function run(file, labels, driver, connect) {
  const connections = new Map();
  const records = [...parse(file, labels)];
  const failures = [];
  for (const record of records) {
    if (!connections.has(record.connection)) connections.set(record.connection, connect());
    const failure = runRecord(record, driver, connections.get(record.connection));
    if (failure !== undefined) failures.push(`line ${record.line}: ${failure}\n${record.sql}`);
  }
  return { count: records.length, failures };
}
