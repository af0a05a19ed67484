;; Attack: a result record of which only the first half is within memory.
;; Answer: an error that names the function and says "outside".
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "result_across_end") (param $argc i32) (param $argv i32) (result i32)
    (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 8))))
