package commensal_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// The programs of docs/go.md run in a module of their own, one after the other, in the folder of the repository.
func TestDocs(t *testing.T) {
	content, err := os.ReadFile(os.Getenv("COMMENSAL_DOCS"))
	must(t, err)
	programs := regexp.MustCompile("(?s)```go\n(package main\n.*?)```").FindAllStringSubmatch(string(content), -1)
	if len(programs) < 2 {
		t.Fatal(len(programs), "programs")
	}
	here, err := os.Getwd()
	must(t, err)
	folder := t.TempDir()
	must(t, os.Symlink(filepath.Join(tree(t), "guests"), filepath.Join(folder, "guests")))
	run := func(name string, arguments ...string) {
		t.Helper()
		command := exec.Command(name, arguments...)
		command.Dir = folder
		if output, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%s %v: %v\n%s", name, arguments, err, output)
		}
	}
	sums, err := os.ReadFile("go.sum")
	must(t, err)
	must(t, os.WriteFile(filepath.Join(folder, "go.sum"), sums, 0o600))
	must(t, os.WriteFile(filepath.Join(folder, "go.mod"), []byte("module example\n\ngo 1.21\n"), 0o600))
	// As the page says.
	run("go", "mod", "edit", "-replace=commensal="+here, "-require=commensal@v0.0.0")
	for _, program := range programs {
		must(t, os.WriteFile(filepath.Join(folder, "main.go"), []byte(program[1]), 0o600))
		run("go", "run", "-tags", "sqlite_fts5,sqlite_math_functions,sqlite_stat4", ".")
	}
}
