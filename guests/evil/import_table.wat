;; Attack: imports a table.
;; Answer: CREATE fails: the import is named in full.
(module
  (import "env" "table" (table 1 funcref))
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "import_table") (param i32 i32) (result i32) (i32.const 0)))
