;; Attack: has a shared memory, as threads use.
;; Answer: CREATE fails: threads or shared memory are named.
(module
  (memory (export "memory") 1 2 shared)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "memory_shared") (param i32 i32) (result i32) (i32.const 0)))
