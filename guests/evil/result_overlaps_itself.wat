;; Attack: text that overlaps its own record.
;; Answer: the text of the record's first byte, U+0003.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "result_overlaps_itself") (param $argc i32) (param $argv i32) (result i32)
    (i64.store (i32.const 16) (i64.const 0x100000003))
    (i64.store (i32.const 24) (i64.const 16))
    (i32.const 16)))
