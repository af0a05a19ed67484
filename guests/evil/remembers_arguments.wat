;; Attack: answers with the argument of the call before: a guest can see what it was given earlier,
;; but only what it was given itself.
;; Answer: the text of the call before; NULL for the first call of an instance.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (global $length (mut i32) (i32.const 0))
  (func (export "remembers_arguments") (param $argc i32) (param $argv i32) (result i32) (local $old i32)
    (local.set $old (global.get $length))
    (memory.copy (i32.const 0x80000) (i32.const 0x40000) (local.get $old))
    (global.set $length (i32.load offset=4 (local.get $argv)))
    (memory.copy (i32.const 0x40000) (i32.load offset=8 (local.get $argv)) (global.get $length))
    (if (i32.eqz (local.get $old)) (then (return (i32.const 0))))
    (i32.store (i32.const 16) (i32.const 3))
    (i32.store (i32.const 20) (local.get $old))
    (i64.store (i32.const 24) (i64.const 0x80000))
    (i32.const 16)))
