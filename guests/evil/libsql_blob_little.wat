;; Attack: a blob whose size has the wrong byte order.
;; Answer: an error that names the function, because the blob is larger than memory.
(module
  (memory (export "memory") 2)
  (global $bump (mut i32) (i32.const 1024))
  (func $malloc (export "libsql_malloc") (param i32) (result i32)
    (global.get $bump)
    (global.set $bump (i32.add (global.get $bump) (local.get 0))))
  (data (i32.const 4096) "\04\03\00\00\00abc")
  (func (export "libsql_blob_little") (result i32) (i32.const 4096)))
