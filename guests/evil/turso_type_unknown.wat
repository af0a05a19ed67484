;; Attack: a type that does not exist, at 1017.
;; Answer: an error that names the function.
(module
  (memory (export "memory") 2)
  (global $bump (mut i32) (i32.const 1024))
  (func $malloc (export "turso_malloc") (param i32) (result i32)
    (global.get $bump)
    (global.set $bump (i32.add (global.get $bump) (local.get 0))))
  (func (export "turso_type_unknown") (param $argc i32) (param $argv i32) (result i64)
    (i32.store8 (i32.const 1017) (i32.const 200))
    (i64.const 5)))
