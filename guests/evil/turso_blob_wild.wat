;; Attack: a blob of 4 GiB, at the address of the result.
;; Answer: an error that names the function.
(module
  (memory (export "memory") 2)
  (global $bump (mut i32) (i32.const 1024))
  (func $malloc (export "turso_malloc") (param i32) (result i32)
    (global.get $bump)
    (global.set $bump (i32.add (global.get $bump) (local.get 0))))
  (data (i32.const 4096) "\04\ff\ff\ff\ff")
  (func (export "turso_blob_wild") (param $argc i32) (param $argv i32) (result i64)
    (i64.const 4096)))
