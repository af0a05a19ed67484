;; Attack: has no allocator.
;; Answer: CREATE fails: the missing export "commensal_scratch" is named.
(module
  (memory (export "memory") 16)
  (func (export "no_scratch") (param i32 i32) (result i32) (i32.const 0)))
