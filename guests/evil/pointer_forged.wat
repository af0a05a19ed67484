;; Attack: the same pointer, again and again, as if each were another.
;; Answer: each is dropped once.
(module
  (memory (export "memory") 1)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (global $drops (mut i64) (i64.const 0))
  (func (export "drops") (param $argc i32) (param $argv i32) (result i32)
    (i64.store (i32.const 48) (i64.const 1)) (i64.store (i32.const 56) (global.get $drops)) (i32.const 48))
  (func (export "pointer_forged") (param $argc i32) (param $argv i32) (result i32)
    (i64.store (i32.const 16) (i64.const 0xffffffff00040005))
    (i64.store (i32.const 24) (i64.const -1))
    (i32.const 16))
  (func (export "commensal_pointer_drop") (param $argc i32) (param $argv i32) (result i32)
    (global.set $drops (i64.add (global.get $drops) (i64.const 1))) (i32.const 0)))
