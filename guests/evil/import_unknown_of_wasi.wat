;; Attack: imports a function that WASI preview 1 does not have.
;; Answer: CREATE fails: the import is named in full.
(module
  (import "wasi_snapshot_preview1" "sock_open" (func (param i32 i32 i32) (result i32)))
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "import_unknown_of_wasi") (param i32 i32) (result i32) (i32.const 0)))
