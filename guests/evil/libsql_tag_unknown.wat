;; Attack: a result with a tag that does not exist.
;; Answer: an error that names the function.
(module
  (memory (export "memory") 2)
  (global $bump (mut i32) (i32.const 1024))
  (func $malloc (export "libsql_malloc") (param i32) (result i32)
    (global.get $bump)
    (global.set $bump (i32.add (global.get $bump) (local.get 0))))
  (data (i32.const 4096) "\09")
  (func (export "libsql_tag_unknown") (result i32) (i32.const 4096)))
