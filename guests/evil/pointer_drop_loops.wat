;; Attack: dropping a pointer never ends.
;; Answer: the statement that made it is fine, the instance is dropped after 100 ms.
(module
  (memory (export "memory") 1)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "pointer_drop_loops") (param $argc i32) (param $argv i32) (result i32)
    (i64.store (i32.const 16) (i64.const 0x700040005))
    (i64.store (i32.const 24) (i64.load offset=8 (local.get $argv)))
    (i32.const 16))
  (func (export "commensal_pointer_drop") (param $argc i32) (param $argv i32) (result i32)
    (loop $forever (br $forever)) (unreachable)))
