;; Attack: a start function that traps.
;; Answer: an error that names the function and says "trap: unreachable", at each call; CREATE may
;; refuse it already.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func $start (unreachable))
  (start $start)
  (func (export "start_traps") (param i32 i32) (result i32) (i32.const 0)))
