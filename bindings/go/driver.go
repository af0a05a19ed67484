package commensal

import (
	"database/sql"
	"database/sql/driver"
	"sort"

	"github.com/mattn/go-sqlite3"
)

const (
	entry = "sqlite3_commensal_init"
	// Lets SQL loosen settings until it locks them.
	entryUnlocked = "sqlite3_commensal_config_init"
)

// Options say how Commensal is loaded into connections.
type Options struct {
	// Library is the path of the loadable extension. If it is empty, the library that this package embeds is used, or
	// with the build tag commensal_static the one that is linked.
	Library string

	// Settings are those of wasm_config: limits of guests (call_timeout_ms, memory_bytes_max), capabilities granted to
	// them (allow), and others. Values are integers, bool, string or nil. Afterwards SQL can only tighten them.
	Settings map[string]any

	// Hook runs for each new connection, after Commensal was loaded.
	Hook func(*sqlite3.SQLiteConn) error
}

// Register makes a driver of this name for [sql.Open]. Each of its connections has Commensal. It panics if the name
// is taken, as [sql.Register] does.
func Register(name string, options Options) error {
	made, err := NewDriver(options)
	if err != nil {
		return err
	}
	sql.Register(name, made)
	return nil
}

// NewDriver makes a driver whose connections have Commensal.
func NewDriver(options Options) (driver.Driver, error) {
	if options.Library == "" {
		if err := ready(); err != nil {
			return nil, err
		}
	}
	hook := func(conn *sqlite3.SQLiteConn) error {
		if err := Load(conn, options); err != nil || options.Hook == nil {
			return err
		}
		return options.Hook(conn)
	}
	return &sqlite3.SQLiteDriver{ConnectHook: hook}, nil
}

// Load loads Commensal into one connection, for programs with a ConnectHook of their own. It does not call
// options.Hook. If the connection has Commensal, only the settings change.
func Load(conn *sqlite3.SQLiteConn, options Options) error {
	start := entry
	if len(options.Settings) > 0 {
		start = entryUnlocked
	}
	var err error
	if options.Library == "" {
		err = loadOwn(conn, start)
	} else {
		err = loadFile(conn, options.Library, start)
	}
	if err != nil || len(options.Settings) == 0 {
		return err
	}
	err = set(conn, options.Settings)
	// Whatever happened, SQL from elsewhere must not loosen anything.
	if locked := set(conn, map[string]any{"locked": 1}); err == nil {
		err = locked
	}
	return err
}

func loadFile(conn *sqlite3.SQLiteConn, path, start string) error {
	if err := conn.LoadExtension(path, start); err != nil {
		return &LoadError{Library: path, Err: err}
	}
	return nil
}

func set(conn *sqlite3.SQLiteConn, settings map[string]any) error {
	for _, name := range names(settings) {
		value, err := driver.DefaultParameterConverter.ConvertValue(settings[name])
		if err == nil {
			// SQLite has no truth values.
			if truth, ok := value.(bool); ok {
				value = int64(0)
				if truth {
					value = int64(1)
				}
			}
			_, err = conn.Exec("SELECT wasm_config(?, ?)", []driver.Value{name, value})
		}
		if err != nil {
			return &SettingError{Name: name, Err: err}
		}
	}
	return nil
}

func names(settings map[string]any) []string {
	var names []string
	for name := range settings {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
