;; Attack: imports its memory, which the host would have to make and could then share.
;; Answer: CREATE fails: the import is named in full.
(module
  (import "env" "memory" (memory 1))
  (export "memory" (memory 0))
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "import_memory") (param i32 i32) (result i32) (i32.const 0)))
