;; Attack: imports a function that no host has.
;; Answer: CREATE fails: the import is named in full.
(module
  (import "env" "system" (func (param i32) (result i32)))
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "import_unknown") (param i32 i32) (result i32) (i32.const 0)))
