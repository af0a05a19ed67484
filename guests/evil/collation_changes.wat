;; Attack: an order that changes with each comparison.
;; Answer: some order of rows; nothing hangs or breaks.
(module
  (memory (export "memory") 1)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (global $state (mut i64) (i64.const 1))
  (@custom "commensal"
    "{\"abi\":1}\n"
    "{\"collation\":{\"name\":\"collation_changes\",\"compare\":\"compare\"}}\n")
  ;; The integer -1; an error with its message.
  (data (i32.const 16) "\01\00\00\00\00\00\00\00\ff\ff\ff\ff\ff\ff\ff\ff")
  (data (i32.const 32) "\00\00\00\00\09\00\00\00\40\00\00\00\00\00\00\00")
  (data (i32.const 64) "not today")
  (func (export "compare") (param $argc i32) (param $argv i32) (result i32)
    (global.set $state (i64.mul (global.get $state) (i64.const 6364136223846793005)))
    (global.set $state (i64.add (global.get $state) (i64.const 1442695040888963407)))
    (i64.store (i32.const 24) (i64.sub (i64.shr_u (global.get $state) (i64.const 62)) (i64.const 2)))
    (i32.const 16)))
