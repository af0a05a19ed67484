;; A table function that insists on the rules. cursors(n) returns the rows 1 to n, one in each batch. It traps
;; if it is asked for rows after the end, or for a cursor that is not open. open_cursors() counts
;; the cursors that are open in the instance, opened_cursors() all that ever were.
;;
;; A cursor's number is its handle, from 0. Its row, its last row and whether it is open are at
;; 4096 + 24 * its number.
(module
  (memory (export "memory") 1)
  (@custom "commensal" "{\"abi\":1}\n{\"table\":{\"name\":\"cursors\",\"columns\":[{\"name\":\"value\",\"type\":\"integer\"},{\"name\":\"n\",\"type\":\"integer\",\"hidden\":true}],\"open\":\"cursors_open\",\"next\":\"cursors_next\",\"close\":\"cursors_close\"}}\n{\"function\":{\"name\":\"open_cursors\",\"params\":[]}}\n{\"function\":{\"name\":\"opened_cursors\",\"params\":[]}}\n")
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 32768))
  (global $open (mut i64) (i64.const 0))
  (global $opened (mut i64) (i64.const 0))
  (data (i32.const 2048) "\01\00\00\00\01\00\00\00\05\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\01")

  (func $integer (param $value i64) (result i32)
    (i64.store (i32.const 512) (i64.const 1))
    (i64.store (i32.const 520) (local.get $value))
    (i32.const 512))

  ;; The state of the cursor in the first argument. Traps if it is not open.
  (func $cursor (param $argv i32) (result i32) (local $state i32)
    (if (i64.ge_u (i64.load offset=8 (local.get $argv)) (global.get $opened)) (then (unreachable)))
    (local.set $state (i32.add (i32.const 4096)
      (i32.mul (i32.const 24) (i32.wrap_i64 (i64.load offset=8 (local.get $argv))))))
    (if (i64.eqz (i64.load offset=16 (local.get $state))) (then (unreachable)))
    (local.get $state))

  (func (export "cursors_open") (param $argc i32) (param $argv i32) (result i32) (local $state i32)
    ;; There is room for 1,000 in the life of an instance.
    (if (i64.ge_u (global.get $opened) (i64.const 1000)) (then (unreachable)))
    (local.set $state (i32.add (i32.const 4096)
      (i32.mul (i32.const 24) (i32.wrap_i64 (global.get $opened)))))
    (i64.store (local.get $state) (i64.const 0))
    (i64.store offset=8 (local.get $state) (i64.load offset=8 (local.get $argv)))
    (i64.store offset=16 (local.get $state) (i64.const 1))
    (global.set $open (i64.add (global.get $open) (i64.const 1)))
    (global.set $opened (i64.add (global.get $opened) (i64.const 1)))
    (call $integer (i64.sub (global.get $opened) (i64.const 1))))

  (func (export "cursors_next") (param $argc i32) (param $argv i32) (result i32)
    (local $state i32) (local $row i64)
    (local.set $state (call $cursor (local.get $argv)))
    (local.set $row (i64.add (i64.load (local.get $state)) (i64.const 1)))
    (i64.store (local.get $state) (local.get $row))
    ;; The end is reported only once.
    (if (i64.gt_s (local.get $row) (i64.add (i64.load offset=8 (local.get $state)) (i64.const 1)))
      (then (unreachable)))
    (if (i64.gt_s (local.get $row) (i64.load offset=8 (local.get $state)))
      (then (return (i32.const 0))))
    (i64.store (i32.const 2080) (local.get $row))
    (i64.store (i32.const 512) (i64.const 0x2800000004))
    (i64.store (i32.const 520) (i64.const 2048))
    (i32.const 512))

  (func (export "cursors_close") (param $argc i32) (param $argv i32) (result i32)
    (i64.store offset=16 (call $cursor (local.get $argv)) (i64.const 0))
    (global.set $open (i64.sub (global.get $open) (i64.const 1)))
    (i32.const 0))

  (func (export "open_cursors") (param i32 i32) (result i32) (call $integer (global.get $open)))
  (func (export "opened_cursors") (param i32 i32) (result i32)
    (call $integer (global.get $opened))))
