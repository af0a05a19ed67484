;; Attack: text that is not UTF-8.
;; Answer: an error that names the function.
(module
  (memory (export "memory") 2)
  (global $bump (mut i32) (i32.const 1024))
  (func $malloc (export "libsql_malloc") (param i32) (result i32)
    (global.get $bump)
    (global.set $bump (i32.add (global.get $bump) (local.get 0))))
  (data (i32.const 4096) "\03\ff\00")
  (func (export "libsql_text_not_utf8") (result i32) (i32.const 4096)))
