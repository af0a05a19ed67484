;; Attack: answers with another class at each call: integer, real, text, blob, NULL, and again.
;; Answer: all of them, in turn: nothing about a result may be remembered from the call before.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (global $tag (mut i32) (i32.const 1))
  (func (export "result_changes") (param $argc i32) (param $argv i32) (result i32)
    (i64.store (i32.const 16) (i64.extend_i32_u (i32.add (local.get $argc) (global.get $tag))))
    (i64.store (i32.const 16) (i64.extend_i32_u (global.get $tag)))
    (i64.store (i32.const 24) (i64.const 0))
    (global.set $tag (i32.add (i32.rem_u (global.get $tag) (i32.const 5)) (i32.const 1)))
    (i32.const 16)))
