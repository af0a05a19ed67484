;; Attack: a parameter type that does not exist.
;; Answer: CREATE is refused, with the type.
(module
  (memory (export "memory") 2)
  (global $bump (mut i32) (i32.const 1024))
  (func $malloc (export "turso_malloc") (param i32) (result i32)
    (global.get $bump)
    (global.set $bump (i32.add (global.get $bump) (local.get 0))))
  (func (export "turso_sig_unknown") (param $argc i32) (param $argv i32) (result i64) (i64.const 0))
  (@custom "turso_sig" "\11turso_sig_unknown\01\2a\01"))
