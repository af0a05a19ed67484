;; Attack: has two memories.
;; Answer: CREATE fails: multiple memories are named.
(module
  (memory (export "memory") 1)
  (memory (export "other") 1)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "memories_two") (param i32 i32) (result i32) (i32.const 0)))
