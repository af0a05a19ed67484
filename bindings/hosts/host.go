// host FILE MODULE: runs the scripts of bindings/hosts on a file. With a module, it stores that first.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	"commensal"
)

func run(file string, module string) error {
	if err := commensal.Register("commensal", commensal.Options{}); err != nil {
		return err
	}
	db, err := sql.Open("commensal", file)
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if module != "" {
		content, err := os.ReadFile(module)
		if err != nil {
			return err
		}
		if err := commensal.CreateExtension(context.Background(), db, "geo", content, nil); err != nil {
			return err
		}
	}
	script, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	for _, statement := range strings.Split(string(script), ";\n") {
		if err := print(db, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

func print(db *sql.DB, statement string) error {
	rows, err := db.Query(statement)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	for rows.Next() {
		values, into := make([]string, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		fmt.Println(strings.Join(values, "|"))
	}
	return rows.Err()
}

func main() {
	module := ""
	if len(os.Args) > 2 {
		module = os.Args[2]
	}
	if err := run(os.Args[1], module); err != nil {
		log.Fatal(err)
	}
}
