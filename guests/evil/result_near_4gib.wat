;; Attack: a result pointer 8 bytes below four GiB: pointer + 16 wraps around in 32 bits.
;; Answer: an error that names the function and says "outside".
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "result_near_4gib") (param $argc i32) (param $argv i32) (result i32)
    (i32.const 0xfffffff8)))
