;; Pointers: pointer(n) is NULL to SQL, behind which the guest keeps the number n. number_of(x) returns it,
;; -1 for a plain NULL, -2 for a pointer of another type, such as that of other_pointer(n). dropped() is how
;; many pointers SQL no longer uses, dropped_sum() the sum of their numbers. last_pointer(n) is an aggregate
;; whose result is a pointer, pointers(x) one that counts the pointers among its arguments.
(module
  (memory (export "memory") 2)
  (@custom "commensal"
    "{\"abi\":1}\n"
    "{\"function\":{\"name\":\"pointer\",\"params\":[\"integer\"]}}\n"
    "{\"function\":{\"name\":\"other_pointer\",\"params\":[\"integer\"]}}\n"
    "{\"function\":{\"name\":\"number_of\",\"params\":[\"any\"],\"returns\":\"integer\"}}\n"
    "{\"function\":{\"name\":\"number_of_not_null\",\"export\":\"number_of\",\"params\":[\"integer\"]}}\n"
    "{\"function\":{\"name\":\"dropped\",\"params\":[],\"returns\":\"integer\"}}\n"
    "{\"function\":{\"name\":\"dropped_sum\",\"params\":[],\"returns\":\"integer\"}}\n"
    "{\"aggregate\":{\"name\":\"last_pointer\",\"params\":[\"integer\"],\"init\":\"init\",\"step\":\"step\",\"finalize\":\"pointer\",\"drop\":\"drop\"}}\n"
    "{\"aggregate\":{\"name\":\"pointers\",\"params\":[\"any\"],\"init\":\"init\",\"step\":\"count\",\"finalize\":\"finalize\",\"drop\":\"drop\"}}\n"
    "{\"table\":{\"name\":\"pointers_to\",\"columns\":[{\"name\":\"pointer\"},{\"name\":\"n\",\"type\":\"integer\",\"hidden\":true}],\"open\":\"open\",\"next\":\"next\",\"close\":\"drop\"}}\n")
  (global $dropped (mut i64) (i64.const 0))
  (global $sum (mut i64) (i64.const 0))
  (global $state (mut i64) (i64.const 1000))
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 65536))
  (func $integer (param $value i64) (result i32)
    (i64.store (i32.const 512) (i64.const 1))
    (i64.store (i32.const 520) (local.get $value))
    (i32.const 512))
  (func $pointer_at (param $at i32) (param $type i64) (param $number i64) (result i32)
    (i64.store (local.get $at)
      (i64.or (i64.shl (local.get $type) (i64.const 32)) (i64.const 0x40005)))
    (i64.store offset=8 (local.get $at) (local.get $number))
    (local.get $at))
  (func (export "pointer") (param $argc i32) (param $argv i32) (result i32)
    (call $pointer_at (i32.const 512) (i64.const 7) (i64.load offset=8 (local.get $argv))))
  (func (export "other_pointer") (param $argc i32) (param $argv i32) (result i32)
    (call $pointer_at (i32.const 512) (i64.const 0xffffffff) (i64.load offset=8 (local.get $argv))))
  (func (export "number_of") (param $argc i32) (param $argv i32) (result i32)
    (if (i64.eq (i64.load (local.get $argv)) (i64.const 5))
      (then (return (call $integer (i64.const -1)))))
    (if (i64.eq (i64.load (local.get $argv)) (i64.const 0x700040005))
      (then (return (call $integer (i64.load offset=8 (local.get $argv))))))
    (call $integer (i64.const -2)))
  (func (export "commensal_pointer_drop") (param $argc i32) (param $argv i32) (result i32)
    (if (i32.ne (local.get $argc) (i32.const 2)) (then (unreachable)))
    (if (i64.ne (i64.load (local.get $argv)) (i64.const 1)) (then (unreachable)))
    (if (i64.ne (i64.load offset=16 (local.get $argv)) (i64.const 1)) (then (unreachable)))
    (global.set $dropped (i64.add (global.get $dropped) (i64.const 1)))
    (global.set $sum (i64.add (global.get $sum) (i64.load offset=24 (local.get $argv))))
    (i32.const 0))
  (func (export "dropped") (param $argc i32) (param $argv i32) (result i32)
    (call $integer (global.get $dropped)))
  (func (export "dropped_sum") (param $argc i32) (param $argv i32) (result i32)
    (call $integer (global.get $sum)))
  ;; All states are one: the handle is the number of the pointer.
  (func (export "init") (param $argc i32) (param $argv i32) (result i32)
    (global.set $state (i64.add (global.get $state) (i64.const 1)))
    (i64.store (i32.const 1024) (i64.const 0))
    (call $integer (global.get $state)))
  (func (export "step") (param $argc i32) (param $argv i32) (result i32) (i32.const 0))
  (func (export "count") (param $argc i32) (param $argv i32) (result i32)
    (local $at i32)
    (local.set $at (i32.add (local.get $argv) (i32.const 32)))
    (loop $next
      (if (i32.load8_u offset=2 (local.get $at))
        (then (i64.store (i32.const 1024) (i64.add (i64.load (i32.const 1024)) (i64.const 1)))))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br_if $next
        (i32.lt_u (local.get $at)
          (i32.add (local.get $argv) (i32.shl (local.get $argc) (i32.const 4))))))
    (i32.const 0))
  (func (export "finalize") (param $argc i32) (param $argv i32) (result i32)
    (call $integer (i64.load (i32.const 1024))))
  (func (export "drop") (param $argc i32) (param $argv i32) (result i32) (i32.const 0))
  (global $at (mut i64) (i64.const 0))
  (global $to (mut i64) (i64.const 0))
  (func (export "open") (param $argc i32) (param $argv i32) (result i32)
    (global.set $at (i64.const 0))
    (global.set $to (i64.load offset=8 (local.get $argv)))
    (call $integer (i64.const 1)))
  (func (export "next") (param $argc i32) (param $argv i32) (result i32)
    (global.set $at (i64.add (global.get $at) (i64.const 1)))
    (if (i64.gt_s (global.get $at) (global.get $to)) (then (return (i32.const 0))))
    (i64.store (i32.const 2048) (i64.const 0x100000001))
    (i64.store (i32.const 2056) (i64.const 5))
    (i64.store (i32.const 2064) (i64.const 0))
    (drop (call $pointer_at (i32.const 2072) (i64.const 7) (global.get $at)))
    (i64.store (i32.const 512) (i64.const 0x2800000004))
    (i64.store (i32.const 520) (i64.const 2048))
    (i32.const 512)))
