;; Attack: the engine holds for a guest what the guest's own memory has no room for: rows of statements that wait,
;; values bound to parameters, the message of an error.
;; Answer: rows and bound values are taken from live_bytes_max (7, NOMEM, beyond it), and a message is cut.
(module
  (import "commensal" "sql_prepare" (func $prepare (param i32 i32) (result i64)))
  (import "commensal" "sql_bind" (func $bind (param i32 i32 i32) (result i32)))
  (import "commensal" "sql_step" (func $step (param i32) (result i32)))
  (import "commensal" "sql_reset" (func $reset (param i32) (result i32)))
  (import "commensal" "sql_errmsg" (func $errmsg (param i32 i32) (result i32)))
  (memory (export "memory") 20)
  ;; A blob of 1,000,000 bytes.
  (data (i32.const 512) "\04\00\00\00\40\42\0f\00\00\00\01\00\00\00\00\00")
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 65536))
  (func $code (param $code i32) (result i32)
    (i64.store (i32.const 16) (i64.const 1))
    (i64.store (i32.const 24) (i64.extend_i32_s (local.get $code)))
    (i32.const 16))
  ;; The statement in the first argument.
  (func $statement (param $argv i32) (result i32)
    (i32.wrap_i64
      (call $prepare (i32.load offset=8 (local.get $argv)) (i32.load offset=4 (local.get $argv)))))
  ;; The result of one step. The statement waits there.
  (func (export "sql_holds_row") (param $argc i32) (param $argv i32) (result i32)
    (call $code (call $step (call $statement (local.get $argv)))))
  ;; The same, but the statement is reset.
  (func (export "sql_resets") (param $argc i32) (param $argv i32) (result i32)
    (local $statement i32) (local $stepped i32)
    (local.set $statement (call $statement (local.get $argv)))
    (local.set $stepped (call $step (local.get $statement)))
    (drop (call $reset (local.get $statement)))
    (call $code (local.get $stepped)))
  ;; The result of binding the blob.
  (func (export "sql_holds_bound") (param $argc i32) (param $argv i32) (result i32)
    (call $code (call $bind (call $statement (local.get $argv)) (i32.const 1) (i32.const 512))))
  ;; The length of the message after a step that fails.
  (func (export "sql_error_length") (param $argc i32) (param $argv i32) (result i32)
    (drop (call $step (call $statement (local.get $argv))))
    (call $code (call $errmsg (i32.const 0) (i32.const 0)))))
