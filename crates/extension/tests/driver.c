/*
** A program with its own SQLite that loads the extension: what a host in C does.
**
**     driver SCENARIO EXTENSION DATABASE
**
** Ends with 0 when all went as it has to, and says what did not.
*/
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *extension;
static const char *database;

static void fail(const char *what, const char *detail) {
  fprintf(stderr, "%s: %s\n", what, detail ? detail : "(no message)");
  exit(1);
}

#ifdef COMMENSAL_STATIC
/* The library is part of the program, and in each connection. */
extern int sqlite3_commensal_auto_init(sqlite3 *, char **, const void *);

static void load(sqlite3 *db) {
  (void)db;
}
#else
static void load(sqlite3 *db) {
  char *message = 0;
  sqlite3_enable_load_extension(db, 1);
  if (sqlite3_load_extension(db, extension, 0, &message) != SQLITE_OK) fail("load", message);
  sqlite3_enable_load_extension(db, 0);
}
#endif

static sqlite3 *bare(void) {
  sqlite3 *db = 0;
  if (sqlite3_open(database, &db) != SQLITE_OK) fail("open", sqlite3_errmsg(db));
  sqlite3_busy_timeout(db, 60000);
  return db;
}

static sqlite3 *connect_(void) {
  sqlite3 *db = bare();
  load(db);
  return db;
}

static void close_(sqlite3 *db) {
  if (sqlite3_close(db) != SQLITE_OK) fail("close", sqlite3_errmsg(db));
}

static void run(sqlite3 *db, const char *sql) {
  char *message = 0;
  if (sqlite3_exec(db, sql, 0, 0, &message) != SQLITE_OK) fail(sql, message);
}

/* The integer in the first row. */
static int integer(sqlite3 *db, const char *sql) {
  sqlite3_stmt *statement = 0;
  int value;
  if (sqlite3_prepare_v2(db, sql, -1, &statement, 0) != SQLITE_OK) fail(sql, sqlite3_errmsg(db));
  if (sqlite3_step(statement) != SQLITE_ROW) fail(sql, sqlite3_errmsg(db));
  value = sqlite3_column_int(statement, 0);
  sqlite3_finalize(statement);
  return value;
}

static void expect(sqlite3 *db, const char *sql, int expected) {
  int value = integer(db, sql);
  if (value != expected) {
    fprintf(stderr, "%s: %d instead of %d\n", sql, value, expected);
    exit(1);
  }
}

/* Makes a function that gives this number. */
static void define(sqlite3 *db, const char *name, int value) {
  sqlite3_stmt *statement = 0;
  char *wat = sqlite3_mprintf(
      "(module (memory (export \"memory\") 1) (data (i32.const 512) \"\\01\")"
      " (func (export \"commensal_scratch\") (param i32) (result i32) (i32.const 1024))"
      " (func (export \"f\") (param i32 i32) (result i32)"
      "  (i64.store (i32.const 520) (i64.const %d)) (i32.const 512)))", value);
  char *sql = sqlite3_mprintf(
      "SELECT wasm_exec('CREATE OR REPLACE FUNCTION %s LANGUAGE wasm AS ? EXPORT f', ?)", name);
  if (sqlite3_prepare_v2(db, sql, -1, &statement, 0) != SQLITE_OK) fail(sql, sqlite3_errmsg(db));
  sqlite3_bind_text(statement, 1, wat, -1, SQLITE_TRANSIENT);
  if (sqlite3_step(statement) != SQLITE_ROW) fail(sql, sqlite3_errmsg(db));
  sqlite3_finalize(statement);
  sqlite3_free(sql);
  sqlite3_free(wat);
}

/* Reached to the end of the process. */
static sqlite3 *left_open;

/* Loads into two connections, into one of them twice; ends with one open. */
static void ends(void) {
  sqlite3 *a = connect_();
  sqlite3 *b = connect_();
  left_open = a;
  load(a);
  define(a, "f", 1);
  expect(a, "SELECT f()", 1);
  expect(b, "SELECT wasm_call('f')", 1);
  expect(b, "SELECT wasm_refresh()", 1);
  expect(b, "SELECT f() + (SELECT count(*) FROM wasm_functions)", 2);
  run(a, "SELECT wasm_exec('DROP FUNCTION f')");
  close_(b);
}

/* A program that opens the file anew for each request compiles its modules once. */
static void reopens(void) {
  sqlite3 *db = connect_();
  define(db, "f", 7);
  expect(db, "SELECT f()", 7);
  close_(db);
  db = connect_();
  expect(db, "SELECT compiled FROM wasm_modules", 1);
  expect(db, "SELECT f()", 7);
  close_(db);
}

#define ROUNDS 40

static void *calls(void *unused) {
  sqlite3 *db = connect_();
  int value = 0;
  (void)unused;
  while (value < ROUNDS) {
    int next = integer(db, "SELECT wasm_call('f')");
    if (next < value) fail("a thread", "an older version came back");
    value = next;
  }
  close_(db);
  return 0;
}

/* One thread replaces a function that others call, each in a connection of its own. */
static void threads(void) {
  pthread_t callers[4];
  sqlite3 *db = connect_();
  int i;
  run(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
  define(db, "f", 0);
  for (i = 0; i < 4; i++) pthread_create(&callers[i], 0, calls, 0);
  for (i = 1; i <= ROUNDS; i++) define(db, "f", i);
  for (i = 0; i < 4; i++) pthread_join(callers[i], 0);
  close_(db);
}

static void *calls_shared(void *db) {
  int i;
  for (i = 0; i < 300; i++) {
    expect(db, "SELECT f() + wasm_call('f')", 2);
    integer(db, "SELECT count(*) FROM wasm_functions");
  }
  return 0;
}

/* Threads use one connection, which SQLite serializes, while one of them makes and drops functions. */
static void shares(void) {
  pthread_t callers[3];
  sqlite3 *db = connect_();
  int i;
  run(db, "PRAGMA synchronous = OFF");
  define(db, "f", 1);
  for (i = 0; i < 3; i++) pthread_create(&callers[i], 0, calls_shared, db);
  for (i = 0; i < 30; i++) {
    define(db, "g", i);
    run(db, "SELECT wasm_exec('DROP FUNCTION g')");
  }
  for (i = 0; i < 3; i++) pthread_join(callers[i], 0);
  close_(db);
}

static volatile int interrupted;

static void *interrupt(void *db) {
  while (!interrupted) {
    usleep(100000);
    sqlite3_interrupt(db);
  }
  return 0;
}

/* An interrupt reaches a guest that would run until its time is up. */
static void interrupts(void) {
  pthread_t interrupter;
  sqlite3_stmt *statement = 0;
  sqlite3 *db = connect_();
  int code;
  run(db,
      "SELECT wasm_exec('CREATE FUNCTION endless LANGUAGE wasm AS ''(module"
      " (memory (export \"memory\") 1)"
      " (func (export \"commensal_scratch\") (param i32) (result i32) (i32.const 1024))"
      " (func (export \"endless\") (param i32 i32) (result i32) (loop (br 0)) (unreachable)))''')");
  if (sqlite3_prepare_v2(db, "SELECT endless()", -1, &statement, 0)) fail("endless", sqlite3_errmsg(db));
  pthread_create(&interrupter, 0, interrupt, db);
  code = sqlite3_step(statement);
  interrupted = 1;
  pthread_join(interrupter, 0);
  if (code != SQLITE_INTERRUPT) fail("endless() ended otherwise", sqlite3_errmsg(db));
  sqlite3_finalize(statement);
  expect(db, "SELECT 1", 1);
  close_(db);
}

static void wait_for(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status)) {
    fail("a process", "ended otherwise than with 0");
  }
}

/* Processes that were forked from one that uses the extension use it too. */
static void forks(void) {
  sqlite3 *db = connect_();
  pid_t child;
  define(db, "f", 1);
  expect(db, "SELECT f()", 1);
  child = fork();
  if (child == 0) {
    sqlite3 *own = connect_();
    expect(own, "SELECT f()", 1);
    define(own, "g", 2);
    expect(own, "SELECT f() + g()", 3);
    close_(own);
    exit(0);
  }
  wait_for(child);
  expect(db, "SELECT wasm_refresh()", 2);
  expect(db, "SELECT f() + g()", 3);
  close_(db);
}

/* Processes write to one file at the same time, and see what the others wrote. */
static void processes(void) {
  pid_t children[3];
  sqlite3 *db = connect_();
  int i, round;
  run(db, "PRAGMA journal_mode = WAL");
  close_(db);
  for (i = 0; i < 3; i++) {
    children[i] = fork();
    if (children[i] == 0) {
      char *name = sqlite3_mprintf("f%d", i);
      char *call = sqlite3_mprintf("SELECT f%d()", i);
      db = connect_();
      run(db, "PRAGMA synchronous = OFF");
      for (round = 1; round <= 20; round++) {
        define(db, name, round);
        expect(db, call, round);
      }
      sqlite3_free(name);
      sqlite3_free(call);
      close_(db);
      exit(0);
    }
  }
  for (i = 0; i < 3; i++) wait_for(children[i]);
  db = connect_();
  expect(db, "SELECT f0() + f1() + f2()", 60);
  expect(db, "SELECT count(*) FROM wasm_modules", 1);
  close_(db);
}

int main(int argc, char **argv) {
  if (argc != 4) fail("usage", "driver SCENARIO EXTENSION DATABASE");
  extension = argv[2];
  database = argv[3];
#ifdef COMMENSAL_STATIC
  sqlite3_auto_extension((void (*)(void))sqlite3_commensal_auto_init);
#endif
  if (!strcmp(argv[1], "ends")) ends();
  else if (!strcmp(argv[1], "reopens")) reopens();
  else if (!strcmp(argv[1], "threads")) threads();
  else if (!strcmp(argv[1], "shares")) shares();
  else if (!strcmp(argv[1], "interrupts")) interrupts();
  else if (!strcmp(argv[1], "forks")) forks();
  else if (!strcmp(argv[1], "processes")) processes();
  else fail("unknown scenario", argv[1]);
  return 0;
}
