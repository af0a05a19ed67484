//go:build unix

package commensal

import (
	"fmt"
	"os"
	"syscall"
)

// checkOwn checks that a folder or a file is no link, belongs to the user, and that nobody else may write it.
func checkOwn(path string, folder bool) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	isKind := info.Mode().IsRegular()
	if folder {
		isKind = info.IsDir()
	}
	if !ok || !isKind || int(stat.Uid) != os.Geteuid() || info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("%w: %s", ErrUnsafePlace, path)
	}
	return nil
}
