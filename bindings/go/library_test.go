//go:build !commensal_static

package commensal

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func unpacks(t *testing.T, folder string) {
	t.Helper()
	file, err := unpackInto(folder, "libx.so", []byte("library"))
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(file)
	if err != nil || string(content) != "library" {
		t.Fatal(string(content), err)
	}
}

func TestUnpackingReplacesWhatIsNotTheLibrary(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "commensal-go", "x")
	file := filepath.Join(folder, "libx.so")
	unpacks(t, folder)
	before, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	unpacks(t, folder)
	if after, err := os.Stat(file); err != nil || !os.SameFile(before, after) {
		t.Error("it was written again", err)
	}
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	for _, spoil := range []func() error{
		func() error { return os.WriteFile(file, []byte("librarY"), 0o700) },
		func() error { return os.WriteFile(file, []byte("library and more"), 0o700) },
		func() error { return os.WriteFile(file, nil, 0o700) },
		func() error { return os.Chmod(file, 0o777) },
		func() error {
			return errors.Join(os.WriteFile(elsewhere, []byte("library"), 0o600), os.Remove(file), os.Symlink(elsewhere, file))
		},
	} {
		if err := errors.Join(os.Chmod(file, 0o700), spoil()); err != nil {
			t.Fatal(err)
		}
		unpacks(t, folder)
		if info, err := os.Lstat(file); err != nil || !info.Mode().IsRegular() || info.Mode().Perm() != 0o500 {
			t.Error(info.Mode(), err)
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 1 {
		t.Error(left, err)
	}
}

func TestUnpackingTrustsNoFolderOfOthers(t *testing.T) {
	root := t.TempDir()
	make := func(name string, mode os.FileMode) string {
		folder := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(folder, 0o700), os.Chmod(folder, mode)); err != nil {
			t.Fatal(err)
		}
		return folder
	}
	open := make("open", 0o777)
	link := filepath.Join(root, "link")
	shared := make("shared/commensal-go", 0o777)
	if err := os.Symlink(make("target", 0o700), link); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{open, link, filepath.Join(shared, "x")} {
		if file, err := unpackInto(folder, "libx.so", []byte("library")); !errors.Is(err, ErrUnsafePlace) {
			t.Error(folder, file, err)
		}
	}
	if _, err := unpackInto("/proc/nothing", "libx.so", nil); err == nil {
		t.Error("a library in /proc")
	}
}
