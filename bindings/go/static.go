//go:build commensal_static

// With the tag commensal_static the library is linked into the program, and no file is written.

package commensal

/*
#cgo linux,amd64 LDFLAGS: ${SRCDIR}/static/linux_amd64/libcommensal.a -lm -lpthread -ldl
#cgo linux,arm64 LDFLAGS: ${SRCDIR}/static/linux_arm64/libcommensal.a -lm -lpthread -ldl

#ifndef __linux__
#error The build tag commensal_static is for Linux
#endif

#include <stddef.h>

typedef struct sqlite3 sqlite3;
typedef struct sqlite3_api_routines sqlite3_api_routines;
typedef int entry_point(sqlite3 *, char **, const sqlite3_api_routines *);

// The driver's SQLite. Weak, because cgo links this package once without the driver.
#define DRIVERS __attribute__((weak)) extern
DRIVERS int sqlite3_auto_extension(void (*)(void));
DRIVERS int sqlite3_cancel_auto_extension(void (*)(void));
DRIVERS int sqlite3_open(const char *, sqlite3 **);
DRIVERS int sqlite3_close(sqlite3 *);
DRIVERS void sqlite3_free(void *);

extern entry_point sqlite3_commensal_init, sqlite3_commensal_config_init;

static const sqlite3_api_routines *routines;

static int note_routines(sqlite3 *db, char **message, const sqlite3_api_routines *given) {
  __atomic_store_n(&routines, given, __ATOMIC_SEQ_CST);
  return 0;
}

// SQLite gives its functions to extensions only. So one is called for a database in memory, and perhaps for others
// that are opened meanwhile. Afterwards none is.
static const sqlite3_api_routines *find_routines(void) {
  sqlite3 *db = NULL;
  if (!sqlite3_auto_extension || !sqlite3_cancel_auto_extension || !sqlite3_open || !sqlite3_close || !sqlite3_free)
    return NULL;
  if (sqlite3_auto_extension((void (*)(void))note_routines) == 0) {
    sqlite3_open(":memory:", &db);
    sqlite3_close(db);
    sqlite3_cancel_auto_extension((void (*)(void))note_routines);
  }
  return __atomic_load_n(&routines, __ATOMIC_SEQ_CST);
}

static int enter(void *db, int unlocked, char **message, const sqlite3_api_routines *given) {
  return (unlocked ? sqlite3_commensal_config_init : sqlite3_commensal_init)(db, message, given);
}

static void free_message(char *message) { sqlite3_free(message); }
*/
import "C"

import (
	"errors"
	"reflect"
	"sync"

	"github.com/mattn/go-sqlite3"
)

const (
	linked = "the linked library"
	// What the entry points give: SQLITE_OK, as it is said of a library that stays loaded.
	okLoadPermanently = 256
)

var (
	routinesOnce sync.Once
	routines     *C.sqlite3_api_routines
)

// LibraryPath gives [ErrNoLibrary], because the library is linked and no file.
func LibraryPath() (string, error) { return "", ErrNoLibrary }

// ready says whether the driver's SQLite is linked, too.
func ready() error {
	routinesOnce.Do(func() { routines = C.find_routines() })
	if routines == nil {
		return &LoadError{Library: linked, Err: errors.New("the driver's SQLite gives no functions to extensions")}
	}
	return nil
}

// loadOwn puts the linked library into a connection, by its entry point of this name.
func loadOwn(conn *sqlite3.SQLiteConn, start string) error {
	if err := ready(); err != nil {
		return err
	}
	// The driver tells nobody its handle.
	handle := reflect.ValueOf(conn).Elem().FieldByName("db")
	if handle.Kind() != reflect.Pointer {
		return &LoadError{Library: linked, Err: errors.New("this version of the driver keeps its connection elsewhere")}
	}
	if handle.IsNil() {
		return &LoadError{Library: linked, Err: errors.New("the connection is closed")}
	}
	unlocked := C.int(0)
	if start == entryUnlocked {
		unlocked = 1
	}
	var message *C.char
	if C.enter(handle.UnsafePointer(), unlocked, &message, routines) == okLoadPermanently {
		return nil
	}
	reason := "no memory"
	if message != nil {
		reason = C.GoString(message)
		C.free_message(message)
	}
	return &LoadError{Library: linked, Err: errors.New(reason)}
}
