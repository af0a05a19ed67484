;; Attack: reads the clock without the capability.
;; Answer: an error that names the function and the capability clock.
(module
  (import "commensal" "now" (func $now (result i64)))
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "clock_without_grant") (param $argc i32) (param $argv i32) (result i32)
    (drop (call $now))
    (i32.const 0)))
