;; Attack: returns an error when it is told that a number is no longer kept.
;; Answer: no effect: the answer is not read.
(module
  (import "commensal" "auxdata_get" (func $get (param i32) (result i64)))
  (import "commensal" "auxdata_set" (func $set (param i32 i64)))
  (memory (export "memory") 1)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "auxdata_drop_error") (param $argc i32) (param $argv i32) (result i32)
    (call $set (i32.const 0) (i64.const 7)) (i32.const 0))
  (func (export "commensal_auxdata_drop") (param $argc i32) (param $argv i32) (result i32)
    (i64.store (i32.const 32) (i64.const 0)) (i64.store (i32.const 40) (i64.const 0)) (i32.const 32)))
