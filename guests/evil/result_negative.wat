;; Attack: the smallest signed pointer, for a host that extends the sign.
;; Answer: an error that names the function and says "outside".
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "result_negative") (param $argc i32) (param $argv i32) (result i32)
    (i32.const 0x80000000)))
