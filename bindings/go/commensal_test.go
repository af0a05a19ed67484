package commensal_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"commensal"

	"github.com/mattn/go-sqlite3"
)

// A connector opens one name with a driver that is not registered.
type connector struct {
	driver driver.Driver
	name   string
}

func (c connector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.name) }
func (c connector) Driver() driver.Driver                        { return c.driver }

// constant is a module whose export f gives a number, trap traps, and endless does not end.
func constant(value int) []byte {
	return []byte(fmt.Sprintf(`(module (memory (export "memory") 1) (data (i32.const 512) "\01")
	  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 1024))
	  (func (export "f") (param i32 i32) (result i32)
	    (i64.store (i32.const 520) (i64.const %d)) (i32.const 512))
	  (func (export "outside") (param i32 i32) (result i32) (i32.load (i32.const -8)))
	  (func (export "endless") (param i32 i32) (result i32) (loop (br 0)) (unreachable)))`, value))
}

func memory(t testing.TB, options commensal.Options) *sql.DB {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "t.db"), options)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func integer(t testing.TB, db interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}, query string) int {
	t.Helper()
	var value int
	must(t, db.QueryRowContext(context.Background(), query).Scan(&value))
	return value
}

func TestRegister(t *testing.T) {
	must(t, commensal.Register("sqlite3_commensal", commensal.Options{}))
	db, err := sql.Open("sqlite3_commensal", filepath.Join(t.TempDir(), "places.db"))
	must(t, err)
	defer db.Close()
	ctx := context.Background()
	module, err := os.ReadFile(filepath.Join(tree(t), "guests/prebuilt/geo.wasm"))
	must(t, err)
	must(t, commensal.CreateExtension(ctx, db, "geo", module, &commensal.Clauses{Prefix: "geo_"}))
	if km := integer(t, db, "SELECT round(geo_haversine_km(52.52, 13.405, 48.8566, 2.3522))"); km != 877 {
		t.Error(km)
	}
	must(t, commensal.DropExtension(ctx, db, "geo"))
	must(t, commensal.CreateExtension(ctx, db, `ge"o`, module, nil))
	if count := integer(t, db, "SELECT count(*) FROM wasm_extensions"); count != 1 {
		t.Error(count)
	}
}

func TestDefinitionsBelongToTheTransaction(t *testing.T) {
	db, ctx := memory(t, commensal.Options{}), context.Background()
	must(t, commensal.CreateFunction(ctx, db, "f", constant(1), nil))
	tx, err := db.BeginTx(ctx, nil)
	must(t, err)
	must(t, commensal.CreateFunction(ctx, tx, "f", constant(2), &commensal.Clauses{Replace: true}))
	if found := integer(t, tx, "SELECT f()"); found != 2 {
		t.Error(found)
	}
	// A failure leaves the transaction as it was.
	err = commensal.CreateFunction(ctx, tx, "f", constant(3), nil)
	if err == nil || !strings.Contains(err.Error(), `function "f" already exists`) {
		t.Error(err)
	}
	if found := integer(t, tx, "SELECT f()"); found != 2 {
		t.Error(found)
	}
	must(t, tx.Rollback())
	if found := integer(t, db, "SELECT f()"); found != 1 {
		t.Error(found)
	}
	must(t, commensal.CreateFunction(ctx, db, "f", constant(9), &commensal.Clauses{IfNotExists: true}))
	must(t, commensal.DropFunction(ctx, db, "f"))
	must(t, commensal.CreateFunction(ctx, db, `a"b`, constant(4), &commensal.Clauses{
		Export: "f", Deterministic: true, Timeout: time.Second, Fuel: 1000, MemoryMB: 1, Allow: "log",
	}))
	if found := integer(t, db, `SELECT "a""b"()`); found != 4 {
		t.Error(found)
	}
	var options string
	must(t, db.QueryRow("SELECT options FROM commensal_object").Scan(&options))
	if options != `{"timeout_ms":1000,"fuel":1000,"memory_mb":1,"allow":"log"}` {
		t.Error(options)
	}
}

func TestErrorsSayWhatFailed(t *testing.T) {
	db, ctx := memory(t, commensal.Options{}), context.Background()
	var statement *commensal.StatementError
	var sqlite sqlite3.Error
	for _, one := range []struct {
		err  error
		text string
	}{
		{commensal.CreateFunction(ctx, db, "f", nil, nil), "the module is empty"},
		{commensal.CreateFunction(ctx, db, "abs", constant(1), &commensal.Clauses{Export: "f"}), "conflicts with the built-in function abs()"},
		{commensal.CreateFunction(ctx, db, "f", constant(1), &commensal.Clauses{Export: "g"}), `"g"`},
		{commensal.DropFunction(ctx, db, "f"), "no such function: f"},
		{commensal.Execute(ctx, db, "DROP TABLE t"), "wasm_statement runs CREATE and DROP"},
		{commensal.Execute(ctx, db, "DROP FUNCTION f", 1), "has 0 parameters, and 1 values were given"},
	} {
		if !errors.As(one.err, &statement) || !errors.As(one.err, &sqlite) || !strings.Contains(one.err.Error(), one.text) {
			t.Errorf("%v does not say %s", one.err, one.text)
		}
	}
	if err := commensal.Execute(ctx, db, "DROP FUNCTION f", make([]any, 10)...); !errors.As(err, &statement) {
		t.Error(err)
	}
	must(t, commensal.CreateFunction(ctx, db, "outside", constant(1), nil))
	if _, err := db.Exec("SELECT outside()"); !errors.As(err, &sqlite) || !strings.Contains(err.Error(), "outside()") {
		t.Error(err)
	}
	if found := integer(t, db, "SELECT 1"); found != 1 {
		t.Error(found)
	}
	var load *commensal.LoadError
	missing := open(t, ":memory:", commensal.Options{Library: "/nowhere/libcommensal.so"})
	if err := missing.Ping(); !errors.As(err, &load) || load.Library != "/nowhere/libcommensal.so" {
		t.Error(err)
	}
	var setting *commensal.SettingError
	wrong := open(t, ":memory:", commensal.Options{Settings: map[string]any{"speed": 1}})
	if err := wrong.Ping(); !errors.As(err, &setting) || setting.Name != "speed" {
		t.Error(err)
	}
}

func TestSettingsAreLocked(t *testing.T) {
	hooks := 0
	db := memory(t, commensal.Options{
		Settings: map[string]any{"allow": "clock", "call_timeout_ms": 50, "timing": true, "fuel": nil},
		Hook:     func(*sqlite3.SQLiteConn) error { hooks++; return nil },
	})
	ctx := context.Background()
	conn, err := db.Conn(ctx)
	must(t, err)
	defer conn.Close()
	if found := integer(t, conn, "SELECT wasm_config('call_timeout_ms') + wasm_config('timing')"); found != 51 {
		t.Error(found)
	}
	must(t, commensal.Configure(ctx, conn, map[string]any{"call_timeout_ms": 40, "allow": ""}))
	var setting *commensal.SettingError
	for name, value := range map[string]any{"call_timeout_ms": 60, "allow": "clock", "locked": 0} {
		if err := commensal.Configure(ctx, conn, map[string]any{name: value}); !errors.As(err, &setting) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if hooks != 1 {
		t.Error(hooks)
	}
}

func TestContextsEndGuests(t *testing.T) {
	db := memory(t, commensal.Options{Settings: map[string]any{"call_timeout_ms": 60_000, "statement_timeout_ms": 60_000}})
	must(t, commensal.CreateFunction(context.Background(), db, "endless", constant(1), nil))
	must(t, commensal.CreateFunction(context.Background(), db, "f", constant(1), nil))
	for name, run := range map[string]func(context.Context) error{
		"query": func(ctx context.Context) error {
			var value any
			return db.QueryRowContext(ctx, "SELECT endless()").Scan(&value)
		},
		"exec": func(ctx context.Context) error {
			_, err := db.ExecContext(ctx, "CREATE TABLE t AS SELECT endless()")
			return err
		},
		"transaction": func(ctx context.Context) error {
			tx, err := db.BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			defer tx.Rollback()
			_, err = tx.ExecContext(ctx, "CREATE TABLE t AS SELECT endless()")
			return err
		},
	} {
		began := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
		err := run(ctx)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
		ctx, cancel = context.WithCancel(context.Background())
		time.AfterFunc(100*time.Millisecond, cancel)
		if err := run(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("%s took %v", name, took)
		}
		if found := integer(t, db, "SELECT f()"); found != 1 {
			t.Error(found)
		}
	}
}

// Many goroutines on one file, while others replace what they call.
func TestGoroutines(t *testing.T) {
	db, ctx := memory(t, commensal.Options{}), context.Background()
	_, err := db.Exec("PRAGMA journal_mode = WAL")
	must(t, err)
	must(t, commensal.CreateFunction(ctx, db, "f", constant(1), nil))
	db.SetMaxOpenConns(8)
	var group sync.WaitGroup
	var calls atomic.Int64
	ends := time.Now().Add(3 * time.Second)
	for number := 0; number < 8; number++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for time.Now().Before(ends) {
				var least, most int
				query := "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) SELECT min(f()), max(f()) FROM n"
				if err := db.QueryRow(query).Scan(&least, &most); err != nil || least != most || most < 1 {
					t.Error(err, least, most)
					return
				}
				calls.Add(1)
			}
		}()
	}
	for version := 2; time.Now().Before(ends); version++ {
		must(t, commensal.CreateFunction(ctx, db, "f", constant(version), &commensal.Clauses{Replace: true}))
		if found := integer(t, db, "SELECT f()"); found != version {
			t.Error(found, version)
		}
	}
	group.Wait()
	if calls.Load() < 8 {
		t.Error(calls.Load())
	}
}

// With guard pages, guests' faults are signals, as Go's own nil pointers are. Each gets its own.
func TestFaultsBesideGosOwn(t *testing.T) {
	db := memory(t, commensal.Options{Settings: map[string]any{"guard_pages": 1}})
	must(t, commensal.CreateFunction(context.Background(), db, "outside", constant(1), nil))
	var group sync.WaitGroup
	var guests, nils atomic.Int64
	for number := 0; number < 4; number++ {
		group.Add(2)
		go func() {
			defer group.Done()
			for i := 0; i < 300; i++ {
				if _, err := db.Exec("SELECT outside()"); err != nil && strings.Contains(err.Error(), "outside()") {
					guests.Add(1)
				}
			}
		}()
		go func() {
			defer group.Done()
			for i := 0; i < 3000; i++ {
				func() {
					defer func() {
						if err, ok := recover().(runtime.Error); ok && strings.Contains(err.Error(), "nil pointer") {
							nils.Add(1)
						}
					}()
					var nothing *[4]int
					nothing[i%4]++
				}()
			}
		}()
	}
	group.Wait()
	if guests.Load() != 1200 || nils.Load() != 12000 {
		t.Error(guests.Load(), nils.Load())
	}
}

func resident(t testing.TB) int {
	var pages, resident int
	content, err := os.ReadFile("/proc/self/statm")
	must(t, err)
	_, err = fmt.Sscan(string(content), &pages, &resident)
	must(t, err)
	return resident * os.Getpagesize()
}

// Connections come and go, and leave nothing.
func TestTenThousandLoads(t *testing.T) {
	made, err := commensal.NewDriver(commensal.Options{})
	must(t, err)
	file := filepath.Join(t.TempDir(), "t.db")
	db := open(t, file, commensal.Options{})
	must(t, commensal.CreateFunction(context.Background(), db, "f", constant(5), nil))
	load := func(times int) {
		for i := 0; i < times; i++ {
			opened, err := made.Open("file:" + file)
			must(t, err)
			conn := opened.(*sqlite3.SQLiteConn)
			// A call in some of them, because that makes an instance.
			if i%100 == 0 {
				if _, err := conn.Exec("SELECT f()", nil); err != nil {
					t.Fatal(err)
				}
			}
			must(t, conn.Close())
		}
		runtime.GC()
	}
	load(1000)
	before := resident(t)
	load(9000)
	if grown := resident(t) - before; grown > 16<<20 {
		t.Errorf("9,000 loads took %d bytes", grown)
	}
}
