;; Attack: runs a statement when it is told that SQL no longer uses a pointer, which can be while the engine
;; ends the calling statement.
;; Answer: nothing can be prepared there; the function returns the result code.
(module
  (import "commensal" "sql_prepare" (func $prepare (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (global $code (mut i64) (i64.const 0))
  (data (i32.const 512) "SELECT 1")
  ;; A pointer: null with flag 4, type 1 and number 7.
  (data (i32.const 528) "\05\00\04\00\01\00\00\00\07")
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "commensal_pointer_drop") (param i32 i32) (result i32)
    (global.set $code (call $prepare (i32.const 512) (i32.const 8)))
    (i32.const 0))
  (func (export "pointer_drop_runs_sql") (param i32 i32) (result i32) (i32.const 528))
  (func (export "pointer_drop_code") (param i32 i32) (result i32)
    (i64.store (i32.const 552) (i64.const 1))
    (i64.store (i32.const 560) (global.get $code))
    (i32.const 552)))
