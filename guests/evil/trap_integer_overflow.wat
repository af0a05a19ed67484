;; Attack: the smallest integer divided by -1, which faults on x86.
;; Answer: an error that names the function and says "trap: integer overflow"; the instance is
;; discarded.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "trap_integer_overflow") (param $argc i32) (param $argv i32) (result i32)
    (i32.wrap_i64 (i64.div_s (i64.const 0x8000000000000000) (i64.sub (i64.load (i32.const 0)) (i64.const 1))))))
