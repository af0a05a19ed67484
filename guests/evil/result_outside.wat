;; Attack: a result pointer just beyond memory.
;; Answer: an error that names the function and says "outside".
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "result_outside") (param $argc i32) (param $argv i32) (result i32)
    (i32.shl (memory.size) (i32.const 16))))
