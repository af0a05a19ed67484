;; Attack: imports a known host function with another type.
;; Answer: CREATE fails: the import and both types are named.
(module
  (import "commensal" "log" (func (param i64 i64) (result i64)))
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "import_wrong_type") (param i32 i32) (result i32) (i32.const 0)))
