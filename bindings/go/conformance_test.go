package commensal_test

// The project's cases, through database/sql.

import (
	"context"
	"database/sql"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"commensal"
)

// tree is the folder with conformance/ and guests/.
func tree(t testing.TB) string {
	folder := os.Getenv("COMMENSAL_TREE")
	if folder == "" {
		t.Fatal("COMMENSAL_TREE has to name the folder with conformance/ and guests/: run scripts/test-go")
	}
	return folder
}

// open opens a database of its own driver, with these options.
func open(t testing.TB, name string, options commensal.Options) *sql.DB {
	t.Helper()
	driver, err := commensal.NewDriver(options)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector{driver, "file:" + name + "?_sync=0"})
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func TestConformance(t *testing.T) {
	folder := filepath.Join(tree(t), "conformance")
	files, err := filepath.Glob(filepath.Join(folder, "*.slt"))
	if err != nil || len(files) < 30 {
		t.Fatal(len(files), err)
	}
	ctx := context.Background()
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			records, err := parse(string(content), map[string]bool{"sqlite": true, "wasmtime": true})
			if err != nil || len(records) == 0 {
				t.Fatal(len(records), err)
			}
			db := open(t, filepath.Join(t.TempDir(), "t.db"), commensal.Options{
				Settings: map[string]any{"file_base": folder, "allow": "sql_read,sql_write"},
			})
			connections := map[string]*sql.Conn{}
			for _, one := range records {
				conn := connections[one.connection]
				if conn == nil {
					if conn, err = db.Conn(ctx); err != nil {
						t.Fatal(err)
					}
					defer conn.Close()
					connections[one.connection] = conn
				}
				if failure := runRecord(ctx, one, conn); failure != "" {
					t.Errorf("line %d: %s\n%s", one.line, failure, one.sql)
				}
			}
		})
	}
}

func TestTheRunnerNoticesWhatHasToFail(t *testing.T) {
	ctx := context.Background()
	conn, err := open(t, filepath.Join(t.TempDir(), "t.db"), commensal.Options{}).Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for text, failure := range map[string]string{
		"query I\nSELECT 1\n----\n2":                    "rows",
		"query I\nSELECT 1\n----\n1 ":                   "rows",
		"query I\nSELECT 1\n----":                       "rows",
		"query T\nSELECT 1\n----\n1":                    "types T",
		"query II\nSELECT 1\n----\n1":                   "1 columns",
		"query error nothing\nSELECT no_such()\n":       "another error",
		"statement error\nSELECT 1":                     "expected",
		"statement ok\nSELECT no_such()":                "no such function",
		"query I\nSELECT 1; SELECT 2; -- ;\n----\n1":    "rows",
		"query I\nSELECT count(*) FROM absent\n----\n1": "no such table",
	} {
		records, err := parse(text, nil)
		if err != nil || len(records) != 1 {
			t.Fatal(text, err)
		}
		if found := runRecord(ctx, records[0], conn); !strings.Contains(found, failure) {
			t.Errorf("%s: %q", text, found)
		}
	}
}

func TestValues(t *testing.T) {
	for _, one := range []struct {
		value    any
		expected string
	}{
		{1.0, "1.0"}, {math.Copysign(0, -1), "-0.0"}, {49.47, "49.47"}, {1e16, "10000000000000000.0"},
		{-120.0, "-120.0"}, {1e17, "1.0e+17"}, {1.5e300, "1.5e+300"}, {0.0001, "0.0001"}, {1.25e-5, "1.25e-05"},
		{math.Inf(-1), "-Inf"}, {"", "(empty)"}, {"a\\\x00\t\x1b\u009b", `a\\0\t\u{1b}\u{9b}`},
		{[]byte{10, 255}, "X'0AFF'"}, {nil, "NULL"}, {int64(math.MinInt64), "-9223372036854775808"},
	} {
		if found := text(one.value); found != one.expected {
			t.Errorf("%v: %s", one.value, found)
		}
	}
}
