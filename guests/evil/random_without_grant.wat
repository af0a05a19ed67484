;; Attack: asks for random bytes without the capability.
;; Answer: an error that names the function and the capability random.
(module
  (import "commensal" "random" (func $random (param i32 i32)))
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "random_without_grant") (param $argc i32) (param $argv i32) (result i32)
    (call $random (i32.const 0) (i32.const 64))
    (i32.const 0)))
