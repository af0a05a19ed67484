;; Attack: a result pointer that is not a multiple of 8.
;; Answer: an error that names the function and says "aligned".
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "result_misaligned") (param $argc i32) (param $argv i32) (result i32)
    (i32.const 20)))
