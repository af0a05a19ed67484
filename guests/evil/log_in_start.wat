;; Attack: calls a host function in the start function, before the host may know the instance's
;; memory.
;; Answer: an error that names the function and the capability log.
(module
  (import "commensal" "log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func $start (call $log (i32.const 3) (i32.const 0) (i32.const 4)))
  (start $start)
  (func (export "log_in_start") (param i32 i32) (result i32) (i32.const 0)))
