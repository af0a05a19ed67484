;; Attack: declares a table of 10,000,000 elements (Wasmtime's own bound) to begin with.
;; Answer: refused, at CREATE or at the first call, with an error that names the limit on table
;; elements.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (table 10000000 funcref)
  (func (export "table_huge_minimum") (param $argc i32) (param $argv i32) (result i32)
    (i32.const 0)))
