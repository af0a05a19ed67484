package commensal

import (
	"errors"
	"fmt"
)

// ErrNoLibrary says that this copy of the package has no library for the platform.
var ErrNoLibrary = errors.New("commensal: there is no library for this platform here: make a copy of the module that " +
	"has one with bindings/go/pack, or name a library in Options.Library")

// ErrUnsafePlace says that a file or folder for the library belongs to somebody else, or can be written by others.
var ErrUnsafePlace = errors.New("commensal: not safe from other users")

// A LoadError says why SQLite did not load the library.
type LoadError struct {
	Library string
	Err     error
}

func (e *LoadError) Error() string {
	return fmt.Sprintf("commensal: cannot load %s: %v", e.Library, e.Err)
}

func (e *LoadError) Unwrap() error { return e.Err }

// A SettingError says why a setting was refused.
type SettingError struct {
	Name string
	Err  error
}

func (e *SettingError) Error() string { return fmt.Sprintf("commensal: setting %s: %v", e.Name, e.Err) }

func (e *SettingError) Unwrap() error { return e.Err }

// A StatementError says why a statement of Commensal's failed. Nothing was changed then.
type StatementError struct {
	// SQL is the statement.
	SQL string
	// Err is the driver's error, such as a sqlite3.Error, or that of a context.
	Err error
}

func (e *StatementError) Error() string { return fmt.Sprintf("commensal: %v", e.Err) }

func (e *StatementError) Unwrap() error { return e.Err }
