;; Attack: imports a known host function's name as a global.
;; Answer: CREATE fails: the import is named in full.
(module
  (import "commensal" "log" (global i32))
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "import_as_global") (param i32 i32) (result i32) (i32.const 0)))
