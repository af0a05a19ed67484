package commensal_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// The programs of the pages run in a module of their own, one after the other, in a folder with the guests and a
// migration.
func TestDocs(t *testing.T) {
	here, err := os.Getwd()
	must(t, err)
	folder := t.TempDir()
	must(t, os.Symlink(filepath.Join(tree(t), "guests"), filepath.Join(folder, "guests")))
	run := func(name string, arguments ...string) []byte {
		t.Helper()
		command := exec.Command(name, arguments...)
		command.Dir = folder
		output, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %v: %v\n%s", name, arguments, err, output)
		}
		return output
	}
	migration := run(os.Getenv("COMMENSAL_SHELL"), "sql", "--insert", "guests/prebuilt/geo.wasm")
	must(t, os.Mkdir(filepath.Join(folder, "migrations"), 0o700))
	must(t, os.WriteFile(filepath.Join(folder, "migrations/1_geo.up.sql"), migration, 0o600))
	sums, err := os.ReadFile("go.sum")
	must(t, err)
	must(t, os.WriteFile(filepath.Join(folder, "go.sum"), sums, 0o600))
	must(t, os.WriteFile(filepath.Join(folder, "go.mod"), []byte("module example\n\ngo 1.21\n"), 0o600))
	// As the page says.
	run("go", "mod", "edit", "-replace=commensal="+here, "-require=commensal@v0.0.0",
		"-require=github.com/golang-migrate/migrate/v4@v4.18.3")
	for page, count := range map[string]int{"go.md": 2, "migrations.md": 1} {
		content, err := os.ReadFile(filepath.Join(os.Getenv("COMMENSAL_DOCS"), page))
		must(t, err)
		programs := regexp.MustCompile("(?s)```go\n(package main\n.*?)```").FindAllStringSubmatch(string(content), -1)
		if len(programs) != count {
			t.Error(page, len(programs))
		}
		for _, program := range programs {
			must(t, os.WriteFile(filepath.Join(folder, "main.go"), []byte(program[1]), 0o600))
			run("go", "run", "-tags", "sqlite_fts5,sqlite_math_functions,sqlite_stat4", ".")
			must(t, os.RemoveAll(filepath.Join(folder, "places.db")))
		}
	}
}
