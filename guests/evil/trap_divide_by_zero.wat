;; Attack: an integer division by zero.
;; Answer: an error that names the function and says "trap: integer divide by zero"; the instance
;; is discarded.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "trap_divide_by_zero") (param $argc i32) (param $argv i32) (result i32)
    (i32.div_s (i32.const 1) (i32.wrap_i64 (i64.sub (i64.load (i32.const 0)) (i64.load (i32.const 0)))))))
