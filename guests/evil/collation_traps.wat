;; Attack: a comparison that traps.
;; Answer: the statement ends with an error that names the collation and "trap: unreachable".
(module
  (memory (export "memory") 1)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (@custom "commensal"
    "{\"abi\":1}\n"
    "{\"collation\":{\"name\":\"collation_traps\",\"compare\":\"compare\"}}\n")
  ;; The integer -1; an error with its message.
  (data (i32.const 16) "\01\00\00\00\00\00\00\00\ff\ff\ff\ff\ff\ff\ff\ff")
  (data (i32.const 32) "\00\00\00\00\09\00\00\00\40\00\00\00\00\00\00\00")
  (data (i32.const 64) "not today")
  (func (export "compare") (param $argc i32) (param $argv i32) (result i32)
    (unreachable)))
