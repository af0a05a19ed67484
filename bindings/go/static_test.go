//go:build commensal_static

package commensal_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"commensal"

	"github.com/mattn/go-sqlite3"
)

func TestTheLinkedLibraryIsNoFile(t *testing.T) {
	db := memory(t, commensal.Options{})
	must(t, commensal.CreateFunction(context.Background(), db, "f", constant(7), nil))
	if found := integer(t, db, "SELECT f()"); found != 7 {
		t.Error(found)
	}
	if path, err := commensal.LibraryPath(); !errors.Is(err, commensal.ErrNoLibrary) {
		t.Error(path, err)
	}
	cache, err := os.UserCacheDir()
	must(t, err)
	if _, err := os.Stat(filepath.Join(cache, "commensal-go")); !errors.Is(err, os.ErrNotExist) {
		t.Error("something was unpacked", err)
	}
}

func TestOtherConnectionsDoNotHaveTheLinkedLibrary(t *testing.T) {
	memory(t, commensal.Options{})
	db, err := sql.Open("sqlite3", filepath.Join(t.TempDir(), "t.db"))
	must(t, err)
	defer db.Close()
	if _, err := db.Exec("SELECT wasm_config('version')"); err == nil {
		t.Error("a connection of the plain driver has Commensal")
	}
}

func TestAClosedConnectionTakesNoLinkedLibrary(t *testing.T) {
	conn, err := (&sqlite3.SQLiteDriver{}).Open(filepath.Join(t.TempDir(), "t.db"))
	must(t, err)
	must(t, conn.Close())
	err = commensal.Load(conn.(*sqlite3.SQLiteConn), commensal.Options{})
	var failed *commensal.LoadError
	if !errors.As(err, &failed) || !strings.Contains(err.Error(), "the linked library: the connection is closed") {
		t.Error(err)
	}
}
