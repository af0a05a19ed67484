;; An order of text by length, under a name that Turso takes for a locale.
(module
  (memory (export "memory") 1)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (@custom "commensal"
    "{\"abi\":1}\n"
    "{\"collation\":{\"name\":\"rev\",\"compare\":\"compare\"}}\n")
  ;; The lengths are at offset 4 of the two records.
  (func (export "compare") (param $argc i32) (param $argv i32) (result i32)
    (i64.store (i32.const 16) (i64.const 1))
    (i64.store (i32.const 24)
      (i64.sub
        (i64.load32_u offset=4 (local.get $argv))
        (i64.load32_u offset=20 (local.get $argv))))
    (i32.const 16)))
