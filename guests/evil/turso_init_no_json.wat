;; Attack: an extension whose declaration is not JSON.
;; Answer: CREATE EXTENSION fails, with the place.
(module
  (memory (export "memory") 2)
  (global $bump (mut i32) (i32.const 1024))
  (func $malloc (export "turso_malloc") (param i32) (result i32)
    (global.get $bump)
    (global.set $bump (i32.add (global.get $bump) (local.get 0))))
  (data (i32.const 4096) "{\"functions\":[}\00")
  (func (export "turso_ext_init") (param $argc i32) (param $argv i32) (result i64)
    (i32.store8 (i32.const 1017) (i32.const 3))
    (i64.const 4096)))
