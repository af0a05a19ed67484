;; Attack: imports a function that the host module does not have.
;; Answer: CREATE fails: the import is named in full.
(module
  (import "commensal" "exec" (func (param i32 i32)))
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "import_unknown_of_host") (param i32 i32) (result i32) (i32.const 0)))
