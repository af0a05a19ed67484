//go:build !unix

package commensal

import (
	"fmt"
	"os"
)

// checkOwn checks that a folder or a file is no link. Elsewhere than on Unix, the user's own folders are only the user's.
func checkOwn(path string, folder bool) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if folder != info.IsDir() || !folder && !info.Mode().IsRegular() {
		return fmt.Errorf("%w: %s", ErrUnsafePlace, path)
	}
	return nil
}
