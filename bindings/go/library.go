//go:build !commensal_static

package commensal

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/mattn/go-sqlite3"
)

//go:embed all:library
var libraries embed.FS

var (
	unpackOnce sync.Once
	unpacked   string
	unpackErr  error
)

// LibraryPath gives the path of the loadable extension that this package embeds, for programs that load it by other
// means. Its first call in a process writes it to a folder of the user's cache, unless it is there, or else to a new
// temporary folder. Both are only the user's.
func LibraryPath() (string, error) {
	unpackOnce.Do(func() { unpacked, unpackErr = unpack() })
	return unpacked, unpackErr
}

// ready says whether this package has a library.
func ready() error {
	_, err := LibraryPath()
	return err
}

// loadOwn loads this package's library into a connection, by its entry point of this name.
func loadOwn(conn *sqlite3.SQLiteConn, start string) error {
	path, err := LibraryPath()
	if err != nil {
		return err
	}
	return loadFile(conn, path, start)
}

func libraryName() string {
	switch runtime.GOOS {
	case "darwin":
		return "libcommensal.dylib"
	case "windows":
		return "commensal.dll"
	default:
		return "libcommensal.so"
	}
}

func unpack() (string, error) {
	name := libraryName()
	library, err := libraries.ReadFile(path.Join("library", runtime.GOOS+"_"+runtime.GOARCH, name))
	if err != nil {
		return "", ErrNoLibrary
	}
	if cache, err := os.UserCacheDir(); err == nil {
		sum := sha256.Sum256(library)
		folder := filepath.Join(cache, "commensal-go", hex.EncodeToString(sum[:16]))
		if file, err := unpackInto(folder, name, library); err == nil {
			return file, nil
		}
	}
	// Of this process alone, and readable for nobody else.
	folder, err := os.MkdirTemp("", "commensal-go-")
	if err != nil {
		return "", fmt.Errorf("commensal: there is no place for the library: %w", err)
	}
	return unpackInto(folder, name, library)
}

// unpackInto writes the library into a folder, unless it is there already, and makes sure that only the user could
// have written it.
func unpackInto(folder, name string, library []byte) (string, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	// That it was there before is no reason to trust it.
	for _, place := range []string{filepath.Dir(folder), folder} {
		if filepath.Base(place) == "commensal-go" || place == folder {
			if err := checkOwn(place, true); err != nil {
				return "", err
			}
		}
	}
	file := filepath.Join(folder, name)
	if isLibrary(file, library) {
		return file, nil
	}
	temporary, err := os.CreateTemp(folder, name+".")
	if err != nil {
		return "", err
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(library)
	err = errors.Join(err, temporary.Chmod(0o500), temporary.Close())
	if err == nil {
		// Another process may do the same at the same time. Both files are the same.
		err = os.Rename(temporary.Name(), file)
	}
	if err != nil {
		return "", err
	}
	if !isLibrary(file, library) {
		return "", fmt.Errorf("%w: %s", ErrUnsafePlace, file)
	}
	return file, nil
}

// isLibrary says whether a file is the user's own and has these bytes.
func isLibrary(file string, library []byte) bool {
	if checkOwn(file, false) != nil {
		return false
	}
	opened, err := os.Open(file)
	if err != nil {
		return false
	}
	defer opened.Close()
	found, err := io.ReadAll(io.LimitReader(opened, int64(len(library))+1))
	return err == nil && bytes.Equal(found, library)
}
