;; Attack: returns an error when a pointer is dropped.
;; Answer: no effect: the answer is not read.
(module
  (memory (export "memory") 1)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "pointer_drop_error") (param $argc i32) (param $argv i32) (result i32)
    (i64.store (i32.const 16) (i64.const 0x700040005))
    (i64.store (i32.const 24) (i64.load offset=8 (local.get $argv)))
    (i32.const 16))
  (func (export "commensal_pointer_drop") (param $argc i32) (param $argv i32) (result i32)
    (i64.store (i32.const 32) (i64.const 0)) (i64.store (i32.const 40) (i64.const 0)) (i32.const 32)))
