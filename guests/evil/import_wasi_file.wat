;; Attack: imports WASI's path_open, to reach files.
;; Answer: CREATE fails: the import is named in full.
(module
  (import "wasi_snapshot_preview1" "path_open" (func (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "import_wasi_file") (param i32 i32) (result i32) (i32.const 0)))
