;; Attack: two functions that call each other through a table, so that no compiler sees the
;; recursion.
;; Answer: an error that names the function and the stack limit; the host's own stack is not
;; touched.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (type $guest (func (param i32 i32) (result i32)))
  (table funcref (elem $one $two))
  (func $one (export "recursion_mutual") (param i32 i32) (result i32)
    (i32.add (call_indirect (type $guest) (local.get 0) (local.get 1) (i32.const 1)) (i32.const 1)))
  (func $two (param i32 i32) (result i32)
    (i32.sub (call_indirect (type $guest) (local.get 0) (local.get 1) (i32.const 0)) (i32.const 1))))
