;; Attack: endless recursion.
;; Answer: the limit of the stack.
(module
  (memory (export "memory") 2)
  (global $bump (mut i32) (i32.const 1024))
  (func $malloc (export "libsql_malloc") (param i32) (result i32)
    (global.get $bump)
    (global.set $bump (i32.add (global.get $bump) (local.get 0))))
  (func $f (export "libsql_recursion") (param i64) (result i64)
    (i64.add (i64.const 1) (call $f (local.get 0)))))
