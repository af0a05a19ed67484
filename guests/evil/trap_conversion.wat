;; Attack: NaN converted to an integer.
;; Answer: an error that names the function and says "trap: invalid conversion to integer"; the
;; instance is discarded.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "trap_conversion") (param $argc i32) (param $argv i32) (result i32)
    (i32.trunc_f64_s (f64.div (f64.load (i32.const 0)) (f64.load (i32.const 0))))))
