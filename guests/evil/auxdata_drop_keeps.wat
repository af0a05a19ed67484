;; Attack: keeps other numbers when it is told that a number is no longer kept.
;; Answer: they last no longer than that call, and the guest is told later.
(module
  (import "commensal" "auxdata_get" (func $get (param i32) (result i64)))
  (import "commensal" "auxdata_set" (func $set (param i32 i64)))
  (memory (export "memory") 1)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "auxdata_drop_keeps") (param $argc i32) (param $argv i32) (result i32)
    (call $set (i32.const 0) (i64.const 7)) (i32.const 0))
  (func (export "commensal_auxdata_drop") (param $argc i32) (param $argv i32) (result i32)
    (call $set (i32.const 0) (i64.const 8)) (call $set (i32.const -1) (i64.const 9))
    (call $set (i32.const 1) (call $get (i32.const -1))) (i32.const 0)))
