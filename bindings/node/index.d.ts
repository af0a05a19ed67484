/** What is used of a database: that of better-sqlite3 and of node:sqlite, and others like them. */
export interface Database {
  loadExtension(path: string, entryPoint?: string): unknown;
  prepare(sql: string): { all(...values: any[]): unknown };
}

/** Settings of `wasm_config`; docs/extension.md lists them. */
export interface Settings {
  /** Longest time of one call. */
  call_timeout_ms?: number;
  /** Longest time of one statement in calls. */
  statement_timeout_ms?: number;
  /** Instructions of one call, in the runtime's unit; null does not meter them. */
  fuel?: number | bigint | null;
  /** Linear memory of an instance. */
  memory_bytes_max?: number;
  /** Capabilities granted to guests that ask for them, such as `'log,clock'`. */
  allow?: string | null;
  /** The directory from which SQL may read modules; null permits none. */
  file_directory?: string | null;
  [name: string]: number | bigint | string | null | undefined;
}

/** A module: its bytes; its text (WAT); or the URL of a file that holds either, read here and now. */
export type Wasm = Uint8Array | string | URL;

export interface CreateOptions {
  /** Replace what has the name. */
  replace?: boolean;
  /** Do nothing when something has the name. */
  ifNotExists?: boolean;
  /** With `replace`: build indexes anew that depend on a function. */
  cascadeReindex?: boolean;
  /** Longest time of one call, tighter than the connection's. */
  timeoutMs?: number;
  /** Instructions of one call, tighter than the connection's. */
  fuel?: number | bigint;
  /** MiB of linear memory of an instance, tighter than the connection's. */
  memoryMb?: number;
  /** Capabilities that the module asks for. */
  allow?: string;
}

export interface CreateFunctionOptions extends CreateOptions {
  /** The module's export; by default the one of the function's name. */
  export?: string;
  /** The promise that the result depends on the arguments alone. */
  deterministic?: boolean;
}

export interface DropOptions {
  /** Do nothing when nothing has the name. */
  ifExists?: boolean;
  /** Drop indexes that depend on it, too. */
  cascadeReindex?: boolean;
}

/**
 * The path of the loadable extension, for whoever loads it by other means.
 *
 * @throws there is no package for this platform
 */
export function getLoadablePath(): string;

/**
 * Puts Commensal into a connection, with the functions that its database holds. Does nothing to a
 * connection that has it already, but change the settings given: only here can they be loosened.
 *
 * @throws the connection may not load extensions, or SQLite refuses this one or a setting
 */
export function load(db: Database, settings?: Settings): void;

/** Changes settings; outside of {@link load} they can only be tightened. */
export function configure(db: Database, settings: Settings): void;

/**
 * CREATE FUNCTION: stores a module in the database and makes one of its exports an SQL function. It
 * belongs to the transaction that is open, if one is.
 */
export function createFunction(
  db: Database,
  name: string,
  wasm: Wasm,
  options?: CreateFunctionOptions,
): void;

/** CREATE EXTENSION: stores a module in the database and makes everything that its manifest declares. */
export function createExtension(
  db: Database,
  name: string,
  wasm: Wasm,
  options?: CreateOptions,
): void;

/** DROP FUNCTION. */
export function dropFunction(db: Database, name: string, options?: DropOptions): void;

/** DROP EXTENSION: removes it and all that it declared. */
export function dropExtension(db: Database, name: string, options?: DropOptions): void;

/**
 * Runs one CREATE or DROP statement of Commensal's, with the values of its parameters: `SELECT
 * wasm_exec(sql, …)`. All other SQL is the driver's.
 */
export function execute(
  db: Database,
  sql: string,
  ...values: (Uint8Array | string | number | bigint | null)[]
): void;

/**
 * Makes functions known that other connections or programs created since, and tells SQLite of those
 * that are gone or have become deterministic. A known function needs none: what it does, and whether it
 * is still there, is looked up whenever a statement calls it.
 */
export function refresh(db: Database): void;
