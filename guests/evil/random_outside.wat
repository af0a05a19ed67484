;; Attack: asks for random numbers beyond memory, where the host would write.
;; Answer: an error that names the function; without the capability random, one that names that.
(module
  (import "commensal" "random" (func $random (param i32 i32)))
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "random_outside") (param $argc i32) (param $argv i32) (result i32)
    (call $random (i32.const 0xffff8) (i32.const 64))
    (i32.const 0)))
