;; Blobs of zeros that the guest does not keep in memory: the flag "zeroblob". The scalar function zeros(n), the
;; aggregate total_zeros(n), and the table function zeros_to(n) with blobs of 0 to n bytes.
(module
  (memory (export "memory") 2)
  (@custom "commensal"
    "{\"abi\":1}\n"
    "{\"function\":{\"name\":\"zeros\",\"params\":[\"integer\"],\"returns\":\"blob\"}}\n"
    "{\"function\":{\"name\":\"zeros_as_text\",\"export\":\"zeros\",\"params\":[\"integer\"],\"returns\":\"text\"}}\n"
    "{\"aggregate\":{\"name\":\"total_zeros\",\"params\":[\"integer\"],\"init\":\"init\",\"step\":\"step\",\"inverse\":\"inverse\",\"value\":\"result\",\"finalize\":\"result\",\"drop\":\"drop\"}}\n"
    "{\"table\":{\"name\":\"zeros_to\",\"columns\":[{\"name\":\"zeros\"},{\"name\":\"n\",\"type\":\"integer\",\"hidden\":true}],\"open\":\"open\",\"next\":\"next\",\"close\":\"drop\"}}\n")
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 65536))
  (func $integer (param $value i64) (result i32)
    (i64.store (i32.const 512) (i64.const 1))
    (i64.store (i32.const 520) (local.get $value))
    (i32.const 512))
  ;; The record of this many zeros, at an address.
  (func $zeros (param $at i32) (param $len i64) (result i32)
    (i64.store (local.get $at)
      (i64.or (i64.shl (local.get $len) (i64.const 32)) (i64.const 0x20004)))
    (i64.store offset=8 (local.get $at) (i64.const 0))
    (local.get $at))
  (func (export "zeros") (param $argc i32) (param $argv i32) (result i32)
    (call $zeros (i32.const 512) (i64.load offset=8 (local.get $argv))))
  ;; A state's handle is the address of its sum.
  (global $state (mut i64) (i64.const 1024))
  (func (export "init") (param $argc i32) (param $argv i32) (result i32)
    (global.set $state (i64.add (global.get $state) (i64.const 8)))
    (i64.store (i32.wrap_i64 (global.get $state)) (i64.const 0))
    (call $integer (global.get $state)))
  (func $add (param $argc i32) (param $argv i32) (param $sign i64)
    (local $state i32) (local $end i32) (local $at i32)
    (local.set $state (i32.load offset=8 (local.get $argv)))
    (local.set $end (i32.add (local.get $argv) (i32.shl (local.get $argc) (i32.const 4))))
    (local.set $at (i32.add (local.get $argv) (i32.const 32)))
    (loop $next
      (i64.store (local.get $state)
        (i64.add (i64.load (local.get $state))
          (i64.mul (local.get $sign) (i64.load offset=8 (local.get $at)))))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $end)))))
  (func (export "step") (param $argc i32) (param $argv i32) (result i32)
    (call $add (local.get $argc) (local.get $argv) (i64.const 1)) (i32.const 0))
  (func (export "inverse") (param $argc i32) (param $argv i32) (result i32)
    (call $add (local.get $argc) (local.get $argv) (i64.const -1)) (i32.const 0))
  (func (export "result") (param $argc i32) (param $argv i32) (result i32)
    (call $zeros (i32.const 512) (i64.load (i32.load offset=8 (local.get $argv)))))
  (func (export "drop") (param $argc i32) (param $argv i32) (result i32) (i32.const 0))
  ;; An instance has one cursor at a time. Its batch, with one row, is at 2048.
  (global $at (mut i64) (i64.const 0))
  (global $to (mut i64) (i64.const 0))
  (func (export "open") (param $argc i32) (param $argv i32) (result i32)
    (global.set $at (i64.const 0))
    (global.set $to (i64.load offset=8 (local.get $argv)))
    (call $integer (i64.const 1)))
  (func (export "next") (param $argc i32) (param $argv i32) (result i32)
    (if (i64.gt_s (global.get $at) (global.get $to)) (then (return (i32.const 0))))
    (i64.store (i32.const 2048) (i64.const 0x100000001))
    (i64.store (i32.const 2056) (i64.const 5))
    (i64.store (i32.const 2064) (i64.const 0))
    (drop (call $zeros (i32.const 2072) (global.get $at)))
    (global.set $at (i64.add (global.get $at) (i64.const 1)))
    (i64.store (i32.const 512) (i64.const 0x2800000004))
    (i64.store (i32.const 520) (i64.const 2048))
    (i32.const 512)))
