;; Attack: an extension in C that imports a function that registers, with another type.
;; Answer: CREATE EXTENSION fails, with both types.
(module
  (import "env" "__turso_register_func" (func $register (param i64)))
  (memory (export "memory") 2)
  (global $bump (mut i32) (i32.const 1024))
  (func $malloc (export "turso_malloc") (param i32) (result i32)
    (global.get $bump)
    (global.set $bump (i32.add (global.get $bump) (local.get 0))))
  (data (i32.const 4096) "f\00\ff\ff")
  (func (export "turso_ext_init") (result i32)
    (i32.const 0))
  (func (export "__turso_call") (param i32 i32 i32 i32) (result i64) (i64.const 1)))
