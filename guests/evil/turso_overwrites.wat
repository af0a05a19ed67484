;; Attack: overwrites everything in memory.
;; Answer: the result is what the guest says; the host trusts nothing there.
(module
  (memory (export "memory") 2)
  (global $bump (mut i32) (i32.const 1024))
  (func $malloc (export "turso_malloc") (param i32) (result i32)
    (global.get $bump)
    (global.set $bump (i32.add (global.get $bump) (local.get 0))))
  (func (export "turso_overwrites") (param $argc i32) (param $argv i32) (result i64)
    (memory.fill (i32.const 0) (i32.const 0xff) (i32.shl (memory.size) (i32.const 16)))
    (i32.store8 (i32.const 1017) (i32.const 1))
    (i64.const 42)))
