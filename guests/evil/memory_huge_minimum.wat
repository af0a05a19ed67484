;; Attack: declares an initial memory of four GiB.
;; Answer: refused, at CREATE or at the first call, with an error that names memory_mb.
(module
  (memory (export "memory") 65536)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "memory_huge_minimum") (param $argc i32) (param $argv i32) (result i32)
    (i32.const 0)))
