;; Attack: recursion without end in the start function.
;; Answer: an error that names the function and the stack limit; the host's own stack is not
;; touched.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func $start (call $start) (call $start))
  (start $start)
  (func (export "recursion_in_start") (param i32 i32) (result i32) (i32.const 0)))
