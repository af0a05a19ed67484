// bench FILE ROUNDS: times the queries of its input, and defines functions by the driver's own means. Prints the query's
// number, its nanoseconds and its result, for each query of each round.
package main

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"
	"strings"
	"time"

	"commensal"

	"github.com/mattn/go-sqlite3"
)

func define(conn *sqlite3.SQLiteConn) error {
	return errors.Join(
		conn.RegisterFunc("own_add", func(a, b int64) int64 { return a + b }, true),
		conn.RegisterFunc("own_upper", strings.ToUpper, true),
	)
}

func run(file, rounds string) error {
	if err := commensal.Register("commensal", commensal.Options{Hook: define}); err != nil {
		return err
	}
	db, err := sql.Open("commensal", file)
	if err != nil {
		return err
	}
	defer db.Close()
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	turns, err := strconv.Atoi(rounds)
	if err != nil {
		return err
	}
	queries := strings.Split(strings.TrimSpace(string(input)), "\n")
	for turn := 0; turn < turns; turn++ {
		for place := range queries {
			number := (turn + place) % len(queries)
			var result int64
			began := time.Now()
			if err := db.QueryRow(queries[number]).Scan(&result); err != nil {
				return fmt.Errorf("%s: %w", queries[number], err)
			}
			fmt.Println(number, time.Since(began).Nanoseconds(), result)
		}
	}
	return nil
}

func main() {
	if err := run(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}
