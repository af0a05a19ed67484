;; Attack: does not return when it is told that a number is no longer kept.
;; Answer: it ends with the time of the call, or at the end of a statement with its own time.
(module
  (import "commensal" "auxdata_get" (func $get (param i32) (result i64)))
  (import "commensal" "auxdata_set" (func $set (param i32 i64)))
  (memory (export "memory") 1)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "auxdata_drop_forever") (param $argc i32) (param $argv i32) (result i32)
    (call $set (i32.const 0) (i64.const 7)) (i32.const 0))
  (func (export "commensal_auxdata_drop") (param $argc i32) (param $argv i32) (result i32)
    (loop $again (br $again)) (unreachable)))
