/** A database of better-sqlite3, node:sqlite, bun:sqlite or a similar driver: the methods that this package calls. */
export interface Database {
  loadExtension(path: string, entryPoint?: string): unknown;
  prepare(sql: string): { all(...values: any[]): unknown };
}

/** Settings of `wasm_config`; docs/extension.md lists them. */
export interface Settings {
  /** Longest time of one call, in milliseconds. */
  call_timeout_ms?: number;
  /** Longest time that one statement spends in calls, in milliseconds. */
  statement_timeout_ms?: number;
  /** Fuel of one call, in the runtime's unit; null does not meter it. */
  fuel?: number | bigint | null;
  /** Linear memory of an instance, in bytes. */
  memory_bytes_max?: number;
  /** Capabilities granted to guests that ask for them, such as `'log,clock'`. */
  allow?: string | null;
  /** Built-in functions that definitions may replace, such as `'like,lower'`. */
  replace?: string | null;
  /** The directory from which SQL may read modules; null permits none. */
  file_directory?: string | null;
  /** 1 makes guests faster with guard pages and signals of the process. */
  guard_pages?: 0 | 1;
  /** 1 keeps compiled code in the user's cache, a path in that directory; null keeps it nowhere. */
  code_cache?: number | string | null;
  [name: string]: number | bigint | string | null | undefined;
}

/** A module: its bytes, its text (WAT), or the URL of a file with either, which is read at once. */
export type Wasm = Uint8Array | string | URL;

export interface CreateOptions {
  /** Replace the definition with this name. */
  replace?: boolean;
  /** Do nothing if the name is defined. */
  ifNotExists?: boolean;
  /** With `replace`: rebuild the indexes that depend on a function. */
  cascadeReindex?: boolean;
  /** Longest time of one call, in milliseconds, tighter than the connection's. */
  timeoutMs?: number;
  /** Fuel of one call, tighter than the connection's. */
  fuel?: number | bigint;
  /** MiB of linear memory of an instance, tighter than the connection's. */
  memoryMb?: number;
  /** Capabilities that the module asks for. */
  allow?: string;
}

export interface CreateFunctionOptions extends CreateOptions {
  /** The module's export; by default the function's name. */
  export?: string;
  /** Promises that the result depends only on the arguments. */
  deterministic?: boolean;
}

export interface CreateExtensionOptions extends CreateOptions {
  /** What all names begin with in SQL. */
  prefix?: string;
  /** Names to leave out, with commas between them. */
  without?: string;
}

export interface DropOptions {
  /** Do nothing if the name is not defined. */
  ifExists?: boolean;
  /** Also drop the indexes that depend on it. */
  cascadeReindex?: boolean;
}

/**
 * The path of the loadable extension, for programs that load it by other means.
 *
 * @throws if there is no package for this platform
 */
export function getLoadablePath(): string;

/**
* Loads Commensal into a connection, with the functions that its database defines. If the connection
 * already has it, only the given settings change. Only this function can loosen settings.
 *
 * @throws if the connection may not load extensions, or SQLite refuses this one or a setting
 */
export function load(db: Database, settings?: Settings): void;

/** Tightens settings. Only {@link load} can loosen them. */
export function configure(db: Database, settings: Settings): void;

/**
 * CREATE FUNCTION: stores a module in the database and makes one of its exports an SQL function, within
 * the open transaction, if there is one.
 */
export function createFunction(
  db: Database,
  name: string,
  wasm: Wasm,
  options?: CreateFunctionOptions,
): void;

/** CREATE EXTENSION: stores a module in the database and creates everything that its manifest declares. */
export function createExtension(
  db: Database,
  name: string,
  wasm: Wasm,
  options?: CreateExtensionOptions,
): void;

/** DROP FUNCTION. */
export function dropFunction(db: Database, name: string, options?: DropOptions): void;

/** DROP EXTENSION: removes it and all that it declared. */
export function dropExtension(db: Database, name: string, options?: DropOptions): void;

/**
 * Runs one CREATE or DROP statement of Commensal's, with the values of its parameters: `SELECT
 * wasm_exec(sql, …)`. The driver runs all other SQL.
 */
export function execute(
  db: Database,
  sql: string,
  ...values: (Uint8Array | string | number | bigint | null)[]
): void;

/**
 * Finds functions that other connections or programs have created, and tells SQLite which ones were
 * dropped or have become deterministic. Known functions do not need it: each statement that calls one looks
 * up what it does, and whether it still exists.
 */
export function refresh(db: Database): void;
