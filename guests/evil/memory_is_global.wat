;; Attack: exports a global as "memory".
;; Answer: CREATE fails: the export "memory" is named.
(module
  (global (export "memory") i32 (i32.const 0))
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "memory_is_global") (param i32 i32) (result i32) (i32.const 0)))
