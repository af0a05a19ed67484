;; Attack: recursion without end in the allocator.
;; Answer: an error that names the function and the stack limit; the host's own stack is not
;; touched.
(module
  (memory (export "memory") 16)
  (func $scratch (export "commensal_scratch") (param i32) (result i32)
    (i32.add (call $scratch (local.get 0)) (call $scratch (local.get 0))))
  (func (export "recursion_in_scratch") (param i32 i32) (result i32) (i32.const 0)))
