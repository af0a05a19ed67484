;; Attack: text in a column of integers.
;; Answer: the statement ends with an error that names table and method; the instance is dropped.
(module
  (memory (export "memory") 1)
  (@custom "commensal" "{\"abi\":1}\n{\"table\":{\"name\":\"table_value_class\",\"columns\":[{\"name\":\"value\",\"type\":\"integer\"},{\"name\":\"argument\",\"hidden\":true}],\"open\":\"open\",\"next\":\"next\",\"close\":\"close\"}}\n")
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 16384))
  (global $calls (mut i32) (i32.const 0))
  ;; The handle 7, the record of the batch, and the batch.
  (data (i32.const 512) "\01\00\00\00\00\00\00\00\07\00\00\00\00\00\00\00")
  (data (i32.const 528) "\04\00\00\00\28\00\00\00\00\08\00\00\00\00\00\00")
  (data (i32.const 2048) "\01\00\00\00\01\00\00\00\05\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\03\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00")
  (func (export "open") (param $argc i32) (param $argv i32) (result i32)
    (global.set $calls (i32.const 0))
    (i32.const 512))
  (func (export "next") (param $argc i32) (param $argv i32) (result i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (select (i32.const 528) (i32.const 0) (i32.eq (global.get $calls) (i32.const 1))))
  (func (export "close") (param $argc i32) (param $argv i32) (result i32)
    (i32.const 0)))
