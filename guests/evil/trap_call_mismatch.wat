;; Attack: calls a function through a table with another type than it has.
;; Answer: an error that names the function and says "trap: indirect call type mismatch"; the
;; instance is discarded.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (type $guest (func (param i32 i32) (result i32)))
  (table funcref (elem $other))
  (func $other (param i64) (result i64) (local.get 0))
  (func (export "trap_call_mismatch") (param $argc i32) (param $argv i32) (result i32)
    (call_indirect (type $guest) (local.get $argc) (local.get $argv) (i32.const 0))))
