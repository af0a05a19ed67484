package commensal_test

// Runs the project's cases, sqllogictest files, through database/sql, as strictly as `commensal test --strict` does. The
// documentation of crates/conformance says what the files may contain. This runner does not know what they test.
//
// A program with its own driver has to do some things that Rust's facade does by itself. They are done here as
// docs/extension.md says.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"unicode"

	"commensal"

	"github.com/mattn/go-sqlite3"
)

var (
	token = regexp.MustCompile(`(?is)(--[^\n]*|/\*.*?(?:\*/|$))|(;)|file://[^\s;]*|'(?:[^']|'')*(?:'|$)|` +
		`"(?:[^"]|"")*(?:"|$)|` + "`(?:[^`]|``)*(?:`|$)" + `|\[[^\]]*(?:\]|$)|\w+|.`)
	ours = regexp.MustCompile(`(?i)^\s*(?:(?:CREATE(?:\s+OR\s+REPLACE)?|DROP)\s+(?:FUNCTION|EXTENSION)\b|` +
		`PRAGMA\s+wasm_cache_size\b)`)
	cacheSize  = regexp.MustCompile(`(?i)^\s*PRAGMA\s+wasm_cache_size\b`)
	sized      = regexp.MustCompile(`(?i)^\s*PRAGMA\s+wasm_cache_size\s*$`)
	aboutName  = regexp.MustCompile(`^(?:no such (?:function|table|collation sequence)|wrong number of arguments to function)`)
	writes     = regexp.MustCompile(`(?i)^\s*(?:INSERT|REPLACE|UPDATE|DELETE|WITH)\b`)
	trigger    = regexp.MustCompile(`(?i)^\s*CREATE\s+(?:TEMP\s+|TEMPORARY\s+)?TRIGGER\b`)
	triggerEnd = regexp.MustCompile(`(?i);\s*END\s*$`)
)

// A record is a statement or a query, and what is expected of it.
type record struct {
	line       int
	connection string
	sql        string
	// A pattern that the error's message matches.
	err      *regexp.Regexp
	types    string
	isQuery  bool
	sort     bool
	expected []string
}

// parse gives the records of a file for a driver with these labels.
func parse(text string, labels map[string]bool) ([]record, error) {
	lines := strings.Split(text, "\n")
	var records []record
	at, connection, wanted := 0, "", true
	until := func(ends ...string) []string {
		start := at
		for at < len(lines) {
			for _, end := range ends {
				if lines[at] == end {
					return lines[start:at]
				}
			}
			at++
		}
		return lines[start:at]
	}
	for at < len(lines) {
		line := lines[at]
		at++
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(line, "#") {
			continue
		}
		bad := fmt.Errorf("line %d: %s", at, line)
		one := record{line: at, connection: connection}
		second := ""
		if len(words) > 1 {
			second = words[1]
		}
		switch words[0] {
		case "halt":
			return records, nil
		case "connection":
			connection = second
			continue
		case "onlyif", "skipif":
			wanted = wanted && labels[second] == (words[0] == "onlyif")
			continue
		case "statement", "query":
		default:
			return nil, bad
		}
		switch {
		case second == "error":
			_, message, _ := strings.Cut(line, "error")
			pattern, err := regexp.Compile(strings.TrimSpace(message))
			if err != nil {
				return nil, err
			}
			one.err = pattern
			one.sql = strings.Join(until("", "----"), "\n")
		case words[0] == "statement" && second == "ok":
			one.sql = strings.Join(until(""), "\n")
		case words[0] == "query" && second != "" && (len(words) == 2 || len(words) == 3 && words[2] == "rowsort"):
			one.isQuery, one.types, one.sort = true, second, len(words) == 3
			one.sql = strings.Join(until("----"), "\n")
			at++
			one.expected = until("")
		default:
			return nil, bad
		}
		if at < len(lines) && lines[at] == "----" {
			return nil, bad
		}
		if wanted {
			records = append(records, one)
		}
		connection, wanted = "", true
	}
	return records, nil
}

// statements gives the statements of a text, without comments.
func statements(text string) []string {
	var all []string
	var statement strings.Builder
	for _, found := range token.FindAllStringSubmatch(text, -1) {
		isInside := func() bool {
			return trigger.MatchString(statement.String()) && !triggerEnd.MatchString(statement.String())
		}
		switch {
		case found[2] != "" && !isInside():
			all = append(all, statement.String())
			statement.Reset()
		case found[1] != "":
			statement.WriteByte(' ')
		default:
			statement.WriteString(found[0])
		}
	}
	return append(all, statement.String())
}

// runSQL runs the statements of a text; the rows are those of the last one that has any.
func runSQL(ctx context.Context, conn *sql.Conn, text string) ([][]any, error) {
	var rows [][]any
	for _, statement := range statements(text) {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		var found [][]any
		var err error
		switch {
		case sized.MatchString(statement):
			found, err = query(ctx, conn, "SELECT wasm_config('cache_bytes_used'), wasm_config('cache_bytes_max')")
		case cacheSize.MatchString(statement):
			_, err = query(ctx, conn, "SELECT wasm_exec(?)", statement)
		case ours.MatchString(statement):
			// An index may have to be dropped, which only wasm_exec can.
			if _, err = query(ctx, conn, "SELECT wasm_exec(?)", statement); err == nil {
				err = commensal.Refresh(ctx, conn)
			}
		default:
			found, err = runSQLites(ctx, conn, statement)
		}
		if err != nil {
			return nil, err
		}
		if len(found) > 0 {
			rows = found
		}
	}
	return rows, nil
}

func runSQLites(ctx context.Context, conn *sql.Conn, statement string) ([][]any, error) {
	rows, err := runUndone(ctx, conn, statement)
	if err == nil || !aboutName.MatchString(err.Error()) {
		return rows, err
	}
	if err := commensal.Refresh(ctx, conn); err != nil {
		return nil, err
	}
	return runUndone(ctx, conn, statement)
}

// runUndone runs a statement. Within a transaction, SQLite does not undo every statement that a table fails.
func runUndone(ctx context.Context, conn *sql.Conn, statement string) ([][]any, error) {
	if isAutocommit(conn) || !writes.MatchString(statement) {
		return query(ctx, conn, statement)
	}
	if _, err := conn.ExecContext(ctx, "SAVEPOINT driver"); err != nil {
		return nil, err
	}
	rows, err := query(ctx, conn, statement)
	if !isAutocommit(conn) {
		if err != nil {
			if _, err := conn.ExecContext(ctx, "ROLLBACK TO driver"); err != nil {
				return nil, err
			}
		}
		if _, err := conn.ExecContext(ctx, "RELEASE driver"); err != nil {
			return nil, err
		}
	}
	return rows, err
}

func isAutocommit(conn *sql.Conn) bool {
	var is bool
	err := conn.Raw(func(raw any) error {
		is = raw.(*sqlite3.SQLiteConn).AutoCommit()
		return nil
	})
	return err != nil || is
}

// query runs one statement and gives its rows.
func query(ctx context.Context, conn *sql.Conn, statement string, values ...any) ([][]any, error) {
	rows, err := conn.QueryContext(ctx, statement, values...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var all [][]any
	for rows.Next() {
		row, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		all = append(all, row)
	}
	return all, rows.Err()
}

// isOfType says whether a value fits a column of this type.
func isOfType(value any, kind byte) bool {
	if !strings.ContainsRune("IRTB", rune(kind)) {
		return true
	}
	switch value.(type) {
	case nil:
		return true
	case int64:
		return kind == 'I'
	case float64:
		return kind == 'R'
	case string:
		return kind == 'T'
	case []byte:
		return kind == 'B'
	}
	return false
}

// text gives a value as the files write it.
func text(value any) string {
	switch value := value.(type) {
	case nil:
		return "NULL"
	case float64:
		return real(value)
	case []byte:
		return fmt.Sprintf("X'%X'", value)
	case string:
		if value == "" {
			return "(empty)"
		}
		var escaped strings.Builder
		for _, c := range value {
			switch {
			case c == 0:
				escaped.WriteString(`\0`)
			case c == '\t':
				escaped.WriteString(`\t`)
			case c == '\n':
				escaped.WriteString(`\n`)
			case c == '\r':
				escaped.WriteString(`\r`)
			case unicode.Is(unicode.Cc, c):
				fmt.Fprintf(&escaped, `\u{%x}`, c)
			default:
				escaped.WriteRune(c)
			}
		}
		return escaped.String()
	default:
		return fmt.Sprint(value)
	}
}

// real gives a real as SQLite writes it, except that -0.0 keeps its sign.
func real(value float64) string {
	switch {
	case math.IsInf(value, 1):
		return "Inf"
	case math.IsInf(value, -1):
		return "-Inf"
	case value == 0 && math.Signbit(value):
		return "-0.0"
	}
	shortest := strconv.FormatFloat(value, 'e', -1, 64)
	mantissa, exponent, _ := strings.Cut(shortest, "e")
	sign := ""
	if strings.HasPrefix(mantissa, "-") {
		sign, mantissa = "-", mantissa[1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := whole + fraction
	power, _ := strconv.Atoi(exponent)
	switch {
	case power < -4 || power >= 17:
		if fraction == "" {
			fraction = "0"
		}
		direction := "+"
		if power < 0 {
			direction, power = "-", -power
		}
		return fmt.Sprintf("%s%s.%se%s%02d", sign, whole, fraction, direction, power)
	case power < 0:
		return sign + "0." + strings.Repeat("0", -power-1) + digits
	}
	for len(digits) < power+2 {
		digits += "0"
	}
	return sign + digits[:power+1] + "." + digits[power+1:]
}

// compare says what is wrong with the rows.
func compare(one record, rows [][]any) string {
	var actual []string
	for _, row := range rows {
		if len(row) != len(one.types) {
			return fmt.Sprintf("%d columns", len(row))
		}
		var words []string
		for column, value := range row {
			if !isOfType(value, one.types[column]) {
				return fmt.Sprintf("%s (%T) in columns of types %s", text(value), value, one.types)
			}
			words = append(words, text(value))
		}
		actual = append(actual, strings.Join(words, " "))
	}
	expected := append([]string(nil), one.expected...)
	if one.sort {
		sort.Strings(actual)
		sort.Strings(expected)
	}
	parts := strings.Split(strings.Join(expected, "\n"), "<slt:ignore>")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	if regexp.MustCompile(`(?s)^` + strings.Join(parts, ".*") + `$`).MatchString(strings.Join(actual, "\n")) {
		return ""
	}
	return "rows:\n" + strings.Join(actual, "\n")
}

// runRecord says what is wrong with what a record does on this connection.
func runRecord(ctx context.Context, one record, conn *sql.Conn) string {
	rows, err := runSQL(ctx, conn, one.sql)
	if err != nil {
		message := messageOf(ctx, err, conn)
		switch {
		case one.err == nil:
			return "failed: " + message
		case !one.err.MatchString(message):
			return "another error: " + message
		}
		return ""
	}
	switch {
	case one.err != nil:
		return "an error was expected"
	case one.isQuery:
		return compare(one, rows)
	}
	return ""
}

// messageOf gives the message of an error. A collation that fails can only interrupt its statement.
func messageOf(ctx context.Context, err error, conn *sql.Conn) string {
	var sqlite sqlite3.Error
	if errors.As(err, &sqlite) && sqlite.Code == sqlite3.ErrInterrupt {
		if rows, err := query(ctx, conn, "SELECT wasm_error()"); err == nil && rows[0][0] != nil {
			return rows[0][0].(string)
		}
	}
	return err.Error()
}
