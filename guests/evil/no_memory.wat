;; Attack: has no memory.
;; Answer: CREATE fails: the missing export "memory" is named.
(module
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "no_memory") (param i32 i32) (result i32) (i32.const 0)))
