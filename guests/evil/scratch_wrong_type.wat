;; Attack: its allocator takes an i64.
;; Answer: CREATE fails: the export "commensal_scratch" and both types are named.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i64) (result i32) (i32.const 4096))
  (func (export "scratch_wrong_type") (param i32 i32) (result i32) (i32.const 0)))
