package commensal

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync/atomic"
	"time"
)

// An Execer runs statements: a [sql.DB], [sql.Tx] or [sql.Conn].
type Execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// The most values that a row of wasm_statement has.
const valuesMax = 9

// Clauses are what may follow the name and the module in CREATE FUNCTION and CREATE EXTENSION.
type Clauses struct {
	// Export is the module's export. Without it, it has the function's name. Only for functions.
	Export string
	// Deterministic promises that the result depends only on the arguments. Only for functions.
	Deterministic bool
	// Replace replaces a definition of this name. IfNotExists keeps it.
	Replace, IfNotExists bool
	// CascadeReindex rebuilds the indexes that depend on a replaced definition.
	CascadeReindex bool
	// Timeout of a call, Fuel and MemoryMB tighten the connection's limits.
	Timeout  time.Duration
	Fuel     uint64
	MemoryMB uint64
	// Allow asks for capabilities, separated by commas.
	Allow string
	// Prefix begins all names of an extension. Without leaves out names, separated by commas.
	Prefix, Without string
}

// CreateFunction stores a module in the database and makes one of its exports an SQL function. The module is binary, or
// text (WAT). It is one INSERT, within the transaction if db is one.
func CreateFunction(ctx context.Context, db Execer, name string, module []byte, clauses *Clauses) error {
	return create(ctx, db, "FUNCTION", name, module, clauses)
}

// CreateExtension stores a module in the database and creates everything that its manifest declares.
func CreateExtension(ctx context.Context, db Execer, name string, module []byte, clauses *Clauses) error {
	return create(ctx, db, "EXTENSION", name, module, clauses)
}

// DropFunction removes a function. It is an error if an index depends on it.
func DropFunction(ctx context.Context, db Execer, name string) error {
	return Execute(ctx, db, "DROP FUNCTION "+quoted(name, `"`))
}

// DropExtension removes an extension and all that it declares.
func DropExtension(ctx context.Context, db Execer, name string) error {
	return Execute(ctx, db, "DROP EXTENSION "+quoted(name, `"`))
}

// Execute runs one CREATE or DROP statement of Commensal's, with the values of its parameters, by number. It inserts
// into the table wasm_statement. The driver runs all other SQL.
func Execute(ctx context.Context, db Execer, statement string, values ...any) error {
	if len(values) > valuesMax {
		return &StatementError{SQL: statement, Err: fmt.Errorf("more than %d values", valuesMax)}
	}
	columns, marks := "sql", "?"
	for number := range values {
		columns += fmt.Sprintf(", p%d", number+1)
		marks += ", ?"
	}
	query := fmt.Sprintf("INSERT INTO temp.wasm_statement(%s) VALUES (%s)", columns, marks)
	if _, err := db.ExecContext(ctx, query, append([]any{statement}, values...)...); err != nil {
		return &StatementError{SQL: statement, Err: err}
	}
	return nil
}

// Configure tightens settings of wasm_config in a connection. Only [Options] can loosen them.
func Configure(ctx context.Context, conn *sql.Conn, settings map[string]any) error {
	for _, name := range names(settings) {
		if _, err := conn.ExecContext(ctx, "SELECT wasm_config(?, ?)", name, settings[name]); err != nil {
			return &SettingError{Name: name, Err: err}
		}
	}
	return nil
}

var refreshed atomic.Uint64

// Refresh finds functions that other connections or programs have created, and tells SQLite which ones were dropped or
// have become deterministic. With a pool, that is one connection of it: use a [sql.Conn]. Known functions do not need
// it: each statement that calls one looks up what it does.
func Refresh(ctx context.Context, db Execer) error {
	if _, err := db.ExecContext(ctx, "SELECT wasm_refresh()"); err != nil {
		return err
	}
	// SQLite learns some of it only when it prepares a statement that names this table, so the text is always another.
	_, err := db.ExecContext(ctx, fmt.Sprintf("SELECT %d FROM temp.wasm_functions LIMIT 0", refreshed.Add(1)))
	return err
}

func create(ctx context.Context, db Execer, kind, name string, module []byte, clauses *Clauses) error {
	if clauses == nil {
		clauses = &Clauses{}
	}
	words := []string{"CREATE"}
	if clauses.Replace {
		words = append(words, "OR REPLACE")
	}
	words = append(words, kind)
	if clauses.IfNotExists {
		words = append(words, "IF NOT EXISTS")
	}
	words = append(words, quoted(name, `"`), "LANGUAGE wasm AS ?")
	if clauses.Export != "" {
		words = append(words, "EXPORT "+quoted(clauses.Export, "'"))
	}
	if clauses.Deterministic {
		words = append(words, "DETERMINISTIC")
	}
	if with := with(clauses); len(with) > 0 {
		words = append(words, "WITH ("+strings.Join(with, ", ")+")")
	}
	if clauses.CascadeReindex {
		words = append(words, "CASCADE REINDEX")
	}
	var source any = module
	if module == nil {
		source = []byte{}
	}
	return Execute(ctx, db, strings.Join(words, " "), source)
}

func with(clauses *Clauses) []string {
	var with []string
	number := func(name string, value uint64) {
		if value > 0 {
			with = append(with, fmt.Sprintf("%s = %d", name, value))
		}
	}
	text := func(name, value string) {
		if value != "" {
			with = append(with, name+" = "+quoted(value, "'"))
		}
	}
	if clauses.Timeout > 0 {
		number("timeout_ms", max(uint64(clauses.Timeout/time.Millisecond), 1))
	}
	number("fuel", clauses.Fuel)
	number("memory_mb", clauses.MemoryMB)
	text("allow", clauses.Allow)
	text("prefix", clauses.Prefix)
	text("without", clauses.Without)
	return with
}

func quoted(name, quote string) string {
	return quote + strings.ReplaceAll(name, quote, quote+quote) + quote
}
