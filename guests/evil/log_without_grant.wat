;; Attack: writes to the log without the capability.
;; Answer: an error that names the function and the capability log.
(module
  (import "commensal" "log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "log_without_grant") (param $argc i32) (param $argv i32) (result i32)
    (call $log (i32.const 3) (i32.const 0) (i32.const 4))
    (i32.const 0)))
