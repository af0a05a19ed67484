;; Attack: has a memory with 64-bit addresses.
;; Answer: CREATE fails: memory64 is named.
(module
  (memory (export "memory") i64 1)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "memory64") (param i32 i32) (result i32) (i32.const 0)))
