;; Attack: a NaN whose bits are a message.
;; Answer: NULL.
(module
  (memory (export "memory") 2)
  (global $bump (mut i32) (i32.const 1024))
  (func $malloc (export "libsql_malloc") (param i32) (result i32)
    (global.get $bump)
    (global.set $bump (i32.add (global.get $bump) (local.get 0))))
  (func (export "libsql_nan") (result f64) (f64.const nan:0x8000000000123)))
