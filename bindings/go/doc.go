// Package commensal adds functions in WebAssembly, stored in a SQLite database and called from SQL, to
// programs that use [database/sql] and github.com/mattn/go-sqlite3.
//
//	err := commensal.Register("sqlite3_commensal", commensal.Options{})
//	db, err := sql.Open("sqlite3_commensal", "places.db")
//	err = commensal.CreateExtension(ctx, db, "geo", wasm, nil)
//	err = db.QueryRowContext(ctx, "SELECT haversine_km(52.52, 13.405, 48.8566, 2.3522)").Scan(&km)
//
// Whatever this package does is SQL; the rest of a program need not know it. It knows nothing of WebAssembly.
package commensal
